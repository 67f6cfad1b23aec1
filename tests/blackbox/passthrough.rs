use crate::harness::{Body, Exchange, Feature, HostKind, Request, Response, is_on, offers, run};

/// Sends a request and answers it with `head`; returns what both sides saw.
async fn exchange(
    lab: &crate::harness::Lab,
    request: impl FnOnce(&str) -> Request,
    head: &str,
    body: &str,
) -> (Exchange, Response) {
    let mut upstream = lab.upstream();
    let request = request(&upstream.path);
    let (response, exchange) = tokio::join!(request.send(lab), async {
        let mut exchange = upstream.arrival().await;
        exchange.respond(head, body).await;
        exchange
    });
    (exchange, response)
}

const OK: &str = "200 OK\ncontent-length: 0";

/// The lines of one field as they arrive: `lines`, or all in one where the host does not keep them apart.
fn as_kept(lines: &[&str], kept: bool) -> Vec<String> {
    if kept { lines.iter().map(|line| (*line).to_owned()).collect() } else { vec![lines.join(", ")] }
}

#[test]
fn method_and_target_arrive_byte_for_byte() {
    let every_byte = offers(Feature::TargetBytes);
    run(|lab| async move {
        for (method, suffix) in [
            ("GET", ""),
            ("GET", "/"),
            ("GET", "//double//slash/?a=b//c"),
            ("GET", "/%2e%2E/%2F%00/a%20b?q=%C3%A9&empty=&=x&&"),
            ("GET", "/../up/./here"),
            ("GET", "?"),
            ("GET", "/;v=1,2/:@!$'()*?a'b(c)[]{}|^`"),
            ("PROPFIND", "/x"),
            ("DELETE", "/x"),
            ("PATCH", "/x"),
        ] {
            if !every_byte && (suffix.contains("/.") || suffix.contains("/%2e") || suffix.contains('\'')) {
                continue;
            }
            let (seen, response) = exchange(lab, |path| Request::new(method, &format!("{path}{suffix}")), OK, "").await;
            let (start, rest) = seen.request_line.split_once('/').expect("a target");
            assert_eq!(start.trim_end(), method);
            let target = rest.strip_suffix(" HTTP/1.1").expect("a version");
            assert!(target.starts_with("test-") && target.ends_with(suffix), "{method} {suffix}: {target}");
            assert_eq!(target.matches("test-").count(), 1);
            assert_eq!(response.status, 200);
        }
    });
}

#[test]
fn a_base_path_is_joined_without_a_doubled_or_lost_slash() {
    run(|lab| async move {
        for suffix in ["", "/", "//x/", "/a?b=/c"] {
            let (seen, _) =
                exchange(lab, |path| Request::get(&format!("{path}{suffix}")).backend("based"), OK, "").await;
            assert!(seen.request_line.starts_with("GET /base/path/test-"), "{}", seen.request_line);
            assert!(seen.request_line.ends_with(&format!("{suffix} HTTP/1.1")), "{}", seen.request_line);
        }
    });
}

