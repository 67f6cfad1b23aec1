//! Failures in a row make a suspect, and a check decides. What was seen last counts.

use super::scene::{Manner, WELL, get, stats, turned_away, with, written};
use crate::harness::{Feature, Lab, Request, offers};
use std::time::Instant;

async fn crash(lab: &Lab) {
    assert_eq!(Request::get("/crash").backend("cf-d1").send(lab).await.status, 503);
}

/// One in five requests is a good one; the check of the endpoint says that the backend is well, or at least that something answers.
#[test]
fn a_url_that_crashes_takes_the_backend_from_nobody() {
    for health in [200, 404] {
        with(
            Manner::Crash(health),
            |_, _| {},
            |lab, server| async move {
                for _ in 0..5 {
                    for _ in 0..4 {
                        crash(lab).await;
                        // One that begins before the last one is written down would not count.
                        if let Some(host) = &lab.host {
                            host.idle().await;
                        }
                    }
                    assert!(lab.host.is_none() || server.seen("/health") > 0, "a check has decided");
                    assert_eq!(get(lab).await.status, 200, "the health endpoint answers {health}");
                }
            },
        );
    }
}

#[test]
fn three_failures_in_a_row_cause_one_check() {
    if !offers(Feature::StoreCounters) {
        return;
    }
    with(
        Manner::Crash(200),
        |_, _| {},
        |lab, server| async move {
            for checks in 0..3 {
                for failures in 1..=3 {
                    assert_eq!(server.seen("/health"), checks, "{failures} failures");
                    crash(lab).await;
                    lab.host.as_ref().expect("an embedded host").idle().await;
                }
                assert_eq!(server.seen("/health"), checks + 1);
            }
        },
    );
}

/// As with expired entries: how many see nothing of the one that checks depends on how long a write takes.
#[test]
fn a_hundred_requests_that_fail_together_cause_a_handful_of_checks() {
    if !offers(Feature::StoreCounters) {
        return;
    }
    const REQUESTS: usize = 100;
    let mut most = REQUESTS;
    for _ in 0..10 {
        with(
            Manner::CrashTogether(REQUESTS),
            |_, _| {},
            |lab, server| {
                let most = &mut most;
                async move {
                    let requests: Vec<_> = (0..REQUESTS).map(|_| tokio::spawn(crash(lab))).collect();
                    for request in requests {
                        request.await.expect("no panic");
                    }
                    lab.host.as_ref().expect("an embedded host").idle().await;
                    assert!(stats(lab).1 >= 1);
                    *most = server.seen("/health");
                }
            },
        );
        if most <= 10 {
            return;
        }
        println!("{most} checks: once more");
    }
    panic!("{most} checks, each time more than ten");
}

#[test]
fn a_stream_that_began_before_an_outage_does_not_end_it() {
    if !offers(Feature::StoreCounters) {
        return;
    }
    with(
        Manner::Reset,
        |_, _| {},
        |lab, server| async move {
            let idle = async || lab.host.as_ref().expect("an embedded host").idle().await;
            assert_eq!(get(lab).await.status, 503);
            idle().await;
            let mut stream = Request::get("/stream").backend("cf-d1").start(lab).await.head().await;
            assert_eq!(stream.status, 200);
            // The instance with the stream is not idle, so that writes tell how far things are.
            let since = Instant::now();
            for failures in 2..=3 {
                assert_eq!(get(lab).await.status, 503);
                written(lab, failures, |_| true).await;
            }
            written(lab, 4, |_| true).await;
            let mut marks = 1;
            let mut again = async || {
                marks += 1;
                written(lab, 3 + marks, |_| true).await;
            };
            turned_away(lab, since, &mut again).await;
            server.release();
            stream.read_to_end().await.expect("the stream ends well");
            idle().await;
            turned_away(lab, since, again).await;
        },
    );
}

#[test]
fn an_answer_whose_body_breaks_off_is_no_success() {
    if !offers(Feature::StoreInSight) {
        return;
    }
    with(
        Manner::Reset,
        |_, _| {},
        |lab, server| async move {
            for failures in 1..=2 {
                assert_eq!(get(lab).await.status, 503);
                written(lab, failures, |entry| entry["failures"] == failures).await;
            }
            server.set(Manner::Half);
            let mut half = Request::get("/x").backend("cf-d1").start(lab).await.head().await;
            assert_eq!(half.status, 200);
            assert!(half.read_to_end().await.is_err(), "the body breaks off visibly");
            // The count goes on as if it had not been: the third makes it suspect, and the check fails.
            server.set(Manner::Reset);
            let since = Instant::now();
            assert_eq!(get(lab).await.status, 503);
            let mut marks = 1;
            written(lab, 4, |entry| entry["marks"] == marks).await;
            turned_away(lab, since, async || {
                marks += 1;
                written(lab, 3 + marks, |entry| entry["marks"] == marks).await;
            })
            .await;
            server.set(WELL);
        },
    );
}
