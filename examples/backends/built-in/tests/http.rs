//! The example backend over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use gateway_example_backend::ExampleBackend;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

struct Client(SocketAddr);

impl Client {
    /// Sends one request and returns the response whole.
    async fn send(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.0).await.unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        assert!(response.contains("x-served-by: example-backend"), "{method} {path}: {response}");
        response
    }

    async fn check(&self, method: &str, path: &str, body: &str, expected: &[&str]) {
        let response = self.send(method, path, body).await;
        for part in expected {
            assert!(response.contains(part), "{method} {path} {body}: {part:?} is not in {response}");
        }
    }
}

async fn start(state_dir: Option<&Path>) -> ExampleBackend {
    ExampleBackend::start(SocketAddr::from(([127, 0, 0, 1], 0)), state_dir, |message| panic!("{message}"))
        .await
        .unwrap()
}

/// The JSON of a response.
fn json(response: &str) -> Value {
    serde_json::from_str(response.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// The tasks, without what differs from one backend to the next.
fn contents(tasks: &Value) -> Vec<[&str; 3]> {
    fn contents_of(task: &Value) -> [&str; 3] {
        ["title", "description", "status"].map(|member| task[member].as_str().unwrap())
    }
    tasks.as_array().unwrap().iter().map(contents_of).collect()
}

#[tokio::test]
async fn a_first_start_has_three_tasks_with_generated_ids_and_times() {
    let [first, second] = [start(None).await, start(None).await];
    let listed = [
        json(&Client(first.local_addr()).send("GET", "/tasks", "").await),
        json(&Client(second.local_addr()).send("GET", "/tasks", "").await),
    ];
    assert_eq!(contents(&listed[0]), contents(&listed[1]), "all but ids and times is the same everywhere");
    let mut generated = BTreeSet::new();
    for tasks in &listed {
        let tasks = tasks.as_array().unwrap();
        assert_eq!(tasks.len(), 3);
        for (newer, older) in tasks.iter().zip(&tasks[1..]) {
            assert!(newer["created_at"].as_str() > older["created_at"].as_str(), "newest first: {newer} {older}");
        }
        for task in tasks {
            assert_eq!((&task["project_id"], &task["updated_at"]), (&Value::Null, &task["created_at"]));
            let id = task["id"].as_str().unwrap();
            let bytes = id.as_bytes();
            assert!(bytes.len() == 36 && bytes[14] == b'4' && b"89ab".contains(&bytes[19]), "{id}");
            assert!(generated.insert(id), "{id} is there twice");
        }
    }
    Client(first.local_addr()).check("GET", "/projects", "", &["200 OK", "\r\n\r\n[]"]).await;
}

#[tokio::test]
async fn tasks_and_projects_over_http() {
    let backend = start(None).await;
    let client = Client(backend.local_addr());
    client.check("GET", "/health", "", &["200 OK", r#"{"status":"ok"}"#]).await;
    let created = client.send("POST", "/projects", r#"{"name":"Home"}"#).await;
    let project = json(&created)["id"].as_str().unwrap().to_owned();
    assert!(created.contains(&format!("location: /projects/{project}\r\n")), "{created}");
    let created = client.send("POST", "/tasks", &format!(r#"{{"title":"new","project_id":"{project}"}}"#)).await;
    assert!(created.starts_with("HTTP/1.1 201 Created"), "{created}");
    let task = json(&created)["id"].as_str().unwrap().to_owned();
    assert!(created.contains(&format!("location: /tasks/{task}\r\n")), "{created}");
    let path = format!("/tasks/{task}");
    let first = format!(r#"{{"id":"{task}","title":"new","description":"","status":"inbox","project_id":"{project}","#);
    client.check("GET", &path, "", &["200 OK", &first]).await;
    client.check("GET", "/tasks", "", &["200 OK", &format!("[{first}")]).await;
    client.check("GET", &format!("/projects/{project}/tasks"), "", &["200 OK", &format!("[{first}")]).await;
    client.check("PATCH", &path, r#"{"status":"next"}"#, &["200 OK", r#""title":"new","#, r#""status":"next""#]).await;
    client.check("GET", "/tasks?status=next", "", &["200 OK", &task]).await;
    client.check("GET", "/tasks?status=waiting", "", &["200 OK", "\r\n\r\n[]"]).await;
    client
        .check(
            "PUT",
            &path,
            r#"{"title":"other"}"#,
            &["200 OK", r#""title":"other","#, r#""status":"inbox","project_id":null"#],
        )
        .await;
    client.check("DELETE", &path, "", &["204 No Content"]).await;
    let gone = [r#"{"error":"Not Found","message":"there is no task "#, &task];
    client.check("DELETE", &path, "", &["404", gone[0], gone[1]]).await;
}

#[tokio::test]
async fn refusals() {
    let backend = start(None).await;
    let client = Client(backend.local_addr());
    let tasks = json(&client.send("GET", "/tasks", "").await);
    let path = format!("/tasks/{}", tasks[0]["id"].as_str().unwrap());
    for body in ["", "{", "[]", "\u{feff}{\"title\":\"x\"}"] {
        client.check("POST", "/tasks", body, &["400", r#"{"error":"Bad Request","message":""#]).await;
    }
    let missing = r#""message":"title is required","details":[{"field":"title","message":"is required"}]}"#;
    client.check("POST", "/tasks", "{}", &["400", missing]).await;
    client.check("PUT", &path, "{}", &["400", missing]).await;
    for body in [r#"{"title":""}"#, r#"{"title":" ","status":"done"}"#] {
        client.check("PATCH", &path, body, &["400", "title must not be empty"]).await;
    }
    let nobody = "00000000-0000-4000-8000-000000000000";
    client.check("PATCH", &format!("/tasks/{nobody}"), "{}", &["404"]).await;
    let unknown_project = format!(r#"{{"title":"x","project_id":"{nobody}"}}"#);
    client.check("POST", "/tasks", &unknown_project, &["400", "project_id must be the id of a project"]).await;
    client.check("PUT", &path, &unknown_project, &["400", "project_id must be the id of a project"]).await;
    for path in ["/", "/tasks/", "/tasks/1", "/tasks/x", "/tasks/1/2", &format!("/projects/{nobody}/tasks")] {
        client.check("GET", path, "", &["404"]).await;
    }
    client.check("DELETE", "/tasks", "", &["405", "allow: GET, HEAD, POST"]).await;
    client.check("POST", &path, "", &["405", "allow: GET, HEAD, PUT, PATCH, DELETE"]).await;
    let large = format!(r#"{{"title":"{}"}}"#, "x".repeat(1 << 20));
    client.check("POST", "/tasks", &large, &["413", "Content Too Large"]).await;
    assert_eq!(json(&client.send("GET", "/tasks", "").await), tasks, "nothing of this changed anything");
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let backend = start(None).await;
    let response = Client(backend.local_addr()).send("HEAD", "/tasks", "").await;
    assert!(response.starts_with("HTTP/1.1 200") && response.contains("content-length: "), "{response}");
    assert!(response.ends_with("\r\n\r\n"), "{response}");
}

#[tokio::test]
async fn the_state_folder_keeps_tasks_and_is_seeded_once() {
    let folder = tempfile::tempdir().unwrap();
    let before = {
        let backend = start(Some(folder.path())).await;
        Client(backend.local_addr()).check("POST", "/tasks", r#"{"title":"kept"}"#, &["201"]).await;
        json(&Client(backend.local_addr()).send("GET", "/tasks", "").await)
    };
    let backend = start(Some(folder.path())).await;
    assert_eq!(json(&Client(backend.local_addr()).send("GET", "/tasks", "").await), before);
    assert_eq!(before[0]["title"], "kept");
}

#[tokio::test]
async fn tasks_of_a_database_from_before_the_uuids_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("example_tasks.db")).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE tasks (
                id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0,
                created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
            );
            INSERT INTO tasks (title, done, created_at) VALUES
                ('first', 1, '2026-02-07T10:00:00Z'), ('second', 0, '2026-02-07T10:00:00Z');",
        )
        .unwrap();
    drop(connection);
    let backend = start(Some(folder.path())).await;
    let client = Client(backend.local_addr());
    let tasks = json(&client.send("GET", "/tasks", "").await);
    assert_eq!(contents(&tasks), [["second", "", "inbox"], ["first", "", "done"]]);
    assert_eq!(tasks[0]["created_at"], "2026-02-07T10:00:00.000Z");
    client.check("POST", "/tasks", r#"{"title":"third"}"#, &["201"]).await;
}

#[tokio::test]
async fn it_makes_way_for_a_backend_that_asks_for_the_port_itself() {
    let backend = ExampleBackend::start(SocketAddr::from(([127, 0, 0, 1], 0)), None, |_| {}).await.unwrap();
    let address = backend.local_addr();
    let ask = |fields: &'static str| async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST /step-aside HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n{fields}connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        // The answer may be cut off with everything else.
        drop(stream.read_to_string(&mut String::new()).await);
    };
    // A connection that is kept, as the gateway's are.
    let mut kept = TcpStream::connect(address).await.unwrap();
    for through_others in
        ["", "x-step-aside: bun\r\nvia: 1.1 gateway\r\n", "x-step-aside: bun\r\norigin: http://page\r\n"]
    {
        ask(through_others).await;
        Client(address).check("GET", "/health", "", &["200 OK"]).await;
    }
    ask("x-step-aside: bun-sqlite\r\n").await;
    assert_eq!(kept.read(&mut [0]).await.unwrap_or(0), 0, "it is closed");
    // Nothing listens there any longer.
    tokio::net::TcpListener::bind(address).await.unwrap();
}
