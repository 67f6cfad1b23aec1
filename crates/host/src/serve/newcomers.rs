//! Connections that have not brought a request yet: a host that stops gives them the time to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The newcomers of one worker. Clones are not made: each connection holds a [`Newcomer`].
#[derive(Debug, Default)]
pub(crate) struct Newcomers(Arc<AtomicUsize>);

impl Newcomers {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one more, until its first request or its end.
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
    /// It has brought a request. Only the first call counts.
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
