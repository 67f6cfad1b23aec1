//! What the two ends of a client's connection, the socket and the service, tell each other: which request is being answered, and whether one was not
//! read to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// The requests of one connection. Clones are the same conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conversation(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    begun: AtomicUsize,
    ended: AtomicUsize,
    /// The body of the last request was read to its end.
    read: AtomicBool,
    /// It was given up before.
    given_up: AtomicBool,
}

impl Conversation {
    /// A request has arrived. Its answer is under way until what this returns is dropped.
    pub(crate) fn begin(&self) -> Answer {
        self.0.read.store(false, Ordering::Relaxed);
        self.0.given_up.store(false, Ordering::Relaxed);
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        Answer(self.clone())
    }

    /// How many requests have arrived.
    pub(crate) fn begun(&self) -> usize {
        self.0.begun.load(Ordering::Relaxed)
    }

    /// Whether an answer is under way.
    pub(crate) fn is_answering(&self) -> bool {
        self.begun() != self.0.ended.load(Ordering::Relaxed)
    }

    /// Whether the body of the last request has been read to its end by now.
    pub(crate) fn is_read(&self) -> bool {
        self.0.read.load(Ordering::Relaxed)
    }

    /// Whether the client may still be sending a body that nobody wants.
    pub(crate) fn is_given_up(&self) -> bool {
        self.0.given_up.load(Ordering::Relaxed)
    }
}

/// An answer under way.
#[derive(Debug)]
pub(crate) struct Answer(Conversation);

impl Drop for Answer {
    fn drop(&mut self) {
        self.0.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// The body of a request, which notes how far it was read.
#[derive(Debug)]
pub(crate) struct RequestBody {
    body: Incoming,
    conversation: Conversation,
}

impl RequestBody {
    pub(crate) fn new(body: Incoming, conversation: &Conversation) -> Self {
        let body = Self { body, conversation: conversation.clone() };
        body.note(body.is_end_stream());
        body
    }

    fn note(&self, ended: bool) {
        if ended {
            self.conversation.0.read.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if !self.conversation.is_read() {
            self.conversation.0.given_up.store(true, Ordering::Relaxed);
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        // Nobody asks on after trailers.
        let last = match &frame {
            Poll::Ready(Some(Ok(frame))) => frame.is_trailers() || self.is_end_stream(),
            Poll::Ready(None) => true,
            _ => false,
        };
        self.note(last);
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
