use crate::harness::{FAULTY, Feature, HostKind, Lab, Request, is_on, offers, run, with_settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What came of bytes on a connection.
#[derive(Debug)]
struct Outcome {
    /// The statuses of the answers, in order.
    statuses: Vec<u16>,
    /// What the client got.
    text: String,
    /// The requests that reached a backend.
    arrived: Vec<Arrival>,
}

#[derive(Debug)]
struct Arrival {
    request_line: String,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Arrival {
    fn values(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str()).collect()
    }
}

/// A second request on the connection: what is not to be served behind a refused one.
const NEXT: &str = "GET /health HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n";

/// Writes `bytes`, where `{path}` stands for a path of this test, and reads to the end of the connection. The last request must ask for `connection: close`.
async fn raw(lab: &Lab, bytes: &[u8]) -> Outcome {
    let mut upstream = lab.upstream();
    let text: Vec<u8> = replace(bytes, b"{path}", upstream.path.as_bytes());
    let client = async {
        let mut stream = TcpStream::connect(lab.gateway).await.expect("the gateway listens");
        // It may close before it has read everything.
        _ = stream.write_all(&text).await;
        let mut answer = Vec::new();
        _ = stream.read_to_end(&mut answer).await;
        answer
    };
    let mut client = std::pin::pin!(client);
    let mut arrived = Vec::new();
    let answer = loop {
        tokio::select! {
            answer = &mut client => break answer,
            mut exchange = upstream.arrival() => {
                let body = if !exchange.values("transfer-encoding").is_empty() {
                    exchange.read_until(b"0\r\n\r\n").await
                } else {
                    let length = exchange.values("content-length").first().map_or(0, |length| length.parse().expect("a length"));
                    exchange.body(length).await
                };
                let (request_line, fields) = (exchange.request_line.clone(), exchange.fields.clone());
                arrived.push(Arrival { request_line, fields, body });
                exchange.ok("").await;
            }
        }
    };
    let text = String::from_utf8_lossy(&answer).into_owned();
    let statuses =
        text.match_indices("HTTP/1.").filter_map(|(at, _)| text.get(at + 9..at + 12)?.parse().ok()).collect();
    Outcome { statuses, text, arrived }
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// Sends each as it stands and expects one answer of this status, nothing behind it, and nothing at a backend.
async fn are_refused(lab: &Lab, status: u16, cases: &[&str]) {
    for case in cases {
        let outcome = raw(lab, format!("{case}{NEXT}").as_bytes()).await;
        let shown = case.chars().take(200).collect::<String>();
        assert_eq!(outcome.statuses, [status], "{shown:?}: {}", outcome.text);
        assert!(outcome.arrived.is_empty(), "{shown:?}: {:?}", outcome.arrived);
    }
}

#[test]
fn a_request_that_servers_would_delimit_differently_is_refused() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        let with = |fields: &str| format!("POST {path} HTTP/1.1\r\nhost: g\r\n{fields}\r\n\r\n", path = "{path}");
        let lengths =
            ["3\r\ncontent-length: 2", "3, 3", "3, 2", "+3", "-3", "0x3", "", "3 3", "3;", "99999999999999999999"];
        let codings = [
            "xchunked",
            "chunked, identity",
            "identity",
            "identity, chunked",
            "gzip, chunked",
            "chunked, chunked",
            "\x0bchunked",
            "chunked\r\ntransfer-encoding: chunked",
            "chunked\r\ntransfer-encoding: identity",
            "identity\r\ntransfer-encoding: chunked",
        ];
        let lengths = lengths.iter().map(|value| with(&format!("content-length: {value}")) + "abc");
        let codings = codings.iter().map(|value| with(&format!("transfer-encoding: {value}")) + "0\r\n\r\n");
        for case in lengths.chain(codings) {
            are_refused(lab, 400, &[&case]).await;
        }
        are_refused(lab, 400, &["POST {path} HTTP/1.0\r\nhost: g\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"])
            .await;
    });
}

