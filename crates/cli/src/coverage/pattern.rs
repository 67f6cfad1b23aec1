//! The narrowest entry of `allowed_outbound_hosts` that fits several backends.

use std::fmt;
use std::net::IpAddr;

use gateway_core::backend::url::{BackendUrl, Scheme};

/// `scheme://host:port`, where scheme and port may be any, and the host may be everything below a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    scheme: Option<Scheme>,
    host: HostPattern,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Exactly(String),
    Below(String),
}

impl Pattern {
    /// One backend alone.
    pub(super) fn of(url: &BackendUrl) -> Self {
        Self { scheme: Some(url.scheme()), host: HostPattern::Exactly(url.host().to_owned()), port: Some(url.port()) }
    }

    /// One that fits this backend as well; `None` if only every host would.
    pub(super) fn widened(self, url: &BackendUrl) -> Option<Self> {
        Some(Self {
            scheme: self.scheme.filter(|scheme| *scheme == url.scheme()),
            host: self.host.widened(url.host())?,
            port: self.port.filter(|port| *port == url.port()),
        })
    }
}

impl HostPattern {
    fn widened(self, host: &str) -> Option<Self> {
        let mine = match &self {
            Self::Exactly(mine) if mine == host => return Some(self),
            Self::Exactly(mine) => mine.clone(),
            // A label that stands for any.
            Self::Below(parent) => format!("*.{parent}"),
        };
        let parent = common_parent(&mine, host)?;
        Some(Self::Below(parent))
    }
}

/// The longest domain that both are below. One of a single label would be everybody's.
fn common_parent(a: &str, b: &str) -> Option<String> {
    if [a, b].iter().any(|host| host.starts_with('[') || host.parse::<IpAddr>().is_ok()) {
        return None;
    }
    let mut common: Vec<_> =
        a.rsplit('.').zip(b.rsplit('.')).take_while(|(a, b)| a == b).map(|(label, _)| label).collect();
    let shorter = a.split('.').count().min(b.split('.').count());
    // A domain is not below itself.
    if common.len() < 2 || common.len() == shorter {
        return None;
    }
    common.reverse();
    Some(common.join("."))
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.map_or("*", Scheme::as_str))?;
        match &self.host {
            HostPattern::Exactly(host) => f.write_str(host)?,
            HostPattern::Below(parent) => write!(f, "*.{parent}")?,
        }
        match (self.port, self.scheme) {
            (Some(port), Some(scheme)) if port == scheme.default_port() => Ok(()),
            (Some(port), _) => write!(f, ":{port}"),
            (None, _) => f.write_str(":*"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::{allows, compile};
    use super::*;

    fn check(urls: &[&str], expected: Option<&str>) {
        let urls: Vec<_> = urls.iter().map(|url| BackendUrl::parse(url).unwrap()).collect();
        let pattern = urls.iter().skip(1).try_fold(Pattern::of(&urls[0]), Pattern::widened);
        let shown = pattern.map(|pattern| pattern.to_string());
        assert_eq!(shown.as_deref(), expected, "{urls:?}");
        if let Some(entry) = &shown {
            let hosts = compile([entry.as_str()]).unwrap();
            assert!(urls.iter().all(|url| allows(&hosts, url)), "{entry} does not cover {urls:?}");
        }
    }

    #[test]
    fn narrow_and_complete() {
        check(&["https://a.example.dev/base"], Some("https://a.example.dev"));
        check(&["http://127.0.0.1:9000"], Some("http://127.0.0.1:9000"));
        check(&["http://h:80", "http://h"], Some("http://h"));
        check(&["http://h:1", "http://h:2"], Some("http://h:*"));
        check(&["http://h", "https://h"], Some("*://h:*"));
        check(&["http://[::1]:1", "http://[::1]:2"], Some("http://[::1]:*"));
        check(&["https://a.x.dev", "https://b.x.dev"], Some("https://*.x.dev"));
        check(&["https://a.x.dev", "https://b.x.dev", "https://b.c.x.dev:8443"], Some("https://*.x.dev:*"));
        check(&["https://a.c.x.dev", "https://b.c.x.dev", "https://d.x.dev"], Some("https://*.x.dev"));
    }

    #[test]
    fn never_everything() {
        check(&["https://a.dev", "https://b.dev"], None);
        check(&["https://x.dev", "https://a.x.dev"], None);
        check(&["http://10.0.0.1", "http://10.1.0.1"], None);
        check(&["http://a", "http://b"], None);
        check(&["https://a.x.dev", "https://b.x.dev", "https://x.dev"], None);
    }
}
