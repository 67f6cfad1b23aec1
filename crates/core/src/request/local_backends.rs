//! `local_backends`: from where the backends of the local registry can be reached.

use crate::backend::reference::Location;
use crate::config::{ConfigError, LOCAL_BACKENDS};

/// From where the backends of the local registry can be reached: the value of `local_backends`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LocalBackends {
    /// From the local environment: a client must not steer a deployed gateway to addresses inside its network.
    #[default]
    Auto,
    /// From both.
    On,
    /// From neither.
    Off,
}

impl LocalBackends {
    /// Reads the value of the variable; nothing or an empty text means `auto`.
    ///
    /// # Errors
    /// Any other text than `auto`, `on` and `off`.
    pub fn parse(value: Option<&str>) -> Result<Self, ConfigError> {
        match value.map(str::trim) {
            None | Some("" | "auto") => Ok(LocalBackends::Auto),
            Some("on") => Ok(LocalBackends::On),
            Some("off") => Ok(LocalBackends::Off),
            Some(text) => {
                Err(ConfigError::variable(LOCAL_BACKENDS, format!("must be 'auto', 'on' or 'off', not '{text}'")))
            }
        }
    }

    /// Whether they can be reached from `environment`.
    pub fn reachable_from(self, environment: Location) -> bool {
        match self {
            LocalBackends::Auto => environment == Location::Local,
            LocalBackends::On => true,
            LocalBackends::Off => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_backends_are_reached_from_where_the_operator_says() {
        use Location::{Cloud, Local};
        for (value, from_local, from_cloud) in [
            (None, true, false),
            (Some(""), true, false),
            (Some("auto"), true, false),
            (Some(" on "), true, true),
            (Some("off"), false, false),
        ] {
            let local = LocalBackends::parse(value).unwrap();
            assert_eq!(
                (local.reachable_from(Local), local.reachable_from(Cloud)),
                (from_local, from_cloud),
                "{value:?}"
            );
        }
        let error = LocalBackends::parse(Some("yes")).unwrap_err().to_string();
        assert_eq!(error, "variable 'local_backends' must be 'auto', 'on' or 'off', not 'yes'");
    }
}
