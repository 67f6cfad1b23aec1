//! The whole way to a real backend: Bun and SQLite, started as its README says. Needs npm, and the npm registry for the first installation.

use crate::harness::{Body, Request, with_host};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The backend's process; ended with the test.
struct Backend {
    process: Child,
    url: String,
}

impl Drop for Backend {
    fn drop(&mut self) {
        // npm passes the signal on to what it started.
        _ = Command::new("kill").arg(self.process.id().to_string()).status();
        _ = self.process.wait();
    }
}

/// Installs what is missing and starts the backend on a free port, with its database in memory.
fn start() -> Result<Backend, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/backends/bun-sqlite");
    if !folder.join("node_modules").is_dir() {
        let installed = Command::new("npm").arg("ci").current_dir(&folder).stdout(Stdio::null()).status();
        match installed {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(format!("npm ci ended with {status}; is the npm registry reachable?")),
            Err(error) => return Err(format!("npm cannot be started: {error}")),
        }
    }
    let mut process = Command::new("npm")
        .arg("start")
        .current_dir(&folder)
        .env("PORT", "0")
        .env("DATABASE", ":memory:")
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("npm cannot be started: {error}"))?;
    let output = process.stdout.take().expect("stdout is piped");
    let url = BufReader::new(output)
        .lines()
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once("listens on ")?.1.trim().to_owned()));
    // Dropped in either case, so that the process does not outlive a failure.
    let backend = Backend { process, url: url.clone().unwrap_or_default() };
    url.map(|_| backend).ok_or_else(|| "the backend ended without saying where it listens".to_owned())
}

#[test]
fn a_task_lives_its_life_through_the_gateway() {
    let backend = match start() {
        Ok(backend) => backend,
        Err(reason) => {
            println!("SKIPPED: {reason}");
            return;
        }
    };
    let url = backend.url.clone();
    with_host(
        move |options| _ = options.variables.insert("backend_bun_sqlite_url".to_owned(), url),
        |lab| async move {
            let to = |method: &str, path: &str| Request::new(method, path).backend("bun-sqlite");
            let json = |request: Request, body: &'static str| {
                request.field("content-type", "application/json").body(Body::Sized(body.as_bytes()))
            };

            let created = json(to("POST", "/tasks"), r#"{"title":"Through the gateway"}"#).send(lab).await;
            assert_eq!(created.status, 201);
            assert_eq!(created.value("x-served-by"), Some("bun-sqlite"));
            assert_eq!(created.value("access-control-allow-origin"), Some("*"));
            let location = created.value("location").expect("a location").to_owned();

            let read = to("GET", &location).send(lab).await;
            assert_eq!(read.status, 200);
            assert_eq!(read.json()["title"], "Through the gateway");
            assert_eq!(read.json()["done"], false);

            let updated = json(to("PATCH", &location), r#"{"done":true}"#).send(lab).await;
            assert_eq!(updated.json()["done"], true);

            let listed = to("GET", "/tasks").send(lab).await.json();
            let titles: Vec<_> = listed.as_array().expect("a list").iter().map(|task| task["title"].clone()).collect();
            assert!(titles.contains(&"Through the gateway".into()), "{titles:?}");

            assert_eq!(json(to("POST", "/tasks"), "{").send(lab).await.status, 400);
            assert_eq!(to("DELETE", &location).send(lab).await.status, 204);
            assert_eq!(to("GET", &location).send(lab).await.status, 404);
            // The gateway's own /health, not the backend's.
            assert!(to("GET", "/health").send(lab).await.json()["version"].is_string());
        },
    );
}
