//! Values that were read from the store a moment ago, so that a busy worker does not ask the file for the same entry thousands of times a second.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long another process's write may stay unseen. It keeps nine reads in ten from a busy worker's file, and passes before the command that wrote
/// has even ended.
pub(crate) const UNSEEN: Duration = Duration::from_millis(2);
/// Keys remembered. A client may ask for any number of backends, but the keys in use are few.
const MAX_KEYS: usize = 64;
/// Values above this length, in bytes, are not worth the memory.
const MAX_VALUE: usize = 16 << 10;

/// When a read began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Writes of this process that had ended by then.
    pub(crate) writes: u64,
    pub(crate) time: Instant,
}

/// What was found under some keys.
#[derive(Debug, Default)]
pub(crate) struct RecentReads(HashMap<String, Found>);

#[derive(Debug)]
struct Found {
    store: String,
    value: Option<Vec<u8>>,
    since: Moment,
}

impl RecentReads {
    /// What was found under the key, `Some(None)` being nothing, where that still holds: this process has not written since, and others had no
    /// more than [`UNSEEN`] to do so.
    pub(crate) fn find(&self, store: &str, key: &str, now: Moment) -> Option<Option<Vec<u8>>> {
        let found = self.0.get(key)?;
        let holds = found.store == store
            && found.since.writes == now.writes
            && now.time.saturating_duration_since(found.since.time) < UNSEEN;
        holds.then(|| found.value.clone())
    }

    /// Remembers what a read found that began at `since`.
    pub(crate) fn keep(&mut self, store: &str, key: &str, value: Option<&[u8]>, since: Moment) {
        if value.is_some_and(|value| value.len() > MAX_VALUE) {
            self.0.remove(key);
            return;
        }
        if let Some(found) = self.0.get_mut(key) {
            store.clone_into(&mut found.store);
            found.value = value.map(<[u8]>::to_vec);
            found.since = since;
            return;
        }
        if self.0.len() >= MAX_KEYS {
            self.0.clear();
        }
        let found = Found { store: store.to_owned(), value: value.map(<[u8]>::to_vec), since };
        self.0.insert(key.to_owned(), found);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

    use super::*;

    #[test]
    fn what_was_found_holds_until_a_write_or_for_a_moment() {
        let start = Moment { writes: 3, time: Instant::now() };
        let after = |time| Moment { time: start.time + time, ..start };
        let mut recent = RecentReads::default();
        assert_eq!(recent.find("default", "a", start), None);
        recent.keep("default", "a", Some(b"1"), start);
        recent.keep("default", "b", None, start);
        assert_eq!(recent.find("default", "a", after(UNSEEN / 2)), Some(Some(b"1".to_vec())));
        assert_eq!(recent.find("default", "b", start), Some(None), "that there is nothing is known too");
        assert_eq!(recent.find("other", "a", start), None, "stores are apart");
        assert_eq!(recent.find("default", "a", after(UNSEEN)), None);
        assert_eq!(recent.find("default", "a", Moment { writes: 4, ..start }), None);
        recent.keep("default", "a", Some(b"2"), after(UNSEEN));
        assert_eq!(recent.find("default", "a", after(UNSEEN)), Some(Some(b"2".to_vec())));
    }

    #[test]
    fn memory_is_bounded() {
        let start = Moment { writes: 0, time: Instant::now() };
        let mut recent = RecentReads::default();
        for number in 0..10 * MAX_KEYS {
            recent.keep("default", &number.to_string(), Some(b"1"), start);
            assert!(recent.0.len() <= MAX_KEYS);
        }
        recent.keep("default", "a", Some(b"1"), start);
        recent.keep("default", "a", Some(&vec![0; MAX_VALUE + 1]), start);
        assert_eq!(recent.find("default", "a", start), None, "nothing old stays in place of a long value");
    }
}
