//! The status page: what `GET /backends` answers a browser (design §1).
//!
//! One self-contained HTML file, filled in on the server, so that it is complete without JavaScript. The script in it
//! refreshes the table and sends requests; `page/` holds its parts. Backends and the store are not trusted: every value
//! passes `escape`, and the content security policy lets nothing run but what carries the nonce.

mod compact;

use self::compact::{compact, compact_file};
use crate::status::view::BackendView;
use crate::text::split_once;

const PAGE: &str = include_str!("page/page.html");
const ROW: &str = include_str!("page/row.html");
const CSS: &str = compact_file!("page/page.css");
const JS: &str = compact_file!("page/page.js");

const LOCAL_ADVICE: &str = "<p>Set the URL of a backend as a variable, for example \
    <code>backend_bun_sqlite_url</code> (<code>SPIN_VARIABLE_BACKEND_BUN_SQLITE_URL</code> in the environment or in a \
    file <code>.env</code>), and start the gateway again. Backends beyond the seven known ones go into \
    <code>extra_backends</code>.</p>";
const CLOUD_ADVICE: &str = "<p>Put an entry <code>backend:&lt;id&gt;</code> into the key-value store \
    <code>default</code>, for example <code>backend:cf-d1</code>: JSON with <code>id</code>, <code>name</code>, \
    <code>url</code> and <code>type</code>. It is listed here at once.</p>";

/// The most values of a latency history that are drawn.
const CHART_VALUES: usize = 20;

/// What the status page shows.
#[derive(Debug, Clone, Copy)]
pub struct StatusPage<'a> {
    /// The backends, in the order in which they are to appear.
    pub backends: &'a [BackendView],
    /// `local` or `cloud`.
    pub environment: &'a str,
    /// The gateway's version.
    pub version: &'a str,
    /// The time of the listing, as RFC 3339.
    pub generated_at: &'a str,
    /// What marks the page's own style and script: fresh random text for each response, letters and digits (base64 is
    /// fine).
    pub nonce: &'a str,
}

impl StatusPage<'_> {
    /// The page, as `text/html; charset=utf-8`.
    pub fn render(&self) -> String {
        let total = self.backends.len();
        let healthy = self.backends.iter().filter(|backend| backend.health == "healthy").count();
        let (summary, overall) = match (healthy, total) {
            (_, 0) => ("no backend configured".to_owned(), "unknown"),
            _ if healthy == total => (format!("{healthy} of {total} healthy"), "all"),
            (0, _) => (format!("0 of {total} healthy"), "none"),
            _ => (format!("{healthy} of {total} healthy"), "some"),
        };
        let (mut rows, mut options) = (String::new(), String::new());
        for backend in self.backends {
            row(backend, &mut rows);
            if backend.url.is_some() {
                fill("<option value=\"{{id}}\">{{id}}</option>", &mut options, &|_| Value::Text(&backend.id));
            }
        }
        let mut blank_row = String::new();
        row(&BLANK, &mut blank_row);
        let (nonce, generated) = (self.safe_nonce(), readable_time(self.generated_at));

        let mut page = String::new();
        fill(PAGE, &mut page, &|key| match key {
            "summary" => Value::Text(&summary),
            "overall" => Value::Text(overall),
            "nonce" => Value::Text(&nonce),
            "version" => Value::Text(self.version),
            "environment" => Value::Text(self.environment),
            "generated_at" => Value::Text(self.generated_at),
            "generated" => Value::Text(&generated),
            "table_hidden" => hidden(total == 0),
            "empty_hidden" => hidden(total != 0),
            "sender_hidden" => hidden(options.is_empty()),
            "advice" => Value::Html(if self.environment == "cloud" { CLOUD_ADVICE } else { LOCAL_ADVICE }),
            "rows" => Value::Html(&rows),
            "blank_row" => Value::Html(&blank_row),
            "options" => Value::Html(&options),
            "css" => Value::Html(CSS),
            "js" => Value::Html(JS),
            _ => Value::Text(""),
        });
        page
    }

    /// The value of `content-security-policy` to send with the page.
    pub fn content_security_policy(&self) -> String {
        let nonce = self.safe_nonce();
        format!(
            "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; \
             img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )
    }

    /// The nonce without anything that could end its source expression.
    fn safe_nonce(&self) -> String {
        self.nonce.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '=')).collect()
    }
}

