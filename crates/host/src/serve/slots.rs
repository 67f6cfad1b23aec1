//! How many requests may be served at once, on all workers together, and when the last of them is done.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Room for requests, shared by all workers.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    free: Arc<Semaphore>,
    running: TaskTracker,
}

/// A request's place, held until its instance is done.
#[derive(Debug)]
pub(crate) struct Slot {
    _free: OwnedSemaphorePermit,
    _running: TaskTrackerToken,
}

impl Slots {
    /// For so many requests at once.
    pub(crate) fn new(concurrency: usize) -> Self {
        let running = TaskTracker::new();
        // Only a closed tracker counts as idle. It still gives out tokens.
        running.close();
        Self { free: Arc::new(Semaphore::new(concurrency.min(Semaphore::MAX_PERMITS))), running }
    }

    /// A slot; `None` where all are taken.
    pub(crate) fn take(&self) -> Option<Slot> {
        let free = Arc::clone(&self.free).try_acquire_owned().ok()?;
        Some(Slot { _free: free, _running: self.running.token() })
    }

    /// Waits until no instance runs: those that still work after their response hold their slots. Nobody is refused a
    /// slot because somebody waits here, as other workers may still serve.
    pub(crate) async fn idle(&self) {
        self.running.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn whoever_waits_for_the_end_takes_nobodys_slot() {
        let slots = Slots::new(2);
        let first = slots.take().expect("a free slot");
        let mut waiting = pin!(slots.idle());
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(waiting.as_mut().poll(&mut cx), Poll::Pending);

        let second = slots.take().expect("the other slot");
        assert!(slots.take().is_none(), "there are two");
        drop(first);
        assert_eq!(waiting.as_mut().poll(&mut cx), Poll::Pending);
        drop(second);
        assert_eq!(waiting.as_mut().poll(&mut cx), Poll::Ready(()));
    }
}
