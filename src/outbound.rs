//! The request to the backend: sent with timeouts and a deadline of the gateway's own, once more where that is safe.

mod error_code;

use crate::host::bindings::http_types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
};
use crate::host::clock::{Instant, nanos};
use crate::host::outgoing_handler;
use crate::host::pump::End;
use crate::host::wait::{Deadline, TimedOut, ready};
use crate::inbound::wasi_method;
use crate::prepare::Prepared;
use crate::upload::{Begun, RequestBody, Upload};
use futures::future::{Either, select};
use gateway_core::backend::url as backend_url;
use gateway_core::failure::{UpstreamFailure, may_retry};
use gateway_core::fields::{Field, fits};
use gateway_core::limits::CONNECT_TIMEOUT;
use gateway_core::request::body::response_length;
use http::{Method, StatusCode};
use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::Duration;

/// Spin counts the sending of the body against its first-byte timeout, so requests with a body get one that never matters.
const NO_FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// What hosts allow for the first byte, and between two, where nothing is set: Spin and wasmtime take 600 s.
const HOSTS_OWN_TIMEOUT: Duration = Duration::from_secs(600);

/// A request ready to be sent.
pub(crate) struct Outbound<'a> {
    /// The backend and the deadline.
    pub(crate) prepared: &'a Prepared,
    /// The method.
    pub(crate) method: &'a Method,
    /// Path and query, below the base path of the backend's URL.
    pub(crate) path_and_query: &'a str,
    /// The fields to send.
    pub(crate) fields: Vec<Field>,
    /// When the exchange began.
    pub(crate) started: Instant,
}

/// A response head, with its body still in the host.
pub(crate) struct Inflight {
    /// When its head was there.
    pub(crate) received: Instant,
    /// The status; never an interim one.
    pub(crate) status: StatusCode,
    /// The backend's fields, as they came.
    pub(crate) fields: Vec<Field>,
    /// The length of its body, where the fields tell it.
    pub(crate) length: Option<u64>,
    /// The response itself; dropping it cancels the rest of the exchange.
    pub(crate) response: IncomingResponse,
    /// What is left of the upload, where the backend answered before it was through.
    pub(crate) rest_of_upload: Option<RestOfUpload>,
    /// The deadline for the next sign of life.
    pub(crate) deadline: Rc<Deadline>,
    /// How far each chunk moves that deadline.
    pub(crate) idle_timeout: Duration,
}

/// The rest of an upload.
pub(crate) type RestOfUpload = Pin<Box<dyn Future<Output = End>>>;

/// Why there is no response.
pub(crate) enum SendError {
    /// The backend is at fault, or the way to it.
    Upstream(UpstreamFailure),
    /// The client's upload broke off.
    BrokenRequestBody,
}

impl From<UpstreamFailure> for SendError {
    fn from(failure: UpstreamFailure) -> Self {
        SendError::Upstream(failure)
    }
}

