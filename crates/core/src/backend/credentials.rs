//! Credentials of the gateway's own for backends: secret variables, each part of them sent to its own backend alone.

use super::known::known_backend;
use super::registry::Variables;
use crate::config::{BACKEND_SECRETS, ConfigError};
use crate::fields::{Field, is_host_note, is_token, values};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const AUTHORIZATION: &str = "authorization";

/// The fields to add to a request for the backend `id`: `authorization` from its secret variable, then what `backend_secrets` has under its id. A field that
/// the `request` carries, even an empty one, is the client's and is not added.
///
/// # Errors
/// A variable cannot be read, or holds what no field can carry. The message never repeats a value.
pub fn fields(request: &[Field], id: &str, variables: &impl Variables) -> Result<Vec<Field>, ConfigError> {
    let own = values(request, AUTHORIZATION).next().is_none();
    let mut added: Vec<Field> = if own { authorization(id, variables)?.into_iter().collect() } else { Vec::new() };
    for (name, value) in secrets(id, variables)? {
        if !added.iter().any(|(other, _)| *other == name) {
            added.push((name, value));
        }
    }
    added.retain(|(name, _)| values(request, name).next().is_none());
    Ok(added)
}

fn authorization(id: &str, variables: &impl Variables) -> Result<Option<Field>, ConfigError> {
    let Some(known) = known_backend(id) else {
        return Ok(None);
    };
    match variables.get(known.authorization_variable)?.as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some(value) if is_value(value) => Ok(Some((AUTHORIZATION.to_owned(), value.as_bytes().to_vec()))),
        Some(_) => Err(ConfigError::variable(
            known.authorization_variable,
            "holds characters that a header cannot carry; expected something like 'Bearer …' in ASCII",
        )),
    }
}

/// What `backend_secrets` has for `id`: `{"<id>":{"<field>":"<value>"}}`. The entries of other backends are not looked into.
fn secrets(id: &str, variables: &impl Variables) -> Result<Vec<Field>, ConfigError> {
    let text = variables.get(BACKEND_SECRETS)?.unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    // What serde says of a wrong value repeats it, so its messages are not used.
    let wrong = |problem: String| {
        let expected =
            r#"expected JSON such as {"cf-d1":{"CF-Access-Client-Id":"…"}}, with texts that a header can carry"#;
        ConfigError::variable(BACKEND_SECRETS, format!("{problem}; {expected}"))
    };
    let backends = object(&text).ok_or_else(|| wrong("is not a JSON object".into()))?;
    let Some(entry) = backends.get(id) else {
        return Ok(Vec::new());
    };
    let entry = object(entry.get()).ok_or_else(|| wrong(format!("has no object under '{id}'")))?;
    let mut fields = Vec::with_capacity(entry.len());
    for (name, value) in entry {
        let name = name.to_ascii_lowercase();
        if !is_token(&name) || is_reserved(&name) {
            return Err(wrong(format!("names a field under '{id}' that cannot be set: '{name}'")));
        }
        let value = parse::<String>(value.get()).filter(|value| is_value(value)).ok_or_else(|| {
            wrong(format!(
                "has something else than a text, or characters that a header cannot carry, in '{name}' under '{id}'"
            ))
        })?;
        fields.push((name, value.trim().as_bytes().to_vec()));
    }
    Ok(fields)
}

/// The members of a JSON object, by name.
fn object(text: &str) -> Option<BTreeMap<String, &RawValue>> {
    parse(text)
}

/// As bytes: the component has that parser already.
fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::from_slice(text.as_bytes()).ok()
}

fn is_value(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' '..=b'~'))
}

/// Whether a field is the host's or the gateway's own to set.
fn is_reserved(lower: &str) -> bool {
    const RESERVED: [&str; 15] = [
        "connection",
        "content-length",
        "expect",
        "forwarded",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-backend",
        "x-request-id",
    ];
    RESERVED.contains(&lower) || lower.starts_with("x-forwarded-") || is_host_note(lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::registry::testing::Fake;
    use crate::fields::field;

    #[test]
    fn only_its_own_backend_gets_it_and_only_without_the_clients() {
        let variables = Fake::new(&[("backend_cf_d1_authorization", " Bearer s3cret ")]);
        let get = |request: &[Field], id| fields(request, id, &variables).unwrap();
        assert_eq!(get(&[], "cf-d1"), [field("authorization", "Bearer s3cret")]);
        assert_eq!(get(&[], "bun-sqlite"), [], "another known backend");
        assert_eq!(get(&[], "cf_d1"), [], "another id of the same variable name");
        assert_eq!(get(&[field("Authorization", "Basic client")], "cf-d1"), []);
        assert_eq!(get(&[field("authorization", "")], "cf-d1"), [], "even an empty one is the client's");
        let malformed = Fake::new(&[("backend_cf_d1_authorization", "é")]);
        assert_eq!(fields(&[field("authorization", "x")], "cf-d1", &malformed), Ok(Vec::new()), "not needed");
    }

    #[test]
    fn any_backend_can_have_secret_fields() {
        let secrets = r#"{"go-chi":{"X-Api-Key":" k3y ","CF-Access-Client-Id":"i"},"cf-d1":{"Authorization":"Basic other","x-k":"v"},"odd":7}"#;
        let variables = Fake::new(&[("backend_cf_d1_authorization", "Bearer s3cret"), ("backend_secrets", secrets)]);
        let get = |request: &[Field], id| fields(request, id, &variables).unwrap();
        assert_eq!(get(&[], "go-chi"), [field("cf-access-client-id", "i"), field("x-api-key", "k3y")]);
        assert_eq!(get(&[field("X-API-Key", "mine")], "go-chi"), [field("cf-access-client-id", "i")]);
        assert_eq!(
            get(&[], "cf-d1"),
            [field("authorization", "Bearer s3cret"), field("x-k", "v")],
            "one authorization"
        );
        assert_eq!(get(&[], "bun-sqlite"), []);
        assert!(fields(&[], "odd", &variables).is_err(), "one wrong entry concerns its backend alone");
    }

    #[test]
    fn a_value_no_field_can_carry_is_named_without_being_shown() {
        let error = |name: &str, value: &str| {
            let error = fields(&[], "cf-d1", &Fake::new(&[(name, value)])).unwrap_err().to_string();
            assert!(error.contains(&format!("'{name}'")) && !error.contains("s3cret"), "{error}");
            error
        };
        error("backend_cf_d1_authorization", "Bearer s3cret\r\nx: y");
        for value in [
            "s3cret",
            r#"["s3cret"]"#,
            r#"{"cf-d1":"s3cret"}"#,
            r#"{"cf-d1":{"x-key":["s3cret"]}}"#,
            r#"{"cf-d1":{"x-key":"s3cret\r\nx: y"}}"#,
            r#"{"cf-d1":{"x-key":"s3cr\u00e9t s3cret"}}"#,
        ] {
            error("backend_secrets", value);
        }
        for name in ["host", "Content-Length", "transfer-encoding", "x-forwarded-for", "spin-client-addr", "a b", ""] {
            let error = error("backend_secrets", &format!(r#"{{"cf-d1":{{"{name}":"s3cret"}}}}"#));
            assert!(error.contains("cannot be set"), "{name}: {error}");
        }
    }
}
