//! Several backends in one request: their exchanges, round by round. `gateway_comparison` compares.

use crate::host::bindings::StreamError;
use crate::host::bindings::http_types::IncomingRequest;
use crate::host::clock::{self, Instant};
use crate::host::wait::{Deadline, TimedOut, ready};
use crate::inbound::Head;
use crate::lookup::Lookup;
use crate::outbound::{Inflight, Outbound, SendError};
use crate::prepare::{self, Prepared};
use crate::record::Record;
use crate::upload::{self, ReadError, RequestBody};
use gateway_comparison::asked::{self, ComparisonRequest};
use gateway_comparison::body::Body;
use gateway_comparison::report::{Runs, Skipped};
use gateway_comparison::rounds::order;
use gateway_comparison::tally::{Answered, Comparison, Contender};
use gateway_comparison::verdict;
use gateway_core::backend::reference::{BackendRef, Location};
use gateway_core::backend::registry::Backend;
use gateway_core::fields::Field;
use gateway_core::health::observation::{Observation, in_short};
use gateway_core::health::outcome::{Outcome, of_answer, of_failure};
use gateway_core::limits::MAX_COMPARED_BACKENDS;
use gateway_core::request::body::{content_length, response_has_body};
use gateway_core::request::route::Choice;
use gateway_core::response::error::GatewayError;
use gateway_core::response::error::bad_request::BadRequest;
use gateway_core::response::reply::Reply;
use gateway_core::time::Timestamp;

/// How much of a body is read at once.
const CHUNK: u64 = 64 * 1024;

/// One row of the report before the first round: a backend, or why it is not asked at all.
struct Entrant {
    contender: Contender,
    ready: Result<Ready, GatewayError>,
}

/// A backend that is asked.
struct Ready {
    prepared: Prepared,
    fields: Vec<Field>,
    outcomes: Vec<(Outcome, Timestamp)>,
}

/// The request that every backend gets, and where the exchanges leave what they teach.
struct Contest<'a> {
    head: &'a Head,
    lookup: &'a Lookup,
    record: &'a mut Record,
    learnt: &'a mut Vec<Observation>,
}

/// Makes the exchanges and answers with the comparison.
pub(crate) async fn run(
    request: &IncomingRequest,
    head: &Head,
    lookup: &Lookup,
    record: &mut Record,
    learnt: &mut Vec<Observation>,
    choice: Choice,
) -> Result<Reply, GatewayError> {
    let wanted = ComparisonRequest::read(&head.method, &head.fields)?;
    let asked = wanted.runs;
    let limit = lookup.exchange_limit()?;
    limit.check_on()?;
    let timeout = lookup.request_timeout()?;
    match upload::request_body(request, head, timeout).await {
        Ok(RequestBody::Empty { .. }) => {}
        Ok(RequestBody::Upload(_)) | Err(ReadError::Refused(GatewayError::LengthRequired)) => {
            return Err(BadRequest::ComparedBody.into());
        }
        Err(ReadError::Refused(error)) => return Err(error),
        Err(ReadError::Failed(_)) => return Err(GatewayError::BrokenRequestBody),
    }
    let mut contest = Contest { head, lookup, record, learnt };
    let (mut entrants, skipped) = match choice {
        Choice::One(backend) => (contest.these(vec![backend])?, Vec::new()),
        Choice::Several(backends) => (contest.these(backends)?, Vec::new()),
        Choice::All(location) => contest.all(location)?,
    };
    limit.check(entrants.len(), asked)?;
    let ids: Vec<_> = entrants.iter().map(|entrant| entrant.contender.backend.id.as_str()).collect();
    record.asked = Some(ids.join(","));

    let references: Vec<&BackendRef> = entrants.iter().map(|entrant| &entrant.contender.backend).collect();
    let reference = wanted.reference(&references)?;
    let contenders = entrants.iter().map(|entrant| entrant.contender.clone());
    let mut comparison = Comparison::new(contenders, wanted.ignore.clone(), reference);
    let started = Instant::now();
    let mut done: usize = 0;
    // Hosts end long requests: better fewer rounds than no answer.
    while done < asked && (done == 0 || Instant::now().since(started) < timeout) {
        round(done, head, &mut entrants, &mut comparison).await;
        done = done.saturating_add(1);
    }
    record.backend_time = Some(Instant::now().since(started));
    for Ready { prepared, outcomes, .. } in entrants.into_iter().filter_map(|entrant| entrant.ready.ok()) {
        let taught = in_short(outcomes);
        learnt.extend(taught.into_iter().map(|(outcome, at)| prepared.clone().observation(outcome, at)));
    }
    comparison.close();
    while comparison.work() {}
    let report = comparison.report(&wanted.method, &head.path_and_query, Runs { asked, warmup: 0, done }, skipped);
    Ok(Reply::ok("application/json", report.to_json()))
}

