//! The whole way to a real backend: Bun and SQLite, started as its README says.

use crate::harness::{Body, NpmBackend, Request, with_settings};

#[test]
fn a_task_lives_its_life_through_the_gateway() {
    let backend = match NpmBackend::start("bun-sqlite") {
        Ok(backend) => backend,
        Err(reason) => {
            println!("SKIPPED: {reason}");
            return;
        }
    };
    let url = backend.url.clone();
    with_settings(
        move |settings| settings.set("backend_bun_sqlite_url", url),
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
            assert_eq!(read.json()["status"], "inbox");

            let updated = json(to("PATCH", &location), r#"{"status":"done"}"#).send(lab).await;
            assert_eq!(updated.json()["status"], "done");

            let listed = to("GET", "/tasks?status=done").send(lab).await.json();
            let titles: Vec<_> = listed.as_array().expect("a list").iter().map(|task| &task["title"]).collect();
            assert_eq!(titles, ["Through the gateway", "Send a request through the gateway"], "the newest first");

            assert_eq!(json(to("POST", "/tasks"), "{").send(lab).await.status, 400);
            assert_eq!(to("DELETE", &location).send(lab).await.status, 204);
            assert_eq!(to("GET", &location).send(lab).await.status, 404);
            // The gateway's own /health, not the backend's.
            assert!(to("GET", "/health").send(lab).await.json()["version"].is_string());
        },
    );
}
