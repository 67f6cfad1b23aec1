//! One request, from beginning to end: route, select, look up, gate, forward, relay, record.

use crate::comparing;
use crate::comparing::{Between, Lessons};
use crate::host::bindings::http_types::{IncomingRequest, ResponseOutparam};
use crate::host::bindings::random;
use crate::host::clock;
use crate::host::clock::Instant;
use crate::host::log_output;
use crate::host::pump::End;
use crate::host::store::HostStore;
use crate::host::variables::HostVariables;
use crate::inbound::{self, Head};
use crate::outbound::{Inflight, Outbound, SendError};
use crate::probing;
use crate::probing::{Observation, Update};
use crate::relay;
use crate::upload::{self, ReadError, RequestBody};
use gateway_core::backend::cloud::CloudRegistry;
use gateway_core::backend::credentials;
use gateway_core::backend::local::LocalRegistry;
use gateway_core::backend::reference::{Location, environment};
use gateway_core::backend::registry::Backend;
use gateway_core::backend::registry::{BackendRegistry, Variables as _};
use gateway_core::config::{self, ConfigError, ENVIRONMENT, REQUEST_TIMEOUT};
use gateway_core::failure::UpstreamFailure;
use gateway_core::fields::{fits, text_values};
use gateway_core::health::entry::{Entry, State};
use gateway_core::health::rules::Outcome;
use gateway_core::request::forwarded::is_loop;
use gateway_core::request::headers;
use gateway_core::request::request_id;
use gateway_core::request::route::{Choice, Route, Selection, Unselectable, route, select};
use gateway_core::response::error::GatewayError;
use gateway_core::response::log;
use gateway_core::response::notes as response;
use gateway_core::response::notes::{Notes, Timing};
use gateway_core::response::reply::Reply;
use gateway_core::status::accept::wants_html;
use gateway_core::status::endpoints;
use gateway_core::status::page::StatusPage;
use gateway_core::time::Timestamp;
use std::time::Duration;

/// What becomes known of a request on its way; the log line is made of it.
pub(crate) struct Record {
    started: Instant,
    pub(crate) time: Timestamp,
    pub(crate) request_id: String,
    selection: Option<Selection>,
    /// The ids of a shootout, for the log.
    pub(crate) compared: Option<String>,
    pub(crate) backend_time: Option<Duration>,
    health: Option<State>,
    observation: Option<Observation>,
    updates: Vec<Update>,
    pub(crate) lessons: Vec<Lessons>,
}

/// Said of a path that a backend could read as one outside the base path of its URL.
pub(crate) const LEAVES_THE_BASE_PATH: &str = "The path's '..' segments lead above the base path of the backend's URL";

/// Said of an `x-backend` that names too many.
const TOO_MANY_BACKENDS: &str = "x-backend names too many backends: at most 16 can be compared";

/// The host's capabilities.
pub(crate) struct Capabilities {
    pub(crate) variables: HostVariables,
    pub(crate) store: HostStore,
}

/// What the client gets.
enum Answer {
    Preflight,
    Own(Reply),
    Relay(Inflight),
}

/// Answers one request.
pub(crate) async fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let started = Instant::now();
    let mut head = inbound::head(&request);
    let mut record = Record {
        started,
        time: clock::timestamp(),
        request_id: request_id::inbound(&head.fields).unwrap_or_else(random_id),
        selection: None,
        compared: None,
        backend_time: None,
        health: None,
        observation: None,
        updates: Vec::new(),
        lessons: Vec::new(),
    };
    let capabilities = Capabilities { variables: HostVariables, store: HostStore::new() };

    let (status, error) = match answer(&request, &mut head, &capabilities, &mut record).await {
        Ok(Answer::Preflight) => {
            let (status, fields) = response::preflight(&head.fields, &record.notes());
            relay::send(out, &head.method, status, &fields, None).await;
            (status, None)
        }
        Ok(Answer::Own(reply)) => (send_own(out, &head, &reply, &record).await, None),
        Ok(Answer::Relay(mut inflight)) => {
            let status = inflight.status;
            let fields = response::relayed(std::mem::take(&mut inflight.fields), &record.notes_at(inflight.received));
            let end = relay::relay(out, &head.method, &fields, inflight).await;
            (status, transfer_error(end).map(str::to_owned))
        }
        Err(error) => (send_own(out, &head, &error.reply(), &record).await, Some(error.log_text())),
    };
    let total = Instant::now().since(record.started);
    record.write(&head, status.as_u16(), total, error.as_deref());

    // The response is out; only now the store may be written.
    probing::write(&capabilities, std::mem::take(&mut record.updates));
    if let Some(observation) = record.observation.take() {
        probing::record(&capabilities, observation, record.time.plus(total)).await;
    }
    if !record.lessons.is_empty() {
        Box::pin(comparing::record(&capabilities, std::mem::take(&mut record.lessons))).await;
    }
}