#[test]
fn request_fields_keep_duplicates_and_order() {
    let kept = offers(Feature::FieldLines);
    run(|lab| async move {
        let (seen, _) = exchange(
            lab,
            |path| {
                Request::get(path)
                    .field("accept", "text/html;q=0.5")
                    .field("cookie", "a=1")
                    .field("x-custom", "one")
                    .field("accept", "*/*")
                    .field("x-custom", "two, three")
                    .field("authorization", "Bearer client")
                    .field("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
                    .field("te", "trailers")
                    .field("user-agent", "")
                    .backend("bun-sqlite")
            },
            OK,
            "",
        )
        .await;
        assert_eq!(seen.values("accept"), as_kept(&["text/html;q=0.5", "*/*"], kept));
        assert_eq!(seen.values("x-custom"), as_kept(&["one", "two, three"], kept));
        assert_eq!(seen.values("cookie"), ["a=1"]);
        assert_eq!(seen.values("authorization"), ["Bearer client"]);
        // A host that keeps no lines keeps no empty one either.
        assert_eq!(seen.values("user-agent"), if kept { &[""][..] } else { &[] });
        assert_eq!(seen.values("x-backend"), ["bun-sqlite"]);
        // A host that traces may continue the trace under a span of its own; the trace stays the same.
        let traceparent = seen.values("traceparent");
        assert_eq!(traceparent.len(), 1);
        assert!(traceparent[0].starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{traceparent:?}");
    });
}

#[test]
fn hop_by_hop_and_spin_fields_stay_behind() {
    run(|lab| async move {
        let (seen, _) = exchange(
            lab,
            |path| {
                Request::get(path)
                    .field("connection", "keep-alive")
                    .field("keep-alive", "timeout=5")
                    .field("proxy-connection", "keep-alive")
                    .field("proxy-authorization", "Basic c2VjcmV0")
                    .field("te", "trailers")
                    .field("http2-settings", "AAMAAABkAAQAAP__")
                    .field("spin-client-addr", "6.6.6.6:1")
                    .field("spin-full-url", "https://evil.example/")
                    .field("spin-invented", "x")
            },
            OK,
            "",
        )
        .await;
        for (name, value) in &seen.fields {
            let name = name.to_ascii_lowercase();
            assert!(
                !name.starts_with("spin-")
                    && !["keep-alive", "proxy-connection", "proxy-authorization", "te", "http2-settings", "upgrade"]
                        .contains(&name.as_str()),
                "{name}: {value}"
            );
        }
    });
}

#[test]
fn the_backend_learns_where_the_request_came_from() {
    run(|lab| async move {
        let (seen, response) = exchange(
            lab,
            |path| {
                Request::get(path)
                    .field("x-forwarded-for", "203.0.113.9")
                    .field("x-forwarded-proto", "gopher")
                    .field("x-forwarded-host", "no host")
                    .field("spin-client-addr", "6.6.6.6:1")
                    .field("via", "1.0 edge")
                    .field("x-request-id", "client-id-1")
            },
            OK,
            "",
        )
        .await;
        let chain = if offers(Feature::ClientAddress) { "203.0.113.9, 127.0.0.1" } else { "203.0.113.9" };
        assert_eq!(seen.values("x-forwarded-for"), [chain]);
        assert_eq!(seen.values("x-forwarded-proto"), ["http"]);
        assert_eq!(seen.values("x-forwarded-host"), [lab.gateway.to_string()]);
        assert_eq!(seen.values("x-forwarded-port"), [lab.gateway.port().to_string()]);
        assert_eq!(seen.values("via").join(", "), "1.0 edge, 1.1 backend-shootout-gateway");
        assert_eq!(seen.values("x-request-id"), ["client-id-1"]);
        assert_eq!(seen.values("host"), [lab.backends.first.to_string()]);
        assert_eq!(response.value("x-request-id"), Some("client-id-1"));
    });
}

#[test]
fn a_missing_or_invalid_request_id_is_replaced_by_one_both_sides_see() {
    run(|lab| async move {
        for invalid in [None, Some("has blanks"), Some("a,b"), Some("")] {
            let (seen, response) = exchange(
                lab,
                |path| match invalid {
                    Some(id) => Request::get(path).field("x-request-id", id),
                    None => Request::get(path),
                },
                "200 OK\ncontent-length: 0\nx-request-id: from-the-backend",
                "",
            )
            .await;
            let id = response.value("x-request-id").expect("an id");
            assert_eq!(id.len(), 36, "{id}");
            assert_eq!(seen.values("x-request-id"), [id]);
        }
    });
}

#[test]
fn response_fields_keep_duplicates_and_order() {
    let kept = offers(Feature::FieldLines);
    run(|lab| async move {
        let (_, response) = exchange(
            lab,
            Request::get,
            "418 I'm a teapot\ncontent-length: 3\nset-cookie: a=1; Path=/\nx-one: 1\nset-cookie: b=2\nlink: </a>\nlink: </b>\n\
             keep-alive: timeout=5\nproxy-authenticate: Basic\ntrailer: x\nserver-timing: db;dur=5\nvary: accept\netag: \"x\"\n\
             x-gateway-backend: forged\ncontent-encoding: gzip",
            "zip",
        )
        .await;
        assert_eq!(response.status, 418);
        assert_eq!(response.text(), "zip");
        assert_eq!(response.values("set-cookie"), ["a=1; Path=/", "b=2"]);
        assert_eq!(response.values("link"), as_kept(&["</a>", "</b>"], kept));
        assert_eq!(response.value("etag"), Some("\"x\""));
        assert_eq!(response.value("content-encoding"), Some("gzip"));
        assert_eq!(response.values("vary"), as_kept(&["accept", "x-backend, x-backend-location"], kept));
        assert_eq!(response.value("x-gateway-backend"), Some("bun-sqlite"));
        for hop in ["keep-alive", "proxy-authenticate", "trailer"] {
            assert_eq!(response.value(hop), None, "{hop}");
        }
        let timing = response.values("server-timing");
        let timing = timing.join(", ");
        assert!(timing.starts_with("db;dur=5, gateway;dur=") && timing.contains(", backend;dur="), "{timing}");
        assert_eq!(response.value("timing-allow-origin"), Some("*"));
    });
}

#[test]
fn redirects_and_errors_of_the_backend_are_the_clients_business() {
    run(|lab| async move {
        for (head, status) in [
            ("302 Found\nlocation: http://127.0.0.1:1/elsewhere\ncontent-length: 0", 302),
            ("500 Internal Server Error\ncontent-length: 0", 500),
            ("503 Service Unavailable\nretry-after: 7\ncontent-length: 0", 503),
            ("404 Not Found\ncontent-length: 0", 404),
        ] {
            let (_, response) = exchange(lab, Request::get, head, "").await;
            assert_eq!(response.status, status);
            assert_eq!(response.value("proxy-status"), None, "not the gateway's own");
        }
    });
}

#[test]
fn a_get_with_a_body_of_known_length_keeps_it() {
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).body(Body::Sized(b"query"));
        if !offers(Feature::GetWithBody) {
            assert_eq!(request.send(lab).await.status, 503, "refused rather than robbed of its body");
            assert!(upstream.is_untouched());
            return;
        }
        let (response, ()) = tokio::join!(request.send(lab), async {
            let mut exchange = upstream.arrival().await;
            assert_eq!(exchange.values("content-length"), ["5"]);
            assert_eq!(exchange.body(5).await, b"query");
            exchange.ok("").await;
        });
        assert_eq!(response.status, 200);
    });
}

