use crate::harness::{Exchange, FAULTY, Feature, HostKind, Lab, Request, Response, is_on, offers, run, with_settings};

fn is_unavailable(response: &Response, backend: &str, proxy_error: &str) {
    assert_eq!(response.status, 503);
    let body = response.json();
    assert_eq!(
        body,
        serde_json::json!({
            "error": "Backend Unavailable",
            "message": format!("The requested backend '{backend}' is not responding"),
            "backend": backend,
            "reason": body["reason"],
        })
    );
    let reason = body["reason"].as_str().expect("a reason");
    let shown = response.value("proxy-status").expect("a proxy-status");
    if offers(Feature::FailureKinds) {
        assert!(shown.contains(&format!("error={proxy_error};")), "{shown}");
        assert!(shown.contains(&format!("details=\"{reason}\"")), "{reason}: {shown}");
    } else {
        assert!(
            shown.contains("error=connection_terminated;") || shown.contains("error=http_protocol_error;"),
            "{shown}"
        );
    }
    assert_eq!(response.value("x-gateway-backend"), Some(backend));
    assert_eq!(response.value("content-type"), Some("application/json"));
}

#[test]
fn a_backend_where_nothing_listens_is_a_503_at_once() {
    run(|lab| async move {
        let response = Request::get("/tasks").cloud("silent").send(lab).await;
        is_unavailable(&response, "silent", "connection_refused");
    });
    with_settings(
        // An answer that waited for it would come after the test has lost its patience.
        |settings| settings.set("request_timeout", "86400s"),
        |lab| async move {
            let response = Request::get("/tasks").cloud("silent").send(lab).await;
            is_unavailable(&response, "silent", "connection_refused");
        },
    );
}

#[test]
fn a_host_name_that_cannot_exist_is_a_503() {
    run(|lab| async move {
        let response = Request::get("/").cloud("nameless").send(lab).await;
        is_unavailable(&response, "nameless", "dns_error");
    });
}

#[test]
fn a_backend_that_speaks_no_tls_is_a_503() {
    run(|lab| async move {
        let response = Request::get("/").cloud("no-tls").send(lab).await;
        assert_eq!(response.status, 503);
        assert_eq!(response.json()["error"], "Backend Unavailable");
        let shown = response.value("proxy-status").expect("a proxy-status");
        // Hosts differ in how exactly they can tell a failed handshake.
        let kinds: &[_] =
            if offers(Feature::FailureKinds) { &["tls_", "connection_"] } else { &["http_protocol_error"] };
        assert!(kinds.iter().any(|kind| shown.contains(&format!("error={kind}"))), "{shown}");
    });
}

/// Sends a GET that every attempt of the gateway fails with, by `fail`; the answer, and the number of attempts.
async fn failing(lab: &Lab, backend: &str, fail: impl AsyncFn(Exchange)) -> (Response, usize) {
    let mut upstream = lab.upstream();
    let mut sending = Box::pin(Request::get(&upstream.path).cloud(backend).send(lab));
    let mut attempts = 0;
    let response = loop {
        tokio::select! {
            response = &mut sending => break response,
            exchange = upstream.arrival() => {
                attempts += 1;
                fail(exchange).await;
            }
        }
    };
    (response, attempts)
}

/// Attempts of a GET that ends without an answer, where hosts tell that from other failures.
fn twice(attempts: usize) -> bool {
    attempts == 2 || !offers(Feature::FailureKinds) && attempts == 1
}

#[test]
fn a_connection_closed_without_an_answer_is_a_503_after_a_second_attempt() {
    run(|lab| async move {
        let (response, attempts) = failing(lab, FAULTY[0], async |exchange| drop(exchange)).await;
        assert_eq!(response.status, 503);
        assert_eq!(response.json()["backend"], FAULTY[0]);
        assert!(twice(attempts), "{attempts}");
    });
}

#[test]
fn a_connection_reset_before_the_answer_is_a_503_after_a_second_attempt() {
    run(|lab| async move {
        let (response, attempts) = failing(lab, FAULTY[1], async |exchange| exchange.reset()).await;
        assert_eq!(response.status, 503);
        assert!(twice(attempts), "{attempts}");
    });
}

#[test]
fn garbage_instead_of_http_is_a_503() {
    run(|lab| async move {
        for garbage in [
            "SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "HTTP/1.1 200\r\nbad header\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        ] {
            let answer = async |mut exchange: Exchange| exchange.write(garbage).await;
            let (response, attempts) = failing(lab, FAULTY[2], answer).await;
            assert_eq!(response.status, 503, "{garbage:?}");
            // Most hosts do not tell garbage from an end.
            assert!(attempts == 1 || !is_on(HostKind::Embedded), "{garbage:?}: {attempts}");
        }
    });
}

#[test]
fn a_malformed_url_is_a_500_that_names_the_variable_and_harms_nobody_else() {
    run(|lab| async move {
        let response = Request::get("/").backend("malformed").send(lab).await;
        assert_eq!(response.status, 500);
        let body = response.json();
        assert_eq!(body["error"], "Gateway Error");
        let message = body["message"].as_str().expect("a message");
        assert!(message.contains("extra_backends") && message.contains("user name or password"), "{message}");
        assert!(!response.text().contains("secret"));
        assert_eq!(response.value("x-gateway-backend"), Some("malformed"));
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path);
        let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.ok("").await });
        assert_eq!(response.status, 200);
    });
}

#[test]
fn a_malformed_entry_is_a_500_that_names_the_key() {
    run(|lab| async move {
        let response = Request::get("/").cloud("broken").send(lab).await;
        assert_eq!(response.status, 500);
        let message = response.json()["message"].as_str().expect("a message").to_owned();
        assert!(message.contains("'backend:broken'"), "{message}");
    });
}

#[test]
fn a_host_outside_the_allowed_ones_is_a_503_that_names_the_setting() {
    run(|lab| async move {
        for (request, backend, host, names) in [
            (Request::get("/").backend("denied"), "denied", "http://localhost:", "allowed_outbound_hosts"),
            (Request::get("/").cloud("outside"), "outside", ".test:1 ", "cloud_hosts"),
        ] {
            let response = request.send(lab).await;
            assert_eq!(response.status, 503);
            let body = response.json();
            assert_eq!(body["error"], "Backend Unavailable");
            assert_eq!(body["backend"], backend);
            let message = body["message"].as_str().expect("a message");
            assert!(message.contains(names) && message.contains(host), "{message}");
            assert!(response.value("proxy-status").expect("a proxy-status").contains("http_request_denied"));
        }
    });
}

#[test]
fn request_fields_too_large_to_forward_are_a_431() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let mut request = Request::get(&upstream.path);
        for index in 0..64 {
            request = request.field(&format!("x-large-{index}"), &"v".repeat(3 * 1024));
        }
        let response = request.send(lab).await;
        assert_eq!(response.status, 431);
        assert!(upstream.is_untouched());
    });
}

#[test]
fn response_fields_too_large_to_relay_are_a_503() {
    run(|lab| async move {
        let lines: String = (0..64).map(|index| format!("x-large-{index}: {}\r\n", "v".repeat(3 * 1024))).collect();
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n{lines}\r\n");
        // Hosts that have had enough before the end may not say so, and then there is a second attempt.
        let (response, _) = failing(lab, FAULTY[3], async |mut exchange| {
            _ = tokio::io::AsyncWriteExt::write_all(&mut exchange.stream, head.as_bytes()).await;
        })
        .await;
        assert_eq!(response.status, 503);
    });
}
