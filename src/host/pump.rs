//! Moving a body from one stream to another inside the host, past the component's memory, at the pace of the slower side.

use crate::host::bindings::{InputStream, OutputStream, Pollable, StreamError};
use crate::host::clock::Instant;
use crate::host::wait::{Deadline, TimedOut, ready};
use std::time::Duration;

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

/// The longest body, in bytes, that a head waits for.
const SHORT: u64 = 64 * 1024;

/// How long a head waits for a short body that is not there yet.
const MOMENT: Duration = Duration::from_millis(2);

/// A body on its way.
pub(crate) struct Pump<'a> {
    source: &'a InputStream,
    sink: &'a OutputStream,
    /// Its length, where it is known: once that many bytes are through, there is nothing to ask for.
    expected: Option<u64>,
    moved: u64,
}

/// Why a body does not move on.
enum Stop {
    /// The source has nothing yet.
    Source,
    /// The sink takes nothing more for now.
    Sink,
    /// It is over.
    End(End),
}

impl<'a> Pump<'a> {
    /// Nothing has moved yet.
    pub(crate) fn new(source: &'a InputStream, sink: &'a OutputStream, expected: Option<u64>) -> Self {
        Self::resumed(source, sink, expected, 0)
    }

    /// `moved` bytes have moved.
    pub(crate) fn resumed(source: &'a InputStream, sink: &'a OutputStream, expected: Option<u64>, moved: u64) -> Self {
        Pump { source, sink, expected, moved }
    }

    /// How many bytes have moved.
    pub(crate) fn moved(&self) -> u64 {
        self.moved
    }

    /// Moves what is there, before the head it belongs to goes out: a host that leaves Nagle's algorithm on would hold back a body that comes after
    /// its head until the other side acknowledges that, which takes 40 ms. Short bodies get a moment to arrive. One of unknown length that has not begun
    /// may be a stream of events: its head goes out at once.
    pub(crate) async fn head_start(&mut self) -> Option<End> {
        let mut deadline = None;
        loop {
            match self.advance() {
                Stop::End(end) => return Some(end),
                Stop::Sink => return None,
                Stop::Source if !self.is_short() => return None,
                Stop::Source => {
                    let deadline = deadline.get_or_insert_with(|| Deadline::at(Instant::after(MOMENT)));
                    if deadline.limit(ready(self.source.subscribe())).await == Err(TimedOut) {
                        return None;
                    }
                }
            }
        }
    }

    /// Whether it is worth a moment: it is, or may be, short, and is known to have a body at all.
    fn is_short(&self) -> bool {
        self.expected.map_or((1..=SHORT).contains(&self.moved), |length| length <= SHORT)
    }

    /// Moves the rest. `progressed` is called when something moved since the last wait; it may move `deadline`, which ends the transfer when nothing
    /// moves.
    pub(crate) async fn run(&mut self, deadline: Option<&Deadline>, mut progressed: impl FnMut()) -> End {
        let mut waited_at = self.moved;
        loop {
            let stop = self.advance();
            if let Stop::End(end) = stop {
                return end;
            }
            if self.moved > waited_at {
                waited_at = self.moved;
                progressed();
            }
            let (blocked, stalled) = match stop {
                Stop::Sink => (self.sink.subscribe(), End::SinkStalled),
                _ => (self.source.subscribe(), End::SourceStalled),
            };
            if wait(blocked, deadline).await == Err(TimedOut) {
                return stalled;
            }
        }
    }

    /// Moves what can be moved without waiting.
    fn advance(&mut self) -> Stop {
        // A body of no bytes is asked for once: its source may have broken.
        while self.moved == 0 || self.expected != Some(self.moved) {
            match self.sink.splice(self.source, STEP) {
                // Either side may be the one that is not ready.
                Ok(0) => match self.sink.check_write() {
                    Err(_) => break,
                    Ok(0) => return Stop::Sink,
                    Ok(_) => return Stop::Source,
                },
                Ok(count) => self.moved = self.moved.saturating_add(count),
                Err(StreamError::LastOperationFailed(_)) => return Stop::End(End::SourceBroke),
                // Both sides report their end like this, so the sink is asked.
                Err(StreamError::Closed) if self.sink.check_write().is_ok() => {
                    let whole = self.expected.is_none_or(|length| length == self.moved);
                    return Stop::End(if whole { End::Complete } else { End::SourceBroke });
                }
                Err(StreamError::Closed) => break,
            }
        }
        Stop::End(if self.expected == Some(self.moved) { End::Complete } else { End::SinkClosed })
    }
}

/// Writes as many of `bytes` as `sink` takes without waiting; how many.
pub(crate) fn write_now(bytes: &[u8], sink: &OutputStream) -> usize {
    let room = sink.check_write().ok().and_then(|room| usize::try_from(room).ok()).unwrap_or_default();
    match bytes.get(..room.min(bytes.len())) {
        Some(now) if !now.is_empty() && sink.write(now).is_ok() => now.len(),
        _ => 0,
    }
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
