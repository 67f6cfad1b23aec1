//! What the gateway writes itself: errors, the status page, the log.

use arbitrary::{Arbitrary, Unstructured};
use gateway_core::backend::reference::{BackendRef, Location};
use gateway_core::config::ConfigError;
use gateway_core::failure::UpstreamFailure;
use gateway_core::health::entry::State;
use gateway_core::response::error::GatewayError;
use gateway_core::response::log::LogLine;
use gateway_core::status::page::StatusPage;
use gateway_core::status::view::BackendView;
use gateway_core::time::Timestamp;
use serde_json::Value;
use std::time::Duration;

fn made<T: for<'a> Arbitrary<'a>>(data: &[u8]) -> Option<T> {
    T::arbitrary_take_rest(Unstructured::new(data)).ok()
}

#[derive(Arbitrary, Debug)]
struct Row {
    name: String,
    id: String,
    url: Option<String>,
    reason: Option<String>,
    last_check: Option<String>,
    latency: Option<f64>,
    latencies: Vec<f64>,
    healthy: bool,
}

#[derive(Arbitrary, Debug)]
struct Listing {
    rows: Vec<Row>,
    nonce: String,
    generated_at: String,
    cloud: bool,
}

/// A row as the page gets it; with values of no consequence but the same kind where `plain`.
fn view(row: &Row, plain: bool) -> BackendView {
    let text = |text: &str| if plain { "x".to_owned() } else { text.to_owned() };
    let is_web = |url: &str| {
        let low = url.to_lowercase();
        ["http://", "https://"].iter().any(|scheme| low.starts_with(scheme) && low.len() > scheme.len())
    };
    BackendView {
        id: text(&row.id),
        name: text(&row.name),
        url: row.url.as_ref().map(|url| if plain && is_web(url) { "http://x".to_owned() } else { text(url) }),
        health: if row.healthy { State::Healthy } else { State::Unhealthy },
        last_check: row.last_check.as_deref().map(text),
        latency_ms: row.latency,
        location: Location::Local,
        reason: row.reason.as_ref().map(|reason| if reason.is_empty() { String::new() } else { text(reason) }),
        latencies_ms: row.latencies.clone(),
    }
}

/// What a text looks like once a browser has read it.
fn unescaped(html: &str) -> String {
    let codes = [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#8232;", "\u{2028}"),
        ("&#8233;", "\u{2029}"),
    ];
    codes.iter().fold(html.to_owned(), |text, (code, plain)| text.replace(code, plain)).replace("&#38;", "&")
}

