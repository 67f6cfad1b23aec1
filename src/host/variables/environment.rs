//! Variables where the host has none of its own: the environment, else the defaults of `spin.toml`.

use crate::host::manifest::VARIABLES;
use gateway_core::backend::registry::Variables;
use gateway_core::config::ConfigError;
use std::env;

/// The variables of the environment.
pub(crate) struct EnvironmentVariables;

impl Variables for EnvironmentVariables {
    fn get(&self, name: &str) -> Result<Option<String>, ConfigError> {
        Ok(value(name))
    }
}

/// The value of a variable that `spin.toml` declares: of `SPIN_VARIABLE_<NAME>`, as everywhere, else of `<NAME>`, else its default.
///
/// The long name wins because the short one (`ENVIRONMENT`, say) may come from an environment that was passed on as a whole.
pub(crate) fn value(name: &str) -> Option<String> {
    let (_, default) = VARIABLES.iter().find(|(declared, _)| *declared == name)?;
    let short = name.to_ascii_uppercase();
    env::var(format!("SPIN_VARIABLE_{short}")).or_else(|_| env::var(short)).ok().or_else(|| default.map(str::to_owned))
}
