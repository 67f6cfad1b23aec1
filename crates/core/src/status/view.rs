//! A backend as `/backends` shows it, to programs as JSON and to people as a page.

use crate::backend::reference::Location;
use crate::backend::registry::Listed;
use crate::health::entry::{Entry, State, state};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One backend of a listing. The members are those of the JSON answer, in its order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackendView {
    /// The value of `x-backend` that selects it.
    pub id: String,
    /// The name, for people.
    pub name: String,
    /// The URL; in the cloud its origin only; `None` where it is malformed, because it may hold anything.
    pub url: Option<String>,
    /// The verdict that requests are routed by.
    pub health: State,
    /// When that was found out, as RFC 3339.
    pub last_check: Option<String>,
    /// How long the last successful check or answer took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// Where it was looked up.
    pub location: Location,
    /// Why it is unhealthy, why its health endpoint tells nothing, or what is wrong with its configuration.
    pub reason: Option<String>,
    /// The last latencies in milliseconds, oldest first, at most 20.
    pub latencies_ms: Vec<f64>,
}

impl BackendView {
    /// A view of `listed` with what is known of its health at `now`. `note` says why nothing is known, where that has a reason of its own.
    pub fn new(listed: &Listed, entry: Option<&Entry>, note: Option<String>, now: Timestamp) -> Self {
        let location = listed.reference.location;
        let (url, misconfigured) = match (&listed.backend, location) {
            (Ok(backend), Location::Local) => (Some(backend.url.to_string()), None),
            (Ok(backend), Location::Cloud) => (Some(backend.url.origin()), None),
            (Err(error), _) => (None, Some(error.to_string())),
        };
        let entry = entry.filter(|_| misconfigured.is_none());
        let state = state(entry, now);
        BackendView {
            id: listed.reference.id.clone(),
            name: listed.name.clone(),
            url,
            health: state,
            last_check: entry.map(|entry| Timestamp(entry.checked_at).to_rfc3339()),
            latency_ms: entry.and_then(|entry| entry.latency_ms),
            location,
            reason: misconfigured.or(note).or_else(|| {
                // The reason of a failure that is over is of no interest.
                let failure = entry.filter(|_| state != State::Healthy).and_then(|entry| entry.reason.clone());
                failure.or_else(|| entry.and_then(|entry| entry.note.clone()))
            }),
            latencies_ms: entry.map(|entry| entry.latencies.clone()).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::reference::BackendRef;
    use crate::backend::registry::Backend;
    use crate::backend::url::BackendUrl;
    use crate::config::ConfigError;
    use crate::health::outcome::{Evidence, Outcome, Sign};
    use crate::health::rules::after;
    use crate::status::endpoints::{Listing, backends_json};
    use std::time::Duration;

    #[test]
    fn local_and_cloud_views() {
        let now = Timestamp(1_770_458_400_000);
        let listed = |location| Listed {
            reference: BackendRef::new("a", location),
            name: "A".into(),
            backend: Ok(Backend {
                reference: BackendRef::new("a", location),
                name: "A".into(),
                url: BackendUrl::parse("http://h:1/base").unwrap(),
                health_endpoint: None,
            }),
        };
        let outcome = Outcome::Success(Duration::from_micros(1_800));
        let healthy = after(None, &Sign { outcome, at: now, evidence: Evidence::Traffic }, now);
        let views = vec![
            BackendView::new(&listed(Location::Local), healthy.as_ref(), None, now),
            BackendView::new(&listed(Location::Cloud), None, None, now),
        ];
        assert_eq!(
            backends_json(&Listing { backends: views }).body,
            concat!(
                r#"{"backends":[{"id":"a","name":"A","url":"http://h:1/base","health":"healthy","last_check":"2026-02-07T10:00:00Z","#,
                r#""latency_ms":1.8,"location":"local","reason":null,"latencies_ms":[1.8]},"#,
                r#"{"id":"a","name":"A","url":"http://h:1","health":"unknown","last_check":null,"latency_ms":null,"location":"cloud","#,
                r#""reason":null,"latencies_ms":[]}]}"#
            )
        );
    }

    #[test]
    fn reasons() {
        let now = Timestamp(1_770_458_400_000);
        let reference = BackendRef::new("b", Location::Cloud);
        let broken = Listed { reference, name: "b".into(), backend: Err(ConfigError::key("backend:b", "is bad")) };
        let view = BackendView::new(&broken, None, None, now);
        assert_eq!(view.reason.as_deref(), Some("key 'backend:b' of the key-value store is bad"));
        assert_eq!((view.url, view.health), (None, State::Unknown));

        let reference = BackendRef::new("b", Location::Local);
        let url = BackendUrl::parse("http://h:1").unwrap();
        let backend = Backend { reference: reference.clone(), name: "b".into(), url, health_endpoint: None };
        let listed = Listed { reference, name: "b".into(), backend: Ok(backend) };
        for (state, reason, note, shown) in [
            (State::Unhealthy, Some("refused"), Some("answered 404"), Some("refused")),
            (State::Unknown, None, Some("answered 404"), Some("answered 404")),
            (State::Healthy, None, Some("answered 404"), Some("answered 404")),
            (State::Healthy, Some("no response"), None, None),
        ] {
            let (reason, note) = (reason.map(str::to_owned), note.map(str::to_owned));
            let entry = Entry { state, checked_at: now.0, expires_at: now.0 + 1, reason, note, ..Entry::default() };
            let view = BackendView::new(&listed, Some(&entry), None, now);
            assert_eq!((view.health, view.reason.as_deref()), (state, shown));
        }
    }
}
