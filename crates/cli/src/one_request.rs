//! One request to a running gateway, on a connection of its own.

use std::fmt::Display;
use std::io;

use bytes::Bytes;
use gateway_core::backend::url::BackendUrl;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Why there is no whole answer.
pub(crate) enum RequestError {
    /// Nothing there takes a connection.
    Connect(io::Error),
    /// The connection ended before the answer did, or it was no HTTP.
    Broken(String),
}

impl RequestError {
    pub(crate) fn broken(error: impl Display) -> Self {
        Self::Broken(error.to_string())
    }
}

/// Status and body of the answer, which may have at most `max_body` bytes. `url` says where to connect; TLS is not spoken.
pub(crate) async fn send(
    url: &BackendUrl,
    request: Request<Empty<Bytes>>,
    max_body: usize,
) -> Result<(StatusCode, Bytes), RequestError> {
    let host = url.host().trim_matches(['[', ']']);
    let connection = TcpStream::connect((host, url.port())).await.map_err(RequestError::Connect)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(connection)).await.map_err(RequestError::broken)?;
    // Ends with the process.
    tokio::spawn(connection);
    let response = sender.send_request(request).await.map_err(RequestError::broken)?;
    let status = response.status();
    let body = Limited::new(response.into_body(), max_body).collect().await.map_err(RequestError::broken)?;
    Ok((status, body.to_bytes()))
}
