//! The status page: what `GET /backends` answers a browser.
//!
//! One HTML file that needs no other. The server fills it in, so that it is complete without JavaScript; its script
//! refreshes the table, sends requests and compares backends. The content security policy lets nothing run but the style
//! and the script that carry the nonce.

use super::template::{Page, Row};
use super::view::BackendView;

/// What the status page shows.
#[derive(Debug, Clone, Copy)]
pub struct StatusPage<'a> {
    /// The backends, in the order in which they are to appear.
    pub backends: &'a [BackendView],
    /// `local` or `cloud`.
    pub environment: &'a str,
    /// The gateway's version, as `/health` gives it.
    pub version: &'a str,
    /// The time of the listing, as RFC 3339.
    pub generated_at: &'a str,
    /// What marks the page's own style and script: fresh random text for each response, in base64 or letters and digits.
    pub nonce: &'a str,
}

impl StatusPage<'_> {
    /// The page, as `text/html; charset=utf-8`.
    pub fn render(&self) -> String {
        let page = Page {
            environment: self.environment,
            version: self.version,
            generated_at: self.generated_at,
            nonce: &self.safe_nonce(),
            rows: self.backends.iter().map(Row::new).collect(),
        };
        page.html()
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

#[cfg(test)]
mod tests;
