//! Asks the gateway for its backends now and then, so that their health is known without traffic.
//!
//! The gateway checks the backends whose health is due when `GET /backends` arrives. It is asked here without a
//! connection and beside the slots of the clients, so that neither a client nor a drain ever waits for a check. A field
//! says that the request is the periodic one: the gateway then renews what expires before the next.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use gateway_core::status::endpoints::PERIODIC;
use http_body_util::{BodyExt, Empty};
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use wasmtime_wasi_http::Error;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;

use crate::guest::instance::{Head, Instances};
use crate::serve::spin_headers;
use crate::stderr;

const PATH: &str = "/backends";
const AGENT: &str = concat!("gateway-host/", env!("CARGO_PKG_VERSION"), " (health check)");
/// A round takes seconds at most; one that takes longer than this does not come back.
const LIMIT: Duration = Duration::from_secs(60);

/// Checks that go on until this is dropped, which ends a running one as well.
#[derive(Debug)]
pub(crate) struct HealthChecks(JoinHandle<()>);

impl Drop for HealthChecks {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl HealthChecks {
    /// Checks at once and then `every` so often, though never twice at the same time. `address` is where the gateway
    /// listens.
    pub(crate) fn start(instances: Arc<Instances>, address: SocketAddr, every: Duration) -> Self {
        Self(tokio::spawn(async move {
            let mut failing = false;
            loop {
                let begun = Instant::now();
                let ended = timeout(LIMIT, check(&instances, address)).await.unwrap_or(Err(Trouble::Late));
                if let Some(news) = news(failing, &ended) {
                    stderr::host(news);
                }
                failing = ended.is_err();
                sleep(every.saturating_sub(begun.elapsed())).await;
            }
        }))
    }
}

/// Why the health of the backends is not known after a check.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the request cannot be made: {0}")]
    Request(#[source] hyper::http::Error),
    #[error("the component failed: {0:#}")]
    Component(#[source] wasmtime::Error),
    #[error("the component ended without an answer")]
    NoAnswer,
    #[error("the component answered with an error instead of a response: {0:?}")]
    Code(ErrorCode),
    #[error("the answer broke off: {0}")]
    Broken(#[source] Error),
    #[error("the answer was {0}; ask GET {PATH} yourself for the reason")]
    Status(StatusCode),
    #[error("no answer within {LIMIT:?}")]
    Late,
}

/// What is worth a line: the first failure, and the end of failures.
fn news(failing: bool, ended: &Result<(), Trouble>) -> Option<String> {
    match (failing, ended) {
        (false, Err(trouble)) => {
            Some(format!("the health of the backends cannot be checked: {trouble}. This is tried again, silently"))
        }
        (true, Ok(())) => Some("the health of the backends can be checked again".to_owned()),
        (false, Ok(())) | (true, Err(_)) => None,
    }
}

/// One round, the work after the answer included.
async fn check(instances: &Instances, address: SocketAddr) -> Result<(), Trouble> {
    let request = request(address).map_err(Trouble::Request)?;
    let (sender, receiver) = oneshot::channel::<Head>();
    let failed = AtomicBool::new(false);
    let answer = async {
        let response = receiver.await.map_err(|_| Trouble::NoAnswer)?.map_err(Trouble::Code)?;
        let (head, mut body) = response.into_parts();
        while let Some(frame) = body.frame().await {
            frame.map_err(Trouble::Broken)?;
        }
        Ok(head.status)
    };
    let (ended, answered) = tokio::join!(instances.run(request, sender, &failed), answer);
    ended.map_err(Trouble::Component)?;
    match answered? {
        StatusCode::OK => Ok(()),
        status => Err(Trouble::Status(status)),
    }
}

/// As a client on this machine would ask.
fn request(address: SocketAddr) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    let authority = address.to_string();
    let uri = Uri::from_static(PATH);
    let mut request = Request::builder()
        .method(Method::GET)
        .uri(uri.clone())
        .header(HOST, &authority)
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, AGENT)
        .header(PERIODIC, "1")
        .body(Empty::new())?;
    spin_headers::append(request.headers_mut(), &uri, &authority, address);
    Ok(request)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_changes_are_news() {
        let failure = || Err(Trouble::Status(StatusCode::INTERNAL_SERVER_ERROR));
        assert!(news(false, &failure()).unwrap().contains("500"));
        assert_eq!(news(true, &failure()), None);
        assert!(news(true, &Ok(())).unwrap().contains("again"));
        assert_eq!(news(false, &Ok(())), None);
    }

    #[test]
    fn the_request_looks_like_one_of_a_client() {
        for address in ["127.0.0.1:3000", "[::]:3000"] {
            let request = request(address.parse().unwrap()).unwrap();
            let value = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
            assert_eq!(request.uri().path(), "/backends");
            assert_eq!(value("host"), address);
            assert_eq!(value("accept"), "application/json");
            assert_eq!(value("spin-full-url"), format!("http://{address}/backends"));
            assert_eq!(value("x-gateway-periodic"), "1");
        }
    }
}
