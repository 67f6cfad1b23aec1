//! Entries as the store holds them: JSON. What the gateway has written itself, which is nearly all that it ever reads, is read without making a tree
//! of it first: each request reads one.

use super::entry::{Entry, State};
use crate::json::{Json, Object, Value};
use crate::limits::LATENCIES;
use crate::text::all;

impl Entry {
    /// Reads an entry. A corrupt one is none: the gateway fails open.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        read_own(bytes).or_else(|| read_any(bytes))
    }

    /// As the store holds it. Members that are `None` are left out.
    pub fn to_json(&self) -> String {
        let mut json = Json::with_capacity(512);
        json.open('{');
        json.name("state").text(Some(self.state.as_str()));
        json.name("checked_at").count(self.checked_at);
        json.name("expires_at").count(self.expires_at);
        if self.latency_ms.is_some() {
            json.name("latency_ms").float_millis(self.latency_ms);
        }
        if self.reason.is_some() {
            json.name("reason").text(self.reason.as_deref());
        }
        json.name("failures").count(self.failures.into());
        json.name("marks").count(self.marks.into());
        if let Some(retry_at) = self.retry_at {
            json.name("retry_at").count(retry_at);
        }
        if let Some(check_at) = self.check_at {
            json.name("check_at").count(check_at);
        }
        json.name("latencies").open('[');
        for latency in &self.latencies {
            json.float_millis(Some(*latency));
        }
        json.close(']');
        json.close('}');
        json.finish()
    }
}

/// Reads what [`Entry::to_json`] writes: its members in its order, without white space. `None` does not mean that it is corrupt.
fn read_own(bytes: &[u8]) -> Option<Entry> {
    let mut text = Scanner(bytes);
    text.expect("{\"state\":")?;
    let state = State::parse(text.text()?)?;
    text.expect(",\"checked_at\":")?;
    let checked_at = text.count()?;
    text.expect(",\"expires_at\":")?;
    let expires_at = text.count()?;
    let latency_ms = match text.expect(",\"latency_ms\":") {
        Some(()) => Some(text.millis()?),
        None => None,
    };
    let reason = match text.expect(",\"reason\":") {
        Some(()) => Some(text.text()?.to_owned()),
        None => None,
    };
    text.expect(",\"failures\":")?;
    let failures = u32::try_from(text.count()?).ok()?;
    text.expect(",\"marks\":")?;
    let marks = u32::try_from(text.count()?).ok()?;
    let retry_at = match text.expect(",\"retry_at\":") {
        Some(()) => Some(text.count()?),
        None => None,
    };
    let check_at = match text.expect(",\"check_at\":") {
        Some(()) => Some(text.count()?),
        None => None,
    };
    text.expect(",\"latencies\":[")?;
    let mut latencies = Vec::with_capacity(LATENCIES);
    while text.expect("]}").is_none() {
        if !latencies.is_empty() {
            text.expect(",")?;
        }
        latencies.push(text.millis()?);
    }
    text.0.is_empty().then_some(Entry {
        state,
        checked_at,
        expires_at,
        latency_ms,
        reason,
        failures,
        marks,
        retry_at,
        check_at,
        latencies,
    })
}

/// What is left of a text.
struct Scanner<'a>(&'a [u8]);

impl<'a> Scanner<'a> {
    /// Takes exactly this.
    fn expect(&mut self, expected: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(expected.as_bytes())?;
        Some(())
    }

    /// A whole number, as JSON has it: without further zeros in front.
    fn count(&mut self) -> Option<u64> {
        let zero_in_front = self.0.starts_with(b"0");
        let (number, digits) = self.digits()?;
        (digits == 1 || !zero_in_front).then_some(number)
    }

    /// A number of at most 18 digits, and how many it has. That many cannot overflow; checking it would take several times as long.
    fn digits(&mut self) -> Option<(u64, usize)> {
        let mut text = self.0;
        let mut number = 0_u64;
        while let [digit @ b'0'..=b'9', rest @ ..] = text {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0')));
            text = rest;
        }
        let digits = self.0.len().saturating_sub(text.len());
        self.0 = text;
        (1..=18).contains(&digits).then_some((number, digits))
    }

    /// Milliseconds with one to three decimals.
    fn millis(&mut self) -> Option<f64> {
        let whole = self.count().filter(|whole| *whole < 1 << 43)?;
        self.expect(".")?;
        let (part, digits) = self.digits()?;
        let unit = match digits {
            1 => 10,
            2 => 100,
            3 => 1_000,
            _ => return None,
        };
        // Both are exact as floating-point numbers, so that the quotient is the nearest to what is written.
        Some(whole.wrapping_mul(unit).wrapping_add(part) as f64 / unit as f64)
    }

