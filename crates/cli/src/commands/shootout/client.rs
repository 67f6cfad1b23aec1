//! The one request to the gateway.

use bytes::Bytes;
use gateway_core::response::reply::ErrorBody;
use http_body_util::Empty;
use hyper::header::{ACCEPT, CONNECTION, HOST, USER_AGENT};
use hyper::{Request, StatusCode};

use super::asked_url::AskedUrl;
use super::shootout_error::ShootoutError;
use super::terminal::plain;
use crate::arguments::Shootout;
use crate::one_request::{self, RequestError};

/// Bytes of the comparison. One of sixteen backends with whole patches has some hundred KiB.
const MAX_ANSWER: usize = 8 * 1024 * 1024;
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

async fn exchange(target: &AskedUrl, arguments: &Shootout) -> Result<(StatusCode, Bytes), ShootoutError> {
    let failed = |error| match error {
        RequestError::Connect(error) => ShootoutError::Connect(target.origin(), error),
        RequestError::Broken(reason) => ShootoutError::Broken(target.origin(), reason),
    };
    let request = request(target, arguments).map_err(|error| failed(RequestError::broken(error)))?;
    one_request::send(&target.gateway, request, MAX_ANSWER).await.map_err(failed)
}

/// The user's fields replace the command's own of the same name.
fn request(target: &AskedUrl, arguments: &Shootout) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    let mut builder = Request::builder()
        .method(arguments.method.as_str())
        .uri(target.path.as_str())
        .header(CONNECTION, "close")
        .header("x-backend", &arguments.backends)
        .header("x-shootout-runs", arguments.runs.to_string());
    if let Some(location) = &arguments.location {
        builder = builder.header("x-backend-location", location);
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
