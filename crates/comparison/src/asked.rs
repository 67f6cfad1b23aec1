//! What a request for a comparison asks for: `x-backend: bun-sqlite,cf-d1` or `x-backend: *`, and the fields `x-shootout-*`.

use super::ignore::Ignore;
use gateway_core::backend::reference::BackendRef;
use gateway_core::fields::{Field, field, values};
use gateway_core::limits::{MAX_RUNS, MAX_WARMUP};
use gateway_core::request::route::X_BACKEND;
use gateway_core::response::error::MAX_REPEATED;
use gateway_core::response::error::bad_request::{BadRequest, X_SHOOTOUT_METHOD};
use gateway_core::text::shorten;
use http::Method;

/// How often each backend is asked and measured: 1 to 50, default 1.
pub const X_SHOOTOUT_RUNS: &str = "x-shootout-runs";
/// Rounds before those, neither measured nor compared: 0 to 5, default 1 where there is more than one run.
pub const X_SHOOTOUT_WARMUP: &str = "x-shootout-warmup";
/// What is not compared, see [`Ignore::parse`].
pub const X_SHOOTOUT_IGNORE: &str = "x-shootout-ignore";
/// The backend that the others are compared with, as `id` or `id@location`.
pub const X_SHOOTOUT_REFERENCE: &str = "x-shootout-reference";

/// The fields that shape a comparison; none of them reaches a backend.
const OWN: [&str; 5] = [X_SHOOTOUT_RUNS, X_SHOOTOUT_WARMUP, X_SHOOTOUT_METHOD, X_SHOOTOUT_IGNORE, X_SHOOTOUT_REFERENCE];

/// A comparison as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparisonRequest {
    /// Measured rounds.
    pub runs: usize,
    /// Rounds before them; `None` where the client leaves that to the gateway, see [`ComparisonRequest::warmup`].
    warmup: Option<usize>,
    /// GET or HEAD.
    pub method: Method,
    /// What is not compared.
    pub ignore: Ignore,
    /// The backend that the others are compared with, as text; `None` where the answers decide.
    reference: Option<String>,
}

impl ComparisonRequest {
    /// Reads the request of a client. An absent field has its default.
    ///
    /// # Errors
    /// A method other than GET, and fields that are not valid or whose lines differ.
    #[inline(never)]
    pub fn read(method: &Method, fields: &[Field]) -> Result<Self, BadRequest> {
        match *method {
            Method::GET => {}
            Method::HEAD => return Err(BadRequest::ComparedHead),
            _ => return Err(BadRequest::ComparedMethod),
        }
        let number = |name, range: std::ops::RangeInclusive<usize>, wrong| match single(fields, name) {
            None => Ok(None),
            Some(text) => text
                .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|text| text.parse().ok())
                .filter(|number| range.contains(number))
                .ok_or(wrong)
                .map(Some),
        };
        Ok(ComparisonRequest {
            runs: number(X_SHOOTOUT_RUNS, 1..=MAX_RUNS, BadRequest::Runs)?.unwrap_or(1),
            warmup: number(X_SHOOTOUT_WARMUP, 0..=MAX_WARMUP, BadRequest::Warmup)?,
            method: match single(fields, X_SHOOTOUT_METHOD) {
                None => Method::GET,
                Some(Some(text)) if text.eq_ignore_ascii_case("GET") => Method::GET,
                Some(Some(text)) if text.eq_ignore_ascii_case("HEAD") => Method::HEAD,
                Some(_) => return Err(BadRequest::ShootoutMethod),
            },
            ignore: rules(fields)?,
            reference: match single(fields, X_SHOOTOUT_REFERENCE) {
                None => None,
                Some(Some(text)) if !text.is_empty() => Some(text.to_owned()),
                Some(text) => return Err(BadRequest::Reference { asked: text.unwrap_or_default().to_owned() }),
            },
        })
    }

    /// How many rounds come before the measured ones, where `room` says how many rounds there may be in all: what the client asks for, otherwise one if
    /// there is more than one measured round and room for it.
    pub fn warmup(&self, room: usize) -> usize {
        self.warmup.unwrap_or_else(|| usize::from(self.runs > 1 && self.runs < room))
    }

    /// The place of the reference among `backends`; `None` where none is asked for.
    ///
    /// # Errors
    /// It is not among them.
    pub fn reference(&self, backends: &[&BackendRef]) -> Result<Option<usize>, BadRequest> {
        let Some(asked) = &self.reference else {
            return Ok(None);
        };
        let place = backends.iter().position(|backend| backend.id == *asked || backend.to_string() == *asked);
        place.map(Some).ok_or_else(|| BadRequest::Reference { asked: shorten(asked, MAX_REPEATED) })
    }
}

/// The value of a field: `None` where it is absent, `Some(None)` where it is not text or its lines differ.
fn single<'a>(fields: &'a [Field], name: &'a str) -> Option<Option<&'a str>> {
    let mut lines = values(fields, name);
    let first = lines.next()?;
    let text = std::str::from_utf8(first).ok().map(str::trim);
    Some(text.filter(|_| lines.all(|other| other == first)))
}

