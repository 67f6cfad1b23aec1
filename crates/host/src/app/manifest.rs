//! Reads `spin.toml`, version 2 of Spin's manifest, as far as one HTTP component needs it. Fields this host does not
//! know are ignored.

mod raw;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::app::variables::Declaration;

/// The only route this host serves: everything.
const CATCH_ALL: &str = "/...";

/// A manifest with one component on the route `/...`.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The file it was read from.
    pub path: PathBuf,
    /// The folder that relative paths in it start from.
    pub folder: PathBuf,
    /// `application.name`, which the start-up text shows.
    pub name: String,
    /// `[variables]`: the variables of the application, by name.
    pub variables: BTreeMap<String, Declaration>,
    /// The component that the one `[[trigger.http]]` names.
    pub component: Component,
}

/// `[component.<id>]`, as far as this host serves it.
#[derive(Debug, Clone)]
pub struct Component {
    /// `<id>`, which messages repeat.
    pub id: String,
    /// The compiled component, an absolute path or one relative to the working folder.
    pub source: PathBuf,
    /// Where it may connect to; the entries may be templates. Default: nowhere.
    pub allowed_outbound_hosts: Vec<String>,
    /// The labels of the key-value stores it may open. Default: none.
    pub key_value_stores: Vec<String>,
    /// The variables it sees: name and template. Default: none.
    pub variables: BTreeMap<String, String>,
    /// How to compile it; `None` where the manifest does not say.
    pub build: Option<Build>,
}

/// `[component.<id>.build]`: how to compile the component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Shell commands, to run in order up to the first that fails.
    pub commands: Vec<String>,
    /// The folder to run them in: `workdir`, relative to the manifest. Default: the folder of the manifest, which may be empty for
    /// the working folder.
    pub folder: PathBuf,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// There is no such file.
    #[error(
        "there is no manifest at {path}; start in the folder that holds spin.toml, or name it with --from",
        path = .0.display()
    )]
    Missing(PathBuf),
    /// The file is there and cannot be read.
    #[error("cannot read the manifest {path}: {1}", path = .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// It is not TOML, or a field has the wrong type.
    #[error("the manifest {path} is malformed; correct this and start again:\n{1}", path = .0.display())]
    Malformed(PathBuf, String),
    /// It is well-formed but asks for something this host does not do; the text says what, and what would do it.
    #[error("{path}: {1}", path = .0.display())]
    Unsupported(PathBuf, String),
}

impl Manifest {
    /// The folder where the application keeps its state by default: `.spin` beside the manifest, as in Spin. It need not exist.
    pub fn state_dir(&self) -> PathBuf {
        self.folder.join(".spin")
    }

