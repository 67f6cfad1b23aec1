//! Cross-origin resource sharing (the Fetch standard's CORS protocol). The gateway decides alone whose pages may read its answers: every origin's, without
//! credentials, or those of a list, with them. A backend's own `access-control-*` fields are replaced, what it exposes is merged.

use crate::authority::host_and_port;
use crate::config::{CORS_ORIGINS, ConfigError};
use crate::fields::{Field, field, is_token, list, values};

/// Methods named in `access-control-allow-methods`.
pub const ALLOW_METHODS: &str = "GET, POST, PUT, DELETE, PATCH, OPTIONS";

/// Request fields that are always allowed.
const ALLOW_HEADERS: &str = "Content-Type, x-backend";

/// The gateway's own response fields that scripts may read.
const EXPOSE_HEADERS: &str = "*, x-gateway-backend, x-request-id, server-timing, proxy-status, retry-after";

/// How long browsers may remember a preflight, in seconds: a day (browsers cut it down to their own limit).
const MAX_AGE: &str = "86400";

/// The most fields a preflight may ask for; browsers send a handful.
const MAX_REQUESTED_FIELDS: usize = 64;

/// The most fields of a backend that are named; `*` exposes the others to requests without credentials.
const MAX_EXPOSED_FIELDS: usize = 64;

/// What an answer to a preflight names at most, in bytes: fields that are too large would trap the component.
const MAX_ALLOWED_BYTES: usize = 16 * 1024;

/// Whose pages may read an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// Everybody's; browsers then keep the answer to a request with credentials from the page.
    Any,
    /// This one's, as the request spells it, with credentials too.
    Listed(String),
    /// Not those of the request's origin: it is not in the list, or there is none.
    Unlisted,
}

impl AllowedOrigin {
    /// Judges the origin of a request by the value of `cors_origins`: `*`, which is the default, or a comma-separated list of origins.
    ///
    /// # Errors
    /// A member of the list is no origin.
    pub fn of(request: &[Field], setting: Option<&str>) -> Result<Self, ConfigError> {
        let setting = match setting.map(str::trim) {
            None | Some("" | "*") => return Ok(AllowedOrigin::Any),
            Some(setting) => setting,
        };
        let mut lines = values(request, "origin");
        let asked = lines.next().filter(|_| lines.next().is_none()).and_then(|origin| std::str::from_utf8(origin).ok());
        let wanted = asked.and_then(origin);
        let mut listed = false;
        for member in setting.split(',').map(str::trim) {
            let Some(member) = origin(member.strip_suffix('/').unwrap_or(member)) else {
                let expected = "must be '*' or a list of origins such as https://app.example or http://localhost:5173";
                return Err(ConfigError::variable(CORS_ORIGINS, format!("{expected}; '{member}' is none")));
            };
            listed |= wanted.as_ref() == Some(&member);
        }
        Ok(match asked {
            Some(asked) if listed => AllowedOrigin::Listed(asked.to_owned()),
            _ => AllowedOrigin::Unlisted,
        })
    }

    /// Adds `access-control-allow-origin` and what belongs to it.
    fn push(&self, out: &mut Vec<Field>) {
        match self {
            AllowedOrigin::Any => out.push(field("access-control-allow-origin", "*")),
            AllowedOrigin::Listed(origin) => out.extend([
                field("access-control-allow-origin", origin),
                field("access-control-allow-credentials", "true"),
                field("vary", "origin"),
            ]),
            AllowedOrigin::Unlisted => out.push(field("vary", "origin")),
        }
    }
}

/// An origin in lower case, without the port that its scheme has anyway; `None` for anything else, `null` too.
fn origin(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (scheme, rest) = text.split_once("://")?;
    let (host, port) = host_and_port(rest)?;
    let port = port.filter(|port| !matches!((scheme, *port), ("http", 80) | ("https", 443)));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    is_token(scheme).then(|| format!("{scheme}://{host}{port}"))
}