async fn answer(
    request: &IncomingRequest,
    head: &mut Head,
    capabilities: &Capabilities,
    record: &mut Record,
) -> Result<Answer, GatewayError> {
    match route(&head.method, &head.path_and_query)? {
        Route::Preflight => Ok(Answer::Preflight),
        Route::Health => Ok(Answer::Own(endpoints::health(record.time))),
        Route::Backends => backends(head, capabilities, record).await.map(Answer::Own),
        Route::Proxy => {
            let between = match choose(head, capabilities)? {
                Choice::One(selection) => {
                    return forward(request, head, capabilities, record, selection).await.map(Answer::Relay);
                }
                Choice::Several(selections) => Between::These(selections),
                Choice::All(location) => Between::All(location),
            };
            // Boxed, so that requests to one backend do not carry its size along.
            Box::pin(comparing::run(request, head, capabilities, record, between)).await.map(Answer::Own)
        }
    }
}

/// The backend or backends of a request that may be forwarded at all.
fn choose(head: &Head, capabilities: &Capabilities) -> Result<Choice, GatewayError> {
    if is_loop(&head.fields) {
        return Err(GatewayError::Loop);
    }
    if !fits(&head.fields) {
        return Err(GatewayError::RequestHeadTooLarge);
    }
    capabilities.choice(head)
}

async fn forward(
    request: &IncomingRequest,
    head: &mut Head,
    capabilities: &Capabilities,
    record: &mut Record,
    selection: Selection,
) -> Result<Inflight, GatewayError> {
    let backend = capabilities.backend(selection, record)?;
    if backend.url.is_left_by(&head.path_and_query) {
        return Err(GatewayError::BadRequest(LEAVES_THE_BASE_PATH));
    }
    let entry = capabilities.health(&backend);
    record.health = Some(gateway_core::health::entry::state(entry.as_ref(), record.time));
    if let Some(error) = gated(&backend, entry.as_ref(), record.time) {
        record.observation = Some(Observation { backend, entry, outcome: Outcome::Nothing });
        return Err(error);
    }
    let timeout = config::request_timeout(capabilities.variables.get(REQUEST_TIMEOUT)?.as_deref())?;
    let credentials = credentials::authorization(&head.fields, &backend.id, &capabilities.variables)?;
    let upstream_error =
        |failure| GatewayError::Upstream { backend: backend.id.clone(), location: backend.location, failure };

    let body = upload::request_body(request, head, timeout).await.map_err(|error| match error {
        ReadError::Refused(error) => error,
        ReadError::Failed(failure) => upstream_error(failure),
    })?;
    let length = match &body {
        RequestBody::Empty { length } => *length,
        RequestBody::Upload(upload) => upload.length,
    };
    // Nothing else asks for the request's fields from here on.
    let (fields, origin) = (std::mem::take(&mut head.fields), std::mem::take(&mut head.origin));
    let mut fields = headers::to_backend(fields, origin, &record.request_id, length);
    fields.extend(credentials);
    let started = Instant::now();
    let outbound = Outbound { backend: &backend, head, fields, timeout, started };
    let result = outbound.send(body).await;
    let ended = result.as_ref().map_or_else(|_| Instant::now(), |inflight| inflight.received);
    let latency = ended.since(started);
    record.backend_time = Some(latency);
    let (outcome, result) = match result {
        Ok(inflight) => (gateway_core::health::rules::of_answer(inflight.status, latency), Ok(inflight)),
        Err(SendError::Upstream(failure)) => {
            (gateway_core::health::rules::of_failure(&failure), Err(upstream_error(failure)))
        }
        Err(SendError::BrokenRequestBody) => (Outcome::Nothing, Err(GatewayError::BrokenRequestBody)),
    };
    record.observation = Some(Observation { backend, entry, outcome });
    result
}

/// Why `backend` is not asked, where it is known to be down.
pub(crate) fn gated(backend: &Backend, entry: Option<&Entry>, now: Timestamp) -> Option<GatewayError> {
    let retry_after = entry?.gate(now)?;
    let failure = UpstreamFailure::Gated { retry_after, reason: entry?.reason.clone().unwrap_or_default() };
    Some(GatewayError::Upstream { backend: backend.id.clone(), location: backend.location, failure })
}

