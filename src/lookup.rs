//! What the gateway looks up while it answers: configuration in variables and store, health in the store.

use crate::host::store::HostStore;
use crate::host::variables::HostVariables;
use gateway_core::backend::cloud::CloudRegistry;
use gateway_core::backend::local::LocalRegistry;
use gateway_core::backend::reference::{BackendRef, Location, environment};
use gateway_core::backend::registry::{Backend, BackendRegistry, Listed, Store as _, Variables as _};
use gateway_core::config::{ConfigError, ENVIRONMENT, REQUEST_TIMEOUT, request_timeout};
use gateway_core::fields::Field;
use gateway_core::health::entry::{self, Entry};
use gateway_core::health::outcome::endpoint_fingerprint;
use gateway_core::network::internal_host;
use gateway_core::request::route::{Choice, SelectError, select};
use gateway_core::response::error::{BadRequest, GatewayError};
use std::cell::OnceCell;
use std::time::Duration;

/// The host's variables and store, with the questions that the gateway asks them.
pub(crate) struct Lookup {
    pub(crate) variables: HostVariables,
    pub(crate) store: HostStore,
    timeout: OnceCell<Duration>,
}

impl Lookup {
    /// Nothing is read yet.
    pub(crate) fn new() -> Self {
        Lookup { variables: HostVariables, store: HostStore::new(), timeout: OnceCell::new() }
    }

    /// Where the gateway runs.
    pub(crate) fn environment(&self) -> Result<Location, GatewayError> {
        Ok(environment(self.variables.get(ENVIRONMENT)?.as_deref())?)
    }

    /// The deadline of a request to a backend; read once, as a comparison asks for it again and again.
    pub(crate) fn request_timeout(&self) -> Result<Duration, ConfigError> {
        if let Some(timeout) = self.timeout.get() {
            return Ok(*timeout);
        }
        let timeout = request_timeout(self.variables.get(REQUEST_TIMEOUT)?.as_deref())?;
        Ok(*self.timeout.get_or_init(|| timeout))
    }

    /// The backend or backends that the fields of a request ask for.
    pub(crate) fn choice(&self, fields: &[Field]) -> Result<Choice, GatewayError> {
        select(fields, self.environment()?).map_err(|error| match error {
            SelectError::Location(requested) => GatewayError::InvalidLocation { requested },
            SelectError::Backend { requested, location } => self.invalid(requested, location),
            SelectError::TooMany => BadRequest::TooManyBackends.into(),
        })
    }

    /// A backend; the outer error says that none is configured under this id.
    pub(crate) fn backend(&self, reference: &BackendRef) -> Result<Result<Backend, ConfigError>, GatewayError> {
        match self.with_registry(reference.location, |registry| registry.get_backend(&reference.id)) {
            Ok(None) => Err(self.invalid(reference.id.clone(), reference.location)),
            Ok(Some(backend)) => Ok(Ok(backend)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Every configured backend of `location`, sorted by id.
    pub(crate) fn listed(&self, location: Location) -> Result<Vec<Listed>, ConfigError> {
        self.with_registry(location, |registry| registry.list_backends())
    }

    /// The path of a backend's own health endpoint, where one is configured.
    pub(crate) fn health_endpoint(&self, backend: &Backend) -> Result<Option<String>, ConfigError> {
        self.with_registry(backend.reference.location, |registry| registry.health_endpoint(backend))
    }

    /// What the store knows of a backend's health, as far as it speaks of what is configured now.
    pub(crate) fn health(&self, backend: &Backend) -> Option<Entry> {
        let entry = entry::read(&self.store, backend)?;
        let Some(declared_by) = entry.declared_by else {
            return Some(entry);
        };
        // Read only here, so that other requests do without: an endpoint that is no longer the one to ask would never end the outage.
        let endpoint = self.health_endpoint(backend).ok()??;
        (endpoint_fingerprint(&endpoint) == declared_by).then_some(entry)
    }

    /// Writes an entry. A store that cannot be written loses health, nothing else.
    pub(crate) fn remember(&self, backend: &Backend, entry: Entry) {
        let entry = Entry { url: Some(backend.url.fingerprint()), ..entry };
        _ = self.store.set(&entry::key(&backend.reference), entry.to_json().as_bytes());
    }

    /// Removes the entries of backends that are no longer configured. Keys that only look alike stay.
    pub(crate) fn forget_gone(&self) {
        for key in self.store.keys().unwrap_or_default() {
            let Some(reference) = entry::of_key(&key) else { continue };
            let found = self.with_registry(reference.location, |registry| registry.get_backend(&reference.id));
            let is_entry = || matches!(self.store.get(&key), Ok(Some(value)) if Entry::parse(&value).is_some());
            if found == Ok(None) && is_entry() {
                _ = self.store.delete(&key);
            }
        }
    }

    fn with_registry<T>(&self, location: Location, ask: impl FnOnce(&dyn BackendRegistry) -> T) -> T {
        match location {
            Location::Local => ask(&LocalRegistry::new(&self.variables)),
            Location::Cloud => ask(&CloudRegistry::new(&self.store, &internal_host::guard(&self.variables))),
        }
    }

    fn invalid(&self, requested: String, location: Location) -> GatewayError {
        let configured = self.with_registry(location, |registry| registry.configured_ids());
        GatewayError::InvalidBackend { requested, configured }
    }
}
