//! The gateway's own endpoints: `GET /health` and `GET /backends`.

use crate::VERSION;
use crate::backend::Location;
use crate::error::Reply;
use crate::fields::field;
use crate::registry::{Health, Listed};
use crate::time::Timestamp;
use http::StatusCode;
use serde::Serialize;

#[derive(Serialize)]
struct HealthBody<'a> {
    status: &'a str,
    version: &'a str,
    timestamp: String,
}

/// The answer to `GET /health`: the gateway runs. Needs nothing but the time.
pub fn health(now: Timestamp) -> Reply {
    json(&HealthBody { status: "healthy", version: VERSION, timestamp: now.to_rfc3339() })
}

#[derive(Serialize)]
struct BackendsBody<'a> {
    backends: Vec<BackendLine<'a>>,
}

#[derive(Serialize)]
struct BackendLine<'a> {
    id: &'a str,
    name: &'a str,
    url: Option<String>,
    health: &'a str,
    last_check: Option<String>,
    latency_ms: Option<f64>,
    location: &'a str,
    reason: Option<String>,
}

/// The answer to `GET /backends`. In the cloud only the origin of a URL is shown; of a malformed entry no URL at all, because nobody knows what
/// it holds.
pub fn backends(listed: &[(Listed, Health)], location: Location) -> Reply {
    let backends = listed
        .iter()
        .map(|(listed, health)| {
            let (url, reason) = match &listed.backend {
                Ok(backend) => {
                    let url = match location {
                        Location::Local => backend.url.to_string(),
                        Location::Cloud => backend.url.origin(),
                    };
                    (Some(url), None)
                }
                Err(error) => (None, Some(error.to_string())),
            };
            BackendLine {
                id: &listed.id,
                name: &listed.name,
                url,
                health: health.as_str(),
                last_check: None,
                latency_ms: None,
                location: location.as_str(),
                reason,
            }
        })
        .collect();
    json(&BackendsBody { backends })
}

fn json(body: &impl Serialize) -> Reply {
    Reply {
        status: StatusCode::OK,
        fields: vec![field("content-type", "application/json"), field("cache-control", "no-store")],
        body: Some(serde_json::to_string(body).unwrap_or_else(|_| "{}".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigError;

    #[test]
    fn health_is_exact() {
        assert_eq!(
            health(Timestamp(1_770_458_400_000)).body.unwrap(),
            format!(r#"{{"status":"healthy","version":"{VERSION}","timestamp":"2026-02-07T10:00:00Z"}}"#)
        );
    }

    #[test]
    fn backends_show_origins_only_in_the_cloud() {
        let good = Listed {
            id: "a".into(),
            name: "A".into(),
            backend: Ok(crate::backend::Backend {
                id: "a".into(),
                name: "A".into(),
                url: crate::backend_url::BackendUrl::parse("http://h:1/base").unwrap(),
                location: Location::Local,
                health_endpoint: None,
            }),
        };
        let bad = Listed { id: "b".into(), name: "b".into(), backend: Err(ConfigError::key("backend:b", "is bad")) };
        let listed = [(good, Health::Unknown), (bad, Health::Unknown)];
        assert_eq!(
            backends(&listed, Location::Local).body.unwrap(),
            concat!(
                r#"{"backends":[{"id":"a","name":"A","url":"http://h:1/base","health":"unknown","last_check":null,"latency_ms":null,"location":"local","reason":null},"#,
                r#"{"id":"b","name":"b","url":null,"health":"unknown","last_check":null,"latency_ms":null,"location":"local","reason":"key 'backend:b' of the key-value store is bad"}]}"#
            )
        );
        assert!(backends(&listed, Location::Cloud).body.unwrap().contains(r#""url":"http://h:1","#));
    }
}
