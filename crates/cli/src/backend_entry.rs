//! `backend:<id>`: its JSON, and what the gateway makes of it.

use gateway_core::backend::cloud::{BACKEND_KEY, parse_entry};
use gateway_core::backend::entry::BackendEntry;
use gateway_core::backend::known::known_backend;
use gateway_core::backend::reference::{Location, is_valid_id};
use gateway_core::backend::registry::Backend;

/// The JSON of a backend. Nothing is checked here: that is up to [`parse`].
pub(crate) fn build(id: &str, url: &str, name: Option<&str>, health_endpoint: Option<&str>) -> Vec<u8> {
    let name = name.or_else(|| known_backend(id).map(|known| known.name)).unwrap_or(id);
    let entry = BackendEntry {
        id: id.to_owned(),
        name: Some(name.to_owned()),
        url: url.trim().to_owned(),
        r#type: Some(Location::Cloud.as_str().to_owned()),
        health_endpoint: health_endpoint.map(str::to_owned),
    };
    // Texts always have a JSON form.
    serde_json::to_vec(&entry).unwrap_or_default()
}

/// The backend that the gateway would find under this key, or what it would say of the entry. Where its URL may lead is another question: that
/// depends on variables.
pub(crate) fn parse(key: &str, value: &[u8]) -> Result<Backend, String> {
    let id = key.strip_prefix(BACKEND_KEY).unwrap_or(key);
    if !is_valid_id(id) {
        return Err(format!(
            "the gateway never reads the key '{key}', because its id is not made of 1 to 64 letters, digits, '-', '_' or '.'"
        ));
    }
    parse_entry(id, value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_built_is_read() {
        let value = build("cf-d1", " https://d1.example.dev/api ", None, Some("/up"));
        assert_eq!(
            String::from_utf8(value.clone()).unwrap(),
            r#"{"id":"cf-d1","name":"Cloudflare D1","url":"https://d1.example.dev/api","type":"cloud","healthEndpoint":"/up"}"#
        );
        let backend = parse("backend:cf-d1", &value).unwrap();
        assert_eq!((backend.name.as_str(), backend.health_endpoint.as_deref()), ("Cloudflare D1", Some("/up")));
        assert_eq!(parse("backend:x", &build("x", "http://h", None, None)).unwrap().name, "x");
        assert_eq!(parse("backend:x", &build("x", "http://h", Some("A \"b\""), None)).unwrap().name, "A \"b\"");
    }

    #[test]
    fn refusals_are_the_gateways() {
        for (key, value, says) in [
            ("backend:x", "{", "key 'backend:x' of the key-value store is not a JSON object"),
            ("backend:x", r#"{"id":"y","url":"http://h"}"#, "differs from the one in its key"),
            ("backend:x", r#"{"id":"x","url":"ftp://h"}"#, "must start with http:// or https://"),
            ("backend:x", r#"{"id":"x","url":"http://h","type":"local"}"#, "has the type 'local'"),
            ("backend:x", r#"{"id":"x","url":"http://h","healthEndpoint":"up"}"#, "does not start with '/'"),
            ("backend:a b", r#"{"id":"a b","url":"http://h"}"#, "never reads the key 'backend:a b'"),
            ("backend:", r#"{"id":"","url":"http://h"}"#, "never reads the key"),
        ] {
            let message = parse(key, value.as_bytes()).unwrap_err();
            assert!(message.contains(says), "{key} {value}: {message}");
        }
    }
}
