//! One exchange of a comparison: a request whose clock starts when the host gets it and stops at the last byte of the answer.

use super::entrants::Ready;
use crate::host::bindings::StreamError;
use crate::host::clock::{self, Instant};
use crate::host::wait::{Deadline, TimedOut, ready};
use crate::outbound::{Inflight, Outbound, SendError};
use gateway_comparison::body::Body;
use gateway_comparison::tally::Answered;
use gateway_core::health::outcome::{Outcome, of_answer, of_failure};
use gateway_core::request::body::response_has_body;
use gateway_core::response::error::GatewayError;
use gateway_core::time::Timestamp;
use http::Method;
use std::time::Duration;

/// How much of a body is read at once.
const CHUNK: u64 = 64 * 1024;

impl Ready {
    /// Asks the backend, which has `limit` for its whole answer, and notes what that says about its health. `alone` is what it would have as the only backend of a
    /// request.
    pub(super) async fn ask(
        &mut self,
        method: &Method,
        path_and_query: &str,
        limit: Duration,
        alone: Duration,
    ) -> Result<Answered, GatewayError> {
        // In whole milliseconds, as messages name it.
        let limit = Duration::from_millis(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
        if limit.is_zero() {
            return Err(GatewayError::NoTimeLeft { backend: self.prepared.backend.reference.clone() });
        }
        self.prepared.timeout = limit;
        let ((mut outcome, at), result) = self.exchange(method, path_and_query).await;
        let timed_out = matches!(&result, Err(GatewayError::Upstream { failure, .. }) if failure.is_timeout());
        // So little time says more about the comparison than about the backend.
        if timed_out && limit.saturating_mul(2) < alone {
            outcome = Outcome::Nothing;
        }
        self.outcomes.push((outcome, at));
        result
    }

    /// What an exchange says about health and when that was seen, and what came back.
    async fn exchange(
        &self,
        method: &Method,
        path_and_query: &str,
    ) -> ((Outcome, Timestamp), Result<Answered, GatewayError>) {
        let Ready { prepared, fields, .. } = self;
        let backend = prepared.backend.reference.clone();
        let fields = fields.clone();
        let mut outbound = Outbound { prepared, method, path_and_query, fields, started: Instant::now() };
        let (request, sent_at) = (outbound.request(), clock::timestamp());
        outbound.started = Instant::now();
        let started = outbound.started;
        let failed_at = || sent_at.plus(Instant::now().since(started));
        let sent = match request {
            Ok(request) => outbound.send_built(request).await,
            Err(failure) => Err(failure.into()),
        };
        let inflight = match sent {
            Ok(inflight) => inflight,
            Err(SendError::Upstream(failure)) => {
                let outcome = of_failure(&failure);
                return ((outcome, failed_at()), Err(GatewayError::Upstream { backend, failure }));
            }
            Err(SendError::BrokenRequestBody) => {
                return ((Outcome::Nothing, failed_at()), Err(GatewayError::BrokenRequestBody));
            }
        };
        let (status, first_byte) = (inflight.status, inflight.received.since(started));
        let body = if response_has_body(method, status) {
            read(&inflight, started.plus(prepared.timeout)).await.map(Some)
        } else {
            Ok(None)
        };
        let total = Instant::now().since(started);
        // When the head was there.
        let at = sent_at.plus(first_byte);
        match body {
            Ok(body) => {
                let answered = Answered { status: status.as_u16(), fields: inflight.fields, body, first_byte, total };
                ((of_answer(status, first_byte), at), Ok(answered))
            }
            Err(cut) => {
                let limit = matches!(cut, Cut::TimedOut).then_some(prepared.timeout);
                ((Outcome::Nothing, at), Err(GatewayError::Unfinished { backend, limit }))
            }
        }
    }
}

/// Why a body is not whole.
enum Cut {
    TimedOut,
    BrokeOff,
}

/// Reads the body to its end, which has to come by `end`.
async fn read(inflight: &Inflight, end: Instant) -> Result<Body, Cut> {
    let mut body = Body::with_room(inflight.length);
    let incoming = inflight.response.consume().map_err(|()| Cut::BrokeOff)?;
    let stream = incoming.stream().map_err(|()| Cut::BrokeOff)?;
    let deadline = Deadline::at(end);
    loop {
        match stream.read(CHUNK) {
            Ok(bytes) if bytes.is_empty() => {
                deadline.limit(ready(stream.subscribe())).await.map_err(|TimedOut| Cut::TimedOut)?;
            }
            Ok(bytes) => body.push(&bytes),
            Err(StreamError::Closed) if inflight.length.is_none_or(|length| length == body.size()) => return Ok(body),
            Err(_) => return Err(Cut::BrokeOff),
        }
        if inflight.length == Some(body.size()) && body.size() > 0 {
            return Ok(body);
        }
        // A body that never ends may always have more, so that only the clock can end it.
        if Instant::now() >= end {
            return Err(Cut::TimedOut);
        }
    }
}
