//! Templates of the page: text with `{{keys}}` in it.

/// What stands in a place of a template.
pub(super) enum Value<'a> {
    /// Anything: it is escaped.
    Text(&'a str),
    /// Made here from constants and escaped values.
    Html(&'a str),
}

pub(super) fn hidden(hidden: bool) -> Value<'static> {
    Value::Html(if hidden { " hidden" } else { "" })
}

/// Copies a template, with the value of each `{{key}}` in its place. Values are not searched for keys.
pub(super) fn fill<'v>(template: &str, out: &mut String, value: &dyn Fn(&str) -> Value<'v>) {
    let mut rest = template;
    while let Some((before, key, after)) =
        rest.split_once("{{").and_then(|(before, tail)| tail.split_once("}}").map(|(key, after)| (before, key, after)))
    {
        out.push_str(before);
        match value(key) {
            Value::Text(text) => escape(text, out),
            Value::Html(html) => out.push_str(html),
        }
        rest = after;
    }
    out.push_str(rest);
}

/// Text for an element or a quoted attribute. Control characters, which HTML forbids, become U+FFFD; line and paragraph
/// separators become references, so that no tool between takes them for the end of a line.
pub(super) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{2028}' => out.push_str("&#8232;"),
            '\u{2029}' => out.push_str("&#8233;"),
            '\t' | '\n' => out.push(c),
            _ if c.is_control() => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
}