/// The text without what stands between these two, and without them.
fn without(text: &str, from: &str, to: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(from) {
        out.push_str(before);
        rest = after.split_once(to).map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// The status page of arbitrary backends.
pub fn status_page(data: &[u8]) {
    let Some(listing) = made::<Listing>(data) else { return };
    let environment = if listing.cloud { "cloud" } else { "local" };
    let render = |plain: bool| {
        let views: Vec<_> = listing.rows.iter().map(|row| view(row, plain)).collect();
        let (generated_at, nonce) =
            if plain { ("x", "n") } else { (listing.generated_at.as_str(), listing.nonce.as_str()) };
        let page = StatusPage { backends: &views, environment, version: "1", generated_at, nonce };
        (page.render(), page.content_security_policy())
    };
    let ((hostile, policy), (plain, plain_policy)) = (render(false), render(true));
    let structure = |html: &str| html.chars().filter(|c| "<>\"'`".contains(*c)).collect::<String>();
    // A backtick means nothing in HTML; values may hold it.
    let without_backticks = |html: &str| structure(html).replace('`', "");
    assert_eq!(without_backticks(&hostile), without_backticks(&plain));
    assert!(!hostile.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || "\u{2028}\u{2029}".contains(c)));
    // Values hold no quotes, so that every second part between quotes is an attribute's value, and what is before it ends in its name.
    let markup = without(&without(&hostile, "<script", "</script>"), "<style", "</style>");
    let parts: Vec<_> = markup.split('"').collect();
    let valued = |name| parts.chunks_exact(2).filter(move |pair| pair[0].ends_with(name)).map(|pair| pair[1]);
    let links: Vec<_> = valued(" href=").collect();
    // The page's own, for an icon, is always there.
    assert!(!links.is_empty());
    for link in links {
        let low = link.to_lowercase();
        assert!(["http://", "https://", "#", "data:,"].iter().any(|start| low.starts_with(start)), "{low:.40}");
    }
    // Rows have their ids, whatever these hold.
    let ids: Vec<_> = valued(" data-id=").map(unescaped).collect();
    let seen = |text: &str| {
        text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect()
    };
    let expected: Vec<String> = listing.rows.iter().map(|row| seen(&row.id)).chain([String::new()]).collect();
    assert_eq!(ids, expected);
    let nonce = |c: char| c.is_ascii_alphanumeric() || "+/-_=".contains(c);
    let (found, rest): (Vec<_>, String) = (
        policy.split("'nonce-").skip(1).filter_map(|rest| rest.split('\'').next()).collect(),
        policy.chars().filter(|c| " ;'".contains(*c)).collect(),
    );
    assert!(found.iter().all(|one| one.chars().all(nonce)), "{policy}");
    assert_eq!(rest, plain_policy.chars().filter(|c| " ;'".contains(*c)).collect::<String>());
}

#[derive(Arbitrary, Debug)]
struct Failing {
    which: u8,
    text: String,
    others: Vec<String>,
    seconds: u32,
}

/// A reply to an arbitrary failure.
pub fn error_reply(data: &[u8]) {
    let Some(failing) = made::<Failing>(data) else { return };
    let Failing { which, text, others, seconds } = failing;
    let upstream =
        |failure| GatewayError::Upstream { backend: BackendRef::new(text.as_str(), Location::Cloud), failure };
    let time = Duration::from_millis(seconds.into());
    let (error, status) = match which % 7 {
        0 => (GatewayError::InvalidBackend { requested: text.clone(), configured: others.clone() }, 400),
        1 => (GatewayError::InvalidLocation { requested: text.clone() }, 400),
        2 => (GatewayError::Configuration(ConfigError::key(&text, others.concat())), 500),
        3 => (upstream(UpstreamFailure::Host(others.concat())), 503),
        4 => (upstream(UpstreamFailure::Denied { origin: others.concat() }), 503),
        5 => (upstream(UpstreamFailure::ResponseTimeout(time)), 504),
        _ => (upstream(UpstreamFailure::Gated { retry_after: time, reason: others.concat() }), 503),
    };
    let reply = error.reply();
    assert_eq!(reply.status().as_u16(), status);
    let body: Value = serde_json::from_str(&reply.body).expect("JSON");
    assert!(body["error"].is_string() && body["message"].is_string(), "{body}");
    match which % 7 {
        0 => {
            assert_eq!(body["valid_backends"], Value::from(others));
            // What was asked for is repeated, up to a length.
            let start: String = text.chars().take(64).collect();
            let message = body["message"].as_str().unwrap_or_default();
            assert!(message.starts_with(&format!("Backend '{start}")) && message.chars().count() < 100, "{message:?}");
        }
        3.. => assert_eq!(body["backend"], Value::from(text)),
        _ => {}
    }
    for (name, value) in &reply.fields {
        assert!(value.iter().all(|byte| matches!(byte, b' '..=b'~')), "{name} holds {value:?}");
    }
    let field = |name: &str| reply.fields.iter().find(|field| field.0 == name).map(|field| field.1.clone());
    let proxy_status = String::from_utf8(field("proxy-status").expect("the field")).expect("ASCII");
    // A structured-field string: between its quotes each quote and backslash has a backslash of its own.
    let details = proxy_status.split_once("details=\"").and_then(|(_, rest)| rest.strip_suffix('"')).expect("a string");
    let mut characters = details.chars();
    while let Some(c) = characters.next() {
        assert!(c != '"', "{proxy_status}");
        assert!(c != '\\' || matches!(characters.next(), Some('"' | '\\')), "{proxy_status}");
    }
    if let Some(wait) = field("retry-after") {
        let wait: u64 = String::from_utf8(wait).ok().and_then(|text| text.parse().ok()).expect("seconds");
        assert!(u128::from(wait) * 1_000 >= time.as_millis() && wait <= time.as_secs() + 1, "{wait} s for {time:?}");
    }
}

#[derive(Arbitrary, Debug)]
struct Told {
    path: String,
    request_id: String,
    method: String,
    error: Option<String>,
    backend: Option<String>,
    time: u64,
    micros: u32,
    status: u16,
}

/// The line of an arbitrary request.
pub fn log_line(data: &[u8]) {
    let Some(mut told) = made::<Told>(data) else { return };
    // Neither gets here with anything else.
    for text in [&mut told.request_id, &mut told.method] {
        text.retain(|c| matches!(c, '!'..='~'));
    }
    let total = Duration::from_micros(told.micros.into());
    let line = LogLine {
        time: Timestamp(told.time),
        request_id: &told.request_id,
        method: &told.method,
        path: &told.path,
        backend: told.backend.as_deref(),
        location: None,
        status: told.status,
        duration_ms: total,
        backend_ms: None,
        health: None,
        error: told.error.as_deref(),
    }
    .to_text();
    let text = line.strip_suffix('\n').expect("a line feed at its end");
    // Neither those of ASCII nor those of Unicode, which terminals obey as well.
    assert!(!text.chars().any(|c| c.is_control() || "\u{2028}\u{2029}".contains(c)), "{text:?}");
    let read: Value = serde_json::from_str(text).expect("JSON");
    let path: String = told.path.chars().take_while(|c| *c != '?').collect();
    assert_eq!(read["path"], Value::from(path));
    assert_eq!((&read["request_id"], &read["method"]), (&Value::from(told.request_id), &Value::from(told.method)));
    assert_eq!((&read["error"], &read["backend"]), (&Value::from(told.error), &Value::from(told.backend)));
    assert_eq!(read["status"], Value::from(told.status));
    let millis = read["duration_ms"].as_f64().expect("a number");
    assert!((millis * 1_000.0 - f64::from(told.micros)).abs() < 0.6, "{millis} ms for {total:?}");
}
