//! What the gateway looks up while it answers: configuration in variables and store, health in the store.

use crate::host::store::HostStore;
use crate::host::variables::HostVariables;
use gateway_comparison::exchange_limit::ExchangeLimit;
use gateway_core::backend::cloud::CloudRegistry;
use gateway_core::backend::local::LocalRegistry;
use gateway_core::backend::reference::{BackendRef, Location, environment};
use gateway_core::backend::registry::{Backend, BackendRegistry, Listed, Store as _, Variables as _};
use gateway_core::backend::settings::Settings;
use gateway_core::config::{
    self, CORS_ORIGINS, ConfigError, ENVIRONMENT, IDLE_TIMEOUT, LABEL_DOMAIN, LOCAL_BACKENDS, REQUEST_TIMEOUT,
    SHOOTOUT, TRUSTED_PROXIES,
};
use gateway_core::fields::Field;
use gateway_core::health::entry::{self, Entry};
use gateway_core::health::outcome::endpoint_fingerprint;
use gateway_core::network::internal_host;
use gateway_core::network::trusted_proxies::TrustedProxies;
use gateway_core::request::forwarded::Origin;
use gateway_core::request::label::{label, label_domain};
use gateway_core::request::local_backends::LocalBackends;
use gateway_core::request::route::{Choice, SelectError, select};
use gateway_core::response::cors::AllowedOrigin;
use gateway_core::response::error::GatewayError;
use gateway_core::response::error::bad_request::BadRequest;
use std::time::Duration;

/// The host's variables and store, with the questions that the gateway asks them.
pub(crate) struct Lookup {
    pub(crate) variables: Settings<HostVariables>,
    pub(crate) store: HostStore,
}

impl Lookup {
    /// Nothing is read yet.
    pub(crate) fn new() -> Self {
        Lookup { variables: Settings::new(HostVariables), store: HostStore::new() }
    }

    /// Where the gateway runs.
    pub(crate) fn environment(&self) -> Result<Location, GatewayError> {
        Ok(environment(self.variables.get(ENVIRONMENT)?.as_deref())?)
    }

    /// The deadline of a request to a backend.
    pub(crate) fn request_timeout(&self) -> Result<Duration, ConfigError> {
        config::request_timeout(self.variables.get(REQUEST_TIMEOUT)?.as_deref())
    }

    /// The longest silence between two chunks of a response.
    pub(crate) fn idle_timeout(&self) -> Result<Duration, ConfigError> {
        config::idle_timeout(self.variables.get(IDLE_TIMEOUT)?.as_deref())
    }

    /// Whose pages may read the answer to a request with these fields.
    pub(crate) fn allowed_origin(&self, fields: &[Field]) -> Result<AllowedOrigin, ConfigError> {
        AllowedOrigin::of(fields, self.variables.get(CORS_ORIGINS)?.as_deref())
    }

    /// The origin of a request, by the word of its peer where that is believed.
    pub(crate) fn judged(&self, origin: Origin, fields: &[Field]) -> Result<Origin, ConfigError> {
        let trusted = TrustedProxies::parse(self.variables.get(TRUSTED_PROXIES)?.as_deref())?;
        Ok(if trusted.trusts(origin.client) { origin.believing(fields) } else { origin })
    }

    /// How many exchanges one comparison may have.
    pub(crate) fn exchange_limit(&self) -> Result<ExchangeLimit, GatewayError> {
        Ok(ExchangeLimit::parse(self.variables.get(SHOOTOUT)?.as_deref(), self.environment()?)?)
    }

    /// The backend or backends that a request asks for, by its fields or the host it addresses.
    pub(crate) fn choice(&self, fields: &[Field], host: Option<&str>) -> Result<Choice, GatewayError> {
        let environment = self.environment()?;
        let domain = label_domain(self.variables.get(LABEL_DOMAIN)?.as_deref())?;
        let label = label(host, domain.as_deref());
        let choice = select(fields, environment, label.as_deref()).map_err(|error| match error {
            SelectError::Location(requested) => GatewayError::InvalidLocation { requested },
            SelectError::Backend { requested, location } => self.invalid(requested, location),
            SelectError::TooMany => BadRequest::TooManyBackends.into(),
        })?;
        let local = LocalBackends::parse(self.variables.get(LOCAL_BACKENDS)?.as_deref())?;
        if choice.has_local() && !local.reachable_from(environment) {
            return Err(GatewayError::LocalUnreachable);
        }
        Ok(choice)
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