/// The value of `access-control-expose-headers` for a response with `fields`: the gateway's own names, then those that the backend exposes. With credentials
/// `*` is a name like any other, so the fields themselves are named.
pub fn exposed(fields: &[Field], allowed: &AllowedOrigin) -> String {
    let mut exposed = EXPOSE_HEADERS.to_owned();
    let mut push = |name: &str| {
        if exposed.len().saturating_add(name.len()) <= MAX_ALLOWED_BYTES {
            push_unique(&mut exposed, name);
        }
    };
    list(fields, "access-control-expose-headers").take(MAX_EXPOSED_FIELDS).for_each(&mut push);
    if let AllowedOrigin::Listed(_) = allowed {
        let own = fields.iter().map(|(name, _)| name.as_str());
        own.filter(|name| !is_hidden(name)).take(MAX_EXPOSED_FIELDS).for_each(&mut push);
    }
    exposed
}

/// Whether a page cannot, or need not, be shown a field: browsers keep cookies to themselves.
fn is_hidden(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "set-cookie" || name.starts_with("access-control-")
}

/// Adds the CORS fields of an ordinary response.
pub fn push_response_fields(exposed: String, allowed: &AllowedOrigin, out: &mut Vec<Field>) {
    allowed.push(out);
    if *allowed != AllowedOrigin::Unlisted {
        out.extend([
            field("access-control-allow-methods", ALLOW_METHODS),
            field("access-control-allow-headers", ALLOW_HEADERS),
            field("access-control-expose-headers", exposed),
        ]);
    }
}

/// The CORS fields of the answer to a preflight: the fields it asks for are allowed beside the fixed ones.
pub fn preflight_fields(request: &[Field], allowed_origin: &AllowedOrigin) -> Vec<Field> {
    let mut allowed = ALLOW_HEADERS.to_owned();
    for name in list(request, "access-control-request-headers").take(MAX_REQUESTED_FIELDS) {
        if allowed.len().saturating_add(name.len()) <= MAX_ALLOWED_BYTES {
            push_unique(&mut allowed, name);
        }
    }
    let mut out = Vec::new();
    allowed_origin.push(&mut out);
    if *allowed_origin != AllowedOrigin::Unlisted {
        out.extend([
            field("access-control-allow-methods", ALLOW_METHODS),
            field("access-control-allow-headers", allowed),
            field("access-control-max-age", MAX_AGE),
        ]);
    }
    out
}

