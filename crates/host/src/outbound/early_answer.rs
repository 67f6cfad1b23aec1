//! A connection that can still be read when it cannot be written any more.
//!
//! A backend may answer before an upload is through, a 413 for example, and close. The next write then fails, and hyper would give the connection up
//! without reading the answer that has arrived. Here such a write counts as done: what follows is discarded, and reading brings either the
//! answer or the real error.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};

/// A stream whose writes do not fail for the other side's leaving.
#[derive(Debug)]
pub(crate) struct EarlyAnswer<S> {
    stream: S,
    nobody_reads: bool,
}

impl<S> EarlyAnswer<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, nobody_reads: false }
    }

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

impl<S: Read + Unpin> Read for EarlyAnswer<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: Write + Unpin> Write for EarlyAnswer<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.nobody_reads {
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes));
        Poll::Ready(self.judge(bytes.len(), result))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.nobody_reads {
            return Poll::Ready(Ok(()));
        }
        let result = ready!(Pin::new(&mut self.stream).poll_flush(cx));
        Poll::Ready(self.judge(0, result.map(|()| 0)).map(drop))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).fold(0, usize::saturating_add);
        if self.nobody_reads {
            return Poll::Ready(Ok(length));
        }
        let result = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices));
        Poll::Ready(self.judge(length, result))
    }
}

impl<S: Connection> Connection for EarlyAnswer<S> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}
