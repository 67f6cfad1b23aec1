//! A client that sends exactly what it is told and reads the answer piece by piece.
#![allow(dead_code, reason = "each suite that shares this file uses a part of it")]

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A request under construction.
pub(crate) struct Request {
    head: String,
    /// Default: the address that it is sent to.
    host: Option<String>,
    body: Vec<u8>,
}

/// How the request's body is sent.
pub(crate) enum Body<'a> {
    /// With `content-length`.
    Sized(&'a [u8]),
    /// As one chunk and the end.
    Chunked(&'a [u8]),
    /// Only announced: what follows is up to the test.
    Announced(&'a str),
}

impl Request {
    /// A request with a target exactly as given.
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Request { head: format!("{method} {target} HTTP/1.1\r\n"), host: None, body: Vec::new() }
    }

    /// GET.
    pub(crate) fn get(target: &str) -> Self {
        Request::new("GET", target)
    }

    /// Adds a field line exactly as given.
    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// Addresses the gateway by this name.
    pub(crate) fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    /// Selects a backend.
    pub(crate) fn backend(self, id: &str) -> Self {
        self.field("x-backend", id)
    }

    /// Selects a cloud backend.
    pub(crate) fn cloud(self, id: &str) -> Self {
        self.backend(id).field("x-backend-location", "cloud")
    }

    /// Adds a body.
    pub(crate) fn body(mut self, body: Body<'_>) -> Self {
        match body {
            Body::Sized(bytes) => {
                self.body = bytes.to_vec();
                return self.field("content-length", &bytes.len().to_string());
            }
            Body::Chunked(bytes) => {
                self.body = format!("{:x}\r\n", bytes.len()).into_bytes();
                self.body.extend_from_slice(bytes);
                self.body.extend_from_slice(b"\r\n0\r\n\r\n");
                return self.field("transfer-encoding", "chunked");
            }
            Body::Announced(field) => {
                self.head.push_str(field);
                self.head.push_str("\r\n");
            }
        }
        self
    }

    /// Sends it on a connection of its own.
    pub(crate) async fn start(self, to: impl Into<SocketAddr>) -> Pending {
        let to = to.into();
        let stream = TcpStream::connect(to).await.expect("the gateway listens");
        stream.set_nodelay(true).expect("the socket is open");
        self.write_to(stream, to).await
    }

    /// Sends it on the connection of an answer that was read to its end.
    pub(crate) async fn start_on(self, before: Response, to: impl Into<SocketAddr>) -> Pending {
        assert!(before.raw.is_empty(), "nothing follows the answer: {:?}", String::from_utf8_lossy(&before.raw));
        self.write_to(before.stream, to.into()).await
    }

    async fn write_to(self, mut stream: TcpStream, to: SocketAddr) -> Pending {
        let host = self.host.unwrap_or_else(|| to.to_string());
        let head = format!("{}host: {host}\r\n\r\n", self.head);
        stream.write_all(head.as_bytes()).await.expect("the gateway reads");
        stream.write_all(&self.body).await.expect("the gateway reads");
        Pending { stream }
    }

    /// Sends it and reads the whole answer.
    pub(crate) async fn send(self, to: impl Into<SocketAddr>) -> Response {
        let mut response = self.start(to).await.head().await;
        response.read_to_end().await.expect("the response is whole");
        response
    }
}

/// A request that was sent, before its answer.
pub(crate) struct Pending {
    pub(crate) stream: TcpStream,
}

impl Pending {
    /// Sends more bytes.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("the gateway reads");
    }

    /// Reads an interim response, or whatever comes in its place, without what follows its empty line.
    pub(crate) async fn interim(&mut self) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(self.stream.read_u8().await.expect("the gateway answers"));
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Goes on sending beside what follows, as far as the gateway takes it.
    pub(crate) fn write_beside(self, bytes: Vec<u8>) -> Self {
        let stream = self.stream.into_std().expect("the socket is open");
        let second = TcpStream::from_std(stream.try_clone().expect("a second handle")).expect("a socket");
        tokio::spawn(async move {
            let mut second = second;
            _ = second.write_all(&bytes).await;
        });
        Pending { stream: TcpStream::from_std(stream).expect("a socket") }
    }

    /// Reads the response head.
    pub(crate) async fn head(mut self) -> Response {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                // An interim response is no answer yet.
                if bytes.starts_with(b"HTTP/1.1 100") {
                    bytes.drain(..end + 4);
                    continue;
                }
                break end;
            }
            let mut chunk = [0; 8192];
            let read = self.stream.read(&mut chunk).await.expect("the gateway answers");
            assert!(read > 0, "no answer, only {:?}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&chunk[..read]);
        };
        let raw = bytes.split_off(end + 4);
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        let fields: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Response { status, fields, raw, decoded: Vec::new(), stream: self.stream }
    }
}

