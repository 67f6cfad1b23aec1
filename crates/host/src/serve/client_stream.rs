//! The socket to a client: how long it may wait for a request, and how it is closed under a client that is still sending.
//!
//! hyper has one time limit for both, the wait for a request and its head. Here they are two. Load balancers keep connections for a minute or more, and
//! send a POST on one that looks open; a head that takes as long is an attack.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, timeout, timeout_at};

use crate::serve::conversation::Conversation;

/// How long a client may take for the head of a request, from its first byte.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a refused client may go on sending, so that it reads why: in all, between two pieces, and how many bytes.
const LINGER: Duration = Duration::from_secs(30);
const LINGER_PAUSE: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 256 << 20;
const LINGER_STEP: usize = 64 << 10;

/// A client's socket.
pub(crate) struct ClientStream {
    /// Until it is dropped.
    stream: Option<TcpStream>,
    conversation: Conversation,
    /// How long to wait for the next request.
    keep_alive: Duration,
    /// Requests so far that what has arrived belongs to.
    seen: usize,
    wait: Wait,
    timer: Option<Pin<Box<Sleep>>>,
}

/// What is being waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// For a request, until this time once it is known.
    Request(Option<Instant>),
    /// For the rest of a head, until this time.
    Head(Instant),
    /// For nothing: the client has ended what it sends, or its time is over.
    Nothing,
}

impl ClientStream {
    /// `keep_alive` is how long the client may pause between two requests.
    pub(crate) fn new(stream: TcpStream, conversation: Conversation, keep_alive: Duration) -> Self {
        // The first request has at least the time of a head.
        let first = Wait::Request(Instant::now().checked_add(keep_alive.max(HEAD_TIMEOUT)));
        Self { stream: Some(stream), conversation, keep_alive, seen: 0, wait: first, timer: None }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// What has arrived before a request was handed on belongs to that request.
    fn catch_up(&mut self) {
        let begun = self.conversation.begun();
        if begun != self.seen {
            self.seen = begun;
            if self.wait != Wait::Nothing {
                self.wait = Wait::Request(None);
            }
        }
    }

    /// Something has arrived.
    fn received(&mut self) {
        if matches!(self.wait, Wait::Request(_))
            && !self.conversation.is_answering()
            && let Some(until) = Instant::now().checked_add(HEAD_TIMEOUT)
        {
            self.wait = Wait::Head(until);
        }
    }

    /// Nothing has arrived: whether it is too late now.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.conversation.is_answering() {
            return Poll::Pending;
        }
        if self.wait == Wait::Request(None) {
            self.wait = Wait::Request(Instant::now().checked_add(self.keep_alive));
        }
        let (Wait::Request(Some(until)) | Wait::Head(until)) = self.wait else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        // Mostly it is set to an earlier time, and is set again only when that has come.
        if until < timer.deadline() {
            timer.as_mut().reset(until);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if until <= timer.deadline() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(until);
        }
        Poll::Pending
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.catch_up();
        let before = buffer.filled().len();
        match this.stream()?.poll_read(cx, buffer) {
            Poll::Ready(Ok(())) if buffer.filled().len() > before => {
                this.received();
                Poll::Ready(Ok(()))
            }
            Poll::Ready(ended) => {
                this.wait = Wait::Nothing;
                Poll::Ready(ended)
            }
            Poll::Pending => this.poll_late(cx).map(|()| {
                this.wait = Wait::Nothing;
                Err(io::ErrorKind::TimedOut.into())
            }),
        }
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(cx, slices)
    }
}

impl Drop for ClientStream {
    fn drop(&mut self) {
        self.catch_up();
        let refused_head = matches!(self.wait, Wait::Head(_));
        let refused_body = self.wait != Wait::Nothing && self.conversation.is_given_up();
        if (refused_head || refused_body)
            && let Some(stream) = self.stream.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            drop(runtime.spawn(linger(stream)));
        }
    }
}

/// Reads on for a while. Closing a socket with bytes unread resets the connection, and with it goes the answer that the client has not read yet
/// (RFC 9112 §9.6).
async fn linger(mut stream: TcpStream) {
    let end = Instant::now().checked_add(LINGER).unwrap_or_else(Instant::now);
    let mut discarded = vec![0; LINGER_STEP];
    let mut left = LINGER_BYTES;
    // The client sees the end of the answer.
    if stream.shutdown().await.is_err() {
        return;
    }
    while left > 0 {
        let piece = timeout(LINGER_PAUSE, stream.read(&mut discarded));
        match timeout_at(end, piece).await {
            Ok(Ok(Ok(count))) if count > 0 => left = left.saturating_sub(count),
            _ => return,
        }
    }
}