async fn backends(head: &Head, capabilities: &Capabilities, record: &mut Record) -> Result<Reply, GatewayError> {
    let location = capabilities.environment()?;
    let listed = capabilities.with_registry(location, |registry| registry.list_backends())?;
    let (views, updates) = probing::survey(capabilities, location, listed).await;
    record.updates = updates;
    if !wants_html(text_values(&head.fields, "accept")) {
        return Ok(endpoints::backends_json(&views));
    }
    Ok(endpoints::backends_page(&StatusPage {
        backends: &views,
        environment: location.as_str(),
        version: gateway_core::VERSION,
        generated_at: &record.time.to_rfc3339(),
        nonce: &random_id(),
    }))
}

impl Capabilities {
    fn environment(&self) -> Result<Location, GatewayError> {
        Ok(environment(self.variables.get(ENVIRONMENT)?.as_deref())?)
    }

    /// Runs `work` with the registry of `location`.
    pub(crate) fn with_registry<T>(&self, location: Location, work: impl FnOnce(&dyn BackendRegistry) -> T) -> T {
        match location {
            Location::Local => work(&LocalRegistry::new(&self.variables, &self.store)),
            Location::Cloud => work(&CloudRegistry::new(&self.variables, &self.store)),
        }
    }

    /// The backend or backends the request asks for.
    fn choice(&self, head: &Head) -> Result<Choice, GatewayError> {
        select(&head.fields, self.environment()?).map_err(|error| match error {
            Unselectable::Location(requested) => GatewayError::InvalidLocation { requested },
            Unselectable::Backend { requested, location } => self.invalid(requested, location),
            Unselectable::TooMany => GatewayError::BadRequest(TOO_MANY_BACKENDS),
        })
    }

    /// The error for an id that names no backend of `location`.
    pub(crate) fn invalid(&self, requested: String, location: Location) -> GatewayError {
        GatewayError::InvalidBackend {
            requested,
            configured: self.with_registry(location, |registry| registry.configured_ids()),
        }
    }

    /// The backend that was selected.
    fn backend(&self, selection: Selection, record: &mut Record) -> Result<Backend, GatewayError> {
        match self.with_registry(selection.location, |registry| registry.get_backend(&selection.id)) {
            Ok(None) => Err(self.invalid(selection.id, selection.location)),
            // From here the id is known to be one, even if its configuration turns out to be of no use.
            Ok(Some(backend)) => {
                record.selection = Some(selection);
                Ok(backend)
            }
            Err(error) => {
                record.selection = Some(selection);
                Err(error.into())
            }
        }
    }

    /// What the store knows of a backend's health.
    pub(crate) fn health(&self, backend: &Backend) -> Option<Entry> {
        self.with_registry(backend.location, |registry| registry.check_health(&backend.id))
    }

    /// The path of a backend's own health endpoint.
    pub(crate) fn health_endpoint(&self, backend: &Backend) -> Result<Option<String>, ConfigError> {
        self.with_registry(backend.location, |registry| registry.health_endpoint(backend))
    }
}

impl Record {
    fn notes(&self) -> Notes<'_> {
        self.notes_at(Instant::now())
    }

    /// The notes on a response whose head was there at `answered`.
    fn notes_at(&self, answered: Instant) -> Notes<'_> {
        let total = answered.since(self.started);
        Notes {
            request_id: &self.request_id,
            backend: self.selection.as_ref().map(|selection| selection.id.as_str()),
            timing: Timing {
                gateway: total.saturating_sub(self.backend_time.unwrap_or_default()),
                backend: self.backend_time,
            },
        }
    }

    fn write(&self, head: &Head, status: u16, total: Duration, error: Option<&str>) {
        let line = log::line(&log::Entry {
            time: self.time,
            request_id: &self.request_id,
            method: head.method.as_str(),
            path: &head.path_and_query,
            backend: self.selection.as_ref().map(|selection| selection.id.as_str()).or(self.compared.as_deref()),
            location: self.selection.as_ref().map(|selection| selection.location.as_str()),
            status,
            total,
            backend_time: self.backend_time,
            health: self.health.map(State::as_str),
            error,
        });
        log_output::write(&line);
    }
}

async fn send_own(out: ResponseOutparam, head: &Head, reply: &Reply, record: &Record) -> http::StatusCode {
    let fields = response::own(reply, &record.notes());
    relay::send(out, &head.method, reply.status, &fields, reply.body.as_deref()).await;
    reply.status
}

fn random_id() -> String {
    request_id::from_random(random::get_random_u64(), random::get_random_u64())
}

fn transfer_error(end: End) -> Option<&'static str> {
    match end {
        End::Complete => None,
        End::SourceBroke => Some("the backend broke off its response"),
        End::SinkClosed => Some("the client left"),
        End::SourceStalled => Some("the backend's response stood still"),
        End::SinkStalled => Some("the client stopped reading"),
    }
}
