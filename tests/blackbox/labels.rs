//! Backends by host name, and whose pages may read the answers: what browsers need.

use crate::browser::browser_test;
use crate::harness::{Request, free_address, lab, run, with_settings as with};

#[test]
fn a_label_below_localhost_selects_a_backend() {
    run(|lab| async move {
        for (host, backend, expected) in [
            ("cf-d1.localhost", None, "cf-d1"),
            ("CF-D1.LOCALHOST:3000", None, "cf-d1"),
            ("based.localhost.:80", None, "based"),
            ("localhost:3000", None, "bun-sqlite"),
            ("cf-d1.localhost.example", None, "bun-sqlite"),
            ("cf-d1.localhost", Some("bun-sqlite"), "bun-sqlite"),
        ] {
            let mut upstream = lab.upstream();
            let mut request = Request::get(&upstream.path).host(host);
            if let Some(backend) = backend {
                request = request.backend(backend);
            }
            let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.ok("").await });
            assert_eq!(response.value("x-gateway-backend"), Some(expected), "{host} {backend:?}");
        }
        let response = Request::get("/").host("cf-d1.localhost").field("x-backend-location", "cloud").send(lab).await;
        assert_eq!(response.value("x-gateway-backend"), Some("cf-d1"));
    });
}

#[test]
fn a_label_that_names_no_backend_is_a_400_that_lists_them() {
    run(|lab| async move {
        for host in ["nope.localhost", "a.cf-d1.localhost:3000"] {
            let response = Request::get("/tasks").host(host).send(lab).await;
            assert_eq!(response.status, 400, "{host}");
            assert_eq!(response.json()["error"], "Invalid Backend");
            assert!(response.json()["valid_backends"].as_array().is_some_and(|ids| ids.iter().any(|id| id == "cf-d1")));
        }
        // The gateway's own endpoints are there under every name.
        assert_eq!(Request::get("/health").host("nope.localhost").send(lab).await.status, 200);
    });
}

#[test]
fn a_label_below_the_configured_domain_selects_a_backend() {
    with(
        |settings| settings.set("label_domain", "Shootout.Example"),
        |lab| async move {
            for (host, expected) in [
                ("cf-d1.shootout.example", "cf-d1"),
                ("cf-d1.localhost", "cf-d1"),
                ("shootout.example", "bun-sqlite"),
                ("cf-d1.evil-shootout.example", "bun-sqlite"),
            ] {
                let mut upstream = lab.upstream();
                let request = Request::get(&upstream.path).host(host);
                let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.ok("").await });
                assert_eq!(response.value("x-gateway-backend"), Some(expected), "{host}");
            }
        },
    );
}

#[test]
fn only_listed_origins_may_read_answers_and_send_credentials() {
    with(
        |settings| settings.set("cors_origins", "https://app.example, http://localhost:5173/"),
        |lab| async move {
            for (origin, listed) in [
                (Some("https://app.example"), true),
                (Some("http://localhost:5173"), true),
                (Some("https://evil.example"), false),
                (Some("null"), false),
                (None, false),
            ] {
                let mut upstream = lab.upstream();
                let with_origin = |request: Request| match origin {
                    Some(origin) => request.field("origin", origin),
                    None => request,
                };
                let request = with_origin(Request::get(&upstream.path));
                let (relayed, ()) = tokio::join!(request.send(lab), async {
                    let head = "200 OK\ncontent-length: 0\netag: \"1\"\naccess-control-allow-origin: *";
                    upstream.arrival().await.respond(head, "").await;
                });
                let preflight = with_origin(Request::new("OPTIONS", "/tasks"))
                    .field("access-control-request-headers", "x-custom")
                    .send(lab)
                    .await;
                let error = with_origin(Request::get("/").backend("nope")).send(lab).await;
                let own = with_origin(Request::get("/health")).send(lab).await;
                for (response, status) in [(&relayed, 200), (&preflight, 204), (&error, 400), (&own, 200)] {
                    assert_eq!(response.status, status, "{origin:?}");
                    let allowed = listed.then_some(origin).flatten();
                    assert_eq!(response.value("access-control-allow-origin"), allowed, "{status}");
                    let credentials = response.value("access-control-allow-credentials");
                    assert_eq!(credentials, listed.then_some("true"), "{status}");
                    let vary = response.values("vary").join(", ");
                    assert!(vary.split(", ").any(|name| name == "origin"), "{status}: {vary}");
                }
                let exposed = relayed.value("access-control-expose-headers").unwrap_or_default();
                assert_eq!(exposed.split(", ").any(|name| name == "etag"), listed, "{exposed}");
                let asked = preflight.value("access-control-allow-headers").unwrap_or_default();
                assert_eq!(asked.contains("x-custom"), listed, "{asked}");
            }
        },
    );
}

#[test]
fn links_forms_images_events_and_cookies_work_below_labels_in_a_browser() {
    let addresses = [(); 2].map(|()| lab().runtime.block_on(free_address()));
    let [one, two] = addresses.map(|address| address.port());
    browser_test(
        |settings| {
            let extra = [("one", one), ("two", two)]
                .map(|(id, port)| format!(r#"{{"id":"{id}","url":"http://127.0.0.1:{port}"}}"#));
            settings.set("extra_backends", format!("[{}]", extra.join(",")));
            settings.set("label_domain", "gateway.localhost");
            settings.set("cors_origins", format!("http://one.gateway.localhost:{}", settings.listen.port()));
        },
        || {},
        "labels.mjs",
        |lab| vec![lab.gateway.port().to_string(), one.to_string(), two.to_string()],
        &[],
    );
}
