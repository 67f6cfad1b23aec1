//! What every request to a backend needs before it is sent, whoever asks: a client, a comparison or a check.

use crate::inbound::Head;
use crate::lookup::Lookup;
use gateway_core::GATEWAY_NAME;
use gateway_core::backend::credentials;
use gateway_core::backend::registry::Backend;
use gateway_core::config::ConfigError;
use gateway_core::fields::{Field, field};
use gateway_core::health::entry::{self, Entry, State};
use gateway_core::health::observation::Observation;
use gateway_core::health::outcome::{Evidence, Outcome, Sign};
use gateway_core::limits::CHECK_TIMEOUT;
use gateway_core::request::forwarded::{Origin, via};
use gateway_core::request::headers;
use gateway_core::response::error::GatewayError;
use gateway_core::response::error::bad_request::BadRequest;
use gateway_core::time::Timestamp;
use std::time::Duration;

/// A backend that may be asked, and what each request to it carries.
#[derive(Clone)]
pub(crate) struct Prepared {
    /// The backend.
    pub(crate) backend: Backend,
    /// The health entry it is asked by.
    pub(crate) known: Option<Entry>,
    /// The deadline for the response head.
    pub(crate) timeout: Duration,
    /// The longest silence between two chunks of the response.
    pub(crate) idle_timeout: Duration,
    /// The gateway's own, where the client brings none.
    credentials: Vec<Field>,
}

/// Why a backend is not asked.
pub(crate) struct Refused {
    pub(crate) error: GatewayError,
    /// The verdict that it was judged by, if it came to that.
    pub(crate) health: Option<State>,
    /// Being turned away is something to act on: the backend may be back.
    pub(crate) observation: Option<Box<Observation>>,
}

/// For a client's request at `now`: the path must not leave the base path, and the backend must not be known to be down.
pub(crate) fn for_client(lookup: &Lookup, backend: Backend, head: &Head, now: Timestamp) -> Result<Prepared, Refused> {
    if backend.url.is_left_by(&head.path_and_query) {
        let error = BadRequest::LeavesBasePath.into();
        return Err(Refused { error, health: None, observation: None });
    }
    let known = lookup.health(&backend);
    let health = Some(entry::state(known.as_ref(), now));
    if let Some(failure) = known.as_ref().and_then(|entry| entry.gated(now)) {
        let error = GatewayError::Upstream { backend: backend.reference.clone(), failure };
        let sign = Sign { outcome: Outcome::Nothing, at: now, evidence: Evidence::Traffic };
        let observation = Some(Box::new(Observation { backend, known, sign }));
        return Err(Refused { error, health, observation });
    }
    let refused = |error: ConfigError| Refused { error: error.into(), health, observation: None };
    Ok(Prepared {
        timeout: lookup.request_timeout().map_err(refused)?,
        idle_timeout: lookup.idle_timeout().map_err(refused)?,
        credentials: credentials::fields(&head.fields, &backend.reference.id, &lookup.variables).map_err(refused)?,
        backend,
        known,
    })
}

/// For an active check, which asks whatever is known.
pub(crate) fn for_check(lookup: &Lookup, backend: &Backend) -> Result<Prepared, ConfigError> {
    let credentials = credentials::fields(&[], &backend.reference.id, &lookup.variables)?;
    let backend = backend.clone();
    Ok(Prepared { backend, known: None, timeout: CHECK_TIMEOUT, idle_timeout: CHECK_TIMEOUT, credentials })
}

impl Prepared {
    /// The fields of a client's request, as the backend gets them. `length` is that of the body, where it is known.
    pub(crate) fn client_fields(
        &self,
        fields: Vec<Field>,
        origin: Origin,
        request_id: &str,
        length: Option<u64>,
    ) -> Vec<Field> {
        let mut fields = headers::to_backend(fields, origin, request_id, length);
        fields.extend(self.credentials.clone());
        fields
    }

    /// The fields of a request of the gateway's own.
    pub(crate) fn own_fields(&self) -> Vec<Field> {
        let mut fields = vec![field("user-agent", GATEWAY_NAME), via()];
        fields.extend(self.credentials.clone());
        fields
    }

    /// What an exchange with this backend has taught; `at` is when its head was there, or the failure.
    pub(crate) fn observation(self, outcome: Outcome, at: Timestamp) -> Observation {
        let Prepared { backend, known, .. } = self;
        Observation { backend, known, sign: Sign { outcome, at, evidence: Evidence::Traffic } }
    }
}
