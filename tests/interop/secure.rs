//! What passes through Caddy: TLS and HTTP/2, which curl speaks.

use crate::backends::Running;
use crate::exchanges::{GZIP, hashed, large};
use crate::matrix::PATIENCE;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::{Output, Stdio};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// How an exchange reaches the backends.
#[derive(Clone)]
pub(crate) struct SecureWay {
    /// The proxy's origin.
    origin: String,
    /// The certificate of its authority.
    authority: PathBuf,
    /// The folder of the proxy, for files of the exchanges.
    folder: PathBuf,
    /// The folder of the gates that streams wait at.
    gates: PathBuf,
    /// The id of the backend that is asked for everything.
    first: String,
    /// The ids of all backends.
    all: Vec<String>,
}

/// An exchange: it panics where the answer is wrong.
pub(crate) type SecureExchange = fn(SecureWay) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// The exchanges by name.
pub(crate) const SECURE: [(&str, SecureExchange); 8] = [
    ("answers", |way| Box::pin(answers(way))),
    ("upload", |way| Box::pin(upload(way))),
    ("etag", |way| Box::pin(etag(way))),
    ("head", |way| Box::pin(head(way))),
    ("range", |way| Box::pin(range(way))),
    ("gzip", |way| Box::pin(gzip(way))),
    ("https", |way| Box::pin(redirect_ends(way))),
    ("sse", |way| Box::pin(events(way))),
];

/// What curl got: the body, and behind it the status, the version and the number of redirects that it followed.
struct Answer {
    body: Vec<u8>,
    summary: String,
}

impl SecureWay {
    /// Through a proxy that has its certificate.
    pub(crate) async fn through(proxy: &Running, gates: PathBuf, backends: Vec<String>) -> Self {
        let folder = proxy.folder.path().to_owned();
        let way = SecureWay {
            origin: format!("https://localhost:{}", proxy.address.port()),
            authority: folder.join("pki/authorities/local/root.crt"),
            folder,
            gates,
            first: backends[0].clone(),
            all: backends,
        };
        // It makes the certificate after it has begun to listen.
        let ready =
            async { while !way.curl(&way.first, "/", &[]).output().await.expect("curl runs").status.success() {} };
        tokio::time::timeout(PATIENCE, ready).await.expect("the proxy gets its certificate");
        way
    }

    fn curl(&self, backend: &str, path: &str, arguments: &[&str]) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--http2", "--ipv4", "--noproxy", "*", "--max-time", "120", "--cacert"]);
        curl.arg(&self.authority).args(["--header", &format!("x-backend: {backend}")]).args(arguments);
        curl.args(["--write-out", "|%{http_code} over HTTP/%{http_version}, redirects: %{num_redirects}"]);
        curl.arg(format!("{}{path}", self.origin)).stdin(Stdio::null()).kill_on_drop(true);
        curl
    }

    async fn ask(&self, path: &str, arguments: &[&str]) -> Answer {
        taken_apart(self.curl(&self.first, path, arguments).output().await.expect("curl runs"))
    }
}

fn taken_apart(output: Output) -> Answer {
    let at = output.stdout.iter().rposition(|&byte| byte == b'|').expect("curl writes its summary");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "curl: {said}");
    Answer {
        body: output.stdout[..at].to_vec(),
        summary: String::from_utf8_lossy(&output.stdout[at + 1..]).into_owned(),
    }
}

async fn answers(way: SecureWay) {
    let answer = way.ask("/", &[]).await;
    assert_eq!((answer.summary.as_str(), &*answer.body), ("200 over HTTP/2, redirects: 0", &b"ok"[..]), "GET");
}

async fn upload(way: SecureWay) {
    let body = large();
    let file = way.folder.join("upload");
    std::fs::write(&file, &body).expect("a writable folder");
    let data = format!("@{}", file.display());
    // The second has no length: HTTP/2 needs none.
    for arguments in [["--data-binary", &data], ["--upload-file", "-"]] {
        let mut curl = way.curl(&way.first, "/hash", &["--request", "POST"]);
        curl.args(arguments).stdin(std::fs::File::open(&file).expect("the file is there"));
        let answer = taken_apart(curl.output().await.expect("curl runs"));
        assert_eq!(answer.summary, "200 over HTTP/2, redirects: 0", "an upload of 20 MB with {arguments:?}");
        let seen: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert_eq!(seen, hashed(&body), "the upload arrives whole with {arguments:?}");
    }
}

async fn etag(way: SecureWay) {
    let answer = way.ask("/etag", &["--header", "if-none-match: \"v1\""]).await;
    assert_eq!((answer.summary.as_str(), answer.body.len()), ("304 over HTTP/2, redirects: 0", 0), "the ETag is known");
}

async fn head(way: SecureWay) {
    let answer = way.ask("/etag", &["--head"]).await;
    let fields = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(answer.summary, "200 over HTTP/2, redirects: 0", "HEAD");
    assert!(fields.contains("etag: \"v1\"") && fields.contains("content-length: 6"), "{fields}");
}

async fn range(way: SecureWay) {
    let answer = way.ask("/range", &["--range", "2-5"]).await;
    assert_eq!((answer.summary.as_str(), &*answer.body), ("206 over HTTP/2, redirects: 0", &b"2345"[..]), "a range");
}

async fn gzip(way: SecureWay) {
    let answer = way.ask("/gzip", &["--header", "accept-encoding: gzip"]).await;
    assert_eq!((answer.summary.as_str(), &*answer.body), ("200 over HTTP/2, redirects: 0", GZIP), "byte for byte");
}

/// Apps that redirect http to https believe what the proxy says.
async fn redirect_ends(way: SecureWay) {
    for backend in &way.all {
        let mut curl = way.curl(backend, "/redirect-to-https", &["--location", "--max-redirs", "3"]);
        let answer = taken_apart(curl.output().await.expect("curl runs"));
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!((answer.summary.as_str(), body.as_str()), ("200 over HTTP/2, redirects: 0", "secure"), "{backend}");
    }
}

async fn events(way: SecureWay) {
    let mut curl = way.curl(&way.first, "/sse?gate=secure", &["--no-buffer"]);
    let mut curl = curl.stdout(Stdio::piped()).spawn().expect("curl runs");
    let mut output = curl.stdout.take().expect("stdout is piped");
    let mut seen = String::new();
    let first = "data: first\n\n";
    while seen.len() < first.len() {
        seen.push(char::from(output.read_u8().await.expect("an event arrives")));
    }
    assert_eq!(seen, first, "the first event");
    std::fs::write(way.gates.join("secure"), "").expect("a writable folder");
    output.read_to_string(&mut seen).await.expect("text");
    assert_eq!(seen, "data: first\n\ndata: second\n\n|200 over HTTP/2, redirects: 0", "both events");
}
