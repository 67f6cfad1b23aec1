//! The response to the client: the backend's, streamed, or one of the gateway's own.

use crate::host::bindings::http_types::{OutgoingBody, OutgoingResponse, ResponseOutparam};
use crate::host::clock::Instant;
use crate::host::pump::{End, pump, write};
use crate::outbound::{Inflight, RestOfUpload, outgoing_fields};
use futures::future::{Either, select};
use gateway_core::fields::Field;
use gateway_core::limits::IDLE_TIMEOUT;
use gateway_core::request::body::response_has_body;
use http::{Method, StatusCode};
use std::future::Future;
use std::pin::pin;

/// Sends an answer of the gateway's own.
pub(crate) async fn send(
    out: ResponseOutparam,
    method: &Method,
    status: StatusCode,
    fields: &[Field],
    body: Option<&str>,
) {
    let body = body.filter(|_| response_has_body(method, status));
    let Some(outgoing) = start(out, status, fields, body.is_some()) else {
        return;
    };
    if let Some(body) = body
        && let Ok(sink) = outgoing.write()
    {
        _ = write(body.as_bytes(), &sink).await;
    }
    _ = OutgoingBody::finish(outgoing, None);
}

/// Streams the backend's response. `fields` are the ones to send.
///
/// A body is finished only when it came whole. Otherwise the outgoing body is dropped, which hosts turn into a visibly broken transfer.
pub(crate) async fn relay(out: ResponseOutparam, method: &Method, fields: &[Field], inflight: Inflight) -> End {
    let Inflight { status, length, response, rest_of_upload, deadline, .. } = inflight;
    let Some(outgoing) = start(out, status, fields, response_has_body(method, status)) else {
        return End::Complete;
    };
    let transfer = async {
        let (Ok(incoming), Ok(sink)) = (response.consume(), outgoing.write()) else {
            return End::SourceBroke;
        };
        let Ok(source) = incoming.stream() else {
            return End::SourceBroke;
        };
        pump(&source, &sink, length, Some(&deadline), || deadline.extend(Instant::after(IDLE_TIMEOUT))).await
    };
    let end = match rest_of_upload {
        None => transfer.await,
        Some(upload) => beside(upload, transfer).await,
    };
    if end == End::Complete && OutgoingBody::finish(outgoing, None).is_err() {
        return End::SourceBroke;
    }
    end
}

/// Hands the head to the host. Returns the body to write, where there is one.
fn start(out: ResponseOutparam, status: StatusCode, fields: &[Field], with_body: bool) -> Option<OutgoingBody> {
    let response = OutgoingResponse::new(outgoing_fields(fields));
    // A new response's status is 200.
    if status != StatusCode::OK {
        _ = response.set_status_code(status.as_u16());
    }
    let body = if with_body { response.body().ok() } else { None };
    ResponseOutparam::set(out, Ok(response));
    body
}

/// Runs the rest of an upload while the response flows, and drops it once that is through.
async fn beside(upload: RestOfUpload, transfer: impl Future<Output = End>) -> End {
    let transfer = pin!(transfer);
    match select(upload, transfer).await {
        Either::Left((_, transfer)) => transfer.await,
        Either::Right((end, _)) => end,
    }
}
