//! The limit on open files, which the peers inherit: thousands of open requests take two each.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a run needs: 10,000 connections from the client and as many at the backend, both in this process, and some more.
const WANTED: u64 = 32_768;
/// Files for everything else.
const RESERVE: u64 = 100;

/// Raises the limit as far as needed and allowed, and returns how many requests can be held open with it.
pub(crate) fn requests_that_fit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // Only root may raise the hard limit.
    let raised = Rlimit { current: Some(WANTED), maximum: limit.maximum.map(|maximum| maximum.max(WANTED)) };
    if limit.current.is_some_and(|current| current < WANTED) && setrlimit(Resource::Nofile, raised).is_err() {
        _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
    let files = getrlimit(Resource::Nofile).current.unwrap_or(WANTED);
    usize::try_from(files.saturating_sub(RESERVE) / 2).unwrap_or_default()
}
