//! A small HTTP client of our own, for what `wrk` does not do: single checked requests, transfers of a gibibyte, thousands of open requests.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long a single request may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Opens a connection. Its task ends with it.
pub(crate) async fn connect<B>(address: SocketAddr) -> anyhow::Result<SendRequest<B>>
where
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let stream = TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Its errors are the request's too.
    tokio::spawn(connection);
    Ok(sender)
}

/// A request with these headers.
pub(crate) fn request<B>(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(String, String)],
    body: B,
) -> anyhow::Result<Request<B>> {
    let mut builder = Request::builder().method(method).uri(path).header(hyper::header::HOST, address.to_string());
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    Ok(builder.body(body)?)
}

/// Sends one request on a connection of its own and reads the answer.
pub(crate) async fn fetch<B>(address: SocketAddr, request: Request<B>) -> anyhow::Result<(StatusCode, HeaderMap, Bytes)>
where
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let exchange = async {
        let response = connect(address).await?.send_request(request).await?;
        let (head, body) = response.into_parts();
        Ok((head.status, head.headers, body.collect().await?.to_bytes()))
    };
    tokio::time::timeout(LIMIT, exchange).await.with_context(|| format!("no answer from {address} within {LIMIT:?}"))?
}

/// A GET, see [`fetch`].
pub(crate) async fn get(
    address: SocketAddr,
    path: &str,
    headers: &[(String, String)],
) -> anyhow::Result<(StatusCode, HeaderMap, Bytes)> {
    fetch(address, request(address, Method::GET, path, headers, Empty::<Bytes>::new())?).await
}

/// Reads a response's body to its end and returns its length in bytes.
pub(crate) async fn drain(response: Response<Incoming>) -> anyhow::Result<u64> {
    let status = response.status();
    if !status.is_success() {
        bail!("answered with {status}");
    }
    let mut body = response.into_body();
    let mut length: u64 = 0;
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            length = length.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        }
    }
    Ok(length)
}
