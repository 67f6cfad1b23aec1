//! One deadline for the whole comparison, and what becomes of backends that do not keep it.

use super::scene::{PAIR, held, id};
use crate::harness::{FAULTY, Feature, Request, lab, offers, with_settings};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// The time limit that the error of a row names, in milliseconds.
fn limit(row: &Value) -> u64 {
    let message = row["error"]["message"].as_str().expect("a message");
    let (_, limit) = message.rsplit_once("within ").unwrap_or_else(|| panic!("no limit in {row}"));
    match limit.strip_suffix("ms") {
        Some(millis) => millis.parse().expect("milliseconds"),
        None => 1_000 * limit.strip_suffix('s').expect("a unit").parse::<u64>().expect("seconds"),
    }
}

#[test]
fn seven_hanging_backends_share_one_deadline() {
    const TIMEOUT: Duration = Duration::from_secs(4);
    with_settings(
        |settings| settings.set("request_timeout", "4s"),
        |lab| async move {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).cloud(&FAULTY[..7].join(",")).field("x-shootout-runs", "5");
            let request = request.field("x-shootout-warmup", "0");
            let began = Instant::now();
            let (response, held) = held(lab, &mut upstream, request, async |exchange| Some(exchange)).await;
            let took = began.elapsed();
            assert!(took >= TIMEOUT - Duration::from_millis(50), "{took:?}");
            assert!(took < TIMEOUT * 7 / 2, "as long as several deadlines: {took:?}");
            assert_eq!(held.iter().map(id).collect::<Vec<_>>(), FAULTY[..7], "no second round begins");
            let report = response.json();
            assert_eq!(report["runs"], json!({ "asked": 5, "warmup": 0, "done": 1 }));
            let rows = report["backends"].as_array().expect("rows");
            assert!(rows.iter().all(|row| row["error"]["status"] == 504), "{report}");
            let limits: Vec<_> = rows.iter().map(limit).collect();
            assert!(limits.iter().all(|limit| *limit > 0), "{limits:?}");
            assert!(u128::from(limits.iter().sum::<u64>()) <= TIMEOUT.as_millis(), "{limits:?}");
            assert_eq!(report["verdict"]["agree"], Value::Null, "nothing was answered");
        },
    );
}

#[test]
fn a_warm_up_leaves_half_of_the_time_to_what_is_measured() {
    with_settings(
        |settings| settings.set("request_timeout", "4s"),
        |lab| async move {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).backend(PAIR).field("x-shootout-runs", "9");
            let request = request.field("x-shootout-warmup", "5");
            let (response, held) = held(lab, &mut upstream, request, async |exchange| Some(exchange)).await;
            assert_eq!(held.len(), 4);
            let report = response.json();
            assert_eq!(report["runs"], json!({ "asked": 9, "warmup": 1, "done": 1 }), "one of each begins");
            let rows = report["backends"].as_array().expect("rows");
            let measured: u64 = rows.iter().map(limit).sum();
            // But for what the machine itself takes.
            assert!((1_000..=2_100).contains(&measured), "{measured} ms of 4 s, in {report}");
        },
    );
}

#[test]
fn a_hanging_backend_does_not_take_the_time_of_the_others() {
    with_settings(
        |settings| settings.set("request_timeout", "8s"),
        |lab| async move {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).cloud(&FAULTY[..3].join(",")).field("x-shootout-runs", "5");
            let request = request.field("x-shootout-warmup", "0");
            let (response, held) = held(lab, &mut upstream, request, async |exchange| {
                if id(&exchange) == FAULTY[0] {
                    return Some(exchange);
                }
                exchange.ok("fine").await;
                None
            })
            .await;
            assert_eq!(held.len(), 1);
            let report = response.json();
            assert_eq!(report["runs"]["done"], 1);
            let [hanging, second, third] = [0, 1, 2].map(|row| &report["backends"][row]);
            assert_eq!(hanging["answers"], json!({ "total": 1, "failed": 1, "statuses": {} }));
            assert!((4_000..8_000).contains(&limit(hanging)), "{hanging}");
            for answered in [second, third] {
                assert_eq!(answered["answers"], json!({ "total": 1, "failed": 0, "statuses": { "200": 1 } }));
            }
            assert_eq!(report["verdict"]["failed"], json!([format!("{}@cloud", FAULTY[0])]));
            assert_eq!(report["verdict"]["agree"], false);
        },
    );
}

#[test]
fn what_does_not_come_whole_in_time_is_a_row() {
    with_settings(
        |settings| settings.set("request_timeout", "8s"),
        |lab| async move {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).cloud(&FAULTY[..5].join(","));
            let (response, _) = held(lab, &mut upstream, request, async |mut exchange| {
                let id = id(&exchange);
                match FAULTY.iter().position(|faulty| *faulty == id) {
                    Some(0) => exchange.ok("fine").await,
                    // Breaks off within its body.
                    Some(1) => exchange.respond("200 OK\ncontent-length: 10", "half").await,
                    // Stops within its body.
                    Some(2) => {
                        exchange.respond("200 OK\ncontent-length: 10", "half").await;
                        return Some(exchange);
                    }
                    // Silent.
                    Some(3) => return Some(exchange),
                    // Never ends, without keeping the machine busy.
                    _ => {
                        exchange.respond("200 OK", "").await;
                        tokio::spawn(async move {
                            while exchange.stream.write_all(&[b'x'; 64 * 1024]).await.is_ok() {
                                tokio::time::sleep(Duration::from_millis(100)).await;
                            }
                        });
                    }
                }
                None
            })
            .await;
            assert_eq!(response.status, 200);
            let report = response.json();
            for (row, status) in [(1, 503), (2, 504), (3, 504), (4, 504)] {
                let row = &report["backends"][row];
                assert_eq!((&row["status"], &row["times"]), (&Value::Null, &Value::Null), "{row}");
                assert_eq!(row["answers"], json!({ "total": 1, "failed": 1, "statuses": {} }));
                assert_eq!(row["error"]["status"], status, "{row}");
                if status == 504 {
                    // Whether its head came in time is told apart in the core's tests: workerd may hold it back.
                    assert!((1..8_000).contains(&limit(row)), "{row}");
                } else if offers(Feature::FailureKinds) {
                    let message = row["error"]["message"].as_str().expect("a message");
                    assert!(message.contains("broke off its response"), "{row}");
                }
            }
            let fine = &report["backends"][0];
            assert_eq!((&fine["status"], &fine["error"]), (&json!(200), &Value::Null));
            let label = |index: usize| format!("{}@cloud", FAULTY[index]);
            assert_eq!(report["verdict"]["failed"], json!([label(1), label(2), label(3), label(4)]));
            assert_eq!(report["verdict"]["fastest"], Value::Null, "one alone is no race");
        },
    );
}

