//! Moving a body from one stream to another inside the host, past the component's memory, at the pace of the slower side.

use crate::host::bindings::{InputStream, OutputStream, Pollable, StreamError};
use crate::host::wait::{Deadline, TimedOut, ready};

/// The most bytes moved in one step. Hosts move what is there, so this bounds memory, not progress.
const STEP: u64 = 1024 * 1024;

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The source ended properly and everything was handed on.
    Complete,
    /// The source broke off: what was handed on is not the whole.
    SourceBroke,
    /// Nobody takes the bytes any more.
    SinkClosed,
    /// The source brought nothing until the deadline.
    SourceStalled,
    /// Nobody took anything until the deadline.
    SinkStalled,
}

/// Moves everything from `source` to `sink`.
///
/// `expected` is the body's length where it is known: once that many bytes are through, nobody needs to ask for more. `progressed` is called when
/// something moved since the last wait; it may move `deadline`, which ends the transfer when nothing moves.
pub(crate) async fn pump(
    source: &InputStream,
    sink: &OutputStream,
    expected: Option<u64>,
    deadline: Option<&Deadline>,
    mut progressed: impl FnMut(),
) -> End {
    let mut moved: u64 = 0;
    let mut waited_at: u64 = 0;
    // A body of no bytes is asked for once: its source may have broken.
    while moved == 0 || expected != Some(moved) {
        match sink.splice(source, STEP) {
            Ok(0) => {
                if moved > waited_at {
                    waited_at = moved;
                    progressed();
                }
                // Either side may be the one that is not ready.
                let (blocked, stalled) = match sink.check_write() {
                    Err(_) => break,
                    Ok(0) => (sink.subscribe(), End::SinkStalled),
                    Ok(_) => (source.subscribe(), End::SourceStalled),
                };
                if wait(blocked, deadline).await == Err(TimedOut) {
                    return stalled;
                }
            }
            Ok(count) => moved = moved.saturating_add(count),
            Err(StreamError::LastOperationFailed(_)) => return End::SourceBroke,
            // Both sides report their end like this, so the sink is asked.
            Err(StreamError::Closed) if sink.check_write().is_ok() => return End::Complete,
            Err(StreamError::Closed) => break,
        }
    }
    if expected == Some(moved) { End::Complete } else { End::SinkClosed }
}

/// Writes all of `bytes`.
pub(crate) async fn write(mut bytes: &[u8], sink: &OutputStream) -> End {
    while !bytes.is_empty() {
        match sink.check_write() {
            Err(_) => return End::SinkClosed,
            Ok(0) => ready(sink.subscribe()).await,
            Ok(room) => {
                let room = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
                let (now, later) = bytes.split_at(room);
                if sink.write(now).is_err() {
                    return End::SinkClosed;
                }
                bytes = later;
            }
        }
    }
    End::Complete
}

async fn wait(pollable: Pollable, deadline: Option<&Deadline>) -> Result<(), TimedOut> {
    match deadline {
        Some(deadline) => deadline.limit(ready(pollable)).await,
        None => {
            ready(pollable).await;
            Ok(())
        }
    }
}
