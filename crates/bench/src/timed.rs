//! Servers that take a known time for each answer, so that it is known beforehand which of them is faster.
//!
//! Plain threads, one for each connection: a timer of the async runtime is exact to a millisecond only.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// The longest request head that is read, in bytes.
const MAX_HEAD: usize = 16 << 10;

/// What a server does for the time of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Work {
    /// It sleeps, as one that waits for a database.
    Waits,
    /// It uses so much processor time of its own.
    Computes,
}

impl Work {
    /// Takes the time.
    fn take(self, time: Duration) {
        match self {
            Self::Waits => thread::sleep(time),
            Self::Computes => {
                let started = processor_time();
                while processor_time().saturating_sub(started) < time {}
            }
        }
    }
}

/// The processor time of this thread so far.
fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// A server that runs. Dropping it lets no further connection in; those that are open end with their clients.
#[derive(Debug)]
pub(crate) struct Timed {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    is_over: Arc<AtomicBool>,
}

impl Timed {
    /// Starts it on a free port. Each of its answers takes so long, except those about its health.
    pub(crate) fn start(work: Work, time: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                // A connection that breaks is the gateway's to notice.
                thread::spawn(move || serve(stream, work, time));
            }
        });
        Ok(Self { address, is_over })
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        _ = TcpStream::connect(self.address);
    }
}

fn serve(mut stream: TcpStream, work: Work, time: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = stream.read(&mut part)?;
        head.extend_from_slice(part.get(..read).unwrap_or_default());
        if read == 0 || head.len() > MAX_HEAD {
            return Ok(());
        }
        // Requests have no body, and none comes before the last is answered.
        if head.ends_with(b"\r\n\r\n") {
            if !head.starts_with(b"GET /health ") {
                work.take(time);
            }
            head.clear();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\nsame")?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn answers_take_their_time_and_come_one_after_another() {
        const TIME: Duration = Duration::from_millis(5);
        for work in [Work::Waits, Work::Computes] {
            let server = Timed::start(work, TIME).unwrap();
            let mut stream = TcpStream::connect(server.address).unwrap();
            for _ in 0..2 {
                let started = Instant::now();
                stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
                let mut answer = Vec::new();
                while !answer.ends_with(b"same") {
                    let mut part = [0; 512];
                    let read = stream.read(&mut part).unwrap();
                    assert!(read > 0, "{work:?}");
                    answer.extend_from_slice(&part[..read]);
                }
                assert!(started.elapsed() >= TIME, "{work:?}");
            }
        }
    }
}