#[test]
fn a_comparison_that_has_no_time_for_another_round_makes_no_failures() {
    with_settings(
        |settings| settings.set("request_timeout", "10s"),
        |lab| async move {
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path).backend(PAIR).field("x-shootout-runs", "50");
            let request = request.field("x-shootout-warmup", "0");
            let (response, _) = held(lab, &mut upstream, request, async |exchange| {
                // Slow, but never failing.
                tokio::time::sleep(Duration::from_secs(1)).await;
                exchange.ok("same").await;
                None
            })
            .await;
            let report = response.json();
            let done = report["runs"]["done"].as_u64().expect("a number");
            assert!((1..50).contains(&done), "{}", report["runs"]);
            assert_eq!(report["verdict"]["failed"], json!([]), "{report}");
        },
    );
}

#[test]
fn those_for_whom_no_time_is_left_say_so() {
    if !offers(Feature::ClockWhileComputing) {
        return;
    }
    with_settings(
        |settings| settings.set("request_timeout", "1ms"),
        |lab| async move {
            let mut upstream = lab.upstream();
            // Whatever came before, less than a millisecond is left.
            let request = Request::get(&upstream.path).backend(PAIR).field("content-length", "0");
            let report = request.send(lab).await.json();
            assert!(upstream.is_untouched());
            assert_eq!(report["runs"]["done"], 1, "{report}");
            for row in 0..2 {
                let row = &report["backends"][row];
                assert_eq!(row["answers"], json!({ "total": 1, "failed": 1, "statuses": {} }));
                assert_eq!((&row["error"]["status"], &row["error"]["backend"]), (&json!(504), &row["backend"]));
                let message = row["error"]["message"].as_str().expect("a message");
                assert!(message.contains("no time left"), "{message}");
            }
        },
    );
}

/// A backend that hangs, but for its health endpoint, which says that it is well the first time only, and for `/fine`.
struct Hanging {
    address: SocketAddr,
    checks: Arc<AtomicUsize>,
}

impl Hanging {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let hanging = Hanging { address: listener.local_addr().expect("an address"), checks: Arc::default() };
        let checks = Arc::clone(&hanging.checks);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let checks = Arc::clone(&checks);
                tokio::spawn(async move {
                    let mut head = [0; 4096];
                    let read = stream.read(&mut head).await.unwrap_or_default();
                    let status = match &head[..read] {
                        head if head.starts_with(b"GET /fine ") => "200 OK",
                        head if !head.starts_with(b"GET /health ") => return std::future::pending().await,
                        _ if checks.fetch_add(1, Ordering::SeqCst) == 0 => "200 OK",
                        _ => "503 Service Unavailable",
                    };
                    let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
                    _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        hanging
    }

    fn checks(&self) -> usize {
        self.checks.load(Ordering::SeqCst)
    }
}

#[test]
fn a_timeout_far_below_the_deadline_is_not_held_against_the_backend() {
    let start = || lab().runtime.block_on(Hanging::start());
    let (first, second) = (start(), start());
    let (at_first, at_second) = (first.address, second.address);
    with_settings(
        |settings| {
            settings.set("request_timeout", "3s");
            settings.set("backend_bun_sqlite_url", format!("http://{at_first}"));
            settings.set("backend_cf_d1_url", format!("http://{at_second}"));
        },
        |lab| async move {
            let began = Instant::now();
            assert_eq!(Request::get("/backends").send(lab).await.status, 200);
            assert_eq!((first.checks(), second.checks()), (1, 1), "both are known to be well");
            for _ in 0..3 {
                let report = Request::get("/hang").backend(PAIR).send(lab).await.json();
                let [long, short] = [0, 1].map(|row| limit(&report["backends"][row]));
                assert!(long * 2 > 3_000 && short * 2 < 3_000, "most of the time and the rest: {long} and {short} ms");
            }
            // Three timeouts in a row, and a check decides, after the response.
            while first.checks() < 2 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            match &lab.host {
                Some(host) => host.idle().await,
                // For as long as the other check could take.
                None => {
                    for _ in 0..50 {
                        assert_eq!(Request::get("/health").send(lab).await.status, 200);
                    }
                }
            }
            let response = Request::get("/fine").backend("cf-d1").send(lab).await;
            // What is known holds for 30 s; a machine that stands still for so long knows nothing.
            let late = began.elapsed() > Duration::from_secs(29);
            assert!((second.checks(), response.status) == (1, 200) || late, "{}", response.text());
        },
    );
}
