//! Health at work: active checks, and what requests and checks have taught, written after the response. `gateway_core::health` has the rules.

use crate::host::clock::{self, Instant};
use crate::host::entropy;
use crate::host::wait::{Deadline, Work, at_once, pause};
use crate::lookup::Lookup;
use crate::outbound::{Outbound, SendError};
use crate::prepare;
use crate::upload::RequestBody;
use gateway_core::backend::registry::{Backend, Listed};
use gateway_core::health::entry::Entry;
use gateway_core::health::observation::{Evidence, Observation, Step};
use gateway_core::health::rules::{DEFAULT_ENDPOINT, Outcome, after, claim, claim_recheck, of_check, of_failure};
use gateway_core::limits::{LISTING_TIMEOUT, MAX_EXCHANGES_AT_ONCE, MAX_REFRESH_DELAY};
use gateway_core::status::view::BackendView;
use gateway_core::time::Timestamp;
use http::Method;
use std::cell::RefCell;

/// Acts on what was learnt, after the response, at `now`: what concerns one backend in its order, the backends beside each other.
pub(crate) async fn learn(lookup: &Lookup, learnt: Vec<Observation>, now: Timestamp) {
    let mut work: Vec<Work<'_>> = Vec::new();
    let mut learnt = learnt.into_iter().peekable();
    while let Some(first) = learnt.next() {
        let mut later = Vec::new();
        while let Some(next) = learnt.next_if(|next| next.backend.reference == first.backend.reference) {
            later.push(next);
        }
        if later.is_empty() && first.step(now) == Step::Nothing {
            continue;
        }
        work.push(Box::pin(async move {
            act(lookup, first, now).await;
            for mut next in later {
                next.known = lookup.health(&next.backend.reference);
                act(lookup, next, clock::timestamp()).await;
            }
        }));
    }
    at_once(MAX_EXCHANGES_AT_ONCE, work).await;
}

async fn act(lookup: &Lookup, observation: Observation, now: Timestamp) {
    let step = observation.step(now);
    let Observation { backend, outcome, .. } = observation;
    match step {
        Step::Nothing => {}
        Step::Write(entry) => lookup.remember(&backend.reference, &entry),
        Step::Apply => {
            let current = lookup.health(&backend.reference);
            apply(lookup, &backend, current.as_ref(), &outcome);
        }
        Step::Refresh => refresh(lookup, &backend, &outcome).await,
        Step::Recheck => recheck(lookup, &backend).await,
    }
}

/// Writes what `outcome` makes of an entry, where it changes something.
fn apply(lookup: &Lookup, backend: &Backend, entry: Option<&Entry>, outcome: &Outcome) {
    if let Some(entry) = after(entry, outcome, clock::timestamp()) {
        lookup.remember(&backend.reference, &entry);
    }
}

/// After finding an expired entry: checks the backend, unless another request does.
async fn refresh(lookup: &Lookup, backend: &Backend, outcome: &Outcome) {
    pause(entropy::up_to(MAX_REFRESH_DELAY)).await;
    let current = lookup.health(&backend.reference);
    let now = clock::timestamp();
    if current.as_ref().is_some_and(|entry| entry.is_fresh(now)) {
        return;
    }
    // Writing first is what tells the others that this one looks after it.
    let refreshed = after(current.as_ref(), outcome, now);
    lookup.remember(&backend.reference, &refreshed.clone().unwrap_or_else(|| claim(current.as_ref(), now)));
    let (checked, _) = check(lookup, backend).await;
    apply(lookup, backend, refreshed.or(current).as_ref(), &checked);
}

/// After turning a request away: sees whether the backend is back.
async fn recheck(lookup: &Lookup, backend: &Backend) {
    let current = lookup.health(&backend.reference);
    let Some(claimed) = current.as_ref().and_then(|entry| claim_recheck(entry, clock::timestamp())) else {
        return;
    };
    lookup.remember(&backend.reference, &claimed);
    let (outcome, _) = check(lookup, backend).await;
    apply(lookup, backend, Some(&claimed), &outcome);
}

/// One active check: a GET on the health endpoint, redirects not followed. Beside what it tells, says in words why it tells nothing.
async fn check(lookup: &Lookup, backend: &Backend) -> (Outcome, Option<String>) {
    let prepared = prepare::for_check(lookup, backend);
    let (endpoint, prepared) = match lookup.health_endpoint(backend).and_then(|endpoint| Ok((endpoint, prepared?))) {
        Ok(both) => both,
        Err(error) => return (Outcome::Nothing, Some(error.to_string())),
    };
    let started = Instant::now();
    let outbound = Outbound {
        method: &Method::GET,
        path_and_query: endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT),
        fields: prepared.own_fields(),
        prepared: &prepared,
        started,
    };
    match outbound.send(RequestBody::Empty { length: None }).await {
        Ok(inflight) => (of_check(inflight.status, endpoint.is_some(), inflight.received.since(started)), None),
        Err(SendError::Upstream(failure)) => match of_failure(&failure) {
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
pub(crate) async fn survey(lookup: &Lookup, listed: Vec<Listed>, learnt: &mut Vec<Observation>) -> Vec<BackendView> {
    let known: Vec<Option<Entry>> = listed
        .iter()
        .map(|listed| listed.backend.as_ref().ok().and_then(|backend| lookup.health(&backend.reference)))
        .collect();
    let results: Vec<RefCell<Option<Checked>>> = listed.iter().map(|_| RefCell::new(None)).collect();
    let now = clock::timestamp();
    let mut checks: Vec<Work<'_>> = Vec::new();
    for ((listed, known), result) in listed.iter().zip(&known).zip(&results) {
        if let Ok(backend) = &listed.backend
            && known.as_ref().is_none_or(|entry| entry.is_due(now))
        {
            checks.push(Box::pin(async move {
                let (outcome, note) = check(lookup, backend).await;
                result.replace(Some(Checked { outcome, note, at: clock::timestamp() }));
            }));
        }
    }
    // What is not through in time is cut off; the results so far stand.
    _ = Deadline::at(Instant::after(LISTING_TIMEOUT)).limit(at_once(MAX_EXCHANGES_AT_ONCE, checks)).await;

    let now = clock::timestamp();
    let shown = listed.iter().zip(known).zip(results).map(|((listed, known), result)| {
        let (Some(Checked { outcome, note, at }), Ok(backend)) = (result.into_inner(), &listed.backend) else {
            return BackendView::new(listed, known.as_ref(), None, now);
        };
        let backend = backend.clone();
        let view = BackendView::new(listed, after(known.as_ref(), &outcome, at).as_ref().or(known.as_ref()), note, now);
        learnt.push(Observation { backend, known, outcome, at, evidence: Evidence::Check });
        view
    });
    shown.collect()
}
