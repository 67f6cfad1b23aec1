//! The component's stdout and stderr: its writes, often fragments, become whole lines on the host's stderr.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::stderr;

/// Bytes after which a guest that writes no line break gets one.
const MAX_LINE: usize = 64 * 1024;
/// Bytes that one write may carry.
const WRITE_BUDGET: usize = 64 * 1024;

/// Collects the output of one instance. Clones share the line that is being written.
#[derive(Clone, Default)]
pub(crate) struct GuestOutput(Arc<Mutex<Fragment>>);

/// The line so far; written out even when it never ended.
#[derive(Default)]
struct Fragment(Vec<u8>);

impl Drop for Fragment {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            self.0.push(b'\n');
            stderr::line(std::mem::take(&mut self.0));
        }
    }
}

impl GuestOutput {
    fn push(&self, bytes: &[u8]) {
        let mut fragment = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fragment.0.extend_from_slice(bytes);
        let whole = fragment.0.iter().rposition(|byte| *byte == b'\n').and_then(|at| at.checked_add(1));
        if let Some(length) = whole {
            let rest = fragment.0.split_off(length);
            stderr::line(std::mem::replace(&mut fragment.0, rest));
        } else if fragment.0.len() > MAX_LINE {
            fragment.0.push(b'\n');
            stderr::line(std::mem::take(&mut fragment.0));
        }
    }
}

impl IsTerminal for GuestOutput {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for GuestOutput {
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }

    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for GuestOutput {
    async fn ready(&mut self) {}
}

impl OutputStream for GuestOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BUDGET)
    }
}

impl AsyncWrite for GuestOutput {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
