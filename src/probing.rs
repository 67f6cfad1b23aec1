//! Health in action: active checks, what requests teach, and the writing of both. The rules stand in `gateway_core::health::rules`.

use crate::handler::Capabilities;
use crate::host::bindings::{monotonic_clock, random};
use crate::host::clock;
use crate::host::clock::Instant;
use crate::host::wait::{Deadline, Work, at_once, ready};
use crate::inbound::Head;
use crate::outbound::{Outbound, SendError};
use crate::upload::RequestBody;
use gateway_core::backend::credentials;
use gateway_core::backend::reference::Location;
use gateway_core::backend::registry::Backend;
use gateway_core::backend::registry::Listed;
use gateway_core::health::entry::Entry;
use gateway_core::health::rules as health;
use gateway_core::health::rules::{DEFAULT_ENDPOINT, Outcome, Plan, after, claim, claim_recheck, plan};
use gateway_core::limits::{CHECK_TIMEOUT, CHECKS_AT_ONCE, LISTING_TIMEOUT, REFRESH_JITTER};
use gateway_core::request::forwarded::{Origin, via};
use gateway_core::status::view::BackendView;
use gateway_core::time::Timestamp;
use http::Method;
use std::cell::RefCell;

/// What one request has to say about its backend's health.
pub(crate) struct Observation {
    /// The backend.
    pub(crate) backend: Backend,
    /// The entry it was routed by.
    pub(crate) entry: Option<Entry>,
    /// What its exchange tells.
    pub(crate) outcome: Outcome,
}

/// A change of the store that waits until the response is out.
pub(crate) struct Update {
    key: String,
    entry: Entry,
}

/// Performs updates. A store that cannot be written loses health, nothing else.
pub(crate) fn write(capabilities: &Capabilities, updates: impl IntoIterator<Item = Update>) {
    for update in updates {
        _ = capabilities.store.set(&update.key, update.entry.to_json().as_bytes());
    }
}

/// Records what a request has taught, after its response, at `now`.
///
/// The entry is read again before anything is written: of requests that fail together, or find an entry expired together, the others see what
/// the first has written.
pub(crate) async fn record(capabilities: &Capabilities, observation: Observation, now: Timestamp) {
    let Observation { backend, entry, outcome } = observation;
    let key = || gateway_core::health::entry::key(backend.location, &backend.id);
    if entry.as_ref().is_some_and(|entry| entry.gate(now).is_some()) {
        return recheck(capabilities, &backend, key()).await;
    }
    match plan(entry.as_ref(), &outcome, now) {
        Plan::Nothing => {}
        Plan::Now => {
            let current = capabilities.health(&backend);
            if let Some(entry) = after(current.as_ref(), &outcome, clock::timestamp()) {
                write(capabilities, [Update { key: key(), entry }]);
            }
        }
        Plan::Later => {
            jitter().await;
            let current = capabilities.health(&backend);
            let now = clock::timestamp();
            if current.as_ref().is_some_and(|entry| entry.is_fresh(now)) {
                return;
            }
            // Writing first is what tells the others that this one looks after it.
            let refreshed = after(current.as_ref(), &outcome, now);
            let key = key();
            let written = refreshed.clone().unwrap_or_else(|| claim(current.as_ref(), now));
            write(capabilities, [Update { key: key.clone(), entry: written }]);
            let (checked, _) = check(capabilities, &backend).await;
            let known = refreshed.or(current);
            if let Some(entry) = after(known.as_ref(), &checked, clock::timestamp()) {
                write(capabilities, [Update { key, entry }]);
            }
        }
    }
}

/// After turning a request away: sees whether the backend is back.
async fn recheck(capabilities: &Capabilities, backend: &Backend, key: String) {
    let current = capabilities.health(backend);
    let Some(claimed) = current.as_ref().and_then(|entry| claim_recheck(entry, clock::timestamp())) else {
        return;
    };
    write(capabilities, [Update { key: key.clone(), entry: claimed.clone() }]);
    let (outcome, _) = check(capabilities, backend).await;
    if let Some(entry) = after(Some(&claimed), &outcome, clock::timestamp()) {
        write(capabilities, [Update { key, entry }]);
    }
}

