//! Which of its duties a request gives the gateway: a preflight, an endpoint of its own, or a backend's work.

use crate::backend::Location;
use crate::error::GatewayError;
use crate::fields::{Field, list, values};
use http::Method;

/// The field that selects a backend.
pub const X_BACKEND: &str = "x-backend";
/// The field that overrides where the backend is looked up.
pub const X_BACKEND_LOCATION: &str = "x-backend-location";

/// What to do with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// Any OPTIONS request: answered here, without a backend or the store.
    Preflight,
    /// `GET` or `HEAD /health`.
    Health,
    /// `GET` or `HEAD /backends`.
    Backends,
    /// Everything else goes to a backend.
    Proxy,
}

/// Routes by method and raw path; nothing is decoded or normalised, so gateway and backend always see the same path.
///
/// # Errors
/// Other methods on the gateway's own paths, CONNECT, and `*` with another method than OPTIONS (RFC 9112 §3.2.4).
pub fn route(method: &Method, path_and_query: &str) -> Result<Route, GatewayError> {
    if *method == Method::OPTIONS {
        return Ok(Route::Preflight);
    }
    if *method == Method::CONNECT {
        return Err(GatewayError::MethodNotSupported);
    }
    let (path, own) = match path_of(path_and_query) {
        "/health" => ("/health", Route::Health),
        "/backends" => ("/backends", Route::Backends),
        "*" => return Err(GatewayError::BadRequest("Only OPTIONS has the target '*'")),
        _ => return Ok(Route::Proxy),
    };
    if matches!(*method, Method::GET | Method::HEAD) { Ok(own) } else { Err(GatewayError::MethodNotAllowed { path }) }
}

/// The path without the query.
pub fn path_of(path_and_query: &str) -> &str {
    path_and_query.split_once('?').map_or(path_and_query, |(path, _)| path)
}

/// The backend a request asks for, before any registry is consulted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The id.
    pub id: String,
    /// The registry to look it up in.
    pub location: Location,
}

/// Reads `x-backend` and `x-backend-location`.
///
/// A field that is repeated with one and the same value counts once, in one line or in several (RFC 9110 §5.3 lets intermediaries join them).
///
/// # Errors
/// [`Unselectable`] when a field is empty, contradicts itself or is not ASCII, or when the location is neither of its two values.
pub fn select(fields: &[Field], environment: Location) -> Result<Selection, Unselectable> {
    let location = match single(fields, X_BACKEND_LOCATION) {
        Single::Absent => environment,
        Single::Value(text) => Location::parse(text).ok_or_else(|| Unselectable::Location(text.to_owned()))?,
        Single::Invalid(text) => return Err(Unselectable::Location(text)),
    };
    let id = match single(fields, X_BACKEND) {
        Single::Absent => environment.default_backend(),
        Single::Value(id) => id,
        Single::Invalid(text) => return Err(Unselectable::Backend { requested: text, location }),
    };
    Ok(Selection { id: id.to_owned(), location })
}

/// A selection that no registry needs to be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unselectable {
    /// `x-backend` cannot name a backend.
    Backend {
        /// What was asked for, as text.
        requested: String,
        /// The registry whose ids the answer should list.
        location: Location,
    },
    /// `x-backend-location` is not valid; what was asked for.
    Location(String),
}

enum Single<'a> {
    Absent,
    Value(&'a str),
    Invalid(String),
}

fn single<'a>(fields: &'a [Field], name: &'a str) -> Single<'a> {
    let mut all_ascii = true;
    let mut present = false;
    for value in values(fields, name) {
        present = true;
        all_ascii &= value.is_ascii();
    }
    if !present {
        return Single::Absent;
    }
    let mut elements = list(fields, name);
    match elements.next() {
        Some(first) if all_ascii && !first.is_empty() && elements.all(|next| next == first) => Single::Value(first),
        _ => Single::Invalid(joined(fields, name)),
    }
}