#[test]
fn lines_that_servers_would_split_differently_are_refused() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        for line in [
            "x-a: 1\r\n x-b: 2",
            "x-a: 1\rx-b: 2",
            "x-a : 1",
            " x-a: 1",
            "x-a: a\0b",
            "x-a: a\x01b",
            "x-a: a\x7fb",
            ": x",
            "nonsense",
            "x(a): 1",
            "x\u{e9}: 1",
        ] {
            are_refused(lab, 400, &[&format!("GET {{path}} HTTP/1.1\r\nhost: g\r\n{line}\r\n\r\n")]).await;
            are_refused(lab, 400, &[&format!("GET {{path}} HTTP/1.1\r\n{line}\r\nhost: g\r\n\r\n")]).await;
        }
        let no_http =
            ["GET {path}\r\n\r\n", "G(T {path} HTTP/1.1\r\nhost: g\r\n\r\n", "GET {path} HTTP/2.0\r\nhost: g\r\n\r\n"];
        are_refused(lab, 400, &no_http).await;
        // A line feed alone ends a line (RFC 9112 §2.2 lets it); the backend gets the request written anew.
        let outcome = raw(lab, format!("GET {{path}} HTTP/1.1\nhost: g\nx-a: 1\n\n{NEXT}").as_bytes()).await;
        assert_eq!(outcome.statuses, [200, 200], "{}", outcome.text);
        assert_eq!(outcome.arrived[0].values("x-a"), ["1"]);
    });
}

#[test]
fn of_two_framings_one_counts_and_the_connection_ends() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        for fields in
            ["content-length: 6\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 6"]
        {
            for (body, seen) in [("0\r\n\r\n", ""), ("3\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n")] {
                let request = format!("POST {{path}} HTTP/1.1\r\nhost: g\r\n{fields}\r\n\r\n{body}{NEXT}");
                let outcome = raw(lab, request.as_bytes()).await;
                assert_eq!(outcome.statuses, [200], "what follows is not served: {}", outcome.text);
                let arrival = &outcome.arrived[0];
                assert_eq!(String::from_utf8_lossy(&arrival.body), seen);
                let length: &[&str] = if seen.is_empty() { &["0"] } else { &[] };
                assert_eq!(
                    arrival.values("content-length"),
                    length,
                    "the length is not passed on, but for the true one of nothing"
                );
            }
        }
    });
}

#[test]
fn broken_chunks_are_a_400_and_end_the_connection() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        for chunks in [
            "10000000000000003\r\nabc\r\n0\r\n\r\n",
            "0x3\r\nabc\r\n0\r\n\r\n",
            "-3\r\nabc\r\n0\r\n\r\n",
            "3\nabc\n0\n\n",
            "3;a\nb\r\nabc\r\n0\r\n\r\n",
            "x\r\n",
        ] {
            let head = "POST {path} HTTP/1.1\r\nhost: g\r\ntransfer-encoding: chunked\r\n\r\n";
            are_refused(lab, 400, &[&format!("{head}{chunks}")]).await;
        }
        // Extensions and trailers are read and not passed on.
        let request = "POST {path} HTTP/1.1\r\nhost: g\r\ntransfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\ncontent-length: 9\r\nx-evil: 1\r\n\r\n";
        let outcome = raw(lab, format!("{request}{NEXT}").as_bytes()).await;
        assert_eq!(outcome.statuses, [200, 200]);
        assert_eq!(outcome.arrived[0].body, b"3\r\nabc\r\n0\r\n\r\n");
        assert_eq!(outcome.arrived[0].values("x-evil"), Vec::<&str>::new());
    });
}

