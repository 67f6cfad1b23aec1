//! The example backend over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;

use gateway_example_backend::ExampleBackend;
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

#[tokio::test]
async fn tasks_over_http() {
    let backend = ExampleBackend::start(SocketAddr::from(([127, 0, 0, 1], 0)), None, |message| panic!("{message}"))
        .await
        .unwrap();
    let client = Client(backend.local_addr());
    client.check("GET", "/health", "", &["200 OK", r#"{"status":"ok"}"#]).await;
    client.check("GET", "/tasks", "", &["200 OK", r#"[{"id":1,"#, r#""id":2"#, r#""done":false"#]).await;
    client
        .check(
            "POST",
            "/tasks",
            r#"{"title":"new"}"#,
            &["201 Created", "location: /tasks/3", r#""title":"new","done":false"#],
        )
        .await;
    client.check("PATCH", "/tasks/3", r#"{"done":true}"#, &["200 OK", r#""title":"new","done":true"#]).await;
    client.check("PUT", "/tasks/3", r#"{"title":"other"}"#, &["200 OK", r#""title":"other","done":false"#]).await;
    client.check("GET", "/tasks/3", "", &["200 OK", r#"{"id":3,"title":"other""#, r#""created_at":"2"#]).await;
    client.check("DELETE", "/tasks/3", "", &["204 No Content"]).await;
    client.check("DELETE", "/tasks/3", "", &["404", r#"{"error":"not found"}"#]).await;
}

#[tokio::test]
async fn refusals() {
    let backend = ExampleBackend::start(SocketAddr::from(([127, 0, 0, 1], 0)), None, |message| panic!("{message}"))
        .await
        .unwrap();
    let client = Client(backend.local_addr());
    for body in ["", "{", "[]", r#"{"title":1}"#] {
        client.check("POST", "/tasks", body, &["400", r#"{"error":""#]).await;
    }
    for body in ["{}", r#"{"title":""}"#, r#"{"title":" ","done":true}"#] {
        client.check("POST", "/tasks", body, &["400", "title is required"]).await;
        client.check("PUT", "/tasks/1", body, &["400", "title is required"]).await;
    }
    client.check("PATCH", "/tasks/1", r#"{"title":""}"#, &["400", "title is required"]).await;
    client.check("PATCH", "/tasks/9", "{}", &["404"]).await;
    for path in ["/", "/tasks/", "/tasks/x", "/tasks/1/2", "/tasks/99"] {
        client.check("GET", path, "", &["404"]).await;
    }
    client.check("DELETE", "/tasks", "", &["405", "allow: GET, HEAD, POST"]).await;
    client.check("POST", "/tasks/1", "", &["405", "allow: GET, HEAD, PUT, PATCH, DELETE"]).await;
    let large = format!(r#"{{"title":"{}"}}"#, "x".repeat(1 << 20));
    client.check("POST", "/tasks", &large, &["413"]).await;
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let backend = ExampleBackend::start(SocketAddr::from(([127, 0, 0, 1], 0)), None, |message| panic!("{message}"))
        .await
        .unwrap();
    let response = Client(backend.local_addr()).send("HEAD", "/tasks/1", "").await;
    assert!(response.starts_with("HTTP/1.1 200") && response.contains("content-length: "), "{response}");
    assert!(response.ends_with("\r\n\r\n"), "{response}");
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
