//! Values on the command line that are more than a text: pairs, headers, durations. The errors are for clap, which names the flag.

use std::path::PathBuf;
use std::time::Duration;

use gateway_comparison::asked::{X_SHOOTOUT_IGNORE, X_SHOOTOUT_REFERENCE, X_SHOOTOUT_RUNS, X_SHOOTOUT_WARMUP};
use gateway_comparison::ignore::Ignore;
use gateway_core::response::error::bad_request::X_SHOOTOUT_METHOD;
use hyper::header::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

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
const RESERVED: [(&str, &str); 10] = [
    ("x-backend", "use --backends"),
    ("x-backend-location", "use --location"),
    (X_SHOOTOUT_RUNS, "use --runs"),
    (X_SHOOTOUT_WARMUP, "use --warmup"),
    (X_SHOOTOUT_METHOD, "use --method"),
    (X_SHOOTOUT_IGNORE, "use --ignore"),
    (X_SHOOTOUT_REFERENCE, "use --reference"),
    ("content-length", "the request has no body"),
    ("transfer-encoding", "the request has no body"),
    ("connection", "it belongs to the connection"),
];

/// What a URI fragment has to encode so that it means the text as it is written.
const LITERAL: &AsciiSet = &CONTROLS.add(b'%');

/// `name: value`.
pub(crate) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("expected 'name: value'")?;
    let name: HeaderName = name.trim().parse().map_err(|_| format!("'{}' is not the name of a header", name.trim()))?;
    if let Some((_, instead)) = RESERVED.iter().find(|(reserved, _)| name == *reserved) {
        return Err(format!("{name} cannot be set here: {instead}"));
    }
    if name.as_str().starts_with("x-shootout-") {
        return Err(format!(
            "{name} cannot be set here: x-shootout- fields are for the gateway; --help lists the flags"
        ));
    }
    let value =
        HeaderValue::from_str(value.trim()).map_err(|_| format!("the value of {name} contains control characters"))?;
    Ok((name, value))
}

/// Text that is sent as the value of a field: not empty, visible ASCII.
pub(crate) fn field_value(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("an id is required".to_owned());
    }
    if !text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return Err("ids consist of ASCII letters, digits and hyphens".to_owned());
    }
    Ok(text.to_owned())
}

/// Rules of what is not compared, as the gateway reads them. A pointer with other characters than ASCII ones becomes the URI fragment that
/// means the same, since fields are ASCII.
pub(crate) fn ignore_rules(text: &str) -> Result<String, String> {
    Ignore::parse(text).map_err(|rule| {
        format!(
            "'{}' is neither a JSON Pointer such as /0/id or /*/id nor header:NAME; 64 rules at most",
            rule.escape_debug()
        )
    })?;
    let encoded = |rule: &str| match rule.trim() {
        rule if rule.starts_with('#') => utf8_percent_encode(rule, CONTROLS).to_string(),
        rule if rule.bytes().all(|b| matches!(b, b' '..=b'~')) => rule.to_owned(),
        rule => format!("#{}", utf8_percent_encode(rule, LITERAL)),
    };
    Ok(text.split(',').map(encoded).collect::<Vec<_>>().join(","))
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
            ("X-Shootout-Warmup: 3", "--warmup"),
            ("x-shootout-method: HEAD", "--method"),
            ("x-shootout-ignore: /a", "--ignore"),
            ("x-shootout-reference: a", "--reference"),
            ("x-shootout-new: 1", "--help"),
            ("content-length: 3", "no body"),
        ] {
            let error = header(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_header_may_have_other_characters_than_ascii_ones() {
        assert_eq!(header("x-city: Köln").unwrap().1.as_bytes(), "Köln".as_bytes());
        assert!(field_value("Köln").is_err() && field_value(" ").is_err());
        assert_eq!(field_value(" a, b "), Ok("a, b".to_owned()));
    }

    #[test]
    fn rules_reach_the_gateway_as_they_are_meant() {
        for (rules, sent) in [
            ("/*/id, header:ETag", "/*/id,header:ETag"),
            ("#/a%2Cb", "#/a%2Cb"),
            ("/a%2Cb", "/a%2Cb"),
            ("/größe%20", "#/gr%C3%B6%C3%9Fe%2520"),
            ("#/gr%C3%B6ße", "#/gr%C3%B6%C3%9Fe"),
        ] {
            let (given, received) = (Ignore::parse(rules), ignore_rules(rules).unwrap());
            assert_eq!((received.as_str(), Ignore::parse(&received)), (sent, given), "{rules}");
        }
        for wrong in ["id", "$.a", "header:", "/a, b"] {
            assert!(ignore_rules(wrong).unwrap_err().contains("JSON Pointer"), "{wrong}");
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
