//! What `up` prints when it is ready: where it listens, which backends it knows, and what to try.

use std::fmt::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use gateway_core::backend::cloud::CloudRegistry;
use gateway_core::backend::known::KNOWN_BACKENDS;
use gateway_core::backend::local::LocalRegistry;
use gateway_core::backend::reference::{Location, environment};
use gateway_core::backend::registry::{Backend, BackendRegistry, Listed};
use gateway_core::config::ENVIRONMENT;
use gateway_core::network::internal_host;
use gateway_host::Application;

use crate::coverage::Coverage;
use crate::snapshot::{Snapshot, Values, read_by_gateway};

/// What the text is made of; `Display` makes it.
pub(crate) struct Banner<'a> {
    pub(crate) application: &'a Application,
    pub(crate) stored: &'a Snapshot,
    pub(crate) address: SocketAddr,
    /// Where the example backend listens, if it was started.
    pub(crate) example: Option<SocketAddr>,
    pub(crate) kv: KvCommand,
}

/// How the command `kv` is called for this application.
pub(crate) struct KvCommand {
    /// What stands before it.
    pub(crate) program: &'static str,
    /// What follows, with a space before each flag.
    pub(crate) flags: String,
}

/// A line of the list: the id, where it leads or why it cannot be used, and whether requests reach it.
struct Line {
    id: String,
    text: String,
    is_usable: bool,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is ready on http://{}\n", self.application.manifest.name, self.address)?;
        let value = read_by_gateway(&self.application.component_variables).remove(ENVIRONMENT);
        let location = environment(value.as_deref()).unwrap_or_default();
        let lines = self.lines(location);
        if !lines.is_empty() {
            let place = if location == Location::Cloud { " of the key-value store" } else { "" };
            writeln!(f, "Backends{place}, chosen by the header x-backend:")?;
            let width = lines.iter().map(|line| line.id.len()).max().unwrap_or_default();
            for Line { id, text, .. } in &lines {
                writeln!(f, "  {id:width$}  {text}")?;
            }
            f.write_char('\n')?;
        }
        let url = format!("http://{}", reachable(self.address));
        let usable = |id: &str| lines.iter().any(|line| line.is_usable && line.id == id);
        let default = Some(location.default_backend()).filter(|id| usable(id));
        let first = || lines.iter().find(|line| line.is_usable).map(|line| line.id.as_str());
        let chosen = default.or_else(first);
        if chosen.is_none() && location == Location::Cloud {
            let KvCommand { program, flags } = &self.kv;
            writeln!(f, "No backend of the key-value store can be used yet. Add one, also while the gateway runs:")?;
            writeln!(f, "  {program} kv set backend:{} --url https://...{flags}\n", location.default_backend())?;
        }
        writeln!(f, "Try:")?;
        if let Some(id) = chosen {
            writeln!(f, "  curl -i -H 'x-backend: {id}' {url}/tasks")?;
        }
        writeln!(f, "  curl {url}/backends")?;
        writeln!(f, "\nStop with Ctrl+C.")
    }
}

impl Banner<'_> {
    /// What is configured where the gateway looks, sorted by id; locally also the known backends that are not.
    fn lines(&self, location: Location) -> Vec<Line> {
        let coverage = Coverage::new(&self.application.manifest, &self.application.variables);
        let variables = Values(&self.application.component_variables);
        let guard = internal_host::guard(&variables);
        let local = LocalRegistry::new(&variables);
        let listed = match location {
            Location::Local => local.list_backends(),
            Location::Cloud => CloudRegistry::new(self.stored, &guard).list_backends(),
        };
        let mut lines: Vec<_> =
            listed.unwrap_or_default().into_iter().map(|listed| self.line(listed, location, &coverage)).collect();
        if location == Location::Local {
            let names = &self.application.component_variables;
            let unset = KNOWN_BACKENDS
                .iter()
                .filter(|known| names.contains_key(known.url_variable) && local.get_backend(known.id) == Ok(None));
            lines.extend(unset.map(|known| Line {
                id: known.id.to_owned(),
                text: "not configured".to_owned(),
                is_usable: false,
            }));
            lines.sort_by(|one, other| one.id.cmp(&other.id));
        }
        lines
    }

    fn line(&self, listed: Listed, location: Location, coverage: &Coverage) -> Line {
        let id = listed.reference.id;
        match listed.backend {
            Err(error) => Line { id, text: format!("not usable: {error}"), is_usable: false },
            Ok(backend) if !coverage.covers(&backend.url) => {
                let text = format!("{}  (not allowed by allowed_outbound_hosts)", place(&backend, location));
                Line { id, text, is_usable: false }
            }
            Ok(backend) => {
                let is_example =
                    self.example.is_some() && location == Location::Local && id == location.default_backend();
                let note =
                    if is_example { "  (example backend started; --no-example leaves the port to yours)" } else { "" };
                Line { id, text: format!("{}{note}", place(&backend, location)), is_usable: true }
            }
        }
    }
}

