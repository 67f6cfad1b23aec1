//! The check that a peer does the job it is measured at.

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{HeaderMap, Method, StatusCode};

use crate::client;
use crate::peers::{Launch, Peer};
use crate::running::Running;
use crate::workload::{Kind, LARGE, SMALL, UPLOAD};

impl Running {
    /// Checks that every kind of request is answered as it should be: fast and wrong is no result.
    pub(crate) async fn verify(&self, peer: Peer) -> anyhow::Result<()> {
        for kind in Kind::PROXIED {
            let upstream = kind.upstream();
            let (address, headers) = (self.address(upstream), self.headers(upstream));
            let (method, body) = match kind.request_body() {
                None => (Method::GET, Bytes::new()),
                Some(length) => (Method::POST, Bytes::from(vec![b'x'; length])),
            };
            let request = client::request(address, method, kind.path(), &headers, Full::from(body))?;
            let (status, fields, body) = client::fetch(address, request).await?;
            is_right(peer, kind, status, &fields, &body)
                .with_context(|| format!("{} answers {} wrongly", peer.id, kind.title()))?;
        }
        Ok(())
    }
}

fn is_right(peer: Peer, kind: Kind, status: StatusCode, fields: &HeaderMap, body: &[u8]) -> anyhow::Result<()> {
    if status != StatusCode::OK {
        bail!("status {status}: {}", String::from_utf8_lossy(body));
    }
    let is_whole = match kind {
        Kind::Small => body.len() == SMALL,
        Kind::Large => body.len() == LARGE,
        Kind::Upload => body == UPLOAD.to_string().as_bytes(),
        Kind::Health => !body.is_empty(),
    };
    if !is_whole {
        bail!("a body of {} bytes", body.len());
    }
    if matches!(peer.launch, Launch::Direct | Launch::PassThrough { .. }) {
        return Ok(());
    }
    for name in [
        "access-control-allow-origin",
        "access-control-allow-methods",
        "vary",
        "x-gateway-backend",
        "x-request-id",
        "server-timing",
    ] {
        if !fields.contains_key(name) {
            bail!("the header {name} is missing");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::{NGINX, by_id};

    #[test]
    fn a_proxy_that_leaves_its_work_undone_is_noticed() {
        let body = [b'x'; SMALL];
        let check = |id, status, fields: &HeaderMap, body: &[u8]| {
            is_right(by_id(id).unwrap(), Kind::Small, status, fields, body).is_ok()
        };
        let none = HeaderMap::new();
        assert!(check("direct", StatusCode::OK, &none, &body));
        assert!(!check("direct", StatusCode::OK, &none, &body[1..]), "a short body");
        assert!(!check("direct", StatusCode::BAD_GATEWAY, &none, &body), "an error");
        assert!(!check(NGINX, StatusCode::OK, &none, &body), "no CORS");
    }
}
