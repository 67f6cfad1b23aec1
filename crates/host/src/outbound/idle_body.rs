//! A response body that fails when nothing arrives for too long, the between-bytes timeout, and gives its connection back when it ends.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Sleep;
use wasmtime_wasi_http::Error;

use crate::outbound::pool::Lease;

/// Wraps the body of an upstream response.
pub(crate) struct IdleBody {
    body: Incoming,
    limit: Duration,
    /// Made at the first wait and reset in place at each further one.
    timer: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    /// Until the end. A body that is dropped before takes the connection with it.
    lease: Option<Lease>,
}

impl IdleBody {
    /// `limit` is how long to wait for each part of the body.
    pub(crate) fn new(body: Incoming, limit: Duration, lease: Lease) -> Self {
        let mut body = Self { body, limit, timer: None, waiting: false, lease: Some(lease) };
        if body.is_end_stream() {
            body.end();
        }
        body
    }

    fn end(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.end();
        }
    }
}

impl Body for IdleBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.waiting = false;
            if frame.is_none() || this.body.is_end_stream() {
                this.end();
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        let limit = this.limit;
        let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if !std::mem::replace(&mut this.waiting, true) {
            timer.set(tokio::time::sleep(limit));
        }
        timer.as_mut().poll(cx).map(|()| Some(Err(Error::ConnectionReadTimeout)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
