//! The response to the client: the backend's, streamed, or one of the gateway's own.

use crate::host::bindings::http_types::{OutgoingBody, OutgoingResponse, ResponseOutparam};
use crate::host::clock::Instant;
use crate::host::pump::{End, Pump, write, write_now};
use crate::host::wait::pause;
use crate::outbound::{Inflight, RestOfUpload, outgoing_fields};
use futures::future::{Either, select};
use gateway_core::fields::Field;
use gateway_core::request::body::response_has_body;
use http::{Method, StatusCode};
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

/// How long a body that broke off before its head was sent stays open behind the head.
const HEAD_FIRST: Duration = Duration::from_millis(20);

/// Sends an answer of the gateway's own: written and finished before its head, so that hosts send both at once (see [`Pump::head_start`]).
pub(crate) async fn send(
    out: ResponseOutparam,
    method: &Method,
    status: StatusCode,
    fields: &[Field],
    body: Option<&str>,
) {
    let response = head(status, fields);
    let body = body.filter(|_| response_has_body(method, status));
    let Some((outgoing, body)) = body.and_then(|body| Some((response.body().ok()?, body.as_bytes()))) else {
        return ResponseOutparam::set(out, Ok(response));
    };
    let Ok(sink) = outgoing.write() else {
        return ResponseOutparam::set(out, Ok(response));
    };
    let rest = body.get(write_now(body, &sink)..).unwrap_or_default();
    if rest.is_empty() {
        drop(sink);
        _ = OutgoingBody::finish(outgoing, None);
        return ResponseOutparam::set(out, Ok(response));
    }
    ResponseOutparam::set(out, Ok(response));
    if write(rest, &sink).await == End::Complete {
        drop(sink);
        _ = OutgoingBody::finish(outgoing, None);
    }
}

/// Streams the backend's response. `fields` are the ones to send.
///
/// A body is finished only when it came whole. Otherwise the outgoing body is dropped, which hosts turn into a visibly broken transfer.
pub(crate) async fn relay(out: ResponseOutparam, method: &Method, fields: &[Field], inflight: Inflight) -> End {
    let Inflight { status, length, response: incoming, rest_of_upload, deadline, idle_timeout, .. } = inflight;
    let response = head(status, fields);
    if !response_has_body(method, status) {
        ResponseOutparam::set(out, Ok(response));
        return End::Complete;
    }
    let (Ok(outgoing), Ok(incoming)) = (response.body(), incoming.consume()) else {
        ResponseOutparam::set(out, Ok(response));
        return End::SourceBroke;
    };
    let (Ok(sink), Ok(source)) = (outgoing.write(), incoming.stream()) else {
        ResponseOutparam::set(out, Ok(response));
        return End::SourceBroke;
    };
    let mut pump = Pump::new(&source, &sink, length);
    let end = pump.head_start().await;
    if end == Some(End::Complete) {
        drop(sink);
        let finished = OutgoingBody::finish(outgoing, None);
        ResponseOutparam::set(out, Ok(response));
        return if finished.is_ok() { End::Complete } else { End::SourceBroke };
    }
    ResponseOutparam::set(out, Ok(response));
    if let Some(end) = end {
        // A host that meets the broken end before it has sent the head sends neither.
        pause(HEAD_FIRST).await;
        return end;
    }
    let transfer = pump.run(Some(&deadline), || deadline.extend(Instant::after(idle_timeout)));
    let end = match rest_of_upload {
        None => transfer.await,
        Some(upload) => beside(upload, transfer).await,
    };
    drop(sink);
    if end == End::Complete && OutgoingBody::finish(outgoing, None).is_err() {
        return End::SourceBroke;
    }
    end
}

fn head(status: StatusCode, fields: &[Field]) -> OutgoingResponse {
    let response = OutgoingResponse::new(outgoing_fields(fields));
    // A new response's status is 200.
    if status != StatusCode::OK {
        _ = response.set_status_code(status.as_u16());
    }
    response
}

/// Runs the rest of an upload while the response flows, and drops it once that is through.
async fn beside(upload: RestOfUpload, transfer: impl Future<Output = End>) -> End {
    let transfer = pin!(transfer);
    match select(upload, transfer).await {
        Either::Left((_, transfer)) => transfer.await,
        Either::Right((end, _)) => end,
    }
}