/// An answer, its body read as far as the test wants.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    raw: Vec<u8>,
    decoded: Vec<u8>,
    pub(crate) stream: TcpStream,
}

/// The body did not end as announced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TransferError;

impl Response {
    /// All values of a field.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The only value of a field.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let values = self.values(name);
        assert!(values.len() <= 1, "{name} appears {} times: {values:?}", values.len());
        values.first().copied()
    }

    /// The body read so far.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.decoded
    }

    /// The body read so far, as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.decoded).expect("the body is text")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.text()).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }

    /// The bytes on the wire behind the head, up to the end of the connection. The request must have asked for `connection: close`.
    pub(crate) async fn bytes_behind_the_head(mut self) -> usize {
        self.stream.read_to_end(&mut self.raw).await.expect("the connection ends properly");
        self.raw.len()
    }

    /// Sends more of the request.
    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.expect("the gateway reads");
    }

    /// Reads until the body holds `text`.
    pub(crate) async fn read_until(&mut self, text: &str) {
        while !self.text().contains(text) {
            let more = self.step().await.expect("the body goes on");
            assert!(more, "the body ends before {text:?}: {:?}", self.text());
        }
    }

    /// Reads to the end of the body.
    pub(crate) async fn read_to_end(&mut self) -> Result<(), TransferError> {
        while self.step().await? {}
        Ok(())
    }

    /// The number of body bytes to the end, without keeping them.
    pub(crate) async fn count_to_end(&mut self) -> Result<u64, TransferError> {
        assert!(self.value("content-length").is_some(), "counting needs a content-length");
        let total: u64 = self.value("content-length").and_then(|value| value.parse().ok()).ok_or(TransferError)?;
        let mut seen = self.raw.len() as u64;
        let mut chunk = vec![0; 256 * 1024];
        while seen < total {
            match self.stream.read(&mut chunk).await {
                Ok(read) if read > 0 => seen += read as u64,
                _ => return Err(TransferError),
            }
        }
        Ok(seen)
    }

    /// One piece more; `false` at a proper end.
    async fn step(&mut self) -> Result<bool, TransferError> {
        loop {
            if self.values("transfer-encoding") == ["chunked"] {
                if let Some(end) = self.raw.windows(2).position(|window| window == b"\r\n") {
                    let size = std::str::from_utf8(&self.raw[..end]).expect("a chunk size");
                    let size = usize::from_str_radix(size.trim(), 16).expect("a chunk size");
                    if self.raw.len() >= end + 2 + size + 2 {
                        self.decoded.extend_from_slice(&self.raw[end + 2..end + 2 + size]);
                        self.raw.drain(..end + 2 + size + 2);
                        return Ok(size > 0);
                    }
                }
            } else {
                let length = match self.value("content-length") {
                    _ if matches!(self.status, 204 | 304) => 0,
                    Some(length) => length.parse().expect("a length"),
                    None => 0,
                };
                let taken = self.raw.len().min(length - self.decoded.len());
                if taken > 0 || self.decoded.len() == length {
                    self.decoded.extend(self.raw.drain(..taken));
                    return Ok(taken > 0);
                }
            }
            let mut chunk = [0; 64 * 1024];
            match self.stream.read(&mut chunk).await {
                Ok(read) if read > 0 => self.raw.extend_from_slice(&chunk[..read]),
                _ => return Err(TransferError),
            }
        }
    }
}
