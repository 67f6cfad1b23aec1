//! One request and its answer.
//!
//! The instance runs on the task of the connection until the head of the response is out, which saves a hop between
//! threads; what remains, the body and any work after it, continues on a task of its own. It also does so when the
//! client leaves before: nothing stops an instance half-way.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use hyper::{Request, Response};
use tokio::sync::oneshot;
use wasmtime::PoolConcurrencyLimitError;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::guest::instance::{Head, Instances};
use crate::serve::conversation::{Answer, RequestBody};
use crate::serve::replies;
use crate::serve::slots::Slot;
use crate::stderr;

/// Answers a request. `slot` is given back when the instance is done, not only the response.
pub(crate) async fn answer(
    instances: Arc<Instances>,
    request: Request<RequestBody>,
    slot: Slot,
    answer: Answer,
) -> Response<ResponseBody> {
    let (sender, mut receiver) = oneshot::channel();
    let failed = Arc::new(AtomicBool::new(false));
    let mut guest = {
        let failed = Arc::clone(&failed);
        Detaching::new(async move {
            let ended = instances.run(request, sender, &failed).await;
            if let Err(error) = &ended {
                stderr::host(format_args!("the component failed: {error:#}"));
            }
            drop(slot);
            ended
        })
    };
    let mut ended = None;
    // The guest first: the head is there right after it was polled, or not at all.
    let head = poll_fn(|cx| {
        if ended.is_none()
            && let Poll::Ready(result) = guest.poll(cx)
        {
            ended = Some(result);
        }
        Pin::new(&mut receiver).poll(cx)
    })
    .await;
    drop(guest);
    settle(head.ok(), ended).map(|content| ResponseBody { content, failed, _answer: answer })
}

/// The response, from the head that the component gave and how it ended, each where it is known by now.
fn settle(head: Option<Head>, ended: Option<wasmtime::Result<()>>) -> Response<Content> {
    let reply = match (head, ended) {
        (_, Some(Err(error))) if error.is::<PoolConcurrencyLimitError>() => replies::overloaded(),
        // Even with a head: nothing of it was sent yet, and its body would break off at once.
        (_, Some(Err(_))) => replies::failed(),
        (Some(Ok(response)), _) => return response.map(Content::Guest),
        (Some(Err(code)), _) => {
            stderr::host(format_args!("the component answered with an error instead of a response: {code:?}"));
            replies::failed()
        }
        (None, _) => {
            stderr::host("the component ended without an answer");
            replies::failed()
        }
    };
    reply.map(Content::Host)
}

/// A future that is finished by a task of its own when it is dropped before its end.
struct Detaching<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T: Send + 'static> Detaching<T> {
    fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(future)))
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let Some(future) = &mut self.0 else {
            return Poll::Pending;
        };
        let poll = future.as_mut().poll(cx);
        if poll.is_ready() {
            self.0 = None;
        }
        poll
    }
}

impl<T: Send + 'static> Drop for Detaching<T> {
    fn drop(&mut self) {
        if let Some(future) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            drop(runtime.spawn(future));
        }
    }
}

/// The body of a response.
pub(crate) struct ResponseBody {
    content: Content,
    /// The instance has failed. Its body would seem to end there; this makes that an error, so that the client sees it too.
    failed: Arc<AtomicBool>,
    /// Under way until this body is dropped.
    _answer: Answer,
}

impl ResponseBody {
    /// That of a reply of the host.
    pub(crate) fn host(reply: Full<Bytes>, answer: Answer) -> Self {
        Self { content: Content::Host(reply), failed: Arc::default(), _answer: answer }
    }
}

/// Whose body it is.
enum Content {
    /// Of a reply of the host.
    Host(Full<Bytes>),
    /// Written by an instance.
    Guest(WasiBody),
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut self.content {
            Content::Host(body) => Pin::new(body).poll_frame(cx).map_err(Error::from),
            Content::Guest(body) => match Pin::new(body).poll_frame(cx) {
                Poll::Ready(None) if self.failed.load(Ordering::Acquire) => {
                    Poll::Ready(Some(Err(Error::HttpProtocolError)))
                }
                poll => poll,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Host(body) => body.is_end_stream(),
            Content::Guest(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Host(body) => body.size_hint(),
            Content::Guest(body) => body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http_body_util::{BodyExt, Empty};
    use hyper::StatusCode;
    use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;

    use super::*;

    fn head() -> Option<Head> {
        Some(Ok(Response::new(Empty::new().map_err(Error::from).boxed_unsync())))
    }

    fn trapped<T>() -> Option<wasmtime::Result<T>> {
        Some(Err(wasmtime::Error::msg("trapped")))
    }

    fn settled(head: Option<Head>, ended: Option<wasmtime::Result<()>>) -> StatusCode {
        settle(head, ended).status()
    }

    #[test]
    fn a_response_that_was_not_sent_yet_gives_way_to_an_error() {
        assert_eq!(settled(head(), None), StatusCode::OK);
        assert_eq!(settled(head(), Some(Ok(()))), StatusCode::OK);
        assert_eq!(settled(head(), trapped()), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(settled(None, trapped()), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(settled(None, None), StatusCode::INTERNAL_SERVER_ERROR);
        let code = Some(Err(ErrorCode::InternalError(None)));
        assert_eq!(settled(code, Some(Ok(()))), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