fn joined(fields: &[Field], name: &str) -> String {
    let parts: Vec<_> = values(fields, name).map(String::from_utf8_lossy).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_by_method_and_raw_path() {
        for (method, path, expected) in [
            ("GET", "/health", Route::Health),
            ("HEAD", "/health?deep=1", Route::Health),
            ("GET", "/backends", Route::Backends),
            ("OPTIONS", "/health", Route::Preflight),
            ("OPTIONS", "*", Route::Preflight),
            ("OPTIONS", "/tasks", Route::Preflight),
            ("GET", "/health/", Route::Proxy),
            ("GET", "/HEALTH", Route::Proxy),
            ("GET", "/%68ealth", Route::Proxy),
            ("GET", "//health", Route::Proxy),
            ("GET", "/tasks?x=/health", Route::Proxy),
            ("PROPFIND", "/", Route::Proxy),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(route(&method, path), Ok(expected), "{method} {path}");
        }
    }

    #[test]
    fn other_methods_on_own_paths_are_refused() {
        for path in ["/health", "/backends?x"] {
            assert!(matches!(route(&Method::POST, path), Err(GatewayError::MethodNotAllowed { .. })));
        }
        assert_eq!(route(&Method::CONNECT, "h:1"), Err(GatewayError::MethodNotSupported));
        assert!(matches!(route(&Method::GET, "*"), Err(GatewayError::BadRequest(_))));
    }

    fn check(lines: &[(&str, &[u8])], environment: Location, expected: Result<(&str, Location), &str>) {
        let fields: Vec<Field> = lines.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        let got = select(&fields, environment);
        match expected {
            Ok((id, location)) => {
                assert_eq!(got, Ok(Selection { id: id.into(), location }), "{lines:?}");
            }
            Err(text) => {
                let shown = match got {
                    Err(Unselectable::Backend { requested, .. }) => format!("backend {requested}"),
                    Err(Unselectable::Location(requested)) => format!("location {requested}"),
                    Ok(selection) => panic!("{lines:?} selected {selection:?}"),
                };
                assert_eq!(shown, text, "{lines:?}");
            }
        }
    }

    #[test]
    fn selects() {
        use Location::{Cloud, Local};
        check(&[], Local, Ok(("bun-sqlite", Local)));
        check(&[], Cloud, Ok(("cf-d1", Cloud)));
        check(&[("x-backend", b"a")], Local, Ok(("a", Local)));
        check(&[("X-Backend", b"a"), ("x-backend-location", b"cloud")], Local, Ok(("a", Cloud)));
        check(&[("x-backend-location", b"cloud")], Local, Ok(("bun-sqlite", Cloud)));
        check(&[("x-backend", b"a"), ("x-backend", b"a")], Local, Ok(("a", Local)));
        check(&[("x-backend", b"a, a")], Local, Ok(("a", Local)));
    }

    #[test]
    fn refuses() {
        use Location::Local;
        check(&[("x-backend", b"")], Local, Err("backend "));
        check(&[("x-backend", b"a"), ("x-backend", b"b")], Local, Err("backend a, b"));
        check(&[("x-backend", b"a,b")], Local, Err("backend a,b"));
        check(&[("x-backend", b"a,")], Local, Err("backend a,"));
        check(&[("x-backend", b"a"), ("x-backend", b"")], Local, Err("backend a, "));
        check(&[("x-backend", "é".as_bytes())], Local, Err("backend é"));
        check(&[("x-backend", &[0xff])], Local, Err("backend \u{fffd}"));
        check(&[("x-backend", b"a"), ("x-backend", &[0xff])], Local, Err("backend a, \u{fffd}"));
        for bad in ["moon", "", "LOCAL", "local,cloud"] {
            check(
                &[("x-backend", b"a"), ("x-backend-location", bad.as_bytes())],
                Local,
                Err(&format!("location {bad}")),
            );
        }
    }
}
