//! A comparison in front of backends for which the test answers.

use crate::harness::{Exchange, Lab, Request, Response, Upstream};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::pin::pin;

/// `bun-sqlite` is the harness's backend `first`, `cf-d1` is `second`.
pub(super) const PAIR: &str = "bun-sqlite,cf-d1";

/// Sends `request` and answers each exchange as soon as it arrives, with a head, which gets a length where it has none, and a body. Returns the ids in the order in which
/// they were asked as well.
pub(super) async fn compared(
    lab: &Lab,
    upstream: &mut Upstream,
    request: Request,
    mut answer: impl FnMut(&Exchange) -> (String, String),
) -> (Response, Vec<String>) {
    let mut response = pin!(request.send(lab));
    let mut asked = Vec::new();
    loop {
        tokio::select! {
            response = &mut response => return (response, asked),
            mut exchange = upstream.arrival() => {
                asked.push(id(&exchange));
                let (head, body) = answer(&exchange);
                exchange.respond(&sized(&head, &body), &body).await;
            }
        }
    }
}

/// Sends `request` and hands over each exchange as soon as it arrives; what `answer` gives back is held to the end.
pub(super) async fn held(
    lab: &Lab,
    upstream: &mut Upstream,
    request: Request,
    mut answer: impl AsyncFnMut(Exchange) -> Option<Exchange>,
) -> (Response, Vec<Exchange>) {
    let mut response = pin!(request.send(lab));
    let mut held = Vec::new();
    loop {
        tokio::select! {
            response = &mut response => return (response, held),
            exchange = upstream.arrival() => held.extend(answer(exchange).await),
        }
    }
}

/// The report of a comparison that is [`compared`].
pub(super) async fn report(
    lab: &Lab,
    upstream: &mut Upstream,
    request: Request,
    answer: impl FnMut(&Exchange) -> (String, String),
) -> Value {
    let (response, _) = compared(lab, upstream, request, answer).await;
    assert_eq!(response.status, 200, "{}", response.text());
    response.json()
}

/// The comparison of `bun-sqlite`, which answers with `first`, and `cf-d1`, once.
pub(super) async fn pair(lab: &Lab, first: &str, second: &str) -> Value {
    let mut upstream = lab.upstream();
    let request = Request::get(&upstream.path).backend(PAIR);
    let json = "200 OK\ncontent-type: application/json";
    report(lab, &mut upstream, request, |exchange| {
        (json.to_owned(), if exchange.backend == "first" { first } else { second }.to_owned())
    })
    .await
}

/// An answer to every exchange.
pub(super) fn same(_: &Exchange) -> (String, String) {
    ("200 OK".to_owned(), "same".to_owned())
}

/// The backend that is meant by an exchange.
pub(super) fn id(exchange: &Exchange) -> String {
    exchange.values("x-backend").concat()
}

fn sized(head: &str, body: &str) -> String {
    if head.contains("content-length") { head.to_owned() } else { format!("{head}\ncontent-length: {}", body.len()) }
}

/// The message of an error.
pub(super) fn message(response: &Response) -> String {
    response.json()["message"].as_str().unwrap_or_else(|| panic!("no message in {}", response.text())).to_owned()
}

/// A hash as the report has it.
pub(super) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
