//! Which of its duties a request gives the gateway: a preflight, an endpoint of its own, or a backend's work.

use crate::backend::reference::{BackendRef, Location};
use crate::fields::{Field, list, values};
use crate::limits::MAX_COMPARED_BACKENDS;
use crate::target::path_of;
use http::Method;
use thiserror::Error;

/// The field that selects a backend.
pub const X_BACKEND: &str = "x-backend";
/// The field that overrides where the backend is looked up.
pub const X_BACKEND_LOCATION: &str = "x-backend-location";

/// What stands for all backends of a location.
const ALL: &str = "*";

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

/// A request that has no route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RouteError {
    /// A method that the gateway's own endpoints do not have.
    #[error("{path} is answered by the gateway itself and has GET, HEAD and OPTIONS only")]
    MethodNotAllowed {
        /// `/health` or `/backends`.
        path: &'static str,
    },
    /// CONNECT, which no backend of an HTTP gateway can serve.
    #[error("The gateway does not open tunnels: CONNECT is not supported")]
    Tunnel,
    /// TRACE: the echo would show what the gateway adds, credentials among it (RFC 9110 §9.3.8).
    #[error("TRACE is not allowed: the echo of a request would show what the gateway adds to it")]
    Trace,
    /// `*` with another method than OPTIONS (RFC 9112 §3.2.4).
    #[error("Only OPTIONS has the target '*'")]
    AsteriskTarget,
}

/// Routes by method and raw path; nothing is decoded or normalised, so gateway and backend always see the same path.
///
/// # Errors
/// [`RouteError`] says what no route has.
pub fn route(method: &Method, path_and_query: &str) -> Result<Route, RouteError> {
    if *method == Method::OPTIONS {
        return Ok(Route::Preflight);
    }
    if *method == Method::CONNECT {
        return Err(RouteError::Tunnel);
    }
    if *method == Method::TRACE {
        return Err(RouteError::Trace);
    }
    if path_of(path_and_query) == "*" {
        return Err(RouteError::AsteriskTarget);
    }
    let Some((path, own)) = own_endpoint(path_and_query) else {
        return Ok(Route::Proxy);
    };
    if matches!(*method, Method::GET | Method::HEAD) { Ok(own) } else { Err(RouteError::MethodNotAllowed { path }) }
}

/// The methods of the gateway's own endpoints, as `allow` tells them.
pub const OWN_METHODS: &str = "GET, HEAD, OPTIONS";

/// The gateway's own endpoint at a path, with its route.
pub fn own_endpoint(path_and_query: &str) -> Option<(&'static str, Route)> {
    match path_of(path_and_query) {
        "/health" => Some(("/health", Route::Health)),
        "/backends" => Some(("/backends", Route::Backends)),
        _ => None,
    }
}

/// The backend or backends a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// One: the request is forwarded.
    One(BackendRef),
    /// Several different ones: their answers are compared.
    Several(Vec<BackendRef>),
    /// `*`, or `*@` and a location: all that are configured there.
    All(Location),
}

impl Choice {
    /// Whether a backend of the local registry is among them.
    pub fn has_local(&self) -> bool {
        match self {
            Choice::One(backend) => backend.location == Location::Local,
            Choice::Several(backends) => backends.iter().any(|backend| backend.location == Location::Local),
            Choice::All(location) => *location == Location::Local,
        }
    }
}

/// Reads `x-backend` and `x-backend-location`. Without `x-backend` the `label` of the host name counts, and without that the environment's default.
///
/// A field that is repeated with one and the same value counts once, in one line or in several (RFC 9110 §5.3 lets intermediaries join them). One line may
/// name several backends, each with a location of its own behind `@`; lines that differ contradict each other.
///
/// # Errors
/// [`SelectError`] when a field is empty, contradicts itself or is not ASCII, when the location is neither of its two values, or when there are
/// too many backends.
pub fn select(fields: &[Field], environment: Location, label: Option<&str>) -> Result<Choice, SelectError> {
    let location = match single(fields, X_BACKEND_LOCATION) {
        Single::Absent => environment,
        Single::Value(text) => Location::parse(text).ok_or_else(|| SelectError::Location(text.to_owned()))?,
        Single::Invalid(text) => return Err(SelectError::Location(text)),
    };
    match single(fields, X_BACKEND) {
        Single::Absent => member(label.unwrap_or(environment.default_backend()), location).map(Choice::One),
        Single::Value(id) => Ok(match member(id, location)? {
            BackendRef { id, location } if id == ALL => Choice::All(location),
            one => Choice::One(one),
        }),
        Single::Invalid(text) => several(fields, text, location),
    }
}

