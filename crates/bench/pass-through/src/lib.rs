//! The least a proxy component can do: method, path, fields and body to one upstream, and its response back.
//!
//! No routing, no CORS, no health, no deadlines. Fields are copied inside the host and bodies are spliced there, so that hardly anything passes
//! the component's memory. What this costs is what the host and the SDK cost; what the gateway costs more is its own. Natively it is empty.
#![cfg(target_family = "wasm")]

use spin_sdk::http::{IncomingRequest, ResponseOutparam};
use spin_sdk::wit::wasi::http0_2_0::outgoing_handler;
use spin_sdk::wit::wasi::http0_2_0::types::{
    ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, OutgoingResponse,
    ResponseOutparam as Outparam, Scheme,
};
use wasi::io::streams::{InputStream, OutputStream, StreamError};

/// The most bytes moved in one step.
const STEP: u64 = 1024 * 1024;

/// The exported entry point.
mod entry {
    #![allow(unsafe_code, reason = "the macro's export glue is unsafe; nothing of ours is")]

    use super::{IncomingRequest, ResponseOutparam};
    use spin_sdk::http_component;

    #[http_component]
    async fn handle(request: IncomingRequest, out: ResponseOutparam) {
        super::handle(&request, out);
    }
}

/// An instance serves one request at a time, so blocking calls are enough.
fn handle(request: &IncomingRequest, out: ResponseOutparam) {
    let out = out.into_inner();
    match exchange(request) {
        Ok(response) => {
            let outgoing = OutgoingResponse::new(copy(&response.headers()));
            _ = outgoing.set_status_code(response.status());
            let body = match request.method() {
                Method::Head => None,
                _ => outgoing.body().ok(),
            };
            Outparam::set(out, Ok(outgoing));
            if let (Some(body), Ok(incoming)) = (body, response.consume())
                && let Ok(source) = incoming.stream()
            {
                fill(body, &source);
            }
        }
        Err(error) => Outparam::set(out, Err(error)),
    }
}

/// Sends the request and waits for the response head.
fn exchange(request: &IncomingRequest) -> Result<IncomingResponse, ErrorCode> {
    let upstream = spin_sdk::variables::get("upstream").map_err(|error| failure(&error.to_string()))?;
    let authority = upstream.strip_prefix("http://").ok_or_else(|| failure("upstream is no http:// origin"))?;
    let headers = request.headers();
    let has_body = headers.has("content-length");
    let outgoing = OutgoingRequest::new(copy(&headers));
    outgoing
        .set_method(&request.method())
        .and_then(|()| outgoing.set_scheme(Some(&Scheme::Http)))
        .and_then(|()| outgoing.set_authority(Some(authority)))
        .and_then(|()| outgoing.set_path_with_query(request.path_with_query().as_deref()))
        .map_err(|()| ErrorCode::HttpRequestUriInvalid)?;
    let body = if has_body { outgoing.body().ok() } else { None };
    let response = outgoing_handler::handle(outgoing, None)?;
    if let (Some(body), Ok(incoming)) = (body, request.consume())
        && let Ok(source) = incoming.stream()
    {
        fill(body, &source);
    }
    loop {
        match response.get() {
            Some(Ok(result)) => return result,
            Some(Err(())) => return Err(failure("the response was taken twice")),
            None => response.subscribe().block(),
        }
    }
}

/// A copy that may be sent; it is made in the host.
fn copy(headers: &Fields) -> Fields {
    headers.clone()
}

/// Moves everything from `source` into `body`. What breaks off stays unfinished.
fn fill(body: OutgoingBody, source: &InputStream) {
    let Ok(sink) = body.write() else {
        return;
    };
    if is_moved(source, &sink) {
        drop(sink);
        _ = OutgoingBody::finish(body, None);
    }
}

fn is_moved(source: &InputStream, sink: &OutputStream) -> bool {
    loop {
        match sink.blocking_splice(source, STEP) {
            Ok(_) => {}
            Err(StreamError::Closed) => return true,
            Err(StreamError::LastOperationFailed(_)) => return false,
        }
    }
}

fn failure(message: &str) -> ErrorCode {
    ErrorCode::InternalError(Some(message.to_owned()))
}
