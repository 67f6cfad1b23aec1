//! What the store holds of a backend's health: JSON under `health:<location>:<id>`.

use crate::backend::reference::{BackendRef, Location, is_valid_id};
use crate::backend::registry::{Backend, Store};
use crate::failure::UpstreamFailure;
use crate::limits::{CHECK_TIMEOUT, HEALTH_TTL, MAX_BACKOFF, RECHECK_INTERVAL, RENEWAL_GRACE, RENEWAL_LEAD};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A verdict on a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The last check or answer was good.
    Healthy,
    /// The backend is down; requests wait for `retry_at`.
    Unhealthy,
    /// Requests go through: the gateway fails open on health.
    #[default]
    Unknown,
}

impl State {
    /// As shown in `/backends` and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Healthy => "healthy",
            State::Unhealthy => "unhealthy",
            State::Unknown => "unknown",
        }
    }
}

/// What is known of a backend. Times are milliseconds since the Unix epoch; the expiry is in the value because stores have none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Entry {
    /// The verdict, which holds until `expires_at`.
    pub state: State,
    /// When the newest sign in it was seen; an older one changes nothing any more.
    pub checked_at: u64,
    /// Until when it holds.
    pub expires_at: u64,
    /// How long the last good check or answer took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Why it is unhealthy, or what failed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why its health endpoint tells nothing, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Failures in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    /// How often in a row it was marked unhealthy; sets the pause.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub marks: u32,
    /// When an unhealthy backend is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<u64>,
    /// When the next request may check it in the background, where that is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_at: Option<u64>,
    /// The configured health endpoint that declared the outage, as [`fingerprint`] of its path. Traffic does not end such an outage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_by: Option<u32>,
    /// The URL that the entry speaks of, as [`fingerprint`]. Without one it speaks of any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<u32>,
    /// The last latencies, oldest first.
    #[serde(default)]
    pub latencies: Vec<f64>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What the key of an entry begins with; location and id follow.
pub const HEALTH_KEY: &str = "health:";

/// The key of a backend's entry.
pub fn key(backend: &BackendRef) -> String {
    [HEALTH_KEY, backend.location.as_str(), ":", &backend.id].concat()
}

/// The backend whose entry `key` holds; `None` for keys that are not of this form.
pub fn of_key(key: &str) -> Option<BackendRef> {
    let (location, id) = key.strip_prefix(HEALTH_KEY)?.split_once(':')?;
    is_valid_id(id).then_some(BackendRef::new(id, Location::parse(location)?))
}

/// What `store` knows of a backend. Nothing where it cannot be read, the entry is corrupt or speaks of another URL: the gateway fails open on
/// health, never on configuration.
pub fn read(store: &impl Store, backend: &Backend) -> Option<Entry> {
    let entry = Entry::parse(&store.get(&key(&backend.reference)).ok()??)?;
    entry.url.is_none_or(|url| url == backend.url.fingerprint()).then_some(entry)
}

impl Entry {
    /// Reads an entry; `None` where it is corrupt.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// As the store holds it. Members that are `None` are left out.
    pub fn to_json(&self) -> String {
        // No member can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether the verdict still holds. One from the future (a clock that jumped back) does not.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.0 < self.expires_at && self.checked_at <= now.plus(CHECK_TIMEOUT).0
    }

    /// How long the pause after the last failure lasts.
    pub fn pause(&self, now: Timestamp) -> Option<Duration> {
        let retry_at = self.retry_at.filter(|_| self.is_down(now))?;
        let wait = Duration::from_millis(retry_at.saturating_sub(now.0));
        (!wait.is_zero() && wait <= MAX_BACKOFF).then_some(wait)
    }

    /// How long requests have to wait, where the backend is gated: for the end of the pause, or, where a configured health endpoint declared the
    /// outage, for its next check.
    pub fn gate(&self, now: Timestamp) -> Option<Duration> {
        let pause = self.pause(now);
        // Whatever the entry says, no verdict holds for longer than this.
        let declared = self.declared_by.is_some()
            && self.is_down(now)
            && now < Timestamp(self.checked_at).plus(HEALTH_TTL).plus(RENEWAL_GRACE)
            && self.retry_at.is_some_and(|retry_at| retry_at <= now.plus(MAX_BACKOFF).0);
        pause.or_else(|| declared.then_some(RECHECK_INTERVAL))
    }

    /// Whether the verdict holds and is a bad one.
    pub fn is_down(&self, now: Timestamp) -> bool {
        self.state == State::Unhealthy && self.is_fresh(now)
    }

    /// Whether the last verdict was a bad one, however old it is: a check that is on its way has not changed it yet.
    pub fn was_down(&self) -> bool {
        self.state == State::Unhealthy || self.retry_at.is_some()
    }

    /// Why the backend is not asked, where it is known to be down.
    pub fn gated(&self, now: Timestamp) -> Option<UpstreamFailure> {
        let retry_after = self.gate(now)?;
        Some(UpstreamFailure::Gated { retry_after, reason: self.reason.clone().unwrap_or_default() })
    }

