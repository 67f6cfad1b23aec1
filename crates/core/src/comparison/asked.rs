//! What a request that is to be compared asks for: `x-backend: bun-sqlite,cf-d1` or `x-backend: *`, and `x-shootout-runs`.

use crate::backend::reference::Location;
use crate::config::{ConfigError, SHOOTOUT};
use crate::fields::{Field, field, values};
use crate::limits::MAX_RUNS;
use crate::request::route::X_BACKEND;
use crate::response::error::bad_request::BadRequest;
use http::Method;

/// How often each backend is asked: 1 to 50, default 1.
pub const X_SHOOTOUT_RUNS: &str = "x-shootout-runs";

/// Whether a request with this method may be carried out several times.
///
/// # Errors
/// It could write, and would do so once for each backend.
pub fn check_method(method: &Method) -> Result<(), BadRequest> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    Err(BadRequest::ComparedMethod)
}

/// How many rounds are asked for; one where the field is absent.
///
/// # Errors
/// No number from 1 to 50, or lines that differ.
pub fn runs(fields: &[Field]) -> Result<usize, BadRequest> {
    let mut lines = values(fields, X_SHOOTOUT_RUNS);
    let Some(first) = lines.next() else {
        return Ok(1);
    };
    std::str::from_utf8(first)
        .ok()
        .map(str::trim)
        .filter(|text| lines.all(|other| other == first) && text.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .filter(|runs| (1..=MAX_RUNS).contains(runs))
        .ok_or(BadRequest::Runs)
}

/// The most exchanges of one comparison, as the operator allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeLimit(usize);

impl ExchangeLimit {
    /// Reads the value of `shootout`: `off`, a number, or `auto`, which is the default: 800 exchanges (16 backends, 50 rounds) in the local environment, 40 in the
    /// cloud, where platforms limit the requests that one request may make.
    ///
    /// # Errors
    /// Anything else, zero too.
    pub fn parse(value: Option<&str>, environment: Location) -> Result<Self, ConfigError> {
        let text = match value.map(str::trim) {
            None | Some("" | "auto") => {
                return Ok(ExchangeLimit(match environment {
                    Location::Local => 800,
                    Location::Cloud => 40,
                }));
            }
            Some("off") => return Ok(ExchangeLimit(0)),
            Some(text) => text,
        };
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|number| digits && *number > 0).map(ExchangeLimit).ok_or_else(|| {
            ConfigError::variable(SHOOTOUT, format!("must be 'auto', 'off' or a number of exchanges, not '{text}'"))
        })
    }

    /// Whether any comparison is allowed.
    ///
    /// # Errors
    /// [`BadRequest::ShootoutOff`].
    pub fn check_on(self) -> Result<(), BadRequest> {
        if self.0 == 0 { Err(BadRequest::ShootoutOff) } else { Ok(()) }
    }

    /// Whether a comparison of so many backends and rounds is allowed.
    ///
    /// # Errors
    /// [`BadRequest::TooManyExchanges`].
    pub fn check(self, backends: usize, rounds: usize) -> Result<(), BadRequest> {
        let asked = backends.saturating_mul(rounds);
        if asked > self.0 { Err(BadRequest::TooManyExchanges { asked, limit: self.0 }) } else { Ok(()) }
    }
}

/// The order in which `backends` backends are asked in `round`, both counted from zero: each round begins one further.
pub fn order(backends: usize, round: usize) -> impl Iterator<Item = usize> {
    let first = round.checked_rem(backends).unwrap_or_default();
    (first..backends).chain(0..first)
}

/// The fields for the backend `id`, of those it would get if it were asked alone: its own id, no runs, and no encoding, which would hide what
/// there is to compare.
pub fn to_backend(mut fields: Vec<Field>, id: &str) -> Vec<Field> {
    let replaced = [X_BACKEND, X_SHOOTOUT_RUNS, "accept-encoding"];
    fields.retain(|(name, _)| !replaced.iter().any(|replaced| name.eq_ignore_ascii_case(replaced)));
    fields.push(field("accept-encoding", "identity"));
    fields.push(field(X_BACKEND, id));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_COMPARED_BACKENDS;

    #[test]
    fn runs_are_one_to_fifty() {
        let check =
            |lines: &[&str]| runs(&lines.iter().map(|line| field("X-Shootout-Runs", *line)).collect::<Vec<_>>());
        assert_eq!(check(&[]), Ok(1));
        assert_eq!(check(&["1"]), Ok(1));
        assert_eq!(check(&[" 50 "]), Ok(50));
        assert_eq!(check(&["7", "7"]), Ok(7));
        for bad in [
            &["0"][..],
            &["51"],
            &["-1"],
            &["+2"],
            &["x"],
            &[""],
            &["1.5"],
            &["2,2"],
            &["1", "2"],
            &["9".repeat(99).as_str()],
        ] {
            assert_eq!(check(bad), Err(BadRequest::Runs), "{bad:?}");
        }
    }

    #[test]
    fn the_operator_bounds_comparisons() {
        use Location::{Cloud, Local};
        let limit = |value, environment| ExchangeLimit::parse(value, environment).unwrap();
        for (value, environment, most) in
            [(None, Local, 800), (Some("auto"), Local, 800), (Some(""), Cloud, 40), (Some(" 7 "), Local, 7)]
        {
            let limit = limit(value, environment);
            assert_eq!((limit.check_on(), limit.check(1, most)), (Ok(()), Ok(())), "{value:?}");
            let asked = most.saturating_add(1);
            assert_eq!(limit.check(asked, 1), Err(BadRequest::TooManyExchanges { asked, limit: most }), "{value:?}");
        }
        assert_eq!(limit(Some("off"), Local).check_on(), Err(BadRequest::ShootoutOff));
        for value in ["0", "-1", "+1", "on", "1.5", "99999999999999999999999"] {
            let error = ExchangeLimit::parse(Some(value), Local).unwrap_err().to_string();
            assert!(error.starts_with("variable 'shootout' must be"), "{error}");
        }
    }

    #[test]
    fn only_methods_that_do_not_write_are_sent_several_times() {
        for (method, fine) in
            [("GET", true), ("HEAD", true), ("POST", false), ("PUT", false), ("DELETE", false), ("QUERY", false)]
        {
            assert_eq!(check_method(&Method::from_bytes(method.as_bytes()).unwrap()).is_ok(), fine, "{method}");
        }
    }

    #[test]
    fn each_round_begins_one_further() {
        assert_eq!(order(3, 0).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(order(3, 1).collect::<Vec<_>>(), [1, 2, 0]);
        assert_eq!(order(3, 5).collect::<Vec<_>>(), [2, 0, 1]);
        assert_eq!(order(0, 5).count(), 0);
        // Over as many rounds as there are backends, each is once at each place.
        for backends in 1..=MAX_COMPARED_BACKENDS {
            for place in 0..backends {
                let mut seen: Vec<_> = (0..backends).map(|round| order(backends, round).nth(place).unwrap()).collect();
                seen.sort_unstable();
                assert_eq!(seen, (0..backends).collect::<Vec<_>>(), "place {place} of {backends}");
            }
        }
    }

    #[test]
    fn each_backend_is_asked_for_itself_and_uncompressed() {
        let request = vec![
            field("Accept-Encoding", "gzip"),
            field("x-backend", "a,b"),
            field("x-shootout-runs", "3"),
            field("x-other", "1"),
        ];
        let expected = [field("x-other", "1"), field("accept-encoding", "identity"), field("x-backend", "b")];
        assert_eq!(to_backend(request, "b"), expected);
    }
}