/// One member of `x-backend`: an id, or `id@location`.
fn member(text: &str, asked: Location) -> Result<BackendRef, SelectError> {
    let (id, location) = match text.split_once('@') {
        None => (text, Some(asked)),
        Some((id, own)) => (id, Location::parse(own)),
    };
    match location {
        Some(location) => Ok(BackendRef::new(id, location)),
        None => Err(SelectError::Backend { requested: text.to_owned(), location: asked }),
    }
}

/// Reads an `x-backend` that names more than one backend; `text` is all of it.
fn several(fields: &[Field], text: String, location: Location) -> Result<Choice, SelectError> {
    let mut lines = values(fields, X_BACKEND);
    let line = lines.next().unwrap_or_default();
    let alike = line.is_ascii() && lines.all(|other| other == line);
    let line = std::str::from_utf8(line).unwrap_or_default();
    let mut names = line.split(',').map(str::trim);
    // `*` among others would name them twice; an empty member is a mistake.
    if !alike || names.any(|name| name.is_empty() || name.split('@').next() == Some(ALL)) {
        return Err(SelectError::Backend { requested: text, location });
    }
    let mut members: Vec<BackendRef> = Vec::new();
    for name in line.split(',').map(str::trim) {
        let member = member(name, location)?;
        if !members.contains(&member) {
            members.push(member);
        }
        if members.len() > MAX_COMPARED_BACKENDS {
            return Err(SelectError::TooMany);
        }
    }
    match <[BackendRef; 1]>::try_from(members) {
        Ok([one]) => Ok(Choice::One(one)),
        Err(members) => Ok(Choice::Several(members)),
    }
}

