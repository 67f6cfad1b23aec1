//! Configuration: the host's variables.

use crate::host::bindings::fermyon::spin::variables;
use gateway_core::backend::registry::Variables;
use gateway_core::config::ConfigError;

/// Spin's variables.
pub(crate) struct SpinVariables;

impl Variables for SpinVariables {
    fn get(&self, name: &str) -> Result<Option<String>, ConfigError> {
        match variables::get(name) {
            Ok(value) => Ok(Some(value)),
            Err(variables::Error::Undefined(_)) => Ok(None),
            Err(variables::Error::InvalidName(text)) => {
                Err(ConfigError::variable(name, format!("is not a valid name: {text}")))
            }
            Err(variables::Error::Provider(text) | variables::Error::Other(text)) => {
                Err(ConfigError::variable(name, format!("cannot be read: {text}")))
            }
        }
    }
}
