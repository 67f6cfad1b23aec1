//! The shootout: the exchanges that `gateway_core::comparison::asked` compares, made at once and round by round.

use crate::handler::{Capabilities, Record};
use crate::host::bindings::StreamError;
use crate::host::bindings::http_types::IncomingRequest;
use crate::host::clock;
use crate::host::clock::Instant;
use crate::host::wait::{Deadline, TimedOut, Work, at_once, ready};
use crate::inbound::Head;
use crate::outbound::{Inflight, Outbound, SendError};
use crate::probing::Observation;
use crate::upload::{self, ReadError, RequestBody};
use gateway_core::backend::credentials;
use gateway_core::backend::reference::Location;
use gateway_core::backend::registry::Backend;
use gateway_core::backend::registry::Variables as _;
use gateway_core::comparison::asked as shootout;
use gateway_core::comparison::asked::HAS_A_BODY;
use gateway_core::comparison::body::Body;
use gateway_core::comparison::report::{self, Runs, Skipped};
use gateway_core::comparison::tally::{Answered, Contender, Shootout};
use gateway_core::config::{self, REQUEST_TIMEOUT};
use gateway_core::fields::Field;
use gateway_core::health::entry::Entry;
use gateway_core::health::rules as health;
use gateway_core::health::rules::Outcome;
use gateway_core::limits::{AT_ONCE, MOST_BACKENDS};
use gateway_core::request::body::{content_length, response_has_body};
use gateway_core::request::headers;
use gateway_core::request::route::Selection;
use gateway_core::response::error::GatewayError;
use gateway_core::response::reply::Reply;
use std::cell::RefCell;
use std::time::Duration;

/// How much of a body is read at once.
const CHUNK: u64 = 64 * 1024;

/// The backends that a shootout is between.
pub(crate) enum Between {
    /// Those named.
    These(Vec<Selection>),
    /// All that are configured and not known to be down.
    All(Location),
}

/// One backend, ready to be asked.
struct Ready {
    backend: Backend,
    entry: Option<Entry>,
    fields: Vec<Field>,
}

/// One row of the report before the first round: a backend, or why it is not asked at all.
struct Entrant {
    contender: Contender,
    ready: Result<Ready, GatewayError>,
    outcomes: Vec<Outcome>,
}

/// Makes the exchanges and answers with the comparison. What they taught is left in `record`, to be written after the response.
pub(crate) async fn run(
    request: &IncomingRequest,
    head: &Head,
    capabilities: &Capabilities,
    record: &mut Record,
    between: Between,
) -> Result<Reply, GatewayError> {
    shootout::check_method(&head.method)?;
    let asked = shootout::runs(&head.fields)?;
    let timeout = config::request_timeout(capabilities.variables.get(REQUEST_TIMEOUT)?.as_deref())?;
    match upload::request_body(request, head, timeout).await {
        Ok(RequestBody::Empty { .. }) => {}
        Ok(RequestBody::Upload(_)) | Err(ReadError::Refused(GatewayError::LengthRequired)) => return Err(HAS_A_BODY),
        Err(ReadError::Refused(error)) => return Err(error),
        Err(ReadError::Failed(_)) => return Err(GatewayError::BrokenRequestBody),
    }
    let (mut entrants, skipped) = match between {
        Between::These(selections) => (these(selections, head, capabilities, record)?, Vec::new()),
        Between::All(location) => all(location, head, capabilities, record)?,
    };
    let mut ids = String::new();
    for entrant in &entrants {
        if !ids.is_empty() {
            ids.push(',');
        }
        ids.push_str(&entrant.contender.id);
    }
    record.compared = Some(ids);

    let mut shootout = Shootout::new(entrants.iter().map(|entrant| entrant.contender.clone()));
    let started = Instant::now();
    let mut done: usize = 0;
    // Hosts end long requests: better fewer rounds than no answer.
    while done < asked && (done == 0 || Instant::now().since(started) < timeout) {
        round(done, head, timeout, &mut entrants, &mut shootout).await;
        done = done.saturating_add(1);
    }
    record.backend_time = Some(Instant::now().since(started));
    record.lessons.extend(entrants.into_iter().filter_map(|entrant| {
        let Ready { backend, entry, .. } = entrant.ready.ok()?;
        Some((backend, entry, shootout::lessons(entrant.outcomes)))
    }));
    Ok(report::reply(&shootout, &head.method, &head.path_and_query, Runs { asked, done }, &skipped))
}

