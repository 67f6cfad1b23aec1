use crate::harness::{Body, FAULTY, Feature, Request, TransferError, offers, run};

#[test]
fn a_bodyless_request_is_not_chunked() {
    run(|lab| async move {
        for method in ["DELETE", "GET", "HEAD", "POST", "PUT", "PATCH"] {
            let mut upstream = lab.upstream();
            let request = Request::new(method, &upstream.path).field("connection", "close");
            let (response, ()) = tokio::join!(async { request.start(lab).await.head().await }, async {
                let exchange = upstream.arrival().await;
                assert_eq!(exchange.values("transfer-encoding"), [""; 0], "{method}");
                // A server may insist on a length where the method means to carry content (RFC 9110 §8.6).
                let told = exchange.values("content-length") == ["0"];
                let optional =
                    exchange.values("content-length").is_empty() && ["DELETE", "GET", "HEAD"].contains(&method);
                assert!(told || optional, "{method}: {:?}", exchange.fields);
                assert!(exchange.early.is_empty(), "{method}");
                exchange.ok("").await;
            });
            assert_eq!(response.status, 200, "{method}");
        }
    });
}

#[test]
fn an_explicit_length_of_zero_is_passed_on() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::new("POST", &upstream.path).body(Body::Sized(b""));
        tokio::join!(request.send(lab), async {
            let exchange = upstream.arrival().await;
            assert_eq!(exchange.values("content-length"), ["0"]);
            assert_eq!(exchange.values("transfer-encoding"), [""; 0]);
            exchange.ok("").await;
        });
    });
}

#[test]
fn an_empty_chunked_body_is_told_as_a_length_of_zero() {
    run(|lab| async move {
        for method in ["POST", "PUT", "PATCH"] {
            let mut upstream = lab.upstream();
            let request = Request::new(method, &upstream.path).body(Body::Announced("transfer-encoding: chunked"));
            let mut pending = request.start(lab).await;
            pending.write("0\r\n\r\n").await;
            let exchange = upstream.arrival().await;
            assert_eq!(exchange.values("content-length"), ["0"], "{method}");
            assert_eq!(exchange.values("transfer-encoding"), [""; 0], "{method}");
            exchange.ok("").await;
            assert_eq!(pending.head().await.status, 200, "{method}");
        }
    });
}

#[test]
fn a_sized_body_arrives_with_its_length() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::new("POST", &upstream.path).body(Body::Sized(b"{\"a\":1}"));
        tokio::join!(request.send(lab), async {
            let mut exchange = upstream.arrival().await;
            assert_eq!(exchange.values("content-length"), ["7"]);
            assert_eq!(exchange.values("transfer-encoding"), [""; 0]);
            assert_eq!(exchange.body(7).await, b"{\"a\":1}");
            exchange.ok("").await;
        });
    });
}

#[test]
fn a_chunked_body_arrives_whole() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let body = vec![b'x'; 100_000];
        let request = Request::new("PUT", &upstream.path).body(Body::Chunked(&body));
        tokio::join!(request.send(lab), async {
            let mut exchange = upstream.arrival().await;
            assert_eq!(exchange.values("transfer-encoding"), ["chunked"]);
            let raw = exchange.read_until(b"0\r\n\r\n").await;
            assert_eq!(raw.iter().filter(|byte| **byte == b'x').count(), body.len());
            exchange.ok("").await;
        });
    });
}

#[test]
fn a_chunked_get_is_refused_rather_than_robbed_of_its_body() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let response = Request::get(&upstream.path).body(Body::Chunked(b"lost?")).send(lab).await;
        assert_eq!(response.status, 411);
        assert!(upstream.is_untouched());
    });
}

#[test]
fn an_upload_flows_while_it_is_sent() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::new("POST", &upstream.path).body(Body::Announced("transfer-encoding: chunked"));
        let mut pending = request.start(lab).await;
        pending.write("5\r\nfirst\r\n").await;
        // The backend has the first chunk before the client has sent the second.
        let mut exchange = upstream.arrival().await;
        exchange.read_until(b"first\r\n").await;
        pending.write("6\r\nsecond\r\n0\r\n\r\n").await;
        exchange.read_until(b"second\r\n0\r\n\r\n").await;
        exchange.ok("done").await;
        let mut response = pending.head().await;
        response.read_to_end().await.expect("a whole response");
        assert_eq!(response.text(), "done");
    });
}

#[test]
fn server_sent_events_arrive_before_the_backend_ends() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let pending = Request::get(&upstream.path).field("accept", "text/event-stream").start(lab).await;
        let mut exchange = upstream.arrival().await;
        exchange
            .write("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
            .await;
        // The head comes before any of the body.
        let mut response = pending.head().await;
        assert_eq!(response.value("content-type"), Some("text/event-stream"));
        for event in ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"] {
            exchange.write(format!("{:x}\r\n{event}\r\n", event.len())).await;
            response.read_until(event).await;
        }
        exchange.write("0\r\n\r\n").await;
        response.read_to_end().await.expect("a proper end");
        assert_eq!(response.text(), "data: 1\n\ndata: 2\n\ndata: 3\n\n");
    });
}