#[test]
fn a_request_names_exactly_one_host_and_a_target_on_it() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        are_refused(
            lab,
            400,
            &[
                "GET {path} HTTP/1.1\r\n\r\n",
                "GET {path} HTTP/1.1\r\nhost: \r\n\r\n",
                "GET {path} HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
                "GET {path} HTTP/1.1\r\nhost: a, b\r\n\r\n",
                "GET {path} HTTP/1.1\r\nhost: a/b@c\r\n\r\n",
                "GET ftp://evil.example{path} HTTP/1.1\r\nhost: g\r\n\r\n",
                "GET http://user:secret@evil.example{path} HTTP/1.1\r\nhost: g\r\n\r\n",
                "GET evil.example:80 HTTP/1.1\r\nhost: g\r\n\r\n",
                "GET x{path} HTTP/1.1\r\nhost: g\r\n\r\n",
                "GET {path}/a b HTTP/1.1\r\nhost: g\r\n\r\n",
                "GET {path}/a\rb HTTP/1.1\r\nhost: g\r\n\r\n",
                "GET {path}/a\0b HTTP/1.1\r\nhost: g\r\n\r\n",
            ],
        )
        .await;
        // `*` is for OPTIONS, a tunnel for nobody; both are answers of the gateway, and the connection goes on.
        for (request, status) in [("GET *", 400), ("POST *", 400), ("CONNECT evil.example:80", 501)] {
            let outcome = raw(lab, format!("{request} HTTP/1.1\r\nhost: g\r\n\r\n{NEXT}").as_bytes()).await;
            assert_eq!(outcome.statuses, [status, 200], "{request}: {}", outcome.text);
        }
        // A URL as the target chooses no backend: the field does.
        let request = "GET http://evil.example{path}?q HTTP/1.1\r\nhost: other.example\r\n\r\n";
        let outcome = raw(lab, format!("{request}{NEXT}").as_bytes()).await;
        let arrival = &outcome.arrived[0];
        assert!(arrival.request_line.starts_with("GET /test-") && arrival.request_line.ends_with("?q HTTP/1.1"));
        assert_eq!(arrival.values("host"), [lab.backends.first.to_string()]);
        assert_eq!(arrival.values("x-forwarded-host"), ["evil.example"]);
    });
}

#[test]
fn heads_and_targets_have_a_largest_size() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    run(|lab| async move {
        let target = format!("GET {{path}}/{} HTTP/1.1\r\nhost: g\r\n\r\n", "u".repeat(70_000));
        are_refused(lab, 414, &[&target]).await;
        let lines = format!("GET {{path}} HTTP/1.1\r\nhost: g\r\n{}\r\n", "x: y\r\n".repeat(300));
        let value = format!("GET {{path}} HTTP/1.1\r\nhost: g\r\nx: {}\r\n\r\n", "v".repeat(1 << 20));
        are_refused(lab, 431, &[&lines, &value]).await;
    });
}

#[test]
fn no_path_leads_out_of_a_base_path() {
    let every_byte = offers(Feature::TargetBytes);
    run(|lab| async move {
        let mut upstream = lab.upstream();
        for above in [
            "/..",
            "/../..",
            "/%2e%2e",
            "/.%2E",
            "/..;x",
            "/..%2f",
            "/..%5c",
            "/%2e%2e%2f",
            "/a/../..",
            "//..",
            "/a%2fb/../..",
        ] {
            // Where the host resolves dot segments before, only those are left that it does not see.
            if !every_byte && !above.starts_with("/..%") && !above.contains(';') {
                continue;
            }
            let response = Request::get(&format!("{above}{}", upstream.path)).backend("based").send(lab).await;
            assert_eq!(response.status, 400, "{above}");
            let message = response.json()["message"].as_str().expect("a message").to_owned();
            assert!(message.contains("'..'") && message.contains("base path"), "{message}");
        }
        assert!(upstream.is_untouched());
        if !every_byte {
            return;
        }
        for (backend, before) in [
            ("based", "/a/.."),
            ("based", "/a/b/%2e%2e"),
            ("based", "/..."),
            ("bun-sqlite", "/.."),
            ("bun-sqlite", "/%2e%2e%2f"),
        ] {
            let target = format!("{before}{}?x=/../..", upstream.path);
            let (response, ()) = tokio::join!(Request::get(&target).backend(backend).send(lab), async {
                let exchange = upstream.arrival().await;
                let base = if backend == "based" { "/base/path" } else { "" };
                assert_eq!(exchange.request_line, format!("GET {base}{target} HTTP/1.1"));
                exchange.ok("").await;
            });
            assert_eq!(response.status, 200);
        }
    });
}

#[test]
fn what_x_backend_says_stays_inside_the_answer() {
    run(|lab| async move {
        for (value, named) in [
            ("bun-sqlite%0d%0ax-evil: 1", "bun-sqlite%0d%0ax-evil: 1"),
            ("x\"; x-evil=\"1", "x\"; x-evil=\"1"),
            ("x\", x-evil=\"1", "x\""),
            ("bun-sqlite, x-evil: 1", "x-evil: 1"),
            ("http://169.254.169.254/", "http://169.254.169.254/"),
            ("</script><script>", "</script><script>"),
            ("../health:local:bun-sqlite", "../health:local:bun-sqlite"),
            ("\\u000d\\u000a", "\\u000d\\u000a"),
        ] {
            let response = Request::get("/").backend(value).send(lab).await;
            assert_eq!(response.status, 400, "{value}");
            assert_eq!(response.json()["message"], format!("Backend '{named}' is not configured"));
            assert_eq!(response.value("content-type"), Some("application/json"));
            assert_eq!(response.value("x-evil"), None);
            assert_eq!(response.value("x-gateway-backend"), None, "no backend was chosen");
            assert_eq!(
                response.value("proxy-status"),
                Some("backend-shootout-gateway; error=http_request_error; details=\"no such backend\"")
            );
        }
    });
}

