//! JSON written member by member: derived serialisers of the report would take several times the code in the component. So would these functions
//! wherever they are used, were they not kept in one place.

use std::fmt::Write as _;
use std::time::Duration;

/// A document under construction. Commas come by themselves.
#[derive(Debug, Default)]
pub(super) struct Json(String);

impl Json {
    /// Opens an object or array.
    #[inline(never)]
    pub(super) fn open(&mut self, bracket: char) {
        self.raw("");
        self.0.push(bracket);
    }

    /// Closes one.
    #[inline(never)]
    pub(super) fn close(&mut self, bracket: char) {
        self.0.push(bracket);
    }

    /// The name of a member, which needs no escaping.
    #[inline(never)]
    pub(super) fn name(&mut self, name: &str) -> &mut Self {
        self.raw("\"");
        self.0.push_str(name);
        self.0.push_str("\":");
        self
    }

    /// A string, or null.
    #[inline(never)]
    pub(super) fn text(&mut self, text: Option<&str>) {
        let text = text.and_then(|text| serde_json::to_string(text).ok());
        self.raw(text.as_deref().unwrap_or("null"));
    }

    /// A whole number, or null.
    #[inline(never)]
    pub(super) fn count(&mut self, count: Option<u64>) {
        match count {
            Some(count) => self.raw(&count.to_string()),
            None => self.text(None),
        }
    }

    /// Milliseconds with two decimals, or null.
    #[inline(never)]
    pub(super) fn millis(&mut self, duration: Option<Duration>) {
        let Some(duration) = duration else {
            return self.text(None);
        };
        let hundredths = duration.saturating_add(Duration::from_micros(5)).as_micros() / 10;
        self.raw("");
        // Writing to a string does not fail.
        _ = write!(self.0, "{}.{:02}", hundredths / 100, hundredths % 100);
    }

    /// True, false or null.
    #[inline(never)]
    pub(super) fn flag(&mut self, flag: Option<bool>) {
        self.raw(match flag {
            Some(true) => "true",
            Some(false) => "false",
            None => "null",
        });
    }

    /// JSON as it is, after a comma where one is due.
    #[inline(never)]
    pub(super) fn raw(&mut self, json: &str) {
        if !matches!(self.0.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.0.push(',');
        }
        self.0.push_str(json);
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        self.0
    }
}