/// Whether a client that sent these `accept` fields is to get the page rather than JSON (RFC 9110 §12.5.1).
///
/// HTML has to be acceptable and either weigh more than JSON or be named where JSON is not named with at least that
/// weight. So a browser gets the page; `*/*`, JSON or no field at all get JSON. An element with a malformed weight
/// counts as absent; other parameters are ignored.
pub fn wants_html<'a>(accept_fields: impl Iterator<Item = &'a str>) -> bool {
    let (mut html, mut xhtml, mut any_text, mut json, mut any_application, mut any) =
        (None, None, None, None, None, None);
    for field in accept_fields {
        for element in split_unquoted(field, ',') {
            let mut parts = split_unquoted(element, ';');
            let range = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let slot = match range.as_str() {
                "text/html" => &mut html,
                "application/xhtml+xml" => &mut xhtml,
                "text/*" => &mut any_text,
                "application/json" => &mut json,
                "application/*" => &mut any_application,
                "*/*" => &mut any,
                _ => continue,
            };
            if let Some(weight) = weight(parts) {
                *slot = (*slot).max(Some(weight));
            }
        }
    }
    let named_html: Option<u16> = html.or(xhtml);
    let html = named_html.or(any_text).or(any).unwrap_or(0);
    let any_json: u16 = json.or(any_application).or(any).unwrap_or(0);
    html > 0 && (html > any_json || (named_html.is_some() && json.is_none_or(|json| json < html)))
}

/// The weight among the parameters of a media range, in thousandths; 1000 where there is none, `None` where it is
/// malformed.
fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> Option<u16> {
    let value = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(value) = value else { return Some(1000) };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match whole {
        "0" => format!("{fraction:0<3}").parse().ok(),
        "1" if fraction.bytes().all(|b| b == b'0') => Some(1000),
        _ => None,
    }
}

/// The parts of `text` between separators that do not stand in a quoted string (RFC 9110 §5.6.4).
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let literal = std::mem::take(&mut escaped);
        match c {
            _ if literal => false,
            '\\' => {
                escaped = quoted;
                false
            }
            '"' => {
                quoted = !quoted;
                false
            }
            _ => c == separator && !quoted,
        }
    })
}

/// The row that the script copies for a backend which appears later.
const BLANK: BackendView = BackendView {
    id: String::new(),
    name: String::new(),
    url: None,
    health: "unknown",
    last_check: None,
    latency_ms: None,
    location: "",
    reason: None,
    latencies_ms: Vec::new(),
};

/// One row of the table.
fn row(backend: &BackendView, out: &mut String) {
    let badge = match backend.health {
        known @ ("healthy" | "unhealthy") => known,
        _ => "unknown",
    };
    let latency = backend.latency_ms.map_or_else(|| "–".to_owned(), |latency| format!("{} ms", milliseconds(latency)));
    let chart = Chart::new(&backend.latencies_ms);
    let (mut checked, mut url) = (String::new(), String::new());
    match &backend.last_check {
        None => checked.push_str("never"),
        Some(time) => {
            let readable = readable_time(time);
            fill("<time datetime=\"{{exact}}\">{{readable}}</time>", &mut checked, &|key| {
                Value::Text(if key == "exact" { time } else { &readable })
            });
        }
    }
    let (template, address) = match &backend.url {
        Some(address) if is_web_address(address) => ("<a href=\"{{url}}\">{{url}}</a>", address.as_str()),
        Some(address) => ("<span>{{url}}</span>", address.as_str()),
        None => ("<span>{{url}}</span>", "not usable"),
    };
    fill(template, &mut url, &|_| Value::Text(address));

    fill(ROW, out, &|key| match key {
        "id" => Value::Text(&backend.id),
        "name" => Value::Text(&backend.name),
        "location" => Value::Text(backend.location),
        "badge" => Value::Text(badge),
        "health" => Value::Text(backend.health),
        "latency" => Value::Text(&latency),
        "spark_hidden" => hidden(chart.line.is_empty()),
        "chart_label" => Value::Text(&chart.label),
        "line" => Value::Text(&chart.line),
        "area" => Value::Text(&chart.area),
        "last_y" => Value::Text(&chart.last_y),
        "checked" => Value::Html(&checked),
        "url" => Value::Html(&url),
        "reason" => Value::Text(backend.reason.as_deref().unwrap_or_default()),
        "reason_hidden" => hidden(backend.reason.as_deref().unwrap_or_default().is_empty()),
        _ => Value::Text(""),
    });
}

