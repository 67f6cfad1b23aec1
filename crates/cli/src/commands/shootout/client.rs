//! The requests to the gateway: the one for the comparison, and where its answer is not understood one for the gateway's version.

use std::time::Duration;

use bytes::Bytes;
use gateway_comparison::asked::{X_SHOOTOUT_IGNORE, X_SHOOTOUT_REFERENCE, X_SHOOTOUT_RUNS, X_SHOOTOUT_WARMUP};
use gateway_core::response::error::bad_request::X_SHOOTOUT_METHOD;
use gateway_core::response::reply::ErrorBody;
use gateway_core::status::endpoints::GatewayHealth;
use http_body_util::Empty;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, StatusCode};

use super::asked_url::AskedUrl;
use super::shootout_error::ShootoutError;
use super::shown::plain;
use crate::arguments::Shootout;
use crate::one_request::{self, RequestError};

/// Bytes of the comparison. One of sixteen backends with whole patches has some hundred KiB.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// How long the gateway may take to say its version.
const VERSION_LIMIT: Duration = Duration::from_secs(2);
const AGENT: &str = concat!("gateway-host/", env!("CARGO_PKG_VERSION"), " (shootout)");

/// The comparison, byte for byte.
pub(super) async fn ask(target: &AskedUrl, arguments: &Shootout) -> Result<Bytes, ShootoutError> {
    let exchange = tokio::time::timeout(arguments.timeout, exchange(target, arguments));
    let (status, body) = exchange.await.map_err(|_| ShootoutError::Late(target.origin(), arguments.timeout))??;
    if status == StatusCode::OK {
        return Ok(body);
    }
    match serde_json::from_slice::<ErrorBody>(&body) {
        Ok(refusal) if !refusal.error.is_empty() => Err(ShootoutError::Refused {
            origin: target.origin(),
            status,
            error: plain(&refusal.error),
            message: plain(&refusal.message),
            valid: refusal.valid_backends.iter().flatten().map(|id| plain(id)).collect(),
        }),
        _ => Err(ShootoutError::Foreign(target.origin())),
    }
}

/// The gateway's version, for a message; "unknown" where it does not say.
pub(super) async fn version(target: &AskedUrl) -> String {
    let ask = async {
        let request = Request::get(target.gateway.join("/health"))
            .header(HOST, target.gateway.authority())
            .header(USER_AGENT, AGENT)
            .header(CONNECTION, "close")
            .body(Empty::new())
            .ok()?;
        let (_, body) = one_request::send(&target.gateway, request, MAX_ANSWER).await.ok()?;
        serde_json::from_slice::<GatewayHealth>(&body).ok()
    };
    match tokio::time::timeout(VERSION_LIMIT, ask).await {
        Ok(Some(health)) => plain(&health.version),
        _ => "unknown".to_owned(),
    }
}

async fn exchange(target: &AskedUrl, arguments: &Shootout) -> Result<(StatusCode, Bytes), ShootoutError> {
    let failed = |error| match error {
        RequestError::Connect(error) => ShootoutError::Connect(target.origin(), error),
        RequestError::Broken(reason) => ShootoutError::Broken(target.origin(), reason),
    };
    let request = request(target, arguments).map_err(|error| failed(RequestError::broken(error)))?;
    one_request::send(&target.gateway, request, MAX_ANSWER).await.map_err(failed)
}

/// A GET, whatever the backends are asked with: its answer is the report. The user's fields replace the command's own of the same name.
fn request(target: &AskedUrl, arguments: &Shootout) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    let mut builder = Request::get(target.path.as_str())
        .header(CONNECTION, "close")
        .header("x-backend", &arguments.backends)
        .header(X_SHOOTOUT_RUNS, arguments.runs.to_string());
    if let Some(location) = &arguments.location {
        builder = builder.header("x-backend-location", location);
    }
    if let Some(warmup) = arguments.warmup {
        builder = builder.header(X_SHOOTOUT_WARMUP, warmup.to_string());
    }
    if arguments.method != "GET" {
        builder = builder.header(X_SHOOTOUT_METHOD, &arguments.method);
    }
    for rules in &arguments.ignore {
        builder = builder.header(X_SHOOTOUT_IGNORE, rules);
    }
    if let Some(reference) = &arguments.reference {
        builder = builder.header(X_SHOOTOUT_REFERENCE, reference);
    }
    for (name, value) in [(HOST, target.gateway.authority()), (USER_AGENT, AGENT), (ACCEPT, "*/*")] {
        if arguments.headers.iter().all(|(given, _)| given != name) {
            builder = builder.header(name, value);
        }
    }
    for (name, value) in &arguments.headers {
        builder = builder.header(name, value);
    }
    builder.body(Empty::new())
}