#[test]
fn an_entry_that_leads_inside_is_refused_and_never_checked() {
    run(|lab| async move {
        let response = Request::get("/").cloud("inside").send(lab).await;
        assert_eq!(response.status, 500);
        let body = response.json();
        assert_eq!(body["error"], "Gateway Error");
        let message = body["message"].as_str().expect("a message");
        for part in ["'backend:inside'", "'cloud_hosts'", "http://localhost:1"] {
            assert!(message.contains(part), "{message}");
        }
        assert!(!response.text().contains("secret"), "{message}");
    });
    with_settings(
        |settings| settings.set("environment", "cloud"),
        |lab| async move {
            let body = Request::get("/backends").send(lab).await.json();
            let inside =
                body["backends"].as_array().expect("a list").iter().find(|backend| backend["id"] == "inside").cloned();
            let inside = inside.expect("it is listed");
            assert_eq!(
                (&inside["health"], &inside["last_check"], &inside["url"]),
                (&"unknown".into(), &().into(), &().into())
            );
            assert!(inside["reason"].as_str().expect("a reason").contains("'cloud_hosts'"), "{inside}");
        },
    );
}

#[test]
fn a_backend_cannot_split_fields_or_speak_for_the_gateway() {
    let embedded = is_on(HostKind::Embedded);
    run(|lab| async move {
        // Each id for two of them only: the third failure would gate it.
        for (id, line) in [
            (FAULTY[13], "x-a: a\0set-cookie: evil=1"),
            (FAULTY[13], "x-a: 1\rset-cookie: evil=1"),
            (FAULTY[14], "x a: 1"),
            (FAULTY[14], ": evil=1"),
            (FAULTY[15], " set-cookie: evil=1"),
        ] {
            // What other hosts make of such lines is theirs.
            if !embedded {
                continue;
            }
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).cloud(id);
            let head = format!("HTTP/1.1 200 OK\r\n{line}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.write(head).await });
            assert_eq!(response.status, 503, "{line:?}: {:?}", response.fields);
            assert_eq!(response.value("set-cookie"), None, "{line:?}");
        }
        // A folded line belongs to the field before it (RFC 9112 §5.2), whatever it looks like.
        if embedded {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path);
            let (response, ()) = tokio::join!(request.send(lab), async {
                let head = "200 OK\ncontent-length: 0\nx-a: 1\n set-cookie: evil=1";
                upstream.arrival().await.respond(head, "").await;
            });
            assert_eq!(response.value("set-cookie"), None);
            assert!(response.value("x-a").is_some_and(|value| value.ends_with("set-cookie: evil=1")));
        }
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path).field("x-request-id", "mine");
        let (response, ()) = tokio::join!(request.send(lab), async {
            let head = "200 OK\ncontent-length: 0\nx-gateway-backend: other\nx-request-id: forged\n\
                        access-control-allow-origin: https://evil.example\naccess-control-allow-credentials: true\n\
                        timing-allow-origin: https://evil.example\nserver-timing: gateway;dur=0\nset-cookie: a=1";
            upstream.arrival().await.respond(head, "").await;
        });
        assert_eq!(response.value("x-gateway-backend"), Some("bun-sqlite"));
        assert_eq!(response.value("x-request-id"), Some("mine"));
        assert_eq!(response.value("access-control-allow-origin"), Some("*"));
        assert_eq!(response.value("access-control-allow-credentials"), None);
        assert_eq!(response.value("timing-allow-origin"), Some("*"));
        assert_eq!(response.value("set-cookie"), Some("a=1"));
        // The gateway's own measurement is the last one.
        let timing = response.values("server-timing").join(", ");
        assert!(timing.rsplit("gateway;dur=").next().is_some_and(|own| own.contains("backend;dur=")), "{timing}");
    });
}