    /// Reads the manifest at `from`, a file or a folder with a `spin.toml`.
    ///
    /// # Errors
    ///
    /// [`ManifestError`], which names the file.
    pub fn load(from: &Path) -> Result<Self, ManifestError> {
        let path = if from.is_dir() { from.join("spin.toml") } else { from.to_owned() };
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ManifestError::Missing(path.clone()),
            _ => ManifestError::Unreadable(path.clone(), error),
        })?;
        Self::parse(&path, &text)
    }

    /// Interprets `text` as the contents of the manifest at `path`, which need not exist: relative paths start from its folder.
    ///
    /// # Errors
    ///
    /// [`ManifestError::Malformed`] and [`ManifestError::Unsupported`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ManifestError> {
        let malformed = |error: toml::de::Error| ManifestError::Malformed(path.to_owned(), error.to_string());
        let unsupported = |message: String| ManifestError::Unsupported(path.to_owned(), message);
        // The version first: other versions differ in everything else, and would fail with a less helpful message.
        let version: raw::Version = toml::from_str(text).map_err(malformed)?;
        if version.spin_manifest_version != Some(2) {
            return Err(unsupported("only `spin_manifest_version = 2` is understood".to_owned()));
        }
        let raw: raw::Manifest = toml::from_str(text).map_err(malformed)?;

        let [trigger] = raw.trigger.http.as_slice() else {
            return Err(unsupported(format!(
                "this host serves exactly one [[trigger.http]], and the manifest has {}; use `spin up` for it",
                raw.trigger.http.len()
            )));
        };
        match &trigger.route {
            raw::Route::Path(route) if route == CATCH_ALL => {}
            route => {
                return Err(unsupported(format!(
                    "this host serves the route \"{CATCH_ALL}\" only, and [[trigger.http]] has {route}; use `spin up` for it"
                )));
            }
        }
        let id = trigger.component.clone();
        let Some(component) = raw.component.into_iter().find_map(|(name, component)| (name == id).then_some(component))
        else {
            return Err(unsupported(format!(
                "[[trigger.http]] names the component {id:?}, but there is no [component.{id}]"
            )));
        };
        let raw::ComponentSource::Path(source) = component.source else {
            return Err(unsupported(format!(
                "`source` of [component.{id}] must be a local file: this host downloads nothing"
            )));
        };
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let build = component.build.map(|build| Build {
            commands: match build.command {
                raw::Commands::One(command) => vec![command],
                raw::Commands::Several(commands) => commands,
            },
            folder: build.workdir.map_or_else(|| folder.clone(), |workdir| folder.join(workdir)),
        });
        Ok(Self {
            path: path.to_owned(),
            name: raw.application.name,
            variables: raw.variables,
            component: Component {
                id,
                source: folder.join(source),
                allowed_outbound_hosts: component.allowed_outbound_hosts,
                key_value_stores: component.key_value_stores,
                variables: component.variables,
                build,
            },
            folder,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    const MINIMAL: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "shootout"
        authors = ["someone"]
        [variables]
        environment = { default = "local" }
        token = { required = true, secret = true }
        [[trigger.http]]
        route = "/..."
        component = "gateway"
        [component.gateway]
        source = "target/gateway.wasm"
        allowed_outbound_hosts = ["http://127.0.0.1:1"]
        key_value_stores = ["default"]
        something_newer = true
        [component.gateway.variables]
        environment = "{{ environment }}"
        [component.gateway.build]
        command = "cargo build"
        workdir = "sub"
        watch = ["src/**/*.rs"]
    "#;

    fn parse(text: &str) -> Result<Manifest, ManifestError> {
        Manifest::parse(Path::new("app/spin.toml"), text)
    }

    #[test]
    fn reads_what_one_component_needs() {
        let manifest = parse(MINIMAL).unwrap();
        assert_eq!(manifest.name, "shootout");
        assert_eq!(manifest.component.source, Path::new("app/target/gateway.wasm"), "relative to the manifest");
        assert_eq!(manifest.component.key_value_stores, ["default"]);
        assert_eq!(
            manifest.component.build,
            Some(Build { commands: vec!["cargo build".to_owned()], folder: PathBuf::from("app/sub") })
        );
        let token = manifest.variables.get("token").unwrap();
        assert!(token.required && token.secret && token.default.is_none());
    }

    #[test]
    fn says_what_it_cannot_serve() {
        let cases = [
            ("spin_manifest_version = 2", "spin_manifest_version = 1", "spin_manifest_version = 2"),
            ("\"/...\"", "\"/api/...\"", "/api/..."),
            ("\"/...\"", "{ private = true }", "private"),
            ("component = \"gateway\"", "component = \"other\"", "[component.other]"),
            ("source = \"target/gateway.wasm\"", "source = { url = \"u\", digest = \"d\" }", "local file"),
            ("[[trigger.http]]", "[[trigger.redis]]", "has 0"),
        ];
        for (from, to, expected) in cases {
            let message = match parse(&MINIMAL.replace(from, to)) {
                Err(error) => error.to_string(),
                Ok(_) => panic!("{to} was accepted"),
            };
            assert!(message.contains(expected), "{to}: {message:?} lacks {expected:?}");
        }
    }

    #[test]
    fn bad_toml_names_file_and_line() {
        let message = parse("spin_manifest_version = 2\n[application").unwrap_err().to_string();
        assert!(message.contains("app/spin.toml") && message.contains("line 2"), "{message}");
    }

    #[test]
    fn a_missing_file_says_what_to_do() {
        let message = Manifest::load(Path::new("nowhere/spin.toml")).unwrap_err().to_string();
        assert!(message.contains("nowhere/spin.toml") && message.contains("--from"), "{message}");
    }
}