async fn jitter() {
    let limit = clock::nanos(REFRESH_JITTER).max(1);
    let delay = random::get_random_u64().checked_rem(limit).unwrap_or_default();
    ready(monotonic_clock::subscribe_instant(monotonic_clock::now().saturating_add(delay))).await;
}

/// One active check: a GET on the health endpoint, 2 s, redirects not followed. Beside what it tells, says in words why it tells nothing.
async fn check(capabilities: &Capabilities, backend: &Backend) -> (Outcome, Option<String>) {
    let endpoint = match capabilities.health_endpoint(backend) {
        Ok(endpoint) => endpoint,
        Err(error) => return (Outcome::Nothing, Some(error.to_string())),
    };
    let head = Head {
        method: Method::GET,
        path_and_query: endpoint.clone().unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned()),
        fields: Vec::new(),
        origin: Origin::default(),
    };
    let credentials = match credentials::authorization(&[], &backend.id, &capabilities.variables) {
        Ok(credentials) => credentials,
        Err(error) => return (Outcome::Nothing, Some(error.to_string())),
    };
    let mut fields = vec![("user-agent".to_owned(), gateway_core::GATEWAY_NAME.as_bytes().to_vec()), via()];
    fields.extend(credentials);
    let started = Instant::now();
    let outbound = Outbound { backend, head: &head, fields, timeout: CHECK_TIMEOUT, started };
    match outbound.send(RequestBody::Empty { length: None }).await {
        Ok(inflight) => {
            let latency = inflight.received.since(started);
            (health::of_check(inflight.status, endpoint.is_some(), latency), None)
        }
        Err(SendError::Upstream(failure)) => match health::of_failure(&failure) {
            Outcome::Nothing => (Outcome::Nothing, Some(failure.to_string())),
            outcome => (outcome, None),
        },
        Err(SendError::BrokenRequestBody) => (Outcome::Nothing, None),
    }
}

/// The result of an active check in a survey.
struct Checked {
    outcome: Outcome,
    note: Option<String>,
    at: Timestamp,
}

/// The backends as `/backends` shows them. Those whose health is due are checked first, six at once, for 2.3 s in all; what has no answer by then is
/// shown as it was known before.
pub(crate) async fn survey(
    capabilities: &Capabilities,
    location: Location,
    listed: Vec<Listed>,
) -> (Vec<BackendView>, Vec<Update>) {
    let known: Vec<Option<Entry>> = listed
        .iter()
        .map(|listed| listed.backend.as_ref().ok().and_then(|backend| capabilities.health(backend)))
        .collect();
    let results: Vec<RefCell<Option<Checked>>> = listed.iter().map(|_| RefCell::new(None)).collect();
    let now = clock::timestamp();
    let mut checks: Vec<Work<'_>> = Vec::new();
    for ((listed, known), result) in listed.iter().zip(&known).zip(&results) {
        if let Ok(backend) = &listed.backend
            && known.as_ref().is_none_or(|entry| entry.is_due(now))
        {
            checks.push(Box::pin(async move {
                let (outcome, note) = check(capabilities, backend).await;
                result.replace(Some(Checked { outcome, note, at: clock::timestamp() }));
            }));
        }
    }
    // What is not through in time is cut off; the results so far stand.
    _ = Deadline::at(Instant::after(LISTING_TIMEOUT)).limit(at_once(CHECKS_AT_ONCE, checks)).await;

    let mut updates = Vec::new();
    let now = clock::timestamp();
    let views = listed
        .iter()
        .zip(known)
        .zip(results)
        .map(|((listed, known), result)| {
            let (changed, note) = match result.into_inner() {
                Some(checked) => (after(known.as_ref(), &checked.outcome, checked.at), checked.note),
                None => (None, None),
            };
            if let Some(entry) = &changed {
                updates
                    .push(Update { key: gateway_core::health::entry::key(location, &listed.id), entry: entry.clone() });
            }
            BackendView::new(listed, location, changed.or(known).as_ref(), note, now)
        })
        .collect();
    (views, updates)
}
