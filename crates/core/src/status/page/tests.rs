//! Tests of the status page: negotiation, escaping, what the page holds and what it must not hold.

use super::*;
use crate::backend::reference::Location;
use crate::health::entry::State;
use crate::status::template::is_web_address;

const PAGE: &str = include_str!("../../../templates/page.html");
const CSS: &str = include_str!("../../../templates/page.css");
const JS: &str = include_str!("../../../templates/page.js");
const ROW: &str = include_str!("../../../templates/row.html");

fn view(id: &str) -> BackendView {
    BackendView {
        id: id.into(),
        name: format!("Name of {id}"),
        url: Some("http://127.0.0.1:3001/base".into()),
        health: State::Healthy,
        last_check: Some("2026-02-07T10:00:00.250Z".into()),
        latency_ms: Some(1.84),
        location: Location::Local,
        reason: None,
        latencies_ms: vec![0.8, 3.2, 1.84],
    }
}

fn page<'a>(backends: &'a [BackendView], environment: &'a str) -> StatusPage<'a> {
    StatusPage { backends, environment, version: "1.2.3", generated_at: "2026-02-07T10:00:05Z", nonce: "bm9uY2U=" }
}

#[test]
fn rows_show_everything() {
    let mut ill = view("ill");
    ill.health = State::Unhealthy;
    ill.reason = Some("connection refused".into());
    ill.latency_ms = None;
    let mut malformed = view("malformed");
    malformed.url = None;
    malformed.health = State::Unknown;
    malformed.last_check = None;
    malformed.latencies_ms.clear();
    malformed.reason = Some("variable 'x' is bad".into());
    let backends = [view("well"), ill, malformed];
    let html = page(&backends, "local").render();
    for expected in [
        "<title>1 of 3 healthy · Backend Shootout gateway</title>",
        r#"<p id="summary" class="some" role="status">1 of 3 healthy</p>"#,
        "Version 1.2.3",
        "local environment",
        r#"<tr role="row" data-id="well">"#,
        "Name of well",
        r##"<span class="badge healthy"><svg aria-hidden="true"><use href="#healthy"/></svg>"##,
        r#"<span class="health">healthy</span>"#,
        "1.8 ms",
        r#"aria-label="latency of the last 3 checks: 0.8 to 3.2 ms""#,
        r#"<polyline points="104,23.5 110,4 116,15.1"/><circle cx="116" cy="15.1" r="3"/>"#,
        r#"<time datetime="2026-02-07T10:00:00.250Z">2026-02-07 10:00:00 UTC</time>"#,
        r#"<a href="http://127.0.0.1:3001/base">http://127.0.0.1:3001/base</a>"#,
        r#"<span class="reason">connection refused</span>"#,
        "not usable",
        "never",
        r#"<span class="spark" hidden>"#,
        r#"<option value="well">well</option><option value="ill">ill</option></select>"#,
        r#"<div id="empty" hidden>"#,
    ] {
        assert!(html.contains(expected), "{expected}");
    }
    assert!(!html.contains(r#"<option value="malformed">"#), "what is malformed cannot be asked");
    assert!(!html.contains("{{"), "every place is filled");
}

#[test]
fn the_comparison_waits_for_the_script() {
    let html = page(&[view("a"), view("b")], "local").render();
    assert!(html.contains(r#"<section class="panel" id="shootout" aria-label="Compare backends" hidden>"#));
    for label in ["target", "asked-with", "runs", "warmup", "reference", "ignore"] {
        assert!(html.contains(&format!(r#"<label for="{label}">"#)), "{label}");
    }
    for field in ["runs", "warmup", "method", "ignore", "reference"] {
        assert!(html.contains(&format!(r#" name="x-shootout-{field}""#)), "{field}");
    }
    assert!(html.contains(r#"<div id="verdict" role="status">"#), "it is there before there is anything to announce");
    assert!(!JS.contains("innerHTML") && !JS.contains("insertAdjacentHTML") && !JS.contains("eval("));
}

#[test]
fn an_empty_list_says_what_to_do() {
    let html = page(&[], "local").render();
    assert!(html.contains(r#"<table role="table" hidden>"#));
    assert!(html.contains(r#"<div id="empty">"#));
    assert!(html.contains("SPIN_VARIABLE_BACKEND_BUN_SQLITE_URL"));
    assert!(html.contains("no backend configured"));
    assert!(html.contains(r#"aria-labelledby="send-title" hidden>"#), "nobody to send a request to");
    assert!(page(&[], "cloud").render().contains("backend:cf-d1"));
}

#[test]
fn overall_state() {
    let ill = || BackendView { health: State::Unhealthy, ..view("b") };
    for (backends, class) in
        [(vec![view("a")], "all"), (vec![view("a"), ill()], "some"), (vec![ill()], "none"), (vec![], "unknown")]
    {
        let expected = format!(r#"<p id="summary" class="{class}""#);
        assert!(page(&backends, "local").render().contains(&expected), "{class}");
    }
}

/// Tags, and whatever else the page would gain if a value were taken for HTML.
fn marks(html: &str) -> Vec<usize> {
    ["<", ">", "\"", "'"].iter().map(|mark| html.matches(mark).count()).collect()
}

#[test]
fn nothing_that_comes_from_outside_is_html() {
    let harmless = marks(&page(&[BackendView { reason: Some("r".into()), ..view("a") }], "local").render());
    for hostile in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'><svg/onload=alert(1)>",
        "</script><script>",
        "</table></template></title>",
        "<!--",
        "{{nonce}}{{rows}}",
        "&lt;b&gt; &#60;",
        "a\u{2028}b\u{2029}c\u{0}\r\n",
        "javascript:alert(1)",
        "\u{202e}reversed",
    ] {
        let backend = BackendView {
            id: hostile.into(),
            name: hostile.into(),
            url: Some(format!("http://{hostile}")),
            last_check: Some(hostile.into()),
            reason: Some(hostile.into()),
            ..view("a")
        };
        let backends = [backend];
        let html = StatusPage {
            backends: &backends,
            environment: hostile,
            version: hostile,
            generated_at: hostile,
            nonce: hostile,
        }
        .render();
        assert_eq!(marks(&html), harmless, "{hostile}");
        assert!(!html.contains("&lt;b&gt; &#60;"), "a reference in a value is text");
        for separator in ['\u{2028}', '\u{2029}', '\u{0}', '\r'] {
            assert!(!html.contains(separator), "{separator:?}");
        }
    }
}

#[test]
fn a_value_is_not_searched_for_places() {
    let backends = [BackendView { name: "{{nonce}}{{js}}".into(), ..view("a") }];
    assert!(page(&backends, "local").render().contains(r#"<span class="name">{{nonce}}{{js}}</span>"#));
}

#[test]
fn only_web_addresses_become_links() {
    for (url, link) in [
        ("http://a", true),
        ("HTTPS://a", true),
        ("javascript:alert(1)", false),
        (" javascript:alert(1)", false),
        ("java\nscript:alert(1)", false),
        ("data:text/html,x", false),
        ("//a", false),
        ("http:a", false),
        ("http://", false),
        ("httpsé://a", false),
        ("", false),
    ] {
        assert_eq!(is_web_address(url), link, "{url:?}");
        let backends = [BackendView { url: Some(url.into()), ..view("a") }];
        assert_eq!(page(&backends, "local").render().contains("<a "), link, "{url:?}");
    }
}

#[test]
fn the_page_asks_nobody_else_for_anything() {
    for (part, text) in [("page.html", PAGE), ("row.html", ROW), ("page.css", CSS), ("page.js", JS)] {
        for reference in ["//", "url(", "@import", "src="] {
            assert!(!text.contains(reference), "{part} contains {reference}");
        }
        for target in text.split("href=\"").skip(1) {
            assert!(["data:", "#", "{{"].iter().any(|start| target.starts_with(start)), "{part}: {target}");
        }
    }
    for markup in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function("] {
        assert!(!JS.contains(markup), "page.js contains {markup}");
    }
}

#[test]
fn everything_inline_carries_the_nonce_and_nothing_else_is_inline() {
    let backends = [view("a")];
    let page = page(&backends, "local");
    let html = page.render();
    for tag in ["<script", "<style"] {
        assert_eq!(html.matches(tag).count(), 1, "{tag}");
        assert_eq!(html.matches(&format!("{tag} nonce=\"bm9uY2U=\">")).count(), 1, "{tag}");
    }
    for text in [PAGE, ROW] {
        assert!(!text.contains(" style="), "the policy forbids style attributes");
        assert!(!text.contains(" on"), "and event handlers");
    }
    for (part, end) in [(JS, "</script"), (CSS, "</style"), (JS, "<!--")] {
        assert!(!part.contains(end), "{end}");
    }
    assert_eq!(
        page.content_security_policy(),
        "default-src 'none'; style-src 'nonce-bm9uY2U='; script-src 'nonce-bm9uY2U='; connect-src 'self'; \
         img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
}

#[test]
fn a_nonce_cannot_widen_the_policy() {
    let page = StatusPage { nonce: "a'; script-src *; \"x", ..page(&[], "local") };
    assert!(page.content_security_policy().contains("script-src 'nonce-ascript-srcx';"));
    assert!(page.render().contains("<script nonce=\"ascript-srcx\">"));
}

#[test]
fn it_stays_small() {
    let parts: usize = [PAGE, ROW, CSS, JS].iter().map(|part| part.len()).sum();
    assert!(parts <= 36_500, "{parts} bytes are compiled into the component");
    let backends = vec![BackendView { latencies_ms: vec![123.456; 20], ..view("a") }; 7];
    let page = page(&backends, "local").render().len();
    assert!(page < 48 * 1024, "{page} bytes are sent for seven backends");
}
