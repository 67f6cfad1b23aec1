//! Several backends in one request: what is asked, who takes part, the rounds, the report. `gateway_comparison` says in which order they are asked, for how long,
//! and what follows from their answers.

mod entrants;
mod exchange;

use self::entrants::{Entrant, Entrants};
use crate::host::bindings::http_types::IncomingRequest;
use crate::host::clock::Instant;
use crate::host::wait::pause;
use crate::inbound::Head;
use crate::lookup::Lookup;
use crate::record::Record;
use crate::upload::{self, ReadError, RequestBody};
use gateway_comparison::asked::ComparisonRequest;
use gateway_comparison::report::Runs;
use gateway_comparison::rounds::{may_begin, order, share};
use gateway_comparison::tally::Comparison;
use gateway_core::health::observation::Observation;
use gateway_core::request::route::Choice;
use gateway_core::response::error::GatewayError;
use gateway_core::response::error::bad_request::BadRequest;
use gateway_core::response::reply::Reply;
use http::Method;
use std::time::Duration;

/// For how long answers are judged before other requests of the worker get their turn.
const SLICE: Duration = Duration::from_millis(5);

/// The wait that gives them their turn: hosts run others only while a request has to wait, and their timers count in milliseconds.
const TURN_OF_OTHERS: Duration = Duration::from_millis(1);

/// Makes the exchanges and answers with the comparison.
pub(crate) async fn run(
    request: &IncomingRequest,
    head: &Head,
    lookup: &Lookup,
    record: &mut Record,
    learnt: &mut Vec<Observation>,
    choice: Choice,
) -> Result<Reply, GatewayError> {
    let started = Instant::now();
    let asked = ComparisonRequest::read(&head.method, &head.fields)?;
    let limit = lookup.exchange_limit()?;
    limit.check_on()?;
    let timeout = lookup.request_timeout()?;
    refuse_body(request, head, timeout).await?;

    let Entrants { list, skipped } = entrants::gather(head, lookup, record, learnt, choice)?;
    record.asked = Some(entrants::ids(&list));
    let reference = entrants::reference(&asked, &list, &skipped)?;
    let warmup = asked.warmup(limit.rounds(list.len()));
    limit.check(list.len(), asked.runs.saturating_add(warmup))?;

    let contenders = list.iter().map(|entrant| entrant.contender.clone());
    let mut comparison = Comparison::new(contenders, asked.ignore, reference);
    let (method, path) = (&asked.method, &*head.path_and_query);
    let mut rounds = Rounds { entrants: list, method, path, timeout, record };
    // Rounds that count for nothing take at most half of the time.
    let warmup = rounds.make(warmup, started.plus(timeout.checked_div(2).unwrap_or_default()), None).await;
    let done = rounds.make(asked.runs, started.plus(timeout), Some(&mut comparison)).await;
    learnt.extend(rounds.entrants.into_iter().flat_map(Entrant::observations));
    record.backend_time = Some(Instant::now().since(started));

    comparison.close();
    judge(&mut comparison).await;
    let runs = Runs { asked: asked.runs, warmup, done };
    Ok(Reply::json(&comparison.report(&asked.method, &head.path_and_query, runs, skipped)))
}

/// A body would be sent several times.
async fn refuse_body(request: &IncomingRequest, head: &Head, timeout: Duration) -> Result<(), GatewayError> {
    match upload::request_body(request, head, timeout).await {
        Ok(RequestBody::Empty { .. }) => Ok(()),
        Ok(RequestBody::Upload(_)) | Err(ReadError::Refused(GatewayError::LengthRequired)) => {
            Err(BadRequest::ComparedBody.into())
        }
        Err(ReadError::Refused(error)) => Err(error),
        Err(ReadError::Failed(_)) => Err(GatewayError::BrokenRequestBody),
    }
}

/// Does the work that answers have left, outside of every clock.
async fn judge(comparison: &mut Comparison) {
    let mut waited = Instant::now();
    while comparison.work() {
        if Instant::now().since(waited) > SLICE {
            pause(TURN_OF_OTHERS).await;
            waited = Instant::now();
        }
    }
}

/// The backends and what they are asked, round by round.
struct Rounds<'a> {
    entrants: Vec<Entrant>,
    method: &'a Method,
    path: &'a str,
    /// That of the whole comparison.
    timeout: Duration,
    record: &'a Record,
}

impl Rounds<'_> {
    /// Makes up to `count` rounds, which end by `end`; how many were begun. Without a `comparison` their answers are thrown away.
    async fn make(&mut self, count: usize, end: Instant, mut comparison: Option<&mut Comparison>) -> usize {
        let mut longest = Duration::ZERO;
        let mut done: usize = 0;
        loop {
            let begun = Instant::now();
            // The first one begins in any case, so that the report says what became of each backend.
            if done >= count || (done > 0 && !may_begin(end.since(begun), longest)) {
                return done;
            }
            self.round(done, end, comparison.as_deref_mut()).await;
            longest = longest.max(Instant::now().since(begun));
            done = done.saturating_add(1);
        }
    }

    /// One round, one exchange at a time.
    async fn round(&mut self, number: usize, end: Instant, mut comparison: Option<&mut Comparison>) {
        let mut rows = order(self.entrants.len(), number).into_iter();
        while let Some(row) = rows.next() {
            let is_asked = |row: usize| self.entrants.get(row).is_some_and(|entrant| entrant.ready.is_ok());
            let waiting = rows.clone().filter(|row| is_asked(*row)).count();
            let Some(entrant) = self.entrants.get_mut(row) else { continue };
            let begun = Instant::now();
            let (result, is_news) = match &mut entrant.ready {
                Ok(ready) => {
                    let limit = share(end.since(begun), waiting);
                    (ready.ask(self.method, self.path, limit, self.timeout).await, true)
                }
                Err(error) => (Err(error.clone()), number == 0 && comparison.is_some()),
            };
            if let Err(error) = &result
                && is_news
            {
                let (backend, health) = (&entrant.contender.backend, entrant.health);
                self.record.write_failed(self.method, self.path, backend, health, begun, error);
            }
            if let Some(comparison) = comparison.as_deref_mut() {
                comparison.add(row, result);
                judge(comparison).await;
            }
        }
        if let Some(comparison) = comparison {
            comparison.next_round();
        }
    }
}
