//! What one instance may use: memory, and time spent computing without waiting for anything.
//!
//! The engine's epoch advances every [`TICK`]. An instance that is computing when it does, gives way to others and is counted; when it waits for
//! something instead, the count starts anew. So a stream that runs for hours is fine, and an endless loop is not.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use wasmtime::{Engine, Store, StoreLimits, StoreLimitsBuilder, UpdateDeadline};

/// How often the epoch advances.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Advances the engine's epoch until the engine is gone.
pub(crate) fn spawn_ticker(engine: &Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("epoch".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    })?;
    Ok(())
}

/// The memory limit of one instance, which also bounds tables and their like.
pub(crate) fn memory(bytes: usize) -> StoreLimits {
    StoreLimitsBuilder::new().memory_size(bytes).build()
}

/// Counts ticks in which an instance computed without a break.
#[derive(Debug, Default)]
pub(crate) struct ComputeMeter {
    ticks: AtomicU64,
    interrupted: AtomicBool,
}

/// The instance computed for longer than it may.
#[derive(Debug)]
struct ComputedTooLong(Duration);

impl fmt::Display for ComputedTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the component computed for {:?} without waiting for anything and was stopped", self.0)
    }
}

impl std::error::Error for ComputedTooLong {}

impl ComputeMeter {
    /// Makes `store` report to a new meter and stop the instance after `limit`.
    pub(crate) fn install<T: 'static>(store: &mut Store<T>, limit: Duration) -> Arc<Self> {
        let meter = Arc::new(Self::default());
        let allowed =
            u64::try_from(limit.as_millis().checked_div(TICK.as_millis()).unwrap_or_default()).unwrap_or(u64::MAX);
        let counted = Arc::clone(&meter);
        store.epoch_deadline_callback(move |_| {
            counted.interrupted.store(true, Ordering::Relaxed);
            if counted.ticks.fetch_add(1, Ordering::Relaxed) >= allowed {
                return Err(wasmtime::Error::new(ComputedTooLong(limit)));
            }
            Ok(UpdateDeadline::Yield(1))
        });
        store.set_epoch_deadline(1);
        meter
    }

    /// The guest's future gave way: to others on a tick, or because it waits.
    fn paused(&self) {
        if !self.interrupted.swap(false, Ordering::Relaxed) {
            self.ticks.store(0, Ordering::Relaxed);
        }
    }
}

/// A call into a guest, watched by its meter.
pub(crate) struct Metered<F> {
    future: Pin<Box<F>>,
    meter: Arc<ComputeMeter>,
}

impl<F> Metered<F> {
    pub(crate) fn new(future: F, meter: Arc<ComputeMeter>) -> Self {
        Self { future: Box::pin(future), meter }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let poll = self.future.as_mut().poll(cx);
        if poll.is_pending() {
            self.meter.paused();
        }
        poll
    }
}