fn push_unique(names: &mut String, name: &str) {
    if is_token(name) && !names.split(',').any(|other| other.trim_ascii_start().eq_ignore_ascii_case(name)) {
        names.push_str(", ");
        names.push_str(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::last_str;

    #[test]
    fn a_preflight_gets_what_it_asks_for_once_each() {
        let request = [
            field("access-control-request-headers", "content-type, X-Backend, x-backend-location,authorization"),
            field("access-control-request-headers", "authorization, bad name, \"x\""),
        ];
        let fields = preflight_fields(&request, &AllowedOrigin::Any);
        assert_eq!(
            last_str(&fields, "access-control-allow-headers"),
            Some("Content-Type, x-backend, x-backend-location, authorization")
        );
        assert_eq!(last_str(&fields, "access-control-max-age"), Some("86400"));
        assert_eq!(
            last_str(&preflight_fields(&[], &AllowedOrigin::Any), "access-control-allow-headers"),
            Some("Content-Type, x-backend")
        );
    }

    #[test]
    fn a_preflight_of_any_size_gets_an_answer_that_hosts_take() {
        let huge = "x".repeat(100_000);
        let asked = format!("{huge}, authorization, {huge}");
        let fields = preflight_fields(&[field("access-control-request-headers", asked)], &AllowedOrigin::Any);
        assert_eq!(last_str(&fields, "access-control-allow-headers"), Some("Content-Type, x-backend, authorization"));
    }

    #[test]
    fn what_a_backend_exposes_is_merged() {
        let backend = [field("Access-Control-Expose-Headers", "X-Total, x-request-id, etag")];
        assert_eq!(
            exposed(&backend, &AllowedOrigin::Any),
            "*, x-gateway-backend, x-request-id, server-timing, proxy-status, retry-after, X-Total, etag"
        );
        let many = (0..30_000).map(|n| format!("x-{n}")).collect::<Vec<_>>().join(",");
        assert!(
            exposed(&[field("access-control-expose-headers", many)], &AllowedOrigin::Any).len() < 1_000,
            "a long list costs nothing"
        );
        let mut fields = Vec::new();
        push_response_fields(exposed(&[], &AllowedOrigin::Any), &AllowedOrigin::Any, &mut fields);
        assert_eq!(fields.iter().filter(|(name, _)| name == "access-control-allow-origin").count(), 1);
    }

    fn judged(origin: &[&str], setting: Option<&str>) -> AllowedOrigin {
        let request: Vec<_> = origin.iter().map(|origin| field("Origin", *origin)).collect();
        AllowedOrigin::of(&request, setting).unwrap()
    }

    #[test]
    fn a_listed_origin_is_told_so_in_its_own_spelling() {
        let list = Some("https://app.example, http://localhost:5173/ ,HTTPS://Other.example:443");
        for origin in
            ["https://app.example", "http://localhost:5173", "https://other.example", "https://APP.example:443"]
        {
            assert_eq!(judged(&[origin], list), AllowedOrigin::Listed(origin.to_owned()));
            assert_eq!(judged(&[origin], None), AllowedOrigin::Any);
            assert_eq!(judged(&[origin], Some(" * ")), AllowedOrigin::Any);
        }
        for origin in [
            "https://app.example.evil",
            "http://app.example",
            "https://app.example:444",
            "null",
            "",
            "https://evil/https://app.example",
        ] {
            assert_eq!(judged(&[origin], list), AllowedOrigin::Unlisted, "{origin}");
        }
        assert_eq!(judged(&[], list), AllowedOrigin::Unlisted);
        assert_eq!(judged(&["https://app.example", "https://app.example"], list), AllowedOrigin::Unlisted, "twice");
    }

    #[test]
    fn what_is_no_origin_is_named() {
        for setting in [
            "app.example",
            "https://app.example/path",
            "*,https://a.example",
            "https://*.example",
            "null",
            "https://a.example,",
        ] {
            let error = AllowedOrigin::of(&[], Some(setting)).unwrap_err().to_string();
            assert!(error.starts_with("variable 'cors_origins' must be '*' or a list"), "{setting}: {error}");
        }
    }

    #[test]
    fn credentials_are_for_listed_origins_alone() {
        let listed = AllowedOrigin::Listed("https://app.example".to_owned());
        let backend =
            [field("etag", "\"1\""), field("set-cookie", "a=1"), field("X-Total", "2"), field("etag", "\"1\"")];
        let exposed = exposed(&backend, &listed);
        assert!(exposed.ends_with("retry-after, etag, X-Total"), "{exposed}");
        for fields in [preflight_fields(&[], &listed), {
            let mut out = Vec::new();
            push_response_fields(exposed, &listed, &mut out);
            out
        }] {
            assert_eq!(last_str(&fields, "access-control-allow-origin"), Some("https://app.example"));
            assert_eq!(last_str(&fields, "access-control-allow-credentials"), Some("true"));
            assert_eq!(last_str(&fields, "vary"), Some("origin"));
        }
        for fields in [preflight_fields(&[], &AllowedOrigin::Unlisted), {
            let mut out = Vec::new();
            push_response_fields(String::new(), &AllowedOrigin::Unlisted, &mut out);
            out
        }] {
            assert_eq!(fields, [field("vary", "origin")], "nothing is allowed, and caches are told why");
        }
    }
}
