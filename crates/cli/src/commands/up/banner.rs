//! What `up` prints when it is ready: where it listens, which backends it knows, and what to try.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::net::SocketAddr;

use gateway_host::Application;
use hyper::Uri;

/// The backend that requests without `x-backend` go to.
pub(crate) const DEFAULT_BACKEND: &str = "bun-sqlite";
/// The variable with the URL of that backend.
pub(crate) const DEFAULT_BACKEND_VARIABLE: &str = "backend_bun_sqlite_url";

/// What the text is made of; `Display` makes it.
pub(crate) struct Banner<'a> {
    pub(crate) application: &'a Application,
    pub(crate) address: SocketAddr,
    /// Where the example backend listens, if it was started.
    pub(crate) example: Option<SocketAddr>,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = format!("http://{}", self.address);
        writeln!(f, "{} is ready on {url}\n", self.application.manifest.name)?;
        let backends = backends(&self.application.variables);
        if !backends.is_empty() {
            writeln!(f, "Backends, chosen by the header x-backend:")?;
            let width = backends.iter().map(|(id, _)| id.len()).max().unwrap_or_default();
            for (id, value) in &backends {
                let shown = Shown(value);
                let note =
                    if id == DEFAULT_BACKEND && self.example.is_some() { "  (example backend started)" } else { "" };
                writeln!(f, "  {id:width$}  {shown}{note}")?;
            }
            f.write_char('\n')?;
        }
        writeln!(f, "Try:")?;
        writeln!(f, "  curl -i -H 'x-backend: {DEFAULT_BACKEND}' {url}/tasks")?;
        writeln!(f, "  curl {url}/backends")?;
        writeln!(f, "\nStop with Ctrl+C.")
    }
}

/// The URL of a backend, without credentials.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !is_configured(self.0) {
            return f.write_str("not configured");
        }
        match self
            .0
            .parse::<Uri>()
            .ok()
            .and_then(|uri| uri.authority().map(|authority| authority.as_str().contains('@')))
        {
            Some(false) => f.write_str(self.0),
            Some(true) => f.write_str("(a URL with credentials)"),
            None => f.write_str("(not a valid URL)"),
        }
    }
}

/// Whether the URL leads anywhere: hosts below `.invalid` stand for backends that are not in use.
fn is_configured(url: &str) -> bool {
    let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase));
    !url.is_empty() && !host.is_some_and(|host| host == "invalid" || host.ends_with(".invalid"))
}

/// Ids and URLs, from the variables `backend_<id with _>_url`.
fn backends(variables: &BTreeMap<String, String>) -> Vec<(String, &str)> {
    variables
        .iter()
        .filter_map(|(name, value)| {
            let id = name.strip_prefix("backend_")?.strip_suffix("_url")?;
            Some((id.replace('_', "-"), value.as_str()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_come_from_variables() {
        let variables = BTreeMap::from(
            [
                ("backend_cf_d1_url", "http://unset.invalid"),
                ("backend_bun_sqlite_url", "http://127.0.0.1:3001"),
                ("environment", "local"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let shown: Vec<_> = backends(&variables).into_iter().map(|(id, url)| format!("{id} {}", Shown(url))).collect();
        assert_eq!(shown, ["bun-sqlite http://127.0.0.1:3001", "cf-d1 not configured"]);
    }

    #[test]
    fn credentials_are_not_shown() {
        assert_eq!(Shown("http://user:secret@h").to_string(), "(a URL with credentials)");
        assert_eq!(Shown("").to_string(), "not configured");
        assert_eq!(Shown("http://x.INVALID:1/").to_string(), "not configured");
        assert_eq!(Shown("no url").to_string(), "(not a valid URL)");
    }
}
