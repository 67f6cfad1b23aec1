//! One request through one fresh instance.
//!
//! The instance runs on the task of the connection until the head of the response is out, which saves a hop between
//! threads; what remains, the body and any work after it, continues on a task of its own. It also does so when the
//! client leaves before: nothing stops an instance half-way.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::{Request, Response};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use wasmtime::{Engine, PoolConcurrencyLimitError, Store};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView};

use crate::limits::{ComputeMeter, Metered};
use crate::log;
use crate::replies;
use crate::state::{Capabilities, State};

/// The component, ready to be instantiated, and what every instance gets.
pub(crate) struct Instances {
    pub(crate) engine: Engine,
    pub(crate) component: ProxyPre<State>,
    pub(crate) capabilities: Arc<Capabilities>,
    pub(crate) memory_limit: usize,
    pub(crate) compute_limit: Duration,
}

/// What the component answers with, or why it does not.
pub(crate) type Head = Result<Response<WasiBody>, ErrorCode>;

impl Instances {
    /// Instantiates once, so that a component that cannot be instantiated is noticed at the start.
    pub(crate) async fn try_one(&self) -> wasmtime::Result<()> {
        let mut store = self.store();
        let _meter = ComputeMeter::install(&mut store, self.compute_limit);
        self.component.instantiate_async(&mut store).await?;
        Ok(())
    }

    /// Answers a request. `permit` is given back when the instance is done, not only the response.
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        permit: OwnedSemaphorePermit,
    ) -> Response<ResponseBody> {
        let (sender, mut receiver) = oneshot::channel();
        let failed = Arc::new(AtomicBool::new(false));
        let mut guest = {
            let failed = Arc::clone(&failed);
            Detaching::new(async move {
                let ended = self.run(request, sender, &failed).await;
                if let Err(error) = &ended {
                    log::host(format_args!("the component failed: {error:#}"));
                }
                drop(permit);
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
        settle(head.ok(), ended, failed)
    }

    fn store(&self) -> Store<State> {
        let mut store = Store::new(&self.engine, State::new(&self.capabilities, self.memory_limit));
        store.limiter(|state| &mut state.limits);
        store
    }

    /// Runs an instance to its end. Dropping the future ends it before.
    pub(crate) async fn run<B>(
        &self,
        request: Request<B>,
        sender: oneshot::Sender<Head>,
        failed: &AtomicBool,
    ) -> wasmtime::Result<()>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let mut store = self.store();
        let meter = ComputeMeter::install(&mut store, self.compute_limit);
        let request = store.data_mut().http().new_incoming_request(Scheme::Http, request)?;
        let outparam = store.data_mut().http().new_response_outparam(sender)?;
        let call = async {
            let proxy = self.component.instantiate_async(&mut store).await?;
            proxy.wasi_http_incoming_handler().call_handle(&mut store, request, outparam).await
        };
        let ended = Metered::new(pin!(call), meter).await;
        if ended.is_err() {
            // Before the store goes: with it, the body ends.
            failed.store(true, Ordering::Release);
        }
        ended
    }
}

/// The response, from the head that the component gave and how it ended, each where it is known by now.
fn settle(head: Option<Head>, ended: Option<wasmtime::Result<()>>, failed: Arc<AtomicBool>) -> Response<ResponseBody> {
    let reply = match (head, ended) {
        (_, Some(Err(error))) if error.is::<PoolConcurrencyLimitError>() => replies::overloaded(),
        // Even with a head: nothing of it was sent yet, and its body would break off at once.
        (_, Some(Err(_))) => replies::failed(),
        (Some(Ok(response)), _) => return response.map(|body| ResponseBody::Guest { body, failed }),
        (Some(Err(code)), _) => {
            log::host(format_args!("the component answered with an error instead of a response: {code:?}"));
            replies::failed()
        }
        (None, _) => {
            log::host("the component ended without an answer");
            replies::failed()
        }
    };
    reply.map(ResponseBody::Host)
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
pub(crate) enum ResponseBody {
    /// Of a reply of the host.
    Host(Full<Bytes>),
    /// Written by an instance. When it fails half-way the body would seem to end there; `failed` makes that an error,
    /// so that the client sees it too.
    Guest { body: WasiBody, failed: Arc<AtomicBool> },
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut *self {
            Self::Host(body) => Pin::new(body).poll_frame(cx).map_err(Error::from),
            Self::Guest { body, failed } => match Pin::new(body).poll_frame(cx) {
                Poll::Ready(None) if failed.load(Ordering::Acquire) => Poll::Ready(Some(Err(Error::HttpProtocolError))),
                poll => poll,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Host(body) => body.is_end_stream(),
            Self::Guest { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Host(body) => body.size_hint(),
            Self::Guest { body, .. } => body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http_body_util::{BodyExt, Empty};
    use hyper::StatusCode;

    use super::*;

    fn head() -> Option<Head> {
        Some(Ok(Response::new(Empty::new().map_err(Error::from).boxed_unsync())))
    }

    fn trapped<T>() -> Option<wasmtime::Result<T>> {
        Some(Err(wasmtime::Error::msg("trapped")))
    }

    fn settled(head: Option<Head>, ended: Option<wasmtime::Result<()>>) -> StatusCode {
        settle(head, ended, Arc::default()).status()
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
