//! What the clients of a long run do: ten kinds of requests, three of them left in the middle.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::{Method, Request, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client;
use crate::site::HUGE;
use crate::workload::{Kind, UPLOAD};

/// Requests per second, all kinds together.
pub(crate) const RATE: u64 = 200;
/// How much of a download clients read before they break it off, in bytes.
const READ_BEFORE_LEAVING: usize = 1 << 20;

/// What clients do, in turn. The last three leave in the middle.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Get,
    GetLarge,
    Post,
    Health,
    Preflight,
    Backends,
    UnknownBackend,
    LeaveDownload,
    LeaveUpload,
    LeaveAtOnce,
}

/// The order of what clients do, over and over.
pub(crate) const ACTS: [Act; 16] = [
    Act::Get,
    Act::Post,
    Act::Get,
    Act::GetLarge,
    Act::Get,
    Act::Preflight,
    Act::Get,
    Act::UnknownBackend,
    Act::Get,
    Act::Post,
    Act::LeaveUpload,
    Act::Get,
    Act::Health,
    Act::LeaveAtOnce,
    Act::LeaveDownload,
    Act::Backends,
];

/// The gateway, as its clients see it.
pub(crate) struct Target {
    /// Where it listens.
    pub(crate) address: std::net::SocketAddr,
    /// What routes to the upstream with the files.
    pub(crate) files: Vec<(String, String)>,
    /// What routes to the upstream that reads bodies.
    pub(crate) bodies: Vec<(String, String)>,
}

impl Target {
    /// Does it, and checks what comes back.
    pub(crate) async fn act(&self, act: Act) -> anyhow::Result<()> {
        let unknown = [("x-backend".to_owned(), "nope".to_owned())];
        match act {
            Act::Get => self.expect(Method::GET, Kind::Small.path(), &self.files, StatusCode::OK).await,
            Act::GetLarge => self.expect(Method::GET, Kind::Large.path(), &self.files, StatusCode::OK).await,
            Act::Health => self.expect(Method::GET, "/health", &[], StatusCode::OK).await,
            Act::Backends => self.expect(Method::GET, "/backends", &[], StatusCode::OK).await,
            Act::Preflight => self.expect(Method::OPTIONS, "/", &[], StatusCode::NO_CONTENT).await,
            Act::UnknownBackend => self.expect(Method::GET, "/", &unknown, StatusCode::BAD_REQUEST).await,
            Act::Post => {
                let body = Full::from(vec![b'x'; UPLOAD]);
                let request = client::request(self.address, Method::POST, "/upload", &self.bodies, body)?;
                let (status, _, body) = client::fetch(self.address, request).await?;
                is_expected(status, StatusCode::OK)?;
                if body != UPLOAD.to_string().as_bytes() {
                    bail!("the backend read another body: {}", String::from_utf8_lossy(&body));
                }
                Ok(())
            }
            Act::LeaveDownload => self.leave_download().await,
            Act::LeaveUpload => self.leave("POST", "content-length: 100000\r\n", &[b'x'; 10_000], &self.bodies).await,
            Act::LeaveAtOnce => self.leave("GET", "", &[], &self.files).await,
        }
    }

    async fn expect(
        &self,
        method: Method,
        path: &str,
        headers: &[(String, String)],
        status: StatusCode,
    ) -> anyhow::Result<()> {
        let request: Request<Empty<Bytes>> = client::request(self.address, method, path, headers, Empty::new())?;
        is_expected(client::fetch(self.address, request).await?.0, status)
    }

    async fn leave_download(&self) -> anyhow::Result<()> {
        let request = client::request(self.address, Method::GET, HUGE, &self.files, Empty::<Bytes>::new())?;
        let response = client::connect(self.address).await?.send_request(request).await?;
        is_expected(response.status(), StatusCode::OK)?;
        let mut body = response.into_body();
        let mut read: usize = 0;
        while read < READ_BEFORE_LEAVING {
            let frame = body.frame().await.context("it ended early")??;
            read = read.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        }
        Ok(())
    }

    /// Sends part of a request and closes. What comes back is nobody's any more.
    async fn leave(&self, method: &str, fields: &str, part: &[u8], headers: &[(String, String)]) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(self.address).await?;
        let mut head = format!("{method} /left HTTP/1.1\r\nhost: {}\r\n{fields}", self.address);
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n")?;
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(part).await?;
        // Reads what is there by then, if anything, so that the end is not always a reset.
        _ = tokio::time::timeout(Duration::from_millis(2), stream.read(&mut [0; 64])).await;
        Ok(())
    }
}

fn is_expected(status: StatusCode, expected: StatusCode) -> anyhow::Result<()> {
    if status != expected {
        bail!("{status} instead of {expected}");
    }
    Ok(())
}