#[test]
fn head_responses_keep_the_length_and_have_no_body() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::new("HEAD", &upstream.path).field("connection", "close");
        let (response, ()) = tokio::join!(async { request.start(lab).await.head().await }, async {
            let mut exchange = upstream.arrival().await;
            exchange.respond("200 OK\ncontent-length: 12345\netag: \"x\"", "").await;
        });
        assert_eq!(response.status, 200);
        assert_eq!(response.value("content-length"), Some("12345"));
        assert_eq!(response.value("etag"), Some("\"x\""));
        assert_eq!(response.bytes_behind_the_head().await, 0);
    });
}

#[test]
fn responses_without_content_end_at_their_head() {
    run(|lab| async move {
        for (head, length) in [
            ("204 No Content", None),
            ("304 Not Modified\netag: \"x\"", None),
            ("304 Not Modified\ncontent-length: 555", Some("555")),
        ] {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).field("connection", "close");
            let (response, ()) = tokio::join!(async { request.start(lab).await.head().await }, async {
                let mut exchange = upstream.arrival().await;
                exchange.respond(head, "").await;
            });
            assert!(head.starts_with(&response.status.to_string()), "{head}");
            // Servers may leave the length of a 304 out (RFC 9110 §8.6), but not change it.
            let got = response.value("content-length");
            assert!(got.is_none() || got == length, "{head}: {got:?}");
            assert_eq!(response.value("transfer-encoding"), None, "{head}");
            assert_eq!(response.bytes_behind_the_head().await, 0, "{head}");
        }
    });
}

#[test]
fn an_empty_body_is_a_body_of_length_zero() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path);
        let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.ok("").await });
        assert_eq!(response.value("content-length"), Some("0"));
        assert_eq!(response.text(), "");
    });
}

#[test]
fn a_body_that_ends_with_the_connection_arrives_whole() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path);
        let (response, ()) = tokio::join!(request.send(lab), async {
            upstream.arrival().await.respond("200 OK", "until the end").await;
        });
        assert_eq!(response.text(), "until the end");
    });
}

#[test]
fn a_truncated_response_stays_truncated() {
    let chunked_too = offers(Feature::TruncatedChunks);
    run(|lab| async move {
        for (name, head, body) in
            [("chunked", "transfer-encoding: chunked", "5\r\nhello\r\n"), ("sized", "content-length: 100", "hello")]
        {
            for reset in [false, true] {
                let mut upstream = lab.upstream();
                let pending = Request::get(&upstream.path).start(lab).await;
                let mut exchange = upstream.arrival().await;
                exchange.write(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{head}\r\n\r\n{body}")).await;
                let mut response = pending.head().await;
                response.read_until("hello").await;
                if reset {
                    exchange.reset()
                } else {
                    drop(exchange)
                }
                let expected = if name == "sized" || chunked_too { Err(TransferError) } else { Ok(()) };
                assert_eq!(response.read_to_end().await, expected, "{name}, reset: {reset}");
            }
        }
    });
}

#[test]
fn an_upload_cut_off_by_the_client_never_looks_complete_to_the_backend() {
    run(|lab| async move {
        for announced in ["transfer-encoding: chunked", "content-length: 100"] {
            let mut upstream = lab.upstream();
            let mut pending = Request::new("POST", &upstream.path).body(Body::Announced(announced)).start(lab).await;
            let piece = if announced.starts_with('t') { "5\r\nhello\r\n" } else { "hello" };
            pending.write(piece).await;
            let mut exchange = upstream.arrival().await;
            exchange.read_until(piece.as_bytes()).await;
            drop(pending);
            let rest = exchange.ended().await.unwrap_or_default();
            assert!(rest.is_empty(), "{announced}: no end of the body, but {:?}", String::from_utf8_lossy(&rest));
        }
    });
}

#[test]
fn when_the_client_leaves_the_backend_is_let_go() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let pending = Request::get(&upstream.path).start(lab).await;
        let mut exchange = upstream.arrival().await;
        exchange
            .write("HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
            .await;
        let mut response = pending.head().await;
        response.read_until("hello").await;
        drop(response);
        // The backend goes on sending until its connection breaks, which is what has to happen.
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        while tokio::io::AsyncWriteExt::write_all(&mut exchange.stream, chunk.as_bytes()).await.is_ok() {}
    });
}

#[test]
fn a_backend_may_answer_before_the_upload_is_through() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::new("POST", &upstream.path).body(Body::Announced("content-length: 1000000"));
        let mut pending = request.start(lab).await;
        pending.write("begin").await;
        let mut exchange = upstream.arrival().await;
        exchange.body(5).await;
        exchange.write("HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbig").await;
        let mut response = pending.head().await;
        response.read_to_end().await.expect("a whole response");
        assert_eq!((response.status, response.text()), (413, "big"));
    });
}

