//! The manifest with everything in it resolved: what a host serves, before any engine or socket exists.

use std::collections::BTreeMap;

use gateway_core::network::allowed_hosts::{AllowedHosts, AllowedHostsError};

use crate::app::expansion::{Template, TemplateError};
use crate::app::manifest::{Manifest, ManifestError};
use crate::app::options::HostOptions;
use crate::app::variables::{Sources, VariableError, resolve};

/// Why the manifest and its variables make no application.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplicationError {
    /// The manifest is missing, unreadable, or asks for something this host does not offer.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A variable is unknown, misnamed, or has no value.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// A `{{ template }}` in the manifest cannot be expanded.
    #[error("{setting}: {error}")]
    Template {
        /// The setting that holds the template, such as `component.gateway.variables.environment`.
        setting: String,
        /// Why the template cannot be expanded.
        #[source]
        error: TemplateError,
    },
    /// An entry of `allowed_outbound_hosts` is empty or malformed.
    #[error(transparent)]
    AllowedHosts(#[from] AllowedHostsError),
}

/// A manifest and the values that its templates have in this run.
#[derive(Debug, Clone)]
pub struct Application {
    /// The manifest, with its templates as they are written.
    pub manifest: Manifest,
    /// The value of each variable that the manifest declares, by name.
    pub variables: BTreeMap<String, String>,
    /// What the component sees: the names under `[component.<id>.variables]` only.
    pub component_variables: BTreeMap<String, String>,
    /// Where the component may connect to.
    pub allowed_hosts: AllowedHosts,
}

impl Application {
    /// Reads the manifest and resolves variables and templates. Nothing is started, and the component need not exist.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong: the manifest, a variable, a template, an entry of `allowed_outbound_hosts`.
    pub fn load(options: &HostOptions) -> Result<Self, ApplicationError> {
        let manifest = Manifest::load(&options.manifest)?;
        let mut sources = Sources::from_flags(options.variables.clone());
        if options.read_environment {
            sources = sources.with_environment()?;
        }
        let variables = resolve(&manifest.variables, &sources)?;
        let component = &manifest.component;

        let mut component_variables = BTreeMap::new();
        for (name, template) in &component.variables {
            let value = expand(template, &variables).map_err(|error| ApplicationError::Template {
                setting: format!("component.{}.variables.{name}", component.id),
                error,
            })?;
            component_variables.insert(name.clone(), value);
        }

        let mut entries = Vec::new();
        for entry in &component.allowed_outbound_hosts {
            let value = expand(entry, &variables).map_err(|error| ApplicationError::Template {
                setting: format!("component.{}.allowed_outbound_hosts", component.id),
                error,
            })?;
            entries.push((entry.as_str(), value));
        }
        let allowed_hosts = AllowedHosts::compile(entries.iter().map(|(entry, value)| (*entry, value.as_str())))?;

        Ok(Self { variables, component_variables, allowed_hosts, manifest })
    }
}

fn expand(template: &str, variables: &BTreeMap<String, String>) -> Result<String, TemplateError> {
    Template::parse(template)?.expand(variables)
}
