//! How many exchanges the operator allows one comparison: the variable `shootout`.

use gateway_core::backend::reference::Location;
use gateway_core::config::{ConfigError, SHOOTOUT};
use gateway_core::response::error::bad_request::BadRequest;

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

    /// How many rounds of so many backends are allowed.
    pub fn rounds(self, backends: usize) -> usize {
        self.0.checked_div(backends).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_bounds_comparisons() {
        use Location::{Cloud, Local};
        let limit = |value, environment| ExchangeLimit::parse(value, environment).unwrap();
        for (value, environment, most) in
            [(None, Local, 800), (Some("auto"), Local, 800), (Some(""), Cloud, 40), (Some(" 7 "), Local, 7)]
        {
            let limit = limit(value, environment);
            assert_eq!((limit.check_on(), limit.check(1, most)), (Ok(()), Ok(())), "{value:?}");
            assert_eq!((limit.rounds(3), limit.rounds(0)), (most / 3, 0), "{value:?}");
            let asked = most.saturating_add(1);
            assert_eq!(limit.check(asked, 1), Err(BadRequest::TooManyExchanges { asked, limit: most }), "{value:?}");
        }
        assert_eq!(limit(Some("off"), Local).check_on(), Err(BadRequest::ShootoutOff));
        for value in ["0", "-1", "+1", "on", "1.5", "99999999999999999999999"] {
            let error = ExchangeLimit::parse(Some(value), Local).unwrap_err().to_string();
            assert!(error.starts_with("variable 'shootout' must be"), "{error}");
        }
    }
}
