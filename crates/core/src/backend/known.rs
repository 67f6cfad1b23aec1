//! What a backend is, and the seven the gateway knows by name.

/// A backend known at build time, configured by `backend_<id with _>_url`.
#[derive(Debug, Clone, Copy)]
pub struct KnownBackend {
    /// The value of `x-backend` that selects it.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::reference::is_valid_id;

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
}
