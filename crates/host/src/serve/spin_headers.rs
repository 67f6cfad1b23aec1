//! The `spin-*` headers that Spin adds to a request. They come after any of the same name that the client sent, so that
//! the last value is the true one.

use std::net::SocketAddr;

use hyper::Uri;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// The one route of this host.
const ROUTE: &str = "/...";

/// Appends them. `authority` is what the client asked for as the host.
pub(crate) fn append(headers: &mut HeaderMap, uri: &Uri, authority: &str, client: SocketAddr) {
    let path = uri.path();
    let full_url = match uri.query() {
        Some(query) => format!("http://{authority}{path}?{query}"),
        None => format!("http://{authority}{path}"),
    };
    let mut add = |name: &'static str, value: HeaderValue| {
        headers.append(HeaderName::from_static(name), value);
    };
    // The parser lets no path through that is not a header value; if it does, the header is left out.
    if let Ok(value) = HeaderValue::try_from(full_url) {
        add("spin-full-url", value);
    }
    if let Ok(value) = HeaderValue::from_str(path) {
        add("spin-path-info", value);
    }
    if let Ok(value) = HeaderValue::try_from(client.to_string()) {
        add("spin-client-addr", value);
    }
    add("spin-base-path", HeaderValue::from_static("/"));
    add("spin-matched-route", HeaderValue::from_static(ROUTE));
    add("spin-raw-component-route", HeaderValue::from_static(ROUTE));
    add("spin-component-route", HeaderValue::from_static(""));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_the_client_sent_stays_first() {
        let mut headers = HeaderMap::new();
        headers.append("spin-client-addr", HeaderValue::from_static("6.6.6.6:6"));
        let uri = "/a%2Fb?c=d%20e".parse().unwrap();
        append(&mut headers, &uri, "gateway.example:3000", "127.0.0.1:5".parse().unwrap());
        let values = |name: &str| headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(values("spin-client-addr"), ["6.6.6.6:6", "127.0.0.1:5"]);
        assert_eq!(values("spin-full-url"), ["http://gateway.example:3000/a%2Fb?c=d%20e"]);
        assert_eq!(values("spin-path-info"), ["/a%2Fb"]);
        assert_eq!(values("spin-matched-route"), ["/..."]);
        assert_eq!(values("spin-component-route"), [""]);
    }
}
