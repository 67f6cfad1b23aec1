//! Reads the machine's apt sources for one thing: the Debian mirror it uses, and the key that signs it.
//!
//! Both forms count: deb822 stanzas (`*.sources`) and one line per source (`*.list`), see sources.list(5).

use std::fs;
use std::path::Path;

/// A mirror, in the words of the machine's own configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Mirror {
    pub(crate) uri: String,
    /// `Signed-By` as it stands there: paths, or a key block over several lines. Absent: apt's trusted keys.
    pub(crate) signed_by: Option<String>,
}

impl Mirror {
    /// The deb822 stanza that offers `suites` of this mirror, package lists only.
    pub(crate) fn stanza(&self, suites: &[&str]) -> String {
        let signed_by = self.signed_by.as_ref().map(|key| format!("Signed-By: {key}\n")).unwrap_or_default();
        format!(
            "Types: deb\nURIs: {}\nSuites: {}\nComponents: main\nTargets: Packages\n{signed_by}",
            self.uri,
            suites.join(" ")
        )
    }
}

/// The Debian mirror configured under `apt`, which is `/etc/apt` outside tests. `None` where there is none, as on other distributions.
pub(crate) fn find(apt: &Path) -> Option<Mirror> {
    let mut files = vec![apt.join("sources.list")];
    let mut parts: Vec<_> =
        fs::read_dir(apt.join("sources.list.d")).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    parts.sort();
    files.append(&mut parts);
    let sources = files.iter().flat_map(|file| {
        let text = fs::read_to_string(file).unwrap_or_default();
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => one_line(&text),
            Some("sources") => deb822(&text),
            _ => Vec::new(),
        }
    });
    main_mirror(sources)
}

#[derive(Debug, Default)]
struct Source {
    uri: String,
    suites: Vec<String>,
    components: Vec<String>,
    signed_by: Option<String>,
}

/// Debian's own archive among everything configured: its component is `main`, its suite no security or flat one, and it is known by
/// its keyring or, failing that, by a path that ends in `debian`. Vendors' repositories have neither.
fn main_mirror(sources: impl Iterator<Item = Source>) -> Option<Mirror> {
    let mut by_path = None;
    for source in sources {
        let plain = |suite: &String| !suite.contains('/') && !suite.ends_with("-security");
        if !source.components.iter().any(|component| component == "main") || !source.suites.iter().any(plain) {
            continue;
        }
        let debian_path = matches!(source.uri.trim_end_matches('/').rsplit('/').next(), Some("debian" | "debian.list"));
        let debian_key = source.signed_by.as_ref().is_some_and(|key| key.contains("debian-archive"));
        let mirror = Mirror { uri: source.uri, signed_by: source.signed_by };
        if debian_key {
            return Some(mirror);
        }
        if debian_path && by_path.is_none() {
            by_path = Some(mirror);
        }
    }
    by_path
}

/// `deb [signed-by=… arch=…] uri suite component…`, one per line.
fn one_line(text: &str) -> Vec<Source> {
    let parse = |line: &str| {
        let line = line.split('#').next()?.trim();
        let rest = line.strip_prefix("deb")?;
        let rest = rest.strip_prefix(char::is_whitespace)?.trim_start();
        let (options, rest) = match rest.strip_prefix('[') {
            Some(inside) => inside.split_once(']')?,
            None => ("", rest),
        };
        let signed_by = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by="));
        let mut words = rest.split_whitespace().map(str::to_owned);
        Some(Source {
            uri: words.next()?,
            suites: vec![words.next()?],
            components: words.collect(),
            signed_by: signed_by.map(|keys| keys.replace(',', " ")),
        })
    };
    text.lines().filter_map(parse).collect()
}

/// Stanzas of `Field: value`, separated by empty lines; a line that starts with a space continues the one before.
fn deb822(text: &str) -> Vec<Source> {
    let mut stanzas: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let stanza = match stanzas.last_mut() {
            Some(stanza) if !line.trim().is_empty() => stanza,
            _ => {
                stanzas.push(Vec::new());
                continue;
            }
        };
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = stanza.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            stanza.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    stanzas.iter().filter_map(|stanza| source(stanza)).collect()
}

