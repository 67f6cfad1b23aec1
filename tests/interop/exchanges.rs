//! What has to get through unchanged, whatever stands behind the gateway and before it.

use crate::client::{Body, Request, Response};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;

/// How an exchange reaches the server.
#[derive(Clone)]
pub(crate) struct Way {
    /// Where requests are sent: the gateway, or the proxy before it.
    pub(crate) to: SocketAddr,
    /// The exchange's own id of the backend, so that what goes wrong in one counts against none of the others.
    pub(crate) backend: String,
    /// The server itself.
    pub(crate) server: SocketAddr,
    /// The path at which a connection ends right after the answer.
    pub(crate) closing: &'static str,
    /// The folder of the gates that streams wait at.
    pub(crate) gates: PathBuf,
}

impl Way {
    /// A request for the backend.
    pub(crate) fn request(&self, method: &str, target: &str) -> Request {
        Request::new(method, target).backend(&self.backend)
    }

    /// GET, to the end of the answer.
    pub(crate) async fn get(&self, target: &str) -> Response {
        self.request("GET", target).send(self.to).await
    }

    fn open(&self, gate: &str) {
        std::fs::write(self.gates.join(gate), "").expect("a writable folder");
    }
}

/// An exchange: it panics where the answer is wrong.
pub(crate) type Exchange = fn(Way) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// The exchanges by name; `docs/interop.md` says the same at more length.
pub(crate) const EXCHANGES: [(&str, Exchange); 13] = [
    ("answers", |way| Box::pin(answers(way))),
    ("upload", |way| Box::pin(upload(way, |body| Body::Sized(body)))),
    ("upload-chunked", |way| Box::pin(upload(way, |body| Body::Chunked(body)))),
    ("expect", |way| Box::pin(expect(way))),
    ("refused", |way| Box::pin(refused(way))),
    ("etag", |way| Box::pin(etag(way))),
    ("head", |way| Box::pin(head(way))),
    ("range", |way| Box::pin(range(way))),
    ("gzip", |way| Box::pin(gzip(way))),
    ("redirect", |way| Box::pin(redirect(way))),
    ("statuses", |way| Box::pin(statuses(way))),
    ("stream", |way| Box::pin(halves(way, "stream", "first\n", "second\n"))),
    ("sse", |way| Box::pin(halves(way, "sse", "data: first\n\n", "data: second\n\n"))),
];

/// What the apps answer at `/gzip`.
pub(crate) const GZIP: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\xce\xcf\x2d\x28\x4a\x2d\x2e\x4e\x4d\x51\x48\xaa\x54\
\x28\xc9\x48\x55\x48\x4a\x4c\xce\x4e\xcd\x4b\xe1\x02\x00\x5a\x2e\x1a\x8a\x1a\x00\x00\x00";

/// 20 MB that no compression and no repetition makes smaller.
pub(crate) fn large() -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..20_000_000).map(|_| next()).collect()
}

/// What `/hash` says of a body.
pub(crate) fn hashed(body: &[u8]) -> serde_json::Value {
    let hash: String = Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect();
    serde_json::json!({ "sha256": hash, "length": body.len() })
}

async fn answers(way: Way) {
    let mut last = way.get("/").await;
    for number in 2..=20 {
        assert_eq!((last.status, last.text()), (200, "ok"), "the GET before number {number}, on one connection");
        last = way.request("GET", "/").start_on(last, way.to).await.head().await;
        last.read_to_end().await.expect("the answer is whole");
    }
    assert_eq!((last.status, last.text()), (200, "ok"), "the last GET");
}

async fn upload(way: Way, framing: for<'a> fn(&'a [u8]) -> Body<'a>) {
    let body = large();
    let response = way.request("POST", "/hash").body(framing(&body)).send(way.to).await;
    assert_eq!(response.status, 200, "an upload of 20 MB: {:?}", response.text());
    assert_eq!(response.json(), hashed(&body), "the upload arrives whole");
}