#[test]
fn both_directions_flow_at_once() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::new("POST", &upstream.path).body(Body::Announced("transfer-encoding: chunked"));
        let mut pending = request.start(lab).await;
        pending.write("4\r\nping\r\n").await;
        let mut exchange = upstream.arrival().await;
        exchange.read_until(b"ping\r\n").await;
        exchange.write("HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\npong\r\n").await;
        // The client needs its socket twice, so the upload goes on behind the response's back.
        let mut response = pending.head().await;
        response.read_until("pong").await;
        response.write("5\r\nping2\r\n0\r\n\r\n").await;
        exchange.read_until(b"ping2\r\n0\r\n\r\n").await;
        exchange.write("5\r\npong2\r\n0\r\n\r\n").await;
        response.read_to_end().await.expect("a proper end");
        assert_eq!(response.text(), "pongpong2");
    });
}

/// 256 MiB in each direction. That they pass in bounded memory is checked in `settings`.
#[test]
fn large_bodies_arrive_whole() {
    const SIZE: usize = 256 * 1024 * 1024;
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::new("PUT", &upstream.path).body(Body::Announced(&format!("content-length: {SIZE}")));
        let mut pending = request.start(lab).await;
        let send = async {
            let piece = vec![7; 1024 * 1024];
            for _ in 0..SIZE / piece.len() {
                pending.write(&piece).await;
            }
            pending.head().await
        };
        let receive = async {
            let mut exchange = upstream.arrival().await;
            let mut left = SIZE;
            while left > 0 {
                let piece = exchange.body(left.min(1024 * 1024)).await;
                assert!(piece.iter().all(|byte| *byte == 7));
                left -= piece.len();
            }
            exchange.write(format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {SIZE}\r\n\r\n")).await;
            let piece = vec![9; 1024 * 1024];
            for _ in 0..SIZE / piece.len() {
                exchange.write(&piece).await;
            }
        };
        let download = async {
            let mut response = send.await;
            response.count_to_end().await
        };
        let (downloaded, ()) = tokio::join!(download, receive);
        assert_eq!(downloaded, Ok(SIZE as u64));
    });
}

#[test]
fn a_transfer_coding_overrides_a_length() {
    if !offers(Feature::BothFramings) {
        return;
    }
    run(|lab| async move {
        for order in
            ["content-length: 10\ntransfer-encoding: chunked", "transfer-encoding: chunked\ncontent-length: 10"]
        {
            for method in ["GET", "HEAD"] {
                let mut upstream = lab.upstream();
                let request = Request::new(method, &upstream.path).field("connection", "close");
                let (mut response, ()) = tokio::join!(async { request.start(lab).await.head().await }, async {
                    let mut exchange = upstream.arrival().await;
                    let chunks = if method == "GET" { "19\r\n{\"text\":\"more than ten\"} \r\n0\r\n\r\n" } else { "" };
                    exchange.respond(&format!("200 OK\n{order}"), chunks).await;
                });
                assert_eq!((response.status, response.value("content-length")), (200, None), "{method} {order}");
                if method == "GET" {
                    response.read_to_end().await.expect("a proper end");
                    assert_eq!(response.text(), "{\"text\":\"more than ten\"} ");
                } else {
                    assert_eq!(response.bytes_behind_the_head().await, 0);
                }
            }
        }
    });
}

/// Another coding than `chunked` would reach the client unnamed.
#[test]
fn a_transfer_coding_that_nobody_decodes_is_a_protocol_error() {
    if !offers(Feature::BothFramings) {
        return;
    }
    run(|lab| async move {
        // Two ids: three failures would gate one.
        for (id, coding) in [
            (FAULTY[11], "gzip, chunked"),
            (FAULTY[11], "gzip"),
            (FAULTY[12], "identity, chunked"),
            (FAULTY[12], "chunked, chunked"),
        ] {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).cloud(id);
            let (response, ()) = tokio::join!(request.send(lab), async {
                upstream
                    .arrival()
                    .await
                    .respond(&format!("200 OK\ntransfer-encoding: {coding}"), "1\r\nx\r\n0\r\n\r\n")
                    .await;
            });
            assert_eq!(response.status, 503, "{coding}");
            let shown = response.value("proxy-status").expect("a proxy-status");
            assert!(shown.contains("error=http_protocol_error;"), "{coding}: {shown}");
            assert!(upstream.is_untouched(), "an answer that began is not asked for again: {coding}");
        }
        // That of old servers, which is none.
        let mut upstream = lab.upstream();
        let (response, ()) = tokio::join!(Request::get(&upstream.path).send(lab), async {
            let head = "200 OK\ncontent-length: 5\ntransfer-encoding: identity";
            upstream.arrival().await.respond(head, "whole").await;
        });
        assert_eq!((response.status, response.text()), (200, "whole"));
    });
}
