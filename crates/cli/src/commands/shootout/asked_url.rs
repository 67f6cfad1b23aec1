//! The command's URL: its origin is a gateway, the rest is what the backends are asked for.

use gateway_core::backend::url::{BackendUrl, Scheme};
use hyper::http::uri::PathAndQuery;

use super::shootout_error::ShootoutError;

#[derive(Debug)]
pub(super) struct AskedUrl {
    pub(super) gateway: BackendUrl,
    pub(super) path: PathAndQuery,
}

impl AskedUrl {
    /// A fragment is left out: it is never sent.
    pub(super) fn parse(url: &str) -> Result<Self, ShootoutError> {
        let url = url.trim().split('#').next().unwrap_or_default();
        let authority = url.find("://").map_or(0, |scheme| scheme.saturating_add(3));
        let end =
            url.get(authority..).and_then(|rest| rest.find(['/', '?'])).map(|place| authority.saturating_add(place));
        let (origin, path) = end.and_then(|end| url.split_at_checked(end)).unwrap_or((url, "/"));
        let gateway = BackendUrl::parse(origin).map_err(ShootoutError::Url)?;
        if gateway.scheme() != Scheme::Http {
            return Err(ShootoutError::Https);
        }
        let path = if path.starts_with('?') { format!("/{path}") } else { path.to_owned() };
        let path = path.parse().map_err(|_| ShootoutError::Path(path.escape_debug().to_string()))?;
        Ok(Self { gateway, path })
    }

    pub(super) fn origin(&self) -> String {
        self.gateway.origin()
    }
}

/// Whether `--backends` leaves something to compare. The gateway checks the ids themselves.
pub(super) fn several(backends: &str) -> Result<(), ShootoutError> {
    let mut named: Vec<_> = backends.split(',').map(str::trim).collect();
    named.sort_unstable();
    named.dedup();
    match named.as_slice() {
        [all] if all.starts_with('*') => Ok(()),
        [_] | [] => Err(ShootoutError::Alone(backends.escape_debug().to_string())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_and_path() {
        for (url, origin, path) in [
            ("http://localhost:3000/tasks?done=true#top", "http://localhost:3000", "/tasks?done=true"),
            ("http://localhost:3000", "http://localhost:3000", "/"),
            ("http://[::1]:3000?a=/b", "http://[::1]:3000", "/?a=/b"),
            ("http://h//a/%2e/../b", "http://h", "//a/%2e/../b"),
        ] {
            let target = AskedUrl::parse(url).unwrap();
            assert_eq!((target.origin().as_str(), target.path.as_str()), (origin, path), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_asked_is_a_usage_error() {
        for (url, says) in [
            ("localhost:3000/tasks", "http://"),
            ("https://h/tasks", "TLS"),
            ("ftp://h/", "http://"),
            ("http://u:p@h/", "user name"),
            ("http:///tasks", "host"),
            ("http://h/a b", "percent-encode"),
        ] {
            let error = AskedUrl::parse(url).unwrap_err();
            assert!(error.to_string().contains(says) && error.exit_code() == 2, "{url}: {error}");
        }
        for alone in ["a", "a, a", ","] {
            assert_eq!(several(alone).unwrap_err().exit_code(), 2, "{alone}");
        }
        for enough in ["*", "*@cloud", "a,b", "a@local,a@cloud"] {
            assert!(several(enough).is_ok(), "{enough}");
        }
    }
}