impl Outbound<'_> {
    /// Sends the request and waits for the response head.
    pub(crate) async fn send(&self, body: RequestBody) -> Result<Inflight, SendError> {
        match body {
            RequestBody::Upload(upload) => self.send_upload(upload).await,
            RequestBody::Empty { .. } => self.send_built(self.request()?).await,
        }
    }

    /// As [`Outbound::send`], of a request without a body that is built already, so that nothing but the exchange itself takes time.
    pub(crate) async fn send_built(&self, request: OutgoingRequest) -> Result<Inflight, SendError> {
        match self.send_bodyless(request, self.connect_timeout()).await {
            Err(SendError::Upstream(failure)) if may_retry(self.method, false, &failure) => {
                self.send_again(failure).await
            }
            other => other,
        }
    }

    /// The second attempt, after `failure`. It shares the first one's deadline and, where nothing was sent, its time to connect.
    async fn send_again(&self, failure: UpstreamFailure) -> Result<Inflight, SendError> {
        let spent = Instant::now().since(self.started);
        let left = self.prepared.timeout.saturating_sub(spent);
        let connect_timeout = if failure.nothing_was_sent() {
            self.connect_timeout().saturating_sub(spent)
        } else {
            self.connect_timeout().min(left)
        };
        if connect_timeout.is_zero() {
            return Err(failure.into());
        }
        self.send_bodyless(self.request()?, connect_timeout).await
    }

    fn connect_timeout(&self) -> Duration {
        CONNECT_TIMEOUT.min(self.prepared.timeout)
    }

    async fn send_bodyless(&self, request: OutgoingRequest, connect_timeout: Duration) -> Result<Inflight, SendError> {
        let deadline = Rc::new(Deadline::at(self.started.plus(self.prepared.timeout)));
        let first_byte = (self.prepared.timeout > HOSTS_OWN_TIMEOUT).then_some(self.prepared.timeout);
        let future = self.start(request, connect_timeout, first_byte)?;
        let head = deadline.limit(response_head(&future)).await;
        self.inflight(head, UpstreamFailure::ResponseTimeout(self.prepared.timeout), None, deadline)
    }

    async fn send_upload(&self, upload: Upload) -> Result<Inflight, SendError> {
        let request = self.request()?;
        let outgoing: OutgoingBody =
            request.body().map_err(|()| UpstreamFailure::Host("the request body cannot be opened".into()))?;
        let begun = upload.begin(outgoing).await;
        if let Begun::Ended(End::SourceBroke) = begun {
            return Err(SendError::BrokenRequestBody);
        }
        let timeout = self.prepared.timeout;
        let deadline = Rc::new(Deadline::at(Instant::after(timeout)));
        let future = self.start(request, self.connect_timeout(), Some(NO_FIRST_BYTE_TIMEOUT))?;
        let mut head = pin!(deadline.limit(response_head(&future)));
        let answered = UpstreamFailure::ResponseTimeout(timeout);
        let Begun::Moving(upload) = begun else {
            return self.inflight(head.await, answered, None, Rc::clone(&deadline));
        };

        let uploading = Rc::new(Cell::new(true));
        let mut upload: RestOfUpload = Box::pin({
            let (deadline, uploading) = (Rc::clone(&deadline), Rc::clone(&uploading));
            async move {
                let end = upload.send(|| deadline.extend(Instant::after(timeout))).await;
                // From here the backend has its full time to answer.
                uploading.set(false);
                deadline.extend(Instant::after(timeout));
                end
            }
        });
        let (head, rest) = match select(upload.as_mut(), head.as_mut()).await {
            Either::Left((End::SourceBroke, _)) => return Err(SendError::BrokenRequestBody),
            // A backend that stops reading may still answer.
            Either::Left(_) => (head.await, None),
            Either::Right((head, _)) => (head, Some(upload)),
        };
        let timed_out = if uploading.get() { UpstreamFailure::UploadStalled(timeout) } else { answered };
        self.inflight(head, timed_out, rest, Rc::clone(&deadline))
    }

    /// Builds the request, without a body so far.
    pub(crate) fn request(&self) -> Result<OutgoingRequest, UpstreamFailure> {
        let url = &self.prepared.backend.url;
        let request = OutgoingRequest::new(outgoing_fields(&self.fields));
        let scheme = match url.scheme() {
            backend_url::Scheme::Http => Scheme::Http,
            backend_url::Scheme::Https => Scheme::Https,
        };
        // A new request's method is GET.
        let method = match *self.method {
            Method::GET => Ok(()),
            _ => request.set_method(&wasi_method(self.method)),
        };
        method
            .and_then(|()| request.set_scheme(Some(&scheme)))
            .and_then(|()| request.set_authority(Some(url.authority())))
            .and_then(|()| request.set_path_with_query(Some(&url.join(self.path_and_query))))
            .map_err(|()| UpstreamFailure::Host("the host refuses the method, the URL or the path".into()))?;
        Ok(request)
    }

    fn start(
        &self,
        request: OutgoingRequest,
        connect_timeout: Duration,
        first_byte_timeout: Option<Duration>,
    ) -> Result<FutureIncomingResponse, UpstreamFailure> {
        let options = RequestOptions::new();
        // A host that does not support one of these says so; the gateway's own deadline holds in any case. It also bounds the pauses of a
        // body, so that only a limit of the host that could come earlier is set.
        _ = options.set_connect_timeout(Some(nanos(connect_timeout)));
        if let Some(timeout) = first_byte_timeout {
            _ = options.set_first_byte_timeout(Some(nanos(timeout)));
        }
        if self.prepared.idle_timeout > HOSTS_OWN_TIMEOUT {
            _ = options.set_between_bytes_timeout(Some(nanos(self.prepared.idle_timeout)));
        }
        outgoing_handler::handle(request, Some(options)).map_err(|error| self.failure(error))
    }

    fn inflight(
        &self,
        head: Result<Result<IncomingResponse, ErrorCode>, TimedOut>,
        timed_out: UpstreamFailure,
        rest_of_upload: Option<RestOfUpload>,
        deadline: Rc<Deadline>,
    ) -> Result<Inflight, SendError> {
        let response = head.map_err(|TimedOut| timed_out)?.map_err(|error| self.failure(error))?;
        let received = Instant::now();
        let status = StatusCode::from_u16(response.status()).map_err(|_| UpstreamFailure::Protocol)?;
        let fields = response.headers().entries();
        if !fits(&fields) {
            return Err(UpstreamFailure::ResponseHeadTooLarge.into());
        }
        let length = response_length(&fields).map_err(|_| UpstreamFailure::Protocol)?;
        if status.is_informational() {
            return Err(UpstreamFailure::Protocol.into());
        }
        let idle_timeout = self.prepared.idle_timeout;
        deadline.set(received.plus(idle_timeout));
        Ok(Inflight { received, status, fields, length, response, rest_of_upload, deadline, idle_timeout })
    }

    fn failure(&self, error: ErrorCode) -> UpstreamFailure {
        error_code::failure(error, self.prepared, self.connect_timeout())
    }
}

async fn response_head(future: &FutureIncomingResponse) -> Result<IncomingResponse, ErrorCode> {
    loop {
        // No host has an answer at once.
        ready(future.subscribe()).await;
        match future.get() {
            Some(Ok(result)) => return result,
            // Taken before, which cannot be: it is taken only here.
            Some(Err(())) => return Err(ErrorCode::InternalError(Some("the response was taken twice".into()))),
            None => {}
        }
    }
}

/// Builds a host's field list. A field that a host refuses must not take the others down: it is left out.
pub(crate) fn outgoing_fields(fields: &[Field]) -> Fields {
    Fields::from_list(fields).unwrap_or_else(|_| {
        let accepted = Fields::new();
        for (name, value) in fields {
            _ = accepted.append(name, value);
        }
        accepted
    })
}
