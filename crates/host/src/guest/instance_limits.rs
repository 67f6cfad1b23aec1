//! What one instance may use: memory, and time spent computing without waiting for anything.
//!
//! The engine's epoch advances every [`TICK`]. An instance that is computing when it does, gives way to others and is
//! counted; when it waits for something instead, the count starts again. So a stream that runs for hours is fine, and an
//! endless loop is not.

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
#[derive(Debug, thiserror::Error)]
#[error("the component computed for {0:?} without waiting for anything and was stopped")]
struct ComputedTooLong(Duration);

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

    /// Starts counting again, for the next request of a store that this meter was installed in.
    pub(crate) fn begin<T: 'static>(&self, store: &mut Store<T>) {
        self.ticks.store(0, Ordering::Relaxed);
        self.interrupted.store(false, Ordering::Relaxed);
        store.set_epoch_deadline(1);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use wasmtime::{Config, Instance, Module};

    use super::*;

    /// A module whose function `f` is an endless loop.
    #[rustfmt::skip]
    const ENDLESS: &[u8] = &[
        0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // magic, version
        0x01, 0x04, 0x01, 0x60, 0x00, 0x00, // one type: no parameters, no results
        0x03, 0x02, 0x01, 0x00, // one function of this type
        0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00, // export "f"
        0x0a, 0x09, 0x01, 0x07, 0x00, 0x03, 0x40, 0x0c, 0x00, 0x0b, 0x0b, // its code: loop, branch to the start, end
    ];

    #[tokio::test]
    async fn an_endless_loop_is_stopped_and_blocks_nobody() {
        let mut config = Config::new();
        config.epoch_interruption(true);
        let engine = Engine::new(&config).unwrap();
        spawn_ticker(&engine).unwrap();
        let module = Module::new(&engine, ENDLESS).unwrap();
        let mut store = Store::new(&engine, ());
        let meter = ComputeMeter::install(&mut store, Duration::from_millis(100));
        let endless = async {
            let instance = Instance::new_async(&mut store, &module, &[]).await?;
            instance.get_typed_func::<(), ()>(&mut store, "f")?.call_async(&mut store, ()).await
        };
        let mut turns: u32 = 0;
        // On one thread: the other future gets a turn only because the loop gives way.
        let others = async {
            loop {
                turns = turns.saturating_add(1);
                tokio::task::yield_now().await;
            }
        };
        let ended = tokio::select! {
            ended = Metered::new(endless, meter) => ended,
            () = others => Ok(()),
        };
        let message = format!("{:#}", ended.unwrap_err());
        assert!(message.contains("computed for 100ms"), "{message}");
        assert!(turns > 1, "others had {turns} turns");
    }

    #[test]
    fn waiting_starts_the_count_anew() {
        let meter = ComputeMeter::default();
        let tick = || {
            meter.interrupted.store(true, Ordering::Relaxed);
            meter.ticks.fetch_add(1, Ordering::Relaxed);
        };
        tick();
        meter.paused();
        tick();
        meter.paused();
        assert_eq!(meter.ticks.load(Ordering::Relaxed), 2, "giving way on a tick is no wait");
        meter.paused();
        assert_eq!(meter.ticks.load(Ordering::Relaxed), 0, "a wait is");
    }
}