fn source(stanza: &[(String, String)]) -> Option<Source> {
    let field = |wanted: &str| stanza.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let words =
        |wanted: &str| field(wanted).unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let off = matches!(
        field("enabled").unwrap_or("yes").to_ascii_lowercase().as_str(),
        "no" | "false" | "without" | "off" | "disable" | "0"
    );
    if off || !words("types").iter().any(|kind| kind == "deb") {
        return None;
    }
    Some(Source {
        // Several URIs are the same archive in several places; the first is the preferred one.
        uri: words("uris").into_iter().next()?,
        suites: words("suites"),
        components: words("components"),
        signed_by: field("signed-by").map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

    fn check(what: &str, sources: Vec<Source>, uri: Option<&str>, signed_by: Option<&str>) {
        let found = main_mirror(sources.into_iter());
        let expected = uri.map(|uri| Mirror { uri: uri.into(), signed_by: signed_by.map(str::to_owned) });
        assert_eq!(found, expected, "{what}");
    }

    #[test]
    fn deb822_stanzas() {
        let debian = "Types: deb deb-src\n# a comment inside\nURIs: http://one.example/debian http://two.example/debian\n\
                      Suites: trixie trixie-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n";
        let uri = Some("http://one.example/debian");
        check("the plain form", deb822(debian), uri, Some(KEYRING));

        let security = "Types: deb\nURIs: http://one.example/debian-security\nSuites: trixie-security\nComponents: main\n\
                        Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n";
        check("security is no mirror of the archive", deb822(security), None, None);
        check("security first", deb822(&format!("{security}\n\n{debian}")), uri, Some(KEYRING));

        let vendor = "Types: deb\nURIs: https://vendor.example/node\nSuites: nodistro\nComponents: main\nSigned-By: /usr/share/keyrings/vendor.gpg\n";
        check("a vendor's repository", deb822(vendor), None, None);
        check("switched off", deb822(&format!("Enabled: no\n{debian}")), None, None);
        check("sources only", deb822(&debian.replace("deb deb-src", "deb-src")), None, None);
        check("fields in another case", deb822(&debian.replace("URIs", "uris")), uri, Some(KEYRING));
        check(
            "no key, known by its path",
            deb822("Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: trixie\nComponents: main\n"),
            Some("mirror+file:///etc/apt/mirrors/debian.list"),
            None,
        );
        check("nothing", deb822("\n\n"), None, None);
    }

    #[test]
    fn a_key_block_is_kept_whole() {
        let text = "Types: deb\nURIs: http://one.example/debian/\nSuites: trixie\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n -----END\n";
        let block = "\n -----BEGIN\n .\n abc\n -----END";
        check("a key block", deb822(text), Some("http://one.example/debian/"), Some(block));
    }

    #[test]
    fn one_line_sources() {
        let uri = Some("http://one.example/debian");
        check(
            "plain",
            one_line(
                "# deb http://no.example/debian x main\ndeb http://one.example/debian bookworm main contrib # why\n",
            ),
            uri,
            None,
        );
        check(
            "options",
            one_line(
                "deb [ arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] http://one.example/debian bookworm main",
            ),
            uri,
            Some(KEYRING),
        );
        check("tabs", one_line("deb\thttp://one.example/debian\tbookworm\tmain"), uri, None);
        check("sources only", one_line("deb-src http://one.example/debian bookworm main"), None, None);
        check("old security form", one_line("deb http://one.example/debian bookworm/updates main"), None, None);
        check("no component", one_line("deb http://one.example/debian bookworm"), None, None);
        check("another distribution", one_line("deb http://one.example/ubuntu noble main"), None, None);
        check("broken", one_line("deb [ arch=amd64 http://one.example/debian"), None, None);
    }

    #[test]
    fn the_stanza_offers_the_suites_under_the_same_key() {
        let mirror = Mirror { uri: "http://one.example/debian".into(), signed_by: Some(KEYRING.into()) };
        let again = deb822(&mirror.stanza(&["trixie-backports", "forky"]));
        assert_eq!(
            again.first().map(|source| source.suites.clone()),
            Some(vec!["trixie-backports".into(), "forky".into()]),
            "suites"
        );
        check("read back", again, Some("http://one.example/debian"), Some(KEYRING));
    }
}
