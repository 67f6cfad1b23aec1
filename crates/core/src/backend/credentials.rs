//! Credentials of the gateway's own for backends: one secret variable for each known backend, sent to that backend alone.

use super::known::known_backend;
use super::registry::Variables;
use crate::config::ConfigError;
use crate::fields::{Field, values};

const AUTHORIZATION: &str = "authorization";

/// The `authorization` to add to a request for the backend `id`: the value of its secret variable, unless the client brought its own.
///
/// # Errors
/// The variable cannot be read, or holds what no field can carry. The message never repeats the value.
pub fn authorization(request: &[Field], id: &str, variables: &impl Variables) -> Result<Option<Field>, ConfigError> {
    let Some(known) = known_backend(id).filter(|_| values(request, AUTHORIZATION).next().is_none()) else {
        return Ok(None);
    };
    match variables.get(known.authorization_variable)?.as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some(value) if value.bytes().all(|b| matches!(b, b' '..=b'~')) => {
            Ok(Some((AUTHORIZATION.to_owned(), value.as_bytes().to_vec())))
        }
        Some(_) => Err(ConfigError::variable(
            known.authorization_variable,
            "holds characters that a header cannot carry; expected something like 'Bearer …' in ASCII",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::registry::testing::Fake;
    use crate::fields::field;

    #[test]
    fn only_its_own_backend_gets_it_and_only_without_the_clients() {
        let variables = Fake::new(&[("backend_cf_d1_authorization", " Bearer s3cret ")]);
        let get = |request: &[Field], id| authorization(request, id, &variables);
        assert_eq!(get(&[], "cf-d1"), Ok(Some(field("authorization", "Bearer s3cret"))));
        assert_eq!(get(&[], "bun-sqlite"), Ok(None), "another known backend");
        assert_eq!(get(&[], "cf_d1"), Ok(None), "another id of the same variable name");
        assert_eq!(get(&[field("Authorization", "Basic client")], "cf-d1"), Ok(None));
        assert_eq!(get(&[field("authorization", "")], "cf-d1"), Ok(None), "even an empty one is the client's");
    }

    #[test]
    fn a_value_no_field_can_carry_is_named_without_being_shown() {
        let variables = Fake::new(&[("backend_cf_d1_authorization", "Bearer s3cret\r\nx: y")]);
        let error = authorization(&[], "cf-d1", &variables).unwrap_err().to_string();
        assert!(error.contains("'backend_cf_d1_authorization'") && !error.contains("s3cret"), "{error}");
    }
}