/// Only these become links; `javascript:` and whatever else stays text.
fn is_web_address(url: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) && url.len() > scheme.len()
    })
}

/// A latency history as points in a box of 120 by 32: the newest value at the right, zero at the bottom. `page.js`
/// draws the same.
#[derive(Default)]
struct Chart {
    label: String,
    line: String,
    area: String,
    last_y: String,
}

impl Chart {
    fn new(latencies: &[f64]) -> Self {
        let mut values: Vec<f64> =
            latencies.iter().rev().copied().filter(|v| v.is_finite() && *v >= 0.0).take(CHART_VALUES).collect();
        values.reverse();
        let Some(last) = values.last() else {
            return Self { last_y: "30".into(), ..Self::default() };
        };
        let max = values.iter().copied().fold(0.0, f64::max);
        let min = values.iter().copied().fold(max, f64::min);
        let y = |value: f64| {
            let tenths = scaled(30.0 - if max > 0.0 { value / max } else { 0.0 } * 26.0, 10.0);
            if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { decimal(tenths, 10) }
        };
        // The places of the newest values, as many as there are.
        let places: Vec<usize> = (2..=116).step_by(6).collect();
        let places = places.iter().skip(CHART_VALUES.saturating_sub(values.len()));
        let left = places.clone().next().copied().unwrap_or(116);
        let points: Vec<_> = places.zip(&values).map(|(x, value)| format!("{x},{}", y(*value))).collect();
        let line = points.join(" ");
        let (low, high) = (milliseconds(min), milliseconds(max));
        let label = match values.len() {
            1 => format!("latency of the last check: {high} ms"),
            count => format!("latency of the last {count} checks: {low} to {high} ms"),
        };
        Self { label, area: format!("{left},30 {line} 116,30"), line, last_y: y(*last) }
    }
}

/// `value` times `factor` as a whole number, halves up like the script does. No floating-point number is ever
/// formatted: that code is large.
fn scaled(value: f64, factor: f64) -> u64 {
    (value * factor + 0.5) as u64
}

/// Tenths or hundredths (`unit` is 10 or 100) as a decimal number.
fn decimal(number: u64, unit: u64) -> String {
    let (whole, rest) = (number.checked_div(unit).unwrap_or(0), number.checked_rem(unit).unwrap_or(0));
    if unit == 10 { format!("{whole}.{rest}") } else { format!("{whole}.{rest:02}") }
}

/// A duration as text: two decimals below 0.1, one below 100, none above.
fn milliseconds(value: f64) -> String {
    if value < 0.1 {
        decimal(scaled(value, 100.0), 100)
    } else if value < 100.0 {
        decimal(scaled(value, 10.0), 10)
    } else {
        scaled(value, 1.0).to_string()
    }
}

/// `2026-02-07T10:00:00.123Z` as `2026-02-07 10:00:00 UTC`; anything else as it is.
fn readable_time(rfc3339: &str) -> String {
    rfc3339.strip_suffix('Z').and_then(|rest| rest.split_once('T')).map_or_else(
        || rfc3339.to_owned(),
        |(date, time)| {
            let seconds = time.split_once('.').map_or(time, |(seconds, _)| seconds);
            format!("{date} {seconds} UTC")
        },
    )
}

/// What stands in a place of a template.
enum Value<'a> {
    /// Anything: it is escaped.
    Text(&'a str),
    /// Made here from constants and escaped values.
    Html(&'a str),
}

fn hidden(hidden: bool) -> Value<'static> {
    Value::Html(if hidden { " hidden" } else { "" })
}

/// Copies a template, with the value of each `{{key}}` in its place. Values are not searched for keys.
fn fill<'v>(template: &str, out: &mut String, value: &dyn Fn(&str) -> Value<'v>) {
    let mut rest = template;
    while let Some((before, key, after)) = split_once(rest, "{{")
        .and_then(|(before, tail)| split_once(tail, "}}").map(|(key, after)| (before, key, after)))
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
fn escape(text: &str, out: &mut String) {
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

#[cfg(test)]
mod tests;
