//! The socket to a backend, shared by the task that drives the connection and by those who use it.
//!
//! It can still be read when it cannot be written any more. A backend may answer before an upload is through, a 413 for example, and close. The next
//! write then fails, and hyper would give the connection up without reading the answer that has arrived. Here such a write counts as done: what follows
//! is discarded, and reading brings either the answer or the real error.
//!
//! It also tells what hyper does not: whether an answer has begun, and whether the backend has closed a connection that waits for its next request.

use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// TCP, or TLS over TCP.
pub(crate) type Socket = MaybeHttpsStream<TokioIo<TcpStream>>;

/// A stream to a backend. Clones share the socket.
#[derive(Clone, Debug)]
pub(crate) struct BackendStream(Arc<Mutex<Shared>>);

#[derive(Debug)]
struct Shared {
    socket: TokioIo<Socket>,
    /// The other side takes nothing any more.
    nobody_reads: bool,
    /// Something has arrived since [`BackendStream::listen`].
    heard: bool,
}

impl BackendStream {
    pub(crate) fn new(socket: Socket) -> Self {
        Self(Arc::new(Mutex::new(Shared { socket: TokioIo::new(socket), nobody_reads: false, heard: false })))
    }

    /// An answer may begin from now on.
    pub(crate) fn listen(&self) {
        self.lock().heard = false;
    }

    /// Whether an answer has begun.
    pub(crate) fn has_heard(&self) -> bool {
        self.lock().heard
    }

    /// Whether nothing has arrived on a connection that idles: neither its end nor anything else, which nobody has asked for. The system is asked,
    /// as the task that drives the connection may not have been told yet.
    pub(crate) fn is_quiet(&self) -> bool {
        let shared = self.lock();
        let tcp = match shared.socket.inner() {
            MaybeHttpsStream::Http(tcp) => tcp.inner(),
            MaybeHttpsStream::Https(tls) => tls.inner().get_ref().0.inner().inner(),
        };
        let arrived = SockRef::from(tcp).peek(&mut [MaybeUninit::uninit()]);
        arrived.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Nothing panics while it is locked.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// The result of a write of `length` bytes.
    fn judge(&mut self, length: usize, result: io::Result<usize>) -> io::Result<usize> {
        match result {
            Err(error) if other_side_left(&error) => {
                self.nobody_reads = true;
                Ok(length)
            }
            result => result,
        }
    }
}

fn other_side_left(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)
}

impl AsyncRead for BackendStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut shared = self.lock();
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut shared.socket).poll_read(cx, buffer));
        shared.heard |= buffer.filled().len() > before;
        Poll::Ready(result)
    }
}

impl AsyncWrite for BackendStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut shared = self.lock();
        if shared.nobody_reads {
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = ready!(Pin::new(&mut shared.socket).poll_write(cx, bytes));
        Poll::Ready(shared.judge(bytes.len(), result))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut shared = self.lock();
        if shared.nobody_reads {
            return Poll::Ready(Ok(()));
        }
        let result = ready!(Pin::new(&mut shared.socket).poll_flush(cx));
        Poll::Ready(shared.judge(0, result.map(|()| 0)).map(drop))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().socket).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().socket.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).fold(0, usize::saturating_add);
        let mut shared = self.lock();
        if shared.nobody_reads {
            return Poll::Ready(Ok(length));
        }
        let result = ready!(Pin::new(&mut shared.socket).poll_write_vectored(cx, slices));
        Poll::Ready(shared.judge(length, result))
    }
}
