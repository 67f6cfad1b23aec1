//! What a comparison leaves in the log.

use super::scene::{compared, same};
use crate::harness::{Feature, Lab, Request, offers, with_settings};
use gateway_core::health::entry::{Entry, State};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const REQUEST_ID: &str = "compared-and-logged";

/// The lines about the request, once its own is among them, which comes last.
async fn lines(lab: &Lab) -> Vec<Value> {
    let process = lab.process.as_ref().expect("a process that the suite started");
    loop {
        let lines: Vec<Value> = process
            .printed()
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .filter(|line: &Value| line["request_id"] == REQUEST_ID)
            .collect();
        if lines.iter().any(|line| line["status"] == 200) {
            return lines;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn each_exchange_that_fails_leaves_a_line_and_so_does_the_comparison() {
    with_settings(
        |settings| {
            settings.own_process = true;
            settings.set("request_timeout", "600s");
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
            let now = u64::try_from(now.as_millis()).expect("before the end of time");
            let down = Entry {
                state: State::Unhealthy,
                checked_at: now,
                expires_at: now + 30_000,
                reason: Some("connection refused".to_owned()),
                retry_at: Some(now + 30_000),
                ..Entry::default()
            };
            settings.key_values.push(("health:local:based".to_owned(), down.to_json().into_bytes()));
        },
        |lab| async move {
            let mut upstream = lab.upstream();
            let request = Request::get(&format!("{}?secret=1", upstream.path))
                .backend("dotnet-api,based,bun-sqlite,cf-d1")
                .field("x-request-id", REQUEST_ID)
                .field("x-shootout-runs", "2");
            let (response, _) = compared(lab, &mut upstream, request, |exchange| match exchange.backend {
                "second" => ("200 OK\ncontent-length: 10".into(), "half".into()),
                _ => same(exchange),
            })
            .await;
            assert_eq!(response.status, 200);

            let lines = lines(lab).await;
            let of = |backend: &str| lines.iter().filter(|line| line["backend"] == backend).collect::<Vec<_>>();
            // A round of warm-up and two that count.
            for (backend, count, health) in
                [("dotnet-api", 3, "unknown"), ("based", 1, "unhealthy"), ("cf-d1", 3, "unknown")]
            {
                let lines = of(backend);
                assert_eq!(lines.len(), count, "{backend}: {lines:?}");
                for line in lines {
                    assert_eq!((&line["location"], &line["status"]), (&json!("local"), &json!(503)), "{line}");
                    assert_eq!((&line["method"], &line["path"]), (&json!("GET"), &json!(upstream.path)), "{line}");
                    assert_eq!(line["health"], health, "{line}");
                    assert!(line["duration_ms"].is_number() && line["time"].is_string(), "{line}");
                    assert!(line["error"].is_string(), "{line}");
                }
            }
            if offers(Feature::FailureKinds) {
                assert_eq!(of("dotnet-api")[0]["error"], "connection refused");
                assert_eq!(of("cf-d1")[0]["error"], "response not finished");
            }
            let gated = of("based")[0]["error"].as_str().expect("an error").to_owned();
            assert!(gated.starts_with("known to be down (connection refused)"), "{gated}");
            assert!(of("bun-sqlite").is_empty(), "it answered each time");
            let own = of("dotnet-api,based,bun-sqlite,cf-d1");
            assert_eq!(own.len(), 1, "{lines:?}");
            assert_eq!((&own[0]["status"], &own[0]["error"]), (&json!(200), &Value::Null));
        },
    );
}
