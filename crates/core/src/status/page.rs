//! The status page: what `GET /backends` answers a browser (design §1).
//!
//! One self-contained HTML file, filled in on the server, so that it is complete without JavaScript. The script in it
//! refreshes the table and sends requests; `templates/` of this crate holds its parts. Backends and the store are not trusted: every value
//! passes `escape`, and the content security policy lets nothing run but what carries the nonce.

use super::chart::Chart;
use super::readable;
use super::template::{Value, fill, hidden};
use crate::status::view::BackendView;

const PAGE: &str = include_str!("../../templates/page.html");
const ROW: &str = include_str!("../../templates/row.html");
const CSS: &str = include_str!("../../templates/page.css");
const JS: &str = include_str!("../../templates/page.js");

const LOCAL_ADVICE: &str = "<p>Set the URL of a backend as a variable, for example \
    <code>backend_bun_sqlite_url</code> (<code>SPIN_VARIABLE_BACKEND_BUN_SQLITE_URL</code> in the environment or in a \
    file <code>.env</code>), and start the gateway again. Backends beyond the seven known ones go into \
    <code>extra_backends</code>.</p>";
const CLOUD_ADVICE: &str = "<p>Put an entry <code>backend:&lt;id&gt;</code> into the key-value store \
    <code>default</code>, for example <code>backend:cf-d1</code>: JSON with <code>id</code>, <code>name</code>, \
    <code>url</code> and <code>type</code>. It is listed here at once.</p>";

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
        let (nonce, generated) = (self.safe_nonce(), readable::time(self.generated_at));

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
    let latency =
        backend.latency_ms.map_or_else(|| "–".to_owned(), |latency| format!("{} ms", readable::milliseconds(latency)));
    let chart = Chart::new(&backend.latencies_ms);
    let (chart_label, last_y) = (readable::chart_label(&chart), chart.last_y.to_string());
    let (mut checked, mut url) = (String::new(), String::new());
    match &backend.last_check {
        None => checked.push_str("never"),
        Some(time) => {
            let readable = readable::time(time);
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
        "chart_label" => Value::Text(&chart_label),
        "line" => Value::Text(&chart.line),
        "area" => Value::Text(&chart.area),
        "last_y" => Value::Text(&last_y),
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

#[cfg(test)]
mod tests;
