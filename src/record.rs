//! What becomes known of a request on its way: the facts of its log line and of the notes on its response.

use crate::host::clock::{self, Instant};
use crate::host::{entropy, log_output};
use crate::inbound::Head;
use gateway_core::backend::reference::BackendRef;
use gateway_core::health::entry::State;
use gateway_core::request::request_id;
use gateway_core::response::cors::AllowedOrigin;
use gateway_core::response::error::GatewayError;
use gateway_core::response::log::LogLine;
use gateway_core::response::notes::{Notes, Timing};
use gateway_core::time::Timestamp;
use http::{Method, StatusCode};
use std::time::Duration;

/// The facts so far.
pub(crate) struct Record {
    started: Instant,
    /// When the request arrived.
    pub(crate) time: Timestamp,
    /// The client's id, or a new one.
    pub(crate) request_id: String,
    /// The backend that was asked for, once it is known to be one.
    pub(crate) backend: Option<BackendRef>,
    /// What `x-backend` says where that is not one backend: the ids of a comparison, or what is none.
    pub(crate) asked: Option<String>,
    /// Whose pages may read the answer.
    pub(crate) allowed_origin: AllowedOrigin,
    /// From sending to the backend's response head or failure; of a comparison, all of it.
    pub(crate) backend_time: Option<Duration>,
    /// The verdict that the request was routed by.
    pub(crate) health: Option<State>,
}

impl Record {
    /// Of a request that arrived at `started`.
    pub(crate) fn new(started: Instant, head: &Head) -> Self {
        Record {
            started,
            time: clock::timestamp(),
            request_id: request_id::inbound(&head.fields).unwrap_or_else(entropy::id),
            backend: None,
            asked: None,
            allowed_origin: AllowedOrigin::Unlisted,
            backend_time: None,
            health: None,
        }
    }

    /// The time of day at `instant`.
    pub(crate) fn at(&self, instant: Instant) -> Timestamp {
        self.time.plus(instant.since(self.started))
    }

    /// The notes on a response that is made now.
    pub(crate) fn notes(&self) -> Notes<'_> {
        self.notes_at(Instant::now())
    }

    /// The notes on a response whose head was there at `answered`.
    pub(crate) fn notes_at(&self, answered: Instant) -> Notes<'_> {
        let total = answered.since(self.started);
        Notes {
            request_id: &self.request_id,
            backend: self.backend.as_ref().map(|backend| backend.id.as_str()),
            timing: Timing {
                gateway: total.saturating_sub(self.backend_time.unwrap_or_default()),
                backend: self.backend_time,
            },
            allowed_origin: &self.allowed_origin,
        }
    }

    /// Writes the log line of an exchange within a comparison that failed, or was never begun, for `error`.
    pub(crate) fn write_failed(
        &self,
        method: &Method,
        path: &str,
        backend: &BackendRef,
        health: Option<State>,
        begun: Instant,
        error: &GatewayError,
    ) {
        let duration = Instant::now().since(begun);
        let line = LogLine {
            time: self.at(begun),
            request_id: &self.request_id,
            method: method.as_str(),
            path,
            backend: Some(&backend.id),
            location: Some(backend.location),
            status: error.status().code().as_u16(),
            duration_ms: duration,
            backend_ms: Some(duration),
            health,
            error: Some(&error.to_string()),
        };
        log_output::write(&line.to_text());
    }

    /// Writes the log line of a response that is out. Returns the time of day.
    pub(crate) fn write(&self, head: &Head, status: StatusCode, error: Option<&str>) -> Timestamp {
        let duration = Instant::now().since(self.started);
        let line = LogLine {
            time: self.time,
            request_id: &self.request_id,
            method: head.method.as_str(),
            path: &head.path_and_query,
            backend: self.backend.as_ref().map(|backend| backend.id.as_str()).or(self.asked.as_deref()),
            location: self.backend.as_ref().map(|backend| backend.location),
            status: status.as_u16(),
            duration_ms: duration,
            backend_ms: self.backend_time,
            health: self.health,
            error,
        };
        log_output::write(&line.to_text());
        self.time.plus(duration)
    }
}
