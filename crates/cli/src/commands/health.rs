//! `health`: asks a running gateway, for health checks of containers that have no curl.

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use gateway_core::backend::url::{BackendUrl, Scheme, UrlError};
use gateway_core::status::endpoints::GatewayHealth;
use http_body_util::Empty;
use hyper::header::{CONNECTION, HOST, USER_AGENT};
use hyper::{Request, StatusCode};

use crate::one_request::{self, RequestError};

/// How long the gateway may take.
const LIMIT: Duration = Duration::from_secs(2);
/// Bytes of the answer. The gateway's has about a hundred.
const MAX_ANSWER: usize = 64 * 1024;
const AGENT: &str = concat!("gateway-host/", env!("CARGO_PKG_VERSION"), " (health)");

/// A healthy gateway.
#[derive(Debug)]
pub(crate) struct Healthy {
    origin: String,
    version: String,
}

impl fmt::Display for Healthy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "healthy: gateway {} at {}", self.version, self.origin)
    }
}

/// Why it is not known to be healthy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HealthError {
    /// `--url` is not a URL.
    #[error("--url {0}")]
    Url(#[source] UrlError),
    /// `--url` is an https one, and the gateway itself speaks no TLS.
    #[error("--url must start with http://: the gateway itself speaks no TLS")]
    Https,
    /// Nothing there takes a connection.
    #[error("cannot connect to {0}: {1}; is the gateway running there? --url names another place")]
    Connect(String, #[source] io::Error),
    /// No whole answer in time.
    #[error("{0} gave no answer to GET /health within {LIMIT:?}")]
    Late(String),
    /// The connection ended before the answer did, or it was no HTTP.
    #[error("the answer of {0} to GET /health broke off: {1}")]
    Broken(String, String),
    /// Another status than 200.
    #[error("{0} answered GET /health with {1}")]
    Status(String, StatusCode),
    /// It answers, but not as the gateway does.
    #[error("what {0} answers to GET /health is not the gateway's; does another program listen there?")]
    Foreign(String),
    /// It says so itself.
    #[error("the gateway at {0} says it is '{1}'")]
    Unhealthy(String, String),
}

impl HealthError {
    /// 2 for what was written wrongly, 1 for everything else.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Url(_) | Self::Https => 2,
            _ => 1,
        }
    }
}

/// One question, at most two seconds.
pub(crate) async fn run(url: &str) -> Result<Healthy, HealthError> {
    let url = BackendUrl::parse(url).map_err(HealthError::Url)?;
    if url.scheme() != Scheme::Http {
        return Err(HealthError::Https);
    }
    let origin = url.origin();
    let answered = tokio::time::timeout(LIMIT, ask(&url)).await;
    let (status, body) = answered.map_err(|_| HealthError::Late(origin.clone()))??;
    judge(origin, status, &body)
}

fn judge(origin: String, status: StatusCode, body: &[u8]) -> Result<Healthy, HealthError> {
    if status != StatusCode::OK {
        return Err(HealthError::Status(origin, status));
    }
    match serde_json::from_slice::<GatewayHealth>(body) {
        Err(_) => Err(HealthError::Foreign(origin)),
        Ok(answer) if answer.status == "healthy" => Ok(Healthy { origin, version: answer.version }),
        Ok(answer) => Err(HealthError::Unhealthy(origin, answer.status.escape_debug().to_string())),
    }
}

async fn ask(url: &BackendUrl) -> Result<(StatusCode, Bytes), HealthError> {
    let failed = |error| match error {
        RequestError::Connect(error) => HealthError::Connect(url.origin(), error),
        RequestError::Broken(reason) => HealthError::Broken(url.origin(), reason),
    };
    let request = Request::get(url.join("/health"))
        .header(HOST, url.authority())
        .header(USER_AGENT, AGENT)
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| failed(RequestError::broken(error)))?;
    one_request::send(url, request, MAX_ANSWER).await.map_err(failed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn verdicts() {
        let said = |status, body: &str| judge("http://h".to_owned(), status, body.as_bytes());
        let good = said(StatusCode::OK, r#"{"status":"healthy","version":"1.2.3","timestamp":"t"}"#).unwrap();
        assert_eq!(good.to_string(), "healthy: gateway 1.2.3 at http://h");
        for (status, body, says) in [
            (StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"healthy","version":"1"}"#, "503"),
            (StatusCode::OK, "<html>", "not the gateway's"),
            (StatusCode::OK, r#"{"status":"ok"}"#, "not the gateway's"),
            (StatusCode::OK, r#"{"status":"sick\n","version":"1"}"#, "'sick\\n'"),
        ] {
            let error = said(status, body).unwrap_err();
            assert!(error.to_string().contains(says) && error.exit_code() == 1, "{body}: {error}");
        }
    }

    #[tokio::test]
    async fn urls_that_cannot_be_asked_are_usage_errors() {
        for url in ["127.0.0.1:3000", "https://127.0.0.1:3000", "http://u:p@h"] {
            assert_eq!(run(url).await.unwrap_err().exit_code(), 2, "{url}");
        }
    }
}