/// Where a backend is. In the cloud a path may be secret.
fn place(backend: &Backend, location: Location) -> String {
    match location {
        Location::Local => backend.url.to_string(),
        Location::Cloud => backend.url.origin(),
    }
}

/// An address that a client on this machine can connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;
    use std::path::Path;

    use gateway_host::HostOptions;

    use super::*;

    fn banner(variables: &[(&str, &str)], stored: &[(&str, &str)], example: bool) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut options = HostOptions::new(root);
        options.variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let stored: BTreeMap<_, _> =
            stored.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect();
        let banner = Banner {
            application: &Application::load(&options).unwrap(),
            stored: &Snapshot(stored),
            address: "0.0.0.0:3000".parse().unwrap(),
            example: example.then(|| "127.0.0.1:3001".parse().unwrap()),
            kv: KvCommand { program: "cargo up --", flags: " --state-dir x".to_owned() },
        };
        banner.to_string()
    }

    #[test]
    fn local_backends_are_those_that_requests_reach() {
        let text = banner(
            &[
                ("backend_cf_d1_url", "http://unset.invalid"),
                ("backend_dotnet_api_url", "http://user:s3cret@h:1"),
                ("cloud_hosts", "http://127.0.0.1:9000"),
                (
                    "extra_backends",
                    r#"[{"id":"go","url":"http://127.0.0.1:9000/api"},{"id":"zig","url":"http://127.0.0.1:9"}]"#,
                ),
            ]
            .into_iter()
            // An entry with a user name keeps the application from loading.
            .filter(|(_, value)| !value.contains("s3cret"))
            .collect::<Vec<_>>(),
            &[],
            true,
        );
        for line in [
            "is ready on http://0.0.0.0:3000\n",
            "Backends, chosen by the header x-backend:\n",
            "  bun-sqlite        http://127.0.0.1:3001  (example backend started; --no-example leaves the port to yours)\n",
            "  cf-d1             not configured\n",
            "  go                http://127.0.0.1:9000/api\n",
            "  zig               http://127.0.0.1:9  (not allowed by allowed_outbound_hosts)\n",
            "  curl -i -H 'x-backend: bun-sqlite' http://127.0.0.1:3000/tasks\n",
        ] {
            assert!(text.contains(line), "{line:?} is missing: {text}");
        }
    }

    #[test]
    fn the_line_to_try_names_a_backend_that_can_be_reached() {
        let text = banner(&[("backend_bun_sqlite_url", "HTTP://127.0.0.1:3001")], &[], false);
        assert!(text.contains("bun-sqlite        not usable: variable 'backend_bun_sqlite_url' must have"), "{text}");
        assert!(text.contains("'x-backend: cf-d1'"), "{text}");
        let broken = banner(&[("extra_backends", "[{")], &[], false);
        assert!(broken.contains("extra_backends    not usable: variable 'extra_backends'"), "{broken}");
    }

    #[test]
    fn in_the_cloud_it_shows_the_store() {
        let cloud = ("environment", "cloud");
        let entry = |id: &str, url: &str| format!(r#"{{"id":"{id}","url":"{url}"}}"#);
        let (good, inside) = (entry("x", "https://x.workers.dev/s3cret"), entry("y", "http://127.0.0.1:3001"));
        let text = banner(&[cloud], &[("backend:x", &good), ("backend:y", &inside), ("backend:z", "?")], true);
        for line in [
            "Backends of the key-value store, chosen by the header x-backend:\n",
            "  x  https://x.workers.dev\n",
            "  y  not usable: key 'backend:y' of the key-value store has a 'url' that leads inside",
            "  z  not usable: key 'backend:z'",
            "  curl -i -H 'x-backend: x' http://127.0.0.1:3000/tasks\n",
        ] {
            assert!(text.contains(line), "{line:?} is missing: {text}");
        }
        assert!(!text.contains("s3cret") && !text.contains("bun-sqlite"), "{text}");

        let none = banner(&[cloud], &[], false);
        assert!(
            none.contains("  cargo up -- kv set backend:cf-d1 --url https://... --state-dir x\n")
                && !none.contains("x-backend"),
            "{none}"
        );
    }
}