impl Contest<'_> {
    /// The backends that were named. One that cannot be asked is a row; an id that is none is a mistake of the client.
    fn these(&mut self, backends: Vec<BackendRef>) -> Result<Vec<Entrant>, GatewayError> {
        let mut entrants = Vec::with_capacity(backends.len());
        for reference in backends {
            let (name, ready) = match self.lookup.backend(&reference)? {
                Err(error) => (reference.id.clone(), Err(error.into())),
                Ok(backend) => (backend.name.clone(), self.prepare(backend)),
            };
            entrants.push(Entrant { contender: Contender { backend: reference, name, urls: Vec::new() }, ready });
        }
        Ok(entrants)
    }

    /// All backends of `location`, and those left out.
    fn all(&mut self, location: Location) -> Result<(Vec<Entrant>, Vec<Skipped>), GatewayError> {
        let mut entrants = Vec::new();
        let mut skipped = Vec::new();
        for listed in self.lookup.listed(location)? {
            let reason = match listed.backend {
                Err(error) => error.to_string(),
                Ok(_) if entrants.len() >= MAX_COMPARED_BACKENDS => {
                    format!("only the first {MAX_COMPARED_BACKENDS} are taken")
                }
                Ok(backend) => match self.prepare(backend) {
                    Err(GatewayError::Upstream { failure, .. }) => failure.to_string(),
                    ready => {
                        let contender = Contender { backend: listed.reference, name: listed.name, urls: Vec::new() };
                        entrants.push(Entrant { contender, ready });
                        continue;
                    }
                },
            };
            skipped.push(Skipped::new(listed.reference, reason));
        }
        if entrants.len() < 2 {
            return Err(GatewayError::TooFewToCompare { reasons: verdict::reasons(&skipped) });
        }
        Ok((entrants, skipped))
    }

    /// What a request to `backend` alone would check and add.
    fn prepare(&mut self, backend: Backend) -> Result<Ready, GatewayError> {
        let Contest { head, lookup, record, learnt } = self;
        let prepared = prepare::for_client(lookup, backend, head, record.time).map_err(|refused| {
            learnt.extend(refused.observation.map(|observation| *observation));
            refused.error
        })?;
        let fields = prepared.client_fields(head.fields.clone(), head.origin.clone(), &record.request_id, None);
        let fields = asked::to_backend(fields, &prepared.backend.reference.id);
        Ok(Ready { prepared, fields, outcomes: Vec::new() })
    }
}

/// One round, one exchange at a time.
async fn round(number: usize, head: &Head, entrants: &mut [Entrant], comparison: &mut Comparison) {
    for row in order(entrants.len(), number) {
        match entrants.get_mut(row).map(|entrant| &mut entrant.ready) {
            Some(Ok(ready)) => {
                let (outcome, result) = exchange(ready, head).await;
                ready.outcomes.push(outcome);
                comparison.add(row, result);
            }
            Some(Err(error)) => comparison.add(row, Err(error.clone())),
            None => {}
        }
        while comparison.work() {}
    }
    comparison.next_round();
}

/// What an exchange says about health, when its head was there, and what came back.
type Exchanged = ((Outcome, Timestamp), Result<Answered, GatewayError>);

/// One exchange.
async fn exchange(ready: &Ready, head: &Head) -> Exchanged {
    let Ready { prepared, fields, .. } = ready;
    let (backend, timeout) = (prepared.backend.reference.clone(), prepared.timeout);
    let started = Instant::now();
    let (method, path_and_query, fields) = (&head.method, &*head.path_and_query, fields.clone());
    let outbound = Outbound { prepared, method, path_and_query, fields, started };
    let inflight = match outbound.send(RequestBody::Empty { length: None }).await {
        Ok(inflight) => inflight,
        Err(SendError::Upstream(failure)) => {
            let outcome = of_failure(&failure);
            return ((outcome, clock::timestamp()), Err(GatewayError::Upstream { backend, failure }));
        }
        Err(SendError::BrokenRequestBody) => {
            return ((Outcome::Nothing, clock::timestamp()), Err(GatewayError::BrokenRequestBody));
        }
    };
    let at = clock::timestamp();
    let first_byte = inflight.received.since(started);
    let outcome = of_answer(inflight.status, first_byte);
    let (status, has_body) = (inflight.status.as_u16(), response_has_body(&head.method, inflight.status));
    let body = if has_body { read(&inflight, started.plus(timeout)).await.map(Some) } else { Ok(None) };
    let (outcome, result) = match body {
        Ok(body) => {
            let total = Instant::now().since(started);
            (outcome, Ok(Answered { status, fields: inflight.fields, body, first_byte, total }))
        }
        Err(cut) => {
            let limit = matches!(cut, Cut::TimedOut).then_some(timeout);
            (Outcome::Nothing, Err(GatewayError::Unfinished { backend, limit }))
        }
    };
    ((outcome, at), result)
}

/// Why a body is not whole.
enum Cut {
    TimedOut,
    BrokeOff,
}

/// Reads the body to its end, which has to come by `end`.
async fn read(inflight: &Inflight, end: Instant) -> Result<Body, Cut> {
    let length = content_length(&inflight.fields).unwrap_or_default();
    let mut body = Body::default();
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
