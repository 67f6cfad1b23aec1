//! Lines for stderr: whole, in order, and never in the way of a request.
//!
//! A thread of its own writes them, many at a time. When stderr is slower than the requests that log to it, lines are
//! dropped and counted rather than waited for.

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};

/// Lines that may wait for stderr.
const QUEUE: usize = 16 * 1024;
/// Bytes after which what was collected is written.
const BATCH: usize = 64 * 1024;

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

struct Log {
    sender: SyncSender<Message>,
    dropped: AtomicU64,
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let (sender, receiver) = sync_channel(QUEUE);
        // Without the thread the receiver is gone, and `line` writes by itself.
        drop(std::thread::Builder::new().name("log".to_owned()).spawn(move || write_all(&receiver)));
        Log { sender, dropped: AtomicU64::new(0) }
    })
}

/// Queues a message of the host itself, as a line that begins with `gateway-host: `. It never waits: where the queue is full, the
/// line is dropped and counted.
pub fn host(message: impl std::fmt::Display) {
    line(format!("gateway-host: {message}\n").into_bytes());
}

/// Queues bytes that end with a line break.
pub(crate) fn line(bytes: Vec<u8>) {
    let log = log();
    match log.sender.try_send(Message::Line(bytes)) {
        Ok(()) => {}
        Err(TrySendError::Full(_)) => {
            log.dropped.fetch_add(1, Ordering::Relaxed);
        }
        Err(TrySendError::Disconnected(Message::Line(bytes))) => drop(std::io::stderr().write_all(&bytes)),
        Err(TrySendError::Disconnected(Message::Flush(_))) => {}
    }
}

/// Waits until everything queued so far is written. To be called before the process ends.
pub fn flush() {
    let (done, written) = sync_channel(1);
    if log().sender.send(Message::Flush(done)).is_ok() {
        let _ = written.recv();
    }
}

fn write_all(receiver: &Receiver<Message>) {
    let mut batch = Vec::with_capacity(BATCH);
    while let Ok(first) = receiver.recv() {
        let mut flushes = Vec::new();
        let mut next = Ok(first);
        loop {
            match next {
                Ok(Message::Line(bytes)) => batch.extend_from_slice(&bytes),
                Ok(Message::Flush(done)) => flushes.push(done),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
            if batch.len() >= BATCH {
                break;
            }
            next = receiver.try_recv();
        }
        let dropped = log().dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            batch.extend_from_slice(
                format!("gateway-host: stderr is too slow, {dropped} log lines were dropped\n").as_bytes(),
            );
        }
        drop(std::io::stderr().write_all(&batch));
        batch.clear();
        for done in flushes {
            let _ = done.send(());
        }
    }
}