/// The backends that were named. One that cannot be asked is a row; an id that is none is a mistake of the client.
fn these(
    selections: Vec<Selection>,
    head: &Head,
    capabilities: &Capabilities,
    record: &mut Record,
) -> Result<Vec<Entrant>, GatewayError> {
    let mut entrants = Vec::with_capacity(selections.len());
    for Selection { id, location } in selections {
        let (name, ready) = match capabilities.with_registry(location, |registry| registry.get_backend(&id)) {
            Ok(None) => return Err(capabilities.invalid(id, location)),
            Err(error) => (id.clone(), Err(error.into())),
            Ok(Some(backend)) => {
                let entry = capabilities.health(&backend);
                (backend.name.clone(), prepare(backend, entry, head, capabilities, record))
            }
        };
        entrants.push(Entrant { contender: Contender { id, location, name }, ready, outcomes: Vec::new() });
    }
    Ok(entrants)
}

/// All backends of `location`, and those left out.
fn all(
    location: Location,
    head: &Head,
    capabilities: &Capabilities,
    record: &mut Record,
) -> Result<(Vec<Entrant>, Vec<Skipped>), GatewayError> {
    let mut entrants = Vec::new();
    let mut skipped = Vec::new();
    for listed in capabilities.with_registry(location, |registry| registry.list_backends())? {
        let reason = match listed.backend {
            Err(error) => error.to_string(),
            Ok(_) if entrants.len() >= MOST_BACKENDS => format!("only the first {MOST_BACKENDS} are taken"),
            Ok(backend) => {
                let entry = capabilities.health(&backend);
                match prepare(backend, entry, head, capabilities, record) {
                    Err(GatewayError::Upstream { failure, .. }) => failure.to_string(),
                    ready => {
                        let contender = Contender { id: listed.id, location, name: listed.name };
                        entrants.push(Entrant { contender, ready, outcomes: Vec::new() });
                        continue;
                    }
                }
            }
        };
        skipped.push(Skipped { backend: listed.id, location, reason });
    }
    if entrants.is_empty() {
        let reasons = shootout::reasons(&skipped);
        return Err(GatewayError::NoneToCompare { reasons });
    }
    Ok((entrants, skipped))
}

/// What a request to `backend` alone would check and add. A gated backend is checked after the response, as there.
fn prepare(
    backend: Backend,
    entry: Option<Entry>,
    head: &Head,
    capabilities: &Capabilities,
    record: &mut Record,
) -> Result<Ready, GatewayError> {
    if backend.url.is_left_by(&head.path_and_query) {
        return Err(GatewayError::BadRequest(crate::handler::LEAVES_THE_BASE_PATH));
    }
    if let Some(error) = crate::handler::gated(&backend, entry.as_ref(), record.time) {
        record.lessons.push((backend, entry, vec![Outcome::Nothing]));
        return Err(error);
    }
    let credentials = credentials::authorization(&head.fields, &backend.id, &capabilities.variables)?;
    let fields = headers::to_backend(head.fields.clone(), head.origin.clone(), &record.request_id, None);
    let mut fields = shootout::to_backend(fields, &backend.id);
    fields.extend(credentials);
    Ok(Ready { backend, entry, fields })
}

/// One round: six at once, and compared when all six are through, so that no comparison takes time from a measurement.
async fn round(number: usize, head: &Head, timeout: Duration, entrants: &mut [Entrant], shootout: &mut Shootout) {
    let order: Vec<usize> = shootout::order(entrants.len(), number).collect();
    for group in order.chunks(AT_ONCE) {
        let results: Vec<RefCell<Option<Exchanged>>> = group.iter().map(|_| RefCell::new(None)).collect();
        let mut exchanges: Vec<Work<'_>> = Vec::new();
        for (row, result) in group.iter().zip(&results) {
            let keep = shootout.wants_body(*row);
            if let Some(Entrant { ready: Ok(ready), .. }) = entrants.get(*row) {
                exchanges.push(Box::pin(async move {
                    result.replace(Some(exchange(ready, head, timeout, keep).await));
                }));
            }
        }
        at_once(AT_ONCE, exchanges).await;
        for (row, result) in group.iter().zip(results) {
            let Some(entrant) = entrants.get_mut(*row) else { continue };
            match (result.into_inner(), &entrant.ready) {
                (Some((outcome, result)), _) => {
                    entrant.outcomes.push(outcome);
                    shootout.add(*row, result);
                }
                (None, Err(error)) => shootout.add(*row, Err(error.clone())),
                (None, Ok(_)) => {}
            }
        }
    }
}

