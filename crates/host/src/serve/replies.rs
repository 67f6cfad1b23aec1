//! The responses of the host itself, for requests that the component never saw or did not answer.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use crate::serve::request_rules::Refused;

/// The request is not one that every server would understand alike. Nothing more is read from its connection.
pub(crate) fn refused(Refused(reason): Refused) -> Response<Full<Bytes>> {
    let mut response = json(StatusCode::BAD_REQUEST, "Bad Request", reason);
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// As many requests as allowed are being served.
pub(crate) fn overloaded() -> Response<Full<Bytes>> {
    let mut response = json(
        StatusCode::SERVICE_UNAVAILABLE,
        "Gateway Overloaded",
        "The gateway is serving as many requests as it may; try again shortly",
    );
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// The component trapped, or ended without an answer.
pub(crate) fn failed() -> Response<Full<Bytes>> {
    json(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Gateway Error",
        "The gateway component failed before it answered; the reason is on the stderr of the host",
    )
}

fn json(status: StatusCode, error: &str, message: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({ "error": error, "message": message }).to_string();
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
