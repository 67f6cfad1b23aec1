//! Values on the command line that are more than a text: pairs, headers, durations. The errors are for clap, which names the flag.

use std::path::PathBuf;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};

/// A name and where its value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) value: PairValue,
}

/// The value itself, or the file that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PairValue {
    Text(String),
    File(PathBuf),
}

/// `name=value` or `name=@file`; the value may be empty.
pub(crate) fn pair(text: &str) -> Result<Pair, String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE or NAME=@FILE")?;
    if name.is_empty() {
        return Err("the name before '=' is empty".to_owned());
    }
    let value = match value.strip_prefix('@') {
        Some(file) => PairValue::File(PathBuf::from(file)),
        None => PairValue::Text(value.to_owned()),
    };
    Ok(Pair { name: name.to_owned(), value })
}

/// Fields that the command or the connection sets, and what to write instead.
const RESERVED: [(&str, &str); 6] = [
    ("x-backend", "use --backends"),
    ("x-backend-location", "use --location"),
    ("x-shootout-runs", "use --runs"),
    ("content-length", "the request has no body"),
    ("transfer-encoding", "the request has no body"),
    ("connection", "it belongs to the connection"),
];

/// `name: value`.
pub(crate) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("expected 'name: value'")?;
    let name: HeaderName = name.trim().parse().map_err(|_| format!("'{}' is no name of a header", name.trim()))?;
    if let Some((_, instead)) = RESERVED.iter().find(|(reserved, _)| name == *reserved) {
        return Err(format!("{name} cannot be set here: {instead}"));
    }
    let value =
        HeaderValue::from_str(value.trim()).map_err(|_| format!("the value of {name} holds control characters"))?;
    Ok((name, value))
}

/// A number from 1 on.
pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1 is needed".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("not a number".to_owned()),
    }
}

/// `30s`, `1500ms` or plain seconds, as the gateway reads its own settings.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    gateway_core::config::duration(text)
        .ok_or_else(|| "expected a time such as 30s, 1500ms or 30 (seconds), at most a day".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs() {
        let text =
            |name: &str, value: &str| Ok(Pair { name: name.to_owned(), value: PairValue::Text(value.to_owned()) });
        assert_eq!(pair("a=b=c"), text("a", "b=c"));
        assert_eq!(pair("a="), text("a", ""));
        assert_eq!(pair("a=@f"), Ok(Pair { name: "a".to_owned(), value: PairValue::File(PathBuf::from("f")) }));
        assert!(pair("a").is_err() && pair("=b").is_err());
    }

    #[test]
    fn headers() {
        let (name, value) = header("Accept : application/json ").unwrap();
        assert_eq!((name.as_str(), value.as_bytes()), ("accept", &b"application/json"[..]));
        for (text, says) in [
            ("accept", "name: value"),
            ("a b: c", "'a b'"),
            ("a: b\nc: d", "control characters"),
            ("X-Backend: a", "--backends"),
            ("x-backend-location: cloud", "--location"),
            ("x-shootout-runs: 3", "--runs"),
            ("content-length: 3", "no body"),
        ] {
            let error = header(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn durations() {
        for (text, millis) in [("30s", 30_000), ("1500ms", 1_500), ("5", 5_000), (" 2 s ", 2_000), ("0", 0), ("0ms", 0)]
        {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text:?}");
        }
        for text in ["", "s", "ms", "-1", "+1", "1.5s", "1m", "s30", "86401", "18446744073709551616"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }
}
