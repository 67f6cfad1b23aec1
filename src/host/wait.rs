//! Waiting: a host's pollables as futures, on the SDK's executor.

use crate::host::bindings::{Pollable, monotonic_clock};
use crate::host::clock::Instant;
use futures::future::{Either, select};
use spin_executor::{CancelOnDropToken, push_waker_and_get_token};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

/// Resolves when `pollable` is ready.
///
/// The executor wakes everything at once, so each wait notes by a flag of its own whether it was meant. Dropping the future drops the
/// pollable, which has to happen before the stream it belongs to goes: keep that stream borrowed across the call.
pub(crate) async fn ready(pollable: Pollable) {
    struct Fired {
        fired: AtomicBool,
        waiting: Mutex<Option<Waker>>,
    }

    impl Wake for Fired {
        fn wake(self: Arc<Self>) {
            self.fired.store(true, Ordering::Relaxed);
            if let Some(waker) = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take() {
                waker.wake();
            }
        }
    }

    let state = Arc::new(Fired { fired: AtomicBool::new(false), waiting: Mutex::new(None) });
    let _token = CancelOnDropToken::from(push_waker_and_get_token(pollable, Waker::from(Arc::clone(&state))));
    poll_fn(|context| {
        if state.fired.load(Ordering::Relaxed) {
            return Poll::Ready(());
        }
        // Sets of futures poll only those of their members whose own waker was called.
        let mut waiting = state.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !waiting.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *waiting = Some(context.waker().clone());
        }
        Poll::Pending
    })
    .await;
}

/// Resolves after `duration`.
pub(crate) async fn pause(duration: Duration) {
    ready(monotonic_clock::subscribe_instant(Instant::after(duration).0)).await;
}

/// Work to be done beside other work.
pub(crate) type Work<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Resolves when all `work` is done, of which at most `limit` is begun and unfinished at a time, in its order.
///
/// For a handful of exchanges: whoever wakes, all that is begun is polled.
pub(crate) async fn at_once(limit: usize, mut work: Vec<Work<'_>>) {
    poll_fn(|context| {
        let mut place: usize = 0;
        while place < limit
            && let Some(next) = work.get_mut(place)
        {
            match next.as_mut().poll(context) {
                Poll::Ready(()) => drop(work.remove(place)),
                Poll::Pending => place = place.saturating_add(1),
            }
        }
        if work.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// The time limit passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimedOut;

/// A point in time that progress pushes forward.
pub(crate) struct Deadline {
    at: Cell<Instant>,
}

impl Deadline {
    /// A deadline at `at`.
    pub(crate) fn at(at: Instant) -> Self {
        Deadline { at: Cell::new(at) }
    }

    /// Moves it.
    pub(crate) fn set(&self, at: Instant) {
        self.at.set(at);
    }

    /// Moves it to `at`, if that is later.
    pub(crate) fn extend(&self, at: Instant) {
        self.at.set(self.at.get().max(at));
    }

    /// Resolves with `work`, unless the deadline comes first, wherever it has been moved by then.
    pub(crate) async fn limit<T>(&self, work: impl Future<Output = T>) -> Result<T, TimedOut> {
        let mut work = pin!(work);
        loop {
            let at = self.at.get();
            let timer = pin!(ready(monotonic_clock::subscribe_instant(at.0)));
            match select(work.as_mut(), timer).await {
                Either::Left((value, _)) => return Ok(value),
                Either::Right(((), _)) if self.at.get() <= at => return Err(TimedOut),
                Either::Right(((), _)) => {}
            }
        }
    }
}
