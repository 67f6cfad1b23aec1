//! Connections that have not brought a request yet: a host that stops gives them the time to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Those of one worker.
#[derive(Debug, Default)]
pub(crate) struct Newcomers(Arc<AtomicUsize>);

impl Newcomers {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// One more.
    pub(crate) fn add(&self) -> Newcomer {
        self.0.fetch_add(1, Ordering::Relaxed);
        Newcomer { all: Arc::clone(&self.0), is_new: AtomicBool::new(true) }
    }
}

/// A connection, which stops being new with its first request or with its end.
#[derive(Debug)]
pub(crate) struct Newcomer {
    all: Arc<AtomicUsize>,
    is_new: AtomicBool,
}

impl Newcomer {
    /// It has brought a request.
    pub(crate) fn brought(&self) {
        if self.is_new.swap(false, Ordering::Relaxed) {
            self.all.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.brought();
    }
}