    /// Whether a listing should check the backend: its entry is 30 s old, a retry is due, or its last sign was a doubtful one. The `periodic` survey also
    /// renews what expires soon.
    pub fn is_due(&self, now: Timestamp, periodic: bool) -> bool {
        let lead = if periodic { RENEWAL_LEAD } else { Duration::ZERO };
        !self.is_fresh(now.plus(lead))
            || now >= Timestamp(self.checked_at).plus(HEALTH_TTL)
            || (self.failures > 0 && self.pause(now).is_none())
    }
}

/// The verdict a request is routed by.
pub fn state(entry: Option<&Entry>, now: Timestamp) -> State {
    entry.filter(|entry| entry.is_fresh(now)).map_or(State::Unknown, |entry| entry.state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::registry::testing::Fake;
    use crate::backend::url::BackendUrl;

    #[test]
    fn what_is_written_is_read() {
        let entry = Entry {
            state: State::Unhealthy,
            checked_at: 1_770_458_400_000,
            expires_at: u64::MAX,
            latency_ms: Some(12.345),
            reason: Some("\"é\n".into()),
            failures: u32::MAX,
            marks: 10,
            retry_at: Some(0),
            check_at: None,
            note: None,
            declared_by: Some(7),
            url: Some(u32::MAX),
            latencies: vec![100.25, 3.0, 0.001],
        };
        assert_eq!(
            entry.to_json(),
            concat!(
                r#"{"state":"unhealthy","checked_at":1770458400000,"expires_at":18446744073709551615,"latency_ms":12.345,"#,
                r#""reason":"\"é\n","failures":4294967295,"marks":10,"retry_at":0,"declared_by":7,"url":4294967295,"latencies":[100.25,3.0,0.001]}"#
            )
        );
        assert_eq!(Entry::parse(entry.to_json().as_bytes()), Some(entry));
        assert_eq!(Entry::parse(Entry::default().to_json().as_bytes()), Some(Entry::default()));
    }

    #[test]
    fn members_may_be_missing_or_new_and_stand_in_any_order() {
        let text = r#" {"expires_at": 2, "latencies": [1, 2.5], "checked_at": 1, "reason": null, "state": "unknown", "new": {}} "#;
        let expected = Entry { checked_at: 1, expires_at: 2, latencies: vec![1.0, 2.5], ..Entry::default() };
        assert_eq!(Entry::parse(text.as_bytes()), Some(expected));
    }

    fn backend(url: &str) -> Backend {
        let reference = BackendRef::new("cf-d1", Location::Local);
        Backend { reference, name: String::new(), url: BackendUrl::parse(url).unwrap(), health_endpoint: None }
    }

    #[test]
    fn the_store_fails_open() {
        let backend = backend("http://h:1");
        let entry = |value: &str| read(&Fake::new(&[("health:local:cf-d1", value)]), &backend);
        assert!(entry(r#"{"state":"healthy","checked_at":1,"expires_at":2}"#).is_some());
        for corrupt in [
            "",
            "garbage",
            "{}",
            r#"{"state":"healthy"}"#,
            r#"{"state":"well","checked_at":1,"expires_at":2}"#,
            r#"{"state":"healthy","checked_at":1,"checked_at":1,"expires_at":2}"#,
            r#"{"state":"healthy","checked_at":-1,"expires_at":2}"#,
        ] {
            assert_eq!(entry(corrupt), None, "{corrupt}");
        }
        assert_eq!(read(&Fake::default(), &backend), None, "no entry");
        let broken = Fake { broken: true, ..Fake::new(&[("health:local:cf-d1", "{}")]) };
        assert_eq!(read(&broken, &backend), None, "no store");
    }

    #[test]
    fn an_entry_speaks_of_the_url_it_was_written_for() {
        let (old, new) = (backend("http://h:1/api"), backend("http://h:2/api"));
        let known = |entry: &Entry, backend: &Backend| {
            read(&Fake::new(&[("health:local:cf-d1", &entry.to_json())]), backend).is_some()
        };
        let entry = Entry { url: Some(old.url.fingerprint()), ..Entry::default() };
        assert!(known(&entry, &old));
        assert!(!known(&entry, &new), "a corrected URL starts as unknown");
        assert!(known(&Entry::default(), &new), "an entry of an older version speaks of any");
    }

    #[test]
    fn keys_of_the_gateways_own_form() {
        for backend in [BackendRef::new("cf-d1", Location::Local), BackendRef::new("A_1.b", Location::Cloud)] {
            assert_eq!(of_key(&key(&backend)), Some(backend));
        }
        let foreign =
            ["health:", "health:cloud", "health:cloud:", "health:moon:a", "health:local:a b", "health:local:a:b"];
        for foreign in
            foreign.into_iter().chain(["backend:a", "", "Health:local:a", " health:local:a", "health:local:*"])
        {
            assert_eq!(of_key(foreign), None, "{foreign}");
        }
    }
}