    /// A string of plain ASCII without anything escaped.
    fn text(&mut self) -> Option<&'a str> {
        self.expect("\"")?;
        let end = self.0.iter().position(|byte| *byte == b'"')?;
        let (text, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        self.expect("\"")?;
        let plain = all(text, |byte| matches!(byte, b' '..=b'~') & (byte != b'\\'));
        std::str::from_utf8(text).ok().filter(|_| plain)
    }
}

fn read_any(bytes: &[u8]) -> Option<Entry> {
    match Value::parse(bytes) {
        Ok(Value::Object(object)) => read_object(object),
        _ => None,
    }
}

fn read_object(mut object: Object<'_>) -> Option<Entry> {
    // A member that may be missing must still be of its type: `None` is of the wrong one, `Some(None)` is missing.
    let count = |value: Option<Value<'_>>| value.map_or(Some(None), |value| value.count().map(Some));
    let small = |value| count(value).and_then(|count| u32::try_from(count.unwrap_or_default()).ok());
    Some(Entry {
        state: match object.take("state")? {
            Value::Text(text) => State::parse(&text)?,
            _ => return None,
        },
        checked_at: object.take("checked_at")?.count()?,
        expires_at: object.take("expires_at")?.count()?,
        latency_ms: match object.take("latency_ms") {
            Some(value) => Some(value.number()?),
            None => None,
        },
        reason: match object.take("reason") {
            Some(value) => Some(value.text()?),
            None => None,
        },
        failures: small(object.take("failures"))?,
        marks: small(object.take("marks"))?,
        retry_at: count(object.take("retry_at"))?,
        check_at: count(object.take("check_at"))?,
        latencies: match object.take("latencies") {
            Some(Value::List(list)) => list.iter().map(Value::number).collect::<Option<_>>()?,
            Some(_) => return None,
            None => Vec::new(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        let long: Vec<f64> =
            (0..20).map(|n| f64::from(n) * 1_000.0 / 7.0).map(|n| (n * 1_000.0).round() / 1_000.0).collect();
        vec![
            Entry::default(),
            Entry { state: State::Healthy, latency_ms: Some(1.8), latencies: vec![1.8], ..Entry::default() },
            Entry { state: State::Unhealthy, latency_ms: Some(0.0), latencies: long, ..Entry::default() },
            Entry {
                state: State::Unhealthy,
                checked_at: 1_770_458_400_000,
                expires_at: 999_999_999_999_999_999,
                latency_ms: Some(12.345),
                reason: Some("connection refused".into()),
                failures: u32::MAX,
                marks: 10,
                retry_at: Some(0),
                check_at: Some(1_770_458_400_100),
                latencies: vec![100.25, 3.0],
            },
        ]
    }

    #[test]
    fn what_is_written_is_read_without_a_tree() {
        for entry in entries() {
            let text = entry.to_json();
            assert_eq!(read_own(text.as_bytes()).as_ref(), Some(&entry), "{text}");
            assert_eq!(read_any(text.as_bytes()).as_ref(), Some(&entry), "{text}");
        }
    }

    #[test]
    fn both_ways_agree_on_whatever_becomes_of_it() {
        let mut both = 0;
        for entry in entries() {
            let text = entry.to_json().into_bytes();
            let check = |text: &[u8]| {
                let own = read_own(text);
                if own.is_some() {
                    assert_eq!(own, read_any(text), "{}", String::from_utf8_lossy(text));
                }
                u32::from(own.is_some())
            };
            for place in 0..text.len() {
                both += check(&text[..place]);
                for byte in [b'0', b'1', b'9', b'.', b',', b'"', b'\\', b' ', b'-', b'e', b'[', b']', b'}', 0, 0xff] {
                    let mut changed = text.clone();
                    changed[place] = byte;
                    both += check(&changed);
                    changed.insert(place, byte);
                    both += check(&changed);
                }
            }
        }
        assert!(both > 100, "of a changed text, some are still an entry: {both}");
    }

    #[test]
    fn other_texts_are_read_as_a_tree() {
        let far = Entry { expires_at: u64::MAX, latency_ms: Some(1e13), ..Entry::default() };
        assert_eq!(read_own(far.to_json().as_bytes()), None, "{}", far.to_json());
        assert_eq!(Entry::parse(far.to_json().as_bytes()), Some(far));
        let text = r#" {"expires_at": 2, "latencies": [1, 2.5], "checked_at": 1, "reason": "\u00e9\"", "state": "unknown", "new": {}} "#;
        assert_eq!(
            Entry::parse(text.as_bytes()),
            Some(Entry {
                checked_at: 1,
                expires_at: 2,
                reason: Some("é\"".into()),
                latencies: vec![1.0, 2.5],
                ..Entry::default()
            })
        );
        for corrupt in
            ["", "{}", "[]", "{\"state\":\"healthy\"}", "{\"state\":\"well\",\"checked_at\":1,\"expires_at\":2}"]
        {
            assert_eq!(Entry::parse(corrupt.as_bytes()), None, "{corrupt}");
        }
    }
}
