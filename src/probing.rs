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
use gateway_core::health::observation::{Observation, Step};
use gateway_core::health::outcome::{DEFAULT_ENDPOINT, Evidence, Outcome, Sign, of_check, of_failed_check};
use gateway_core::health::rules::{after, claim, claim_recheck, is_suspect};
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
                next.known = lookup.health(&next.backend);
                act(lookup, next, clock::timestamp()).await;
            }
        }));
    }
    at_once(MAX_EXCHANGES_AT_ONCE, work).await;
}

async fn act(lookup: &Lookup, observation: Observation, now: Timestamp) {
    let step = observation.step(now);
    let Observation { backend, sign, .. } = observation;
    match step {
        Step::Nothing => {}
        Step::Apply => apply(lookup, &backend, &sign).await,
        Step::Refresh => refresh(lookup, &backend, &sign).await,
        Step::Recheck => recheck(lookup, &backend).await,
    }
}

/// What `sign` makes of the entry that is there now, where it changes something.
fn changed(lookup: &Lookup, backend: &Backend, sign: &Sign) -> Option<Entry> {
    after(lookup.health(backend).as_ref(), sign, clock::timestamp())
}

/// Writes what `sign` changes. If that makes the backend suspect, a check decides.
async fn apply(lookup: &Lookup, backend: &Backend, sign: &Sign) {
    let mut entry = changed(lookup, backend, sign);
    if entry.as_ref().is_some_and(is_suspect) {
        // Of requests that fail together, one makes the check: the first to wake, as the others see what it has written.
        pause(entropy::up_to(MAX_REFRESH_DELAY)).await;
        entry = changed(lookup, backend, sign);
    }
    let Some(entry) = entry else { return };
    let suspect = is_suspect(&entry);
    lookup.remember(backend, entry);
    if suspect {
        check_and_write(lookup, backend).await;
    }
}

/// After finding an expired entry: checks the backend, unless another request does.
async fn refresh(lookup: &Lookup, backend: &Backend, sign: &Sign) {
    pause(entropy::up_to(MAX_REFRESH_DELAY)).await;
    let current = lookup.health(backend);
    let now = clock::timestamp();
    if current.as_ref().is_some_and(|entry| entry.is_fresh(now)) {
        return;
    }
    // Writing first is what tells the others that this one looks after it. What was seen long ago, at the beginning of a stream, tells them nothing.
    let refreshed = after(current.as_ref(), sign, now).filter(|entry| entry.is_fresh(now));
    lookup.remember(backend, refreshed.unwrap_or_else(|| claim(current.as_ref(), now)));
    check_and_write(lookup, backend).await;
}

/// After a request that was turned away, or a retry that told nothing: sees whether the backend is back.
async fn recheck(lookup: &Lookup, backend: &Backend) {
    let Some(claimed) = lookup.health(backend).and_then(|entry| claim_recheck(&entry, clock::timestamp())) else {
        return;
    };
    lookup.remember(backend, claimed);
    check_and_write(lookup, backend).await;
}

async fn check_and_write(lookup: &Lookup, backend: &Backend) {
    let Checked { sign, .. } = check(lookup, backend, false).await;
    // Read again: others may have learnt more in the meantime.
    if let Some(entry) = changed(lookup, backend, &sign) {
        lookup.remember(backend, entry);
    }
}

/// What an active check has found.
struct Checked {
    sign: Sign,
    /// Why it tells nothing at all, in words, where that is so.
    note: Option<String>,
}

/// One active check: a GET on the health endpoint, redirects not followed.
async fn check(lookup: &Lookup, backend: &Backend, periodic: bool) -> Checked {
    let (endpoint, prepared) =
        match lookup.health_endpoint(backend).and_then(|endpoint| Ok((endpoint, prepare::for_check(lookup, backend)?)))
        {
            Ok(both) => both,
            Err(error) => {
                let evidence = Evidence::check(None, periodic);
                let sign = Sign { outcome: Outcome::Nothing, at: clock::timestamp(), evidence };
                return Checked { sign, note: Some(error.to_string()) };
            }
        };
    let started = Instant::now();
    let outbound = Outbound {
        method: &Method::GET,
        path_and_query: endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT),
        fields: prepared.own_fields(),
        prepared: &prepared,
        started,
    };
    let (outcome, note) = match outbound.send(RequestBody::Empty { length: None }).await {
        Ok(inflight) => (of_check(inflight.status, endpoint.is_some(), inflight.received.since(started)), None),
        Err(SendError::Upstream(failure)) => match of_failed_check(&failure) {
            Outcome::Nothing => (Outcome::Nothing, Some(failure.to_string())),
            outcome => (outcome, None),
        },
        Err(SendError::BrokenRequestBody) => (Outcome::Nothing, None),
    };
    let evidence = Evidence::check(endpoint.as_deref(), periodic);
    Checked { sign: Sign { outcome, at: clock::timestamp(), evidence }, note }
}

/// The backends as `/backends` shows them. Those whose health is due are checked first, six at once, for 2.3 s in all; what has no answer by then is
/// shown as it was known before.
pub(crate) async fn survey(
    lookup: &Lookup,
    listed: Vec<Listed>,
    periodic: bool,
    learnt: &mut Vec<Observation>,
) -> Vec<BackendView> {
    let known: Vec<Option<Entry>> =
        listed.iter().map(|listed| listed.backend.as_ref().ok().and_then(|backend| lookup.health(backend))).collect();
    let results: Vec<RefCell<Option<Checked>>> = listed.iter().map(|_| RefCell::new(None)).collect();
    let now = clock::timestamp();
    let mut checks: Vec<Work<'_>> = Vec::new();
    for ((listed, known), result) in listed.iter().zip(&known).zip(&results) {
        if let Ok(backend) = &listed.backend
            && known.as_ref().is_none_or(|entry| entry.is_due(now, periodic))
        {
            checks.push(Box::pin(async move {
                result.replace(Some(check(lookup, backend, periodic).await));
            }));
        }
    }
    // What is not through in time is cut off; the results so far stand.
    _ = Deadline::at(Instant::after(LISTING_TIMEOUT)).limit(at_once(MAX_EXCHANGES_AT_ONCE, checks)).await;

    let now = clock::timestamp();
    let shown = listed.iter().zip(known).zip(results).map(|((listed, known), result)| {
        let (Some(Checked { sign, note }), Ok(backend)) = (result.into_inner(), &listed.backend) else {
            return BackendView::new(listed, known.as_ref(), None, now);
        };
        let view = BackendView::new(listed, after(known.as_ref(), &sign, now).as_ref().or(known.as_ref()), note, now);
        learnt.push(Observation { backend: backend.clone(), known, sign });
        view
    });
    shown.collect()
}
