//! One request, from beginning to end: route, look up, prepare, forward or compare, relay, record, learn.

use crate::comparing;
use crate::host::bindings::http_types::{IncomingRequest, ResponseOutparam};
use crate::host::clock::Instant;
use crate::host::entropy;
use crate::host::pump::End;
use crate::inbound::{self, Head};
use crate::lookup::Lookup;
use crate::outbound::{Inflight, Outbound, SendError};
use crate::prepare;
use crate::probing;
use crate::record::Record;
use crate::relay;
use crate::upload::{self, ReadError};
use gateway_core::backend::reference::BackendRef;
use gateway_core::fields::{fits, text_values};
use gateway_core::health::entry;
use gateway_core::health::observation::Observation;
use gateway_core::health::outcome::{Outcome, of_answer, of_failure};
use gateway_core::request::forwarded::is_loop;
use gateway_core::request::route::{Choice, Route, route};
use gateway_core::request::upgrade::leaves_http;
use gateway_core::response::error::{GatewayError, MAX_REPEATED};
use gateway_core::response::notes;
use gateway_core::response::reply::Reply;
use gateway_core::status::accept::wants_html;
use gateway_core::status::endpoints::{self, Listing};
use gateway_core::status::page::StatusPage;
use gateway_core::text::shorten;

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
    let mut record = Record::new(started, &head);
    let lookup = Lookup::new();
    let mut learnt = Vec::new();

    let (status, error) = match answer(&request, &mut head, &lookup, &mut record, &mut learnt).await {
        Ok(Answer::Preflight) => {
            let (status, fields) = notes::preflight(&head.fields, &head.path_and_query, &record.notes());
            relay::send(out, &head.method, status, &fields, None).await;
            (status, None)
        }
        Ok(Answer::Own(reply)) => (send_own(out, &head, &reply, &record).await, None),
        Ok(Answer::Relay(mut inflight)) => {
            let status = inflight.status;
            let fields = notes::relayed(std::mem::take(&mut inflight.fields), &record.notes_at(inflight.received));
            let end = relay::relay(out, &head.method, &fields, inflight).await;
            if matches!(end, End::SourceBroke | End::SourceStalled) {
                learnt.iter_mut().for_each(Observation::broke_off);
            }
            (status, transfer_error(end).map(str::to_owned))
        }
        Err(error) => {
            if let GatewayError::InvalidBackend { requested, .. } = &error {
                record.asked = Some(shorten(requested, MAX_REPEATED));
            }
            (send_own(out, &head, &error.reply(), &record).await, Some(error.to_string()))
        }
    };
    let now = record.write(&head, status, error.as_deref());

    // The response is out; only now the store may be written.
    probing::learn(&lookup, learnt, now).await;
    if endpoints::is_periodic(&head.path_and_query, &head.fields) {
        lookup.forget_gone();
    }
}

async fn answer(
    request: &IncomingRequest,
    head: &mut Head,
    lookup: &Lookup,
    record: &mut Record,
    learnt: &mut Vec<Observation>,
) -> Result<Answer, GatewayError> {
    // A wrong list of origins must not take the gateway's own endpoints down.
    let origins = lookup.allowed_origin(&head.fields).map(|allowed| record.allowed_origin = allowed);
    let route = route(&head.method, &head.path_and_query)?;
    // Its own endpoints as well: a backend whose URL points back must never look healthy.
    if route != Route::Preflight && is_loop(&head.fields) {
        return Err(GatewayError::Loop);
    }
    match route {
        Route::Preflight => Ok(Answer::Preflight),
        Route::Health => Ok(Answer::Own(endpoints::health(record.time))),
        Route::Backends => backends(head, lookup, record, learnt).await.map(Answer::Own),
        Route::Proxy => {
            if leaves_http(&head.fields) {
                return Err(GatewayError::UpgradeNotSupported);
            }
            if !fits(&head.fields) {
                return Err(GatewayError::RequestHeadTooLarge);
            }
            origins?;
            let choice = lookup.choice(&head.fields, head.origin.host.as_deref())?;
            head.origin = lookup.judged(std::mem::take(&mut head.origin), &head.fields)?;
            match choice {
                Choice::One(backend) => {
                    forward(request, head, lookup, record, learnt, backend).await.map(Answer::Relay)
                }
                // Boxed, so that requests to one backend do not carry its size along.
                several => {
                    Box::pin(comparing::run(request, head, lookup, record, learnt, several)).await.map(Answer::Own)
                }
            }
        }
    }
}

async fn forward(
    request: &IncomingRequest,
    head: &mut Head,
    lookup: &Lookup,
    record: &mut Record,
    learnt: &mut Vec<Observation>,
    reference: BackendRef,
) -> Result<Inflight, GatewayError> {
    let backend = lookup.backend(&reference)?;
    // From here the id is known to be one, even if its configuration turns out to be of no use.
    record.backend = Some(reference.clone());
    let prepared = prepare::for_client(lookup, backend?, head, record.time).map_err(|refused| {
        record.health = refused.health;
        learnt.extend(refused.observation.map(|observation| *observation));
        refused.error
    })?;
    record.health = Some(entry::state(prepared.known.as_ref(), record.time));
    let upstream = |failure| GatewayError::Upstream { backend: reference, failure };

    let body = upload::request_body(request, head, prepared.timeout).await;
    let body = match body {
        Ok(body) => body,
        Err(ReadError::Refused(error)) => return Err(error),
        Err(ReadError::Failed(failure)) => return Err(upstream(failure)),
    };
    // Nothing else asks for the request's fields from here on.
    let (fields, origin) = (std::mem::take(&mut head.fields), std::mem::take(&mut head.origin));
    let fields = prepared.client_fields(fields, origin, &record.request_id, body.length());
    let started = Instant::now();
    let outbound =
        Outbound { prepared: &prepared, method: &head.method, path_and_query: &head.path_and_query, fields, started };
    let result = outbound.send(body).await;
    let ended = result.as_ref().map_or_else(|_| Instant::now(), |inflight| inflight.received);
    let latency = ended.since(started);
    record.backend_time = Some(latency);
    let (outcome, result) = match result {
        Ok(inflight) => (of_answer(inflight.status, latency), Ok(inflight)),
        Err(SendError::Upstream(failure)) => (of_failure(&failure), Err(upstream(failure))),
        Err(SendError::BrokenRequestBody) => (Outcome::Nothing, Err(GatewayError::BrokenRequestBody)),
    };
    learnt.push(prepared.observation(outcome, record.at(ended)));
    result
}

async fn backends(
    head: &Head,
    lookup: &Lookup,
    record: &Record,
    learnt: &mut Vec<Observation>,
) -> Result<Reply, GatewayError> {
    let environment = lookup.environment()?;
    let periodic = endpoints::is_periodic(&head.path_and_query, &head.fields);
    let listing = Listing { backends: probing::survey(lookup, lookup.listed(environment)?, periodic, learnt).await };
    if !wants_html(text_values(&head.fields, "accept")) {
        return Ok(endpoints::backends_json(&listing));
    }
    Ok(endpoints::backends_page(&StatusPage {
        backends: &listing.backends,
        environment: environment.as_str(),
        version: gateway_core::VERSION,
        generated_at: &record.time.to_rfc3339(),
        nonce: &entropy::id(),
    }))
}

async fn send_own(out: ResponseOutparam, head: &Head, reply: &Reply, record: &Record) -> http::StatusCode {
    let fields = notes::own(reply, &record.notes());
    relay::send(out, &head.method, reply.status(), &fields, Some(&reply.body)).await;
    reply.status()
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