/// The rules of all lines together.
fn rules(fields: &[Field]) -> Result<Ignore, BadRequest> {
    let lines: Option<Vec<&str>> =
        values(fields, X_SHOOTOUT_IGNORE).map(|line| std::str::from_utf8(line).ok()).collect();
    let lines = lines.ok_or_else(|| BadRequest::Ignore { rule: String::new() })?;
    Ignore::parse(&lines.join(",")).map_err(|rule| BadRequest::Ignore { rule: shorten(&rule, MAX_REPEATED) })
}

/// The fields for the backend `id`, of those it would get if it were asked alone: its own id, nothing about the comparison, and no encoding, which would hide
/// what there is to compare.
pub fn to_backend(mut fields: Vec<Field>, id: &str) -> Vec<Field> {
    let replaced = [X_BACKEND, "accept-encoding"];
    fields.retain(|(name, _)| !replaced.iter().chain(&OWN).any(|replaced| name.eq_ignore_ascii_case(replaced)));
    fields.push(field("accept-encoding", "identity"));
    fields.push(field(X_BACKEND, id));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway_core::backend::reference::Location::{Cloud, Local};

    fn read(lines: &[(&str, &str)]) -> Result<ComparisonRequest, BadRequest> {
        ComparisonRequest::read(
            &Method::GET,
            &lines.iter().map(|(name, value)| field(name, *value)).collect::<Vec<_>>(),
        )
    }

    #[test]
    fn runs_are_one_to_fifty() {
        for (lines, expected) in [(&[][..], 1), (&["1"], 1), (&[" 50 "], 50), (&["7", "7"], 7)] {
            let lines: Vec<_> = lines.iter().map(|line| ("X-Shootout-Runs", *line)).collect();
            assert_eq!(read(&lines).map(|asked| asked.runs), Ok(expected), "{lines:?}");
        }
        let long = "9".repeat(99);
        for bad in [&["0"][..], &["51"], &["-1"], &["+2"], &["x"], &[""], &["1.5"], &["2,2"], &["1", "2"], &[&long]] {
            let lines: Vec<_> = bad.iter().map(|line| ("x-shootout-runs", *line)).collect();
            assert_eq!(read(&lines), Err(BadRequest::Runs), "{bad:?}");
        }
    }

    #[test]
    fn warmup_is_one_round_where_several_are_measured_and_there_is_room() {
        for (runs, warmup, room, expected) in
            [("1", None, 9, 0), ("2", None, 9, 1), ("9", None, 9, 0), ("2", Some("0"), 9, 0), ("1", Some("5"), 1, 5)]
        {
            let lines: Vec<_> = [("x-shootout-runs", runs)]
                .into_iter()
                .chain(warmup.map(|rounds| ("x-shootout-warmup", rounds)))
                .collect();
            assert_eq!(read(&lines).unwrap().warmup(room), expected, "{lines:?}");
        }
        for bad in ["6", "-1", "", "x"] {
            assert_eq!(read(&[("x-shootout-warmup", bad)]), Err(BadRequest::Warmup), "{bad}");
        }
    }

    #[test]
    fn backends_are_asked_with_get_or_head_and_the_comparison_with_get() {
        assert_eq!(read(&[("x-shootout-method", "HEAD")]).unwrap().method, Method::HEAD);
        assert_eq!(read(&[("x-shootout-method", "get")]).unwrap().method, Method::GET);
        for bad in ["POST", "", "GET, HEAD"] {
            assert_eq!(read(&[("x-shootout-method", bad)]), Err(BadRequest::ShootoutMethod), "{bad}");
        }
        assert_eq!(ComparisonRequest::read(&Method::HEAD, &[]), Err(BadRequest::ComparedHead));
        for method in ["POST", "PUT", "DELETE", "QUERY"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(ComparisonRequest::read(&method, &[]), Err(BadRequest::ComparedMethod), "{method}");
        }
    }

    #[test]
    fn the_reference_is_one_of_those_compared() {
        let backends = [&BackendRef::new("a", Local), &BackendRef::new("b", Local), &BackendRef::new("b", Cloud)];
        for (asked, expected) in [("a", Some(0)), ("b", Some(1)), ("b@cloud", Some(2)), ("c", None), ("a@cloud", None)]
        {
            let place = read(&[("x-shootout-reference", asked)]).unwrap().reference(&backends);
            assert_eq!(place.ok().flatten(), expected, "{asked}");
        }
        assert_eq!(read(&[]).unwrap().reference(&backends), Ok(None));
        assert!(matches!(read(&[("x-shootout-reference", "")]), Err(BadRequest::Reference { .. })));
    }

    #[test]
    fn rules_of_several_lines_count_together() {
        let asked = read(&[("x-shootout-ignore", "/a"), ("x-shootout-ignore", "/b, header:etag")]).unwrap();
        assert_eq!(asked.ignore, Ignore::parse("/a,/b,header:etag").unwrap());
        assert_eq!(read(&[("x-shootout-ignore", "/a, b")]), Err(BadRequest::Ignore { rule: "b".into() }));
    }

    #[test]
    fn each_backend_is_asked_for_itself_and_uncompressed() {
        let mut request: Vec<_> = OWN.iter().map(|name| field(name, "1")).collect();
        request.extend([field("Accept-Encoding", "gzip"), field("x-backend", "a,b"), field("x-other", "1")]);
        let expected = [field("x-other", "1"), field("accept-encoding", "identity"), field("x-backend", "b")];
        assert_eq!(to_backend(request, "b"), expected);
    }
}
