//! JSON as the gateway writes and reads it: member by member, and as a tree.
//!
//! Derived serialisers and deserialisers are made anew for each type, which together was a tenth of the component, and floating-point numbers take
//! a large table. Here there is one of each; what is hard about JSON is left to `serde_json`.

use crate::text::all;
use crate::time::Millis;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// A document under construction. Commas come by themselves.
#[derive(Debug, Default)]
pub(crate) struct Json(String);

impl Json {
    /// An empty document with room for `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Json(String::with_capacity(capacity))
    }

    /// Opens an object or array.
    #[inline(never)]
    pub(crate) fn open(&mut self, bracket: char) {
        self.raw("");
        self.0.push(bracket);
    }

    /// Closes one.
    #[inline(never)]
    pub(crate) fn close(&mut self, bracket: char) {
        self.0.push(bracket);
    }

    /// The name of a member, which needs no escaping.
    #[inline(never)]
    pub(crate) fn name(&mut self, name: &str) -> &mut Self {
        self.raw("\"");
        self.0.push_str(name);
        self.0.push_str("\":");
        self
    }

    /// A string, or null.
    #[inline(never)]
    pub(crate) fn text(&mut self, text: Option<&str>) {
        match text {
            None => self.raw("null"),
            Some(text)
                if all(text.as_bytes(), |byte| matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\')) =>
            {
                self.raw("\"");
                self.0.push_str(text);
                self.0.push('"');
            }
            // A text cannot fail to be written.
            Some(text) => self.raw(&serde_json::to_string(text).unwrap_or_default()),
        }
    }

    /// A list of strings.
    pub(crate) fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) {
        self.open('[');
        for text in texts {
            self.text(Some(text));
        }
        self.close(']');
    }

    /// A whole number.
    #[inline(never)]
    pub(crate) fn count(&mut self, count: u64) {
        self.raw(itoa::Buffer::new().format(count));
    }

    /// Milliseconds with as many decimals as they need, at most three and at least one, or null.
    #[inline(never)]
    pub(crate) fn millis(&mut self, duration: Option<Duration>) {
        let Some(duration) = duration else {
            return self.raw("null");
        };
        self.raw("");
        Millis(duration).push_to(&mut self.0);
        while self.0.ends_with('0') && !self.0.ends_with(".0") {
            self.0.pop();
        }
    }

    /// Milliseconds that are kept as a number, or null.
    pub(crate) fn float_millis(&mut self, millis: Option<f64>) {
        // The cast saturates, so that no number is too large or too odd.
        self.millis(millis.map(|millis| Duration::from_micros((millis * 1_000.0 + 0.5) as u64)));
    }

    /// JSON as it is, after a comma where one is due.
    #[inline(never)]
    pub(crate) fn raw(&mut self, json: &str) {
        if !matches!(self.0.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.0.push(',');
        }
        self.0.push_str(json);
    }

    /// The document.
    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// A value that was read. Of numbers and of what is neither text, list nor object, only as much is kept as the gateway asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    /// `true` or `false`.
    Flag,
    /// A whole number that is not negative.
    Count(u64),
    Number(f64),
    Text(Cow<'a, str>),
    List(Vec<Value<'a>>),
    Object(Object<'a>),
}

/// The members of an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Object<'a> {
    /// The member called `name`, once. `None` where there is none, or where it is null. One that stands there twice is a flag, which is never what is
    /// asked for: nobody knows which was meant.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let at = self.0.iter().position(|(other, _)| other == name)?;
        let value = self.0.swap_remove(at).1;
        if self.0.iter().any(|(other, _)| other == name) {
            return Some(Value::Flag);
        }
        Some(value).filter(|value| *value != Value::Null)
    }
}

impl<'a> Value<'a> {
    /// Reads a document.
    ///
    /// # Errors
    /// It is no JSON.
    pub(crate) fn parse(text: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    /// The number, of either kind.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Value::Count(count) => Some(*count as f64),
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The number, where it is whole and not negative.
    pub(crate) fn count(&self) -> Option<u64> {
        match self {
            Value::Count(count) => Some(*count),
            _ => None,
        }
    }

    /// The text.
    pub(crate) fn text(self) -> Option<String> {
        match self {
            Value::Text(text) => Some(text.into_owned()),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Value::Flag)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value::Count(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element()? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(Cow<'de, str>, Value<'de>)> = Vec::new();
        // A key is a text; reading it as a value spares a second reader of texts.
        while let Some(Value::Text(name)) = access.next_key()? {
            members.push((name, access.next_value()?));
        }
        Ok(Value::Object(Object(members)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_json() {
        let mut json = Json::with_capacity(0);
        json.open('{');
        json.name("a").text(Some("plain"));
        json.name("b").text(Some("\"\\\n\u{7f}é"));
        json.name("g").text(Some("a\\b"));
        json.name("c").text(None);
        json.name("d").texts(["x", "y"]);
        json.name("e").texts([]);
        json.name("f").count(u64::MAX);
        json.close('}');
        assert_eq!(
            json.finish(),
            "{\"a\":\"plain\",\"b\":\"\\\"\\\\\\n\u{7f}é\",\"g\":\"a\\\\b\",\"c\":null,\"d\":[\"x\",\"y\"],\"e\":[],\"f\":18446744073709551615}"
        );
    }

    #[test]
    fn milliseconds_have_the_decimals_they_need() {
        for (millis, text) in [
            (0.0, "0.0"),
            (0.001, "0.001"),
            (1.8, "1.8"),
            (12.0, "12.0"),
            (100.25, "100.25"),
            (1_234.567, "1234.567"),
            (-1.0, "0.0"),
            (f64::NAN, "0.0"),
            (f64::MAX, "9223372036854551.615"),
        ] {
            let mut json = Json::default();
            json.float_millis(Some(millis));
            assert_eq!(json.finish(), text, "{millis}");
        }
        let mut json = Json::default();
        json.millis(Some(Duration::from_nanos(1_499)));
        json.millis(None);
        assert_eq!(json.finish(), "0.001,null");
    }

    #[test]
    fn a_tree_is_read_as_serde_json_reads_it() {
        let text = br#" {"a":"x","b":"\u00e9\n","c":[1,-1,1.5,true,null,{}],"d":null} "#;
        let Ok(Value::Object(mut object)) = Value::parse(text) else { panic!("an object") };
        assert_eq!(object.take("a").and_then(Value::text).as_deref(), Some("x"));
        assert_eq!(object.take("a"), None, "taken");
        assert_eq!(object.take("b").and_then(Value::text).as_deref(), Some("é\n"));
        assert_eq!(object.take("d"), None);
        let Ok(Value::Object(mut twice)) = Value::parse(br#"{"a":1,"b":2,"\u0061":1}"#) else { panic!("an object") };
        assert_eq!((twice.take("a"), twice.take("b")), (Some(Value::Flag), Some(Value::Count(2))));
        let Some(Value::List(list)) = object.take("c") else { panic!("a list") };
        assert_eq!(list.iter().map(Value::count).collect::<Vec<_>>(), [Some(1), None, None, None, None, None]);
        assert_eq!(list.iter().filter_map(Value::number).collect::<Vec<_>>(), [1.0, -1.0, 1.5]);
        for broken in ["", "{", "{\"a\":1,}", "[1 2]", "nul", "1 2"] {
            assert!(Value::parse(broken.as_bytes()).is_err(), "{broken}");
        }
        assert!(Value::parse("[".repeat(100_000).as_bytes()).is_err(), "and not with a stack that overflows");
    }
}