/// Fields that select nothing, whatever is configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SelectError {
    /// `x-backend` cannot name a backend.
    #[error("x-backend is '{requested}'")]
    Backend {
        /// What was asked for, as text.
        requested: String,
        /// The registry whose ids the answer should list.
        location: Location,
    },
    /// `x-backend-location` is not valid; what was asked for.
    #[error("x-backend-location is '{0}'")]
    Location(String),
    /// `x-backend` names more than [`MAX_COMPARED_BACKENDS`].
    #[error("x-backend names more than {MAX_COMPARED_BACKENDS} backends")]
    TooMany,
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
            assert!(matches!(route(&Method::POST, path), Err(RouteError::MethodNotAllowed { .. })));
        }
        assert_eq!(route(&Method::CONNECT, "h:1"), Err(RouteError::Tunnel));
        for path in ["/tasks", "/health", "*"] {
            assert_eq!(route(&Method::TRACE, path), Err(RouteError::Trace), "{path}");
        }
        assert_eq!(route(&Method::GET, "*"), Err(RouteError::AsteriskTarget));
    }

    fn check(lines: &[(&str, &[u8])], environment: Location, expected: Result<(&str, Location), &str>) {
        let fields: Vec<Field> = lines.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        let got = select(&fields, environment, None);
        match expected {
            Ok((id, location)) => {
                assert_eq!(got, Ok(Choice::One(BackendRef::new(id, location))), "{lines:?}");
            }
            Err(text) => {
                let shown = match got {
                    Err(SelectError::Backend { requested, .. }) => format!("backend {requested}"),
                    Err(SelectError::Location(requested)) => format!("location {requested}"),
                    Err(SelectError::TooMany) => "too many".to_owned(),
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
        check(&[("x-backend", b"a@cloud")], Local, Ok(("a", Cloud)));
        check(&[("x-backend", b"a@cloud"), ("x-backend-location", b"local")], Cloud, Ok(("a", Cloud)));
        check(&[("x-backend", b"a@local, a")], Local, Ok(("a", Local)));
    }

    #[test]
    fn a_label_counts_where_the_field_is_absent() {
        use Location::{Cloud, Local};
        let one = |lines: &[(&str, &str)], environment, label| {
            let fields: Vec<Field> = lines.iter().map(|(name, value)| crate::fields::field(name, *value)).collect();
            match select(&fields, environment, label) {
                Ok(Choice::One(backend)) => backend.to_string(),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(one(&[], Local, Some("cf-d1")), "cf-d1@local");
        assert_eq!(one(&[("x-backend-location", "cloud")], Local, Some("cf-d1")), "cf-d1@cloud");
        assert_eq!(one(&[("x-backend", "go-chi")], Cloud, Some("cf-d1")), "go-chi@cloud");
        assert_eq!(one(&[], Cloud, None), "cf-d1@cloud");
        assert_eq!(one(&[], Local, Some("*")), "*@local", "a host name stands for one backend");
    }

    #[test]
    fn a_choice_knows_whether_a_local_backend_is_among_it() {
        use Location::{Cloud, Local};
        let (local, cloud) = (BackendRef::new("a", Local), BackendRef::new("a", Cloud));
        for (choice, expected) in [
            (Choice::One(local.clone()), true),
            (Choice::One(cloud.clone()), false),
            (Choice::Several(vec![cloud.clone(), local]), true),
            (Choice::Several(vec![cloud]), false),
            (Choice::All(Local), true),
            (Choice::All(Cloud), false),
        ] {
            assert_eq!(choice.has_local(), expected, "{choice:?}");
        }
    }

    #[test]
    fn selects_several() {
        use Location::{Cloud, Local};
        let check = |lines: &[&str], location: Option<&str>, expected: &[(&str, Location)]| {
            let mut fields: Vec<Field> = lines.iter().map(|line| crate::fields::field("x-backend", *line)).collect();
            fields.extend(location.map(|location| crate::fields::field("x-backend-location", location)));
            let expected: Vec<BackendRef> =
                expected.iter().map(|(id, location)| BackendRef::new(*id, *location)).collect();
            assert_eq!(select(&fields, Local, None), Ok(Choice::Several(expected)), "{lines:?}");
        };
        check(&["a,b"], None, &[("a", Local), ("b", Local)]);
        check(&[" b , a "], Some("cloud"), &[("b", Cloud), ("a", Cloud)]);
        check(&["a,b", "a,b"], None, &[("a", Local), ("b", Local)]);
        check(&["a,b,a"], None, &[("a", Local), ("b", Local)]);
        check(&["a,a@cloud"], None, &[("a", Local), ("a", Cloud)]);
        check(&["a@local,b"], Some("cloud"), &[("a", Local), ("b", Cloud)]);
        let all = |fields: &[Field]| select(fields, Local, None);
        for (text, expected) in [("*", Local), ("*@local", Local), ("*@cloud", Cloud), ("*@cloud, *@cloud", Cloud)] {
            assert_eq!(all(&[crate::fields::field("x-backend", text)]), Ok(Choice::All(expected)), "{text}");
        }
        let many = |count: usize| (0..count).map(|i| format!("b{i}")).collect::<Vec<_>>().join(",");
        assert!(matches!(all(&[crate::fields::field("x-backend", many(16))]), Ok(Choice::Several(s)) if s.len() == 16));
        assert_eq!(all(&[crate::fields::field("x-backend", many(17))]), Err(SelectError::TooMany));
    }

    #[test]
    fn refuses() {
        use Location::Local;
        check(&[("x-backend", b"")], Local, Err("backend "));
        check(&[("x-backend", b"a"), ("x-backend", b"b")], Local, Err("backend a, b"));
        check(&[("x-backend", b"a,b"), ("x-backend", b"b,a")], Local, Err("backend a,b, b,a"));
        check(&[("x-backend", b"a,*")], Local, Err("backend a,*"));
        check(&[("x-backend", b"*,*@cloud")], Local, Err("backend *,*@cloud"));
        check(&[("x-backend", b"*@local,*@cloud")], Local, Err("backend *@local,*@cloud"));
        check(&[("x-backend", b"*@moon")], Local, Err("backend *@moon"));
        check(&[("x-backend", b"*@")], Local, Err("backend *@"));
        check(&[("x-backend", b"a@moon")], Local, Err("backend a@moon"));
        check(&[("x-backend", b"a,b@")], Local, Err("backend b@"));
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