/// What an exchange says about health, and what came back.
type Exchanged = (Outcome, Result<Answered, GatewayError>);

/// One exchange.
async fn exchange(ready: &Ready, head: &Head, timeout: Duration, keep: bool) -> Exchanged {
    let Ready { backend, fields, .. } = ready;
    let started = Instant::now();
    let outbound = Outbound { backend, head, fields: fields.clone(), timeout, started };
    let inflight = match outbound.send(RequestBody::Empty { length: None }).await {
        Ok(inflight) => inflight,
        Err(SendError::Upstream(failure)) => {
            let outcome = health::of_failure(&failure);
            let (backend, location) = (backend.id.clone(), backend.location);
            return (outcome, Err(GatewayError::Upstream { backend, location, failure }));
        }
        Err(SendError::BrokenRequestBody) => return (Outcome::Nothing, Err(GatewayError::BrokenRequestBody)),
    };
    let first_byte = inflight.received.since(started);
    let outcome = health::of_answer(inflight.status, first_byte);
    let (status, has_body) = (inflight.status.as_u16(), response_has_body(&head.method, inflight.status));
    let body = if has_body { read(&inflight, started.plus(timeout), keep).await.map(Some) } else { Ok(None) };
    let result = match body {
        Ok(body) => {
            let total = Instant::now().since(started);
            Ok(Answered { status, fields: inflight.fields, body, first_byte, total })
        }
        Err(cut) => {
            let limit = matches!(cut, Cut::TimedOut).then_some(timeout);
            Err(GatewayError::Unfinished { backend: backend.id.clone(), limit })
        }
    };
    (outcome, result)
}

/// Why a body is not whole.
enum Cut {
    TimedOut,
    BrokeOff,
}

/// Reads the body to its end, which has to come by `end`.
async fn read(inflight: &Inflight, end: Instant, keep: bool) -> Result<Body, Cut> {
    let length = content_length(&inflight.fields).unwrap_or_default();
    let mut body = Body::new(keep, length);
    let incoming = inflight.response.consume().map_err(|()| Cut::BrokeOff)?;
    let stream = incoming.stream().map_err(|()| Cut::BrokeOff)?;
    let deadline = Deadline::at(end);
    loop {
        match stream.read(CHUNK) {
            Ok(bytes) => body.push(&bytes),
            Err(StreamError::Closed) if length.is_none_or(|length| length == body.size()) => return Ok(body),
            Err(_) => return Err(Cut::BrokeOff),
        }
        if length == Some(body.size()) && body.size() > 0 {
            return Ok(body);
        }
        // A body that never ends is always ready, so that only the clock can end it; waiting also lets the other exchanges go on.
        if Instant::now() >= end {
            return Err(Cut::TimedOut);
        }
        deadline.limit(ready(stream.subscribe())).await.map_err(|TimedOut| Cut::TimedOut)?;
    }
}

/// What one backend's exchanges taught, with the entry that it was routed by.
pub(crate) type Lessons = (Backend, Option<Entry>, Vec<Outcome>);

/// Records lessons after the response: each backend's in order, the backends beside each other, as many as may be checked at once.
pub(crate) async fn record(capabilities: &Capabilities, lessons: Vec<Lessons>) {
    let mut work: Vec<Work<'_>> = Vec::new();
    for (backend, mut entry, outcomes) in lessons {
        work.push(Box::pin(async move {
            for (index, outcome) in outcomes.into_iter().enumerate() {
                if index > 0 {
                    entry = capabilities.health(&backend);
                }
                let observation = Observation { backend: backend.clone(), entry: entry.clone(), outcome };
                crate::probing::record(capabilities, observation, clock::timestamp()).await;
            }
        }));
    }
    at_once(AT_ONCE, work).await;
}
