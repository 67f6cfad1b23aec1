//! What a backend is, and the seven the gateway knows by name.

use crate::backend::url::BackendUrl;

/// Where a backend is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// The Spin variables.
    Local,
    /// The key-value store.
    Cloud,
}

impl Location {
    /// The name used in headers, keys, logs and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Location::Local => "local",
            Location::Cloud => "cloud",
        }
    }

    /// Parses the exact names `local` and `cloud`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "local" => Some(Location::Local),
            "cloud" => Some(Location::Cloud),
            _ => None,
        }
    }

    /// The backend of requests that name none (design §1, Routing).
    pub fn default_backend(self) -> &'static str {
        match self {
            Location::Local => "bun-sqlite",
            Location::Cloud => "cf-d1",
        }
    }
}

/// A configured backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// The value of `x-backend` that selects it.
    pub id: String,
    /// For people.
    pub name: String,
    /// Where it is.
    pub url: BackendUrl,
    /// The registry it came from.
    pub location: Location,
    /// Path of its health endpoint, where one is configured.
    pub health_endpoint: Option<String>,
}

/// A backend known at build time, configured by `backend_<id with _>_url`.
#[derive(Debug, Clone, Copy)]
pub struct KnownBackend {
    /// Its id.
    pub id: &'static str,
    /// Its name, for people.
    pub name: &'static str,
    /// The Spin variable with its URL.
    pub url_variable: &'static str,
    /// The Spin variable with the path of its health endpoint.
    pub health_variable: &'static str,
    /// The secret Spin variable with the `authorization` to send it.
    pub authorization_variable: &'static str,
}

/// A known backend; its variables are named after its id, with `_` for `-`.
macro_rules! known {
    ($id:literal, $variables:literal, $name:literal) => {
        KnownBackend {
            id: $id,
            name: $name,
            url_variable: concat!("backend_", $variables, "_url"),
            health_variable: concat!("backend_", $variables, "_health"),
            authorization_variable: concat!("backend_", $variables, "_authorization"),
        }
    };
}

/// The seven backends of the shootout, sorted by id.
pub static KNOWN_BACKENDS: [KnownBackend; 7] = [
    known!("bun-sqlite", "bun_sqlite", "Bun + SQLite"),
    known!("cf-d1", "cf_d1", "Cloudflare D1"),
    known!("dotnet-api", "dotnet_api", ".NET API"),
    known!("elixir-phoenix", "elixir_phoenix", "Elixir Phoenix"),
    known!("java-spring-boot", "java_spring_boot", "Java Spring Boot"),
    known!("php-laravel", "php_laravel", "PHP Laravel"),
    known!("ruby-rails", "ruby_rails", "Ruby on Rails"),
];

/// The known backend called `id`.
pub fn known_backend(id: &str) -> Option<&'static KnownBackend> {
    KNOWN_BACKENDS.iter().find(|known| known.id == id)
}

/// Whether `id` can name a backend: 1 to 64 letters, digits, `-`, `_` or `.`. Anything else is refused before a registry is asked, so that
/// a header can never reach into foreign keys of the store.
pub fn is_valid_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_backends_are_sorted_and_their_variables_follow_from_their_ids() {
        assert!(KNOWN_BACKENDS.is_sorted_by_key(|known| known.id));
        for known in &KNOWN_BACKENDS {
            assert!(is_valid_id(known.id));
            let prefix = format!("backend_{}", known.id.replace('-', "_"));
            assert_eq!(known.url_variable, format!("{prefix}_url"));
            assert_eq!(known.health_variable, format!("{prefix}_health"));
            assert_eq!(known.authorization_variable, format!("{prefix}_authorization"));
        }
    }

    #[test]
    fn ids() {
        for good in ["a", "cf-d1", "A_1.b", &"x".repeat(64)] {
            assert!(is_valid_id(good), "{good}");
        }
        for bad in ["", "a b", "a:b", "ü", "a/b", "*", &"x".repeat(65)] {
            assert!(!is_valid_id(bad), "{bad}");
        }
    }
}