async fn expect(way: Way) {
    let body = b"only when asked for";
    let request = way.request("POST", "/hash").field("expect", "100-continue");
    let request = request.body(Body::Announced(&format!("content-length: {}", body.len())));
    let mut pending = request.start(way.to).await;
    let interim = pending.interim().await;
    assert!(interim.starts_with("HTTP/1.1 100"), "the client is told to go on: {interim:?}");
    pending.write(body).await;
    let mut response = pending.head().await;
    response.read_to_end().await.expect("the answer is whole");
    assert_eq!((response.status, response.json()), (200, hashed(body)), "what was sent after 100 Continue");
}

/// The app answers without reading the upload, and the server does with the rest what it always does.
async fn refused(way: Way) {
    let body = large();
    let request = way.request("POST", "/refuse").body(Body::Announced(&format!("content-length: {}", body.len())));
    let mut response = request.start(way.to).await.write_beside(body).head().await;
    response.read_to_end().await.expect("the answer is whole");
    assert_eq!((response.status, response.text()), (413, "too large"), "an answer before the upload is through");
}

async fn etag(way: Way) {
    let first = way.get("/etag").await;
    assert_eq!((first.status, first.text(), first.value("etag")), (200, "tagged", Some("\"v1\"")), "the first GET");
    assert_eq!(first.values("set-cookie"), ["a=1", "b=2"], "cookies stay apart");
    let again = way.request("GET", "/etag").field("if-none-match", "\"v1\"");
    let response = again.start(way.to).await.head().await;
    assert_eq!((response.status, response.value("etag")), (304, Some("\"v1\"")), "the second GET");
    follows(&way, response).await;
}

async fn head(way: Way) {
    let length = way.get("/etag").await.value("content-length").map(str::to_owned);
    let response = way.request("HEAD", "/etag").start(way.to).await.head().await;
    assert_eq!((response.status, response.value("etag")), (200, Some("\"v1\"")), "HEAD");
    if let Some(said) = response.value("content-length") {
        assert_eq!(Some(said), length.as_deref(), "the length of HEAD is that of GET");
    }
    follows(&way, response).await;
}

/// An answer without a body leaves the connection fit for the next request.
async fn follows(way: &Way, response: Response) {
    let mut next = way.request("GET", "/").start_on(response, way.to).await.head().await;
    next.read_to_end().await.expect("the answer is whole");
    assert_eq!((next.status, next.text()), (200, "ok"), "the next request on the connection");
}

async fn range(way: Way) {
    for (range, status, part, content_range) in
        [("bytes=2-5", 206, "2345", "bytes 2-5/10"), ("bytes=10-11", 416, "", "bytes */10")]
    {
        let response = way.request("GET", "/range").field("range", range).send(way.to).await;
        assert_eq!(response.status, status, "{range}");
        assert_eq!((response.text(), response.value("content-range")), (part, Some(content_range)), "{range}");
    }
}

async fn gzip(way: Way) {
    let response = way.request("GET", "/gzip").field("accept-encoding", "gzip").send(way.to).await;
    assert_eq!((response.status, response.value("content-encoding")), (200, Some("gzip")), "with its coding");
    assert_eq!(response.bytes(), GZIP, "byte for byte");
}

async fn redirect(way: Way) {
    let response = way.get("/redirect-to-https").await;
    let location = format!("https://{}/redirect-to-https", way.to);
    assert_eq!((response.status, response.value("location")), (302, Some(location.as_str())), "without TLS");
}

async fn statuses(way: Way) {
    for (path, status, body) in [("/missing", 404, "missing"), ("/broken", 500, "broken"), ("/", 200, "ok")] {
        let response = way.get(path).await;
        assert_eq!((response.status, response.text()), (status, body), "GET {path}");
    }
}

/// The first half arrives while the second is still held back.
async fn halves(way: Way, path: &str, first: &str, second: &str) {
    let gate = format!("gate-{}", way.backend);
    let mut response = way.request("GET", &format!("/{path}?gate={gate}")).start(way.to).await.head().await;
    assert_eq!(response.status, 200, "/{path}");
    response.read_until(first).await;
    assert_eq!(response.text(), first, "only the first half was sent");
    way.open(&gate);
    response.read_to_end().await.expect("the answer is whole");
    assert_eq!(response.text(), format!("{first}{second}"), "both halves");
}
