//! The manifest as it is written.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

use crate::app::variables::Declaration;

#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) spin_manifest_version: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Manifest {
    pub(super) application: Application,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Declaration>,
    #[serde(default)]
    pub(super) trigger: Triggers,
    #[serde(default)]
    pub(super) component: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
pub(super) struct Application {
    pub(super) name: String,
}

#[derive(Deserialize, Default)]
pub(super) struct Triggers {
    #[serde(default)]
    pub(super) http: Vec<HttpTrigger>,
}

#[derive(Deserialize)]
pub(super) struct HttpTrigger {
    pub(super) route: Route,
    pub(super) component: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Route {
    Path(String),
    #[expect(dead_code, reason = "read only to tell it from a path")]
    Private(toml::Table),
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{path:?}"),
            Self::Private(_) => f.write_str("a private one"),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Component {
    pub(super) source: ComponentSource,
    #[serde(default)]
    pub(super) allowed_outbound_hosts: Vec<String>,
    #[serde(default)]
    pub(super) key_value_stores: Vec<String>,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, String>,
    pub(super) build: Option<Build>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ComponentSource {
    Path(PathBuf),
    #[expect(dead_code, reason = "read only to tell it from a path")]
    Remote(toml::Table),
}

#[derive(Deserialize)]
pub(super) struct Build {
    pub(super) command: Commands,
    pub(super) workdir: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Commands {
    One(String),
    Several(Vec<String>),
}
