//! What `spin.toml` says, for hosts that do not read it; `build.rs` makes the tables.

/// An entry of `allowed_outbound_hosts`.
pub(crate) enum AllowedHost {
    /// The value of this variable.
    Variable(&'static str),
    /// As it stands.
    #[allow(dead_code, reason = "spin.toml may have such entries, and has none today")]
    Fixed(&'static str),
}

// VARIABLES: the variables by name, with their defaults. ALLOWED_HOSTS: where the component may connect to.
include!(concat!(env!("OUT_DIR"), "/manifest.rs"));