#[test]
fn a_very_long_path_arrives() {
    if !offers(Feature::TargetBytes) {
        return;
    }
    run(|lab| async move {
        let suffix = format!("/{}", "x".repeat(40_000));
        let (seen, response) = exchange(lab, |path| Request::get(&format!("{path}{suffix}")), OK, "").await;
        assert_eq!(response.status, 200);
        assert!(seen.request_line.ends_with(&format!("{suffix} HTTP/1.1")), "{} bytes", seen.request_line.len());
    });
}

#[test]
fn a_path_of_64_kib_passes() {
    if !offers(Feature::TargetBytes) {
        return;
    }
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let path = format!("{}/{}", upstream.path, "p".repeat(65_525 - upstream.path.len() - 1));
        assert_eq!(path.len(), 65_525);
        let (response, ()) = tokio::join!(Request::get(&path).send(lab), async {
            let exchange = upstream.arrival().await;
            assert!(exchange.request_line == format!("GET {path} HTTP/1.1"), "{}", exchange.request_line.len());
            exchange.ok("").await;
        });
        assert_eq!(response.status, 200, "{}", response.text());
    });
}

#[test]
fn two_hundred_and_fifty_six_field_lines_pass_in_either_direction() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        let mut upstream = lab.upstream();
        let mut request = Request::get(&upstream.path);
        // With `host` they are 256.
        for index in 0..255 {
            request = request.field("x-line", &index.to_string());
        }
        let (response, ()) = tokio::join!(request.send(lab), async {
            let mut exchange = upstream.arrival().await;
            assert_eq!(exchange.values("x-line").len(), 255);
            // With `connection` and `content-length` they are 256.
            let lines: String = (0..254).map(|index| format!("\nlink: </{index}>; rel=preload")).collect();
            exchange.respond(&format!("200 OK\ncontent-length: 0{lines}"), "").await;
        });
        assert_eq!(response.status, 200);
        let links = response.values("link");
        assert_eq!((links.len(), links[0], links[253]), (254, "</0>; rel=preload", "</253>; rel=preload"));
    });
}

/// RFC 9112 §5.1 and §5.2: a gateway repairs these in responses.
#[test]
fn a_space_before_the_colon_and_a_folded_line_are_repaired_in_responses() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        let head = "200 OK\ncontent-length: 0\nx-spaced : a\nx-folded: one,\n  two\n\tthree\nx-last: b";
        let (_, response) = exchange(lab, Request::get, head, "").await;
        assert_eq!(response.status, 200);
        assert_eq!(response.value("x-spaced"), Some("a"));
        let folded = response.value("x-folded").expect("the field");
        assert_eq!(folded.split_whitespace().collect::<Vec<_>>(), ["one,", "two", "three"], "{folded:?}");
        assert_eq!(response.value("x-last"), Some("b"));
    });
}
