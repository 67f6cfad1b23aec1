//! The values of the application's variables: flag over environment over `.env` over default.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// One entry of `[variables]`: a variable that the application declares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Declaration {
    /// The value if nothing else gives one. Default: none.
    #[serde(default)]
    pub default: Option<String>,
    /// Whether the application refuses to start without a value. Default: no.
    #[serde(default)]
    pub required: bool,
    /// Whether the value must not be shown. Default: no.
    #[serde(default)]
    pub secret: bool,
}

/// The environment variable that sets the variable `name`: `SPIN_VARIABLE_` and the name in capitals.
pub fn environment_name(name: &str) -> String {
    format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase())
}

/// Whether `name` may name a variable: lowercase letters, digits and single underscores, starting with a letter.
pub fn is_valid_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .split('_')
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

/// Why the variables have no usable values.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VariableError {
    /// A name in the manifest breaks the rules.
    #[error(
        "{0:?} is no valid variable name: use lowercase letters, digits and single underscores, and start with a letter"
    )]
    InvalidName(String),
    /// A flag sets a variable that the manifest does not declare.
    #[error("--variable {name}: the manifest declares no such variable; it has: {list}", list = .declared.join(", "))]
    Unknown {
        /// The name that the flag gives.
        name: String,
        /// The names that the manifest declares, sorted.
        declared: Vec<String>,
    },
    /// A required variable has no value.
    #[error(
        "the variable '{0}' is required and has no value; give it one with --variable {0}=..., or in the \
         environment as {outside}",
        outside = environment_name(.0)
    )]
    Missing(String),
    /// The `.env` file exists and cannot be read; the text says where, and never shows a value.
    #[error("cannot read .env in the working folder: {0}")]
    DotEnv(String),
}

/// Where values come from, strongest first.
#[derive(Debug, Default)]
pub struct Sources {
    /// Values of `--variable`, by the name of the variable.
    pub flags: BTreeMap<String, String>,
    /// Values of `SPIN_VARIABLE_…` in the environment, by full name.
    pub environment: BTreeMap<String, String>,
    /// Values of `.env` in the working folder, by full name.
    pub dotenv: BTreeMap<String, String>,
}

impl Sources {
    /// Flags only: neither the environment nor `.env` counts.
    pub fn from_flags(flags: BTreeMap<String, String>) -> Self {
        Self { flags, ..Self::default() }
    }

    /// Adds the process's environment and the file `.env` in the working folder, where there is one. The environment is not changed.
    ///
    /// # Errors
    ///
    /// [`VariableError::DotEnv`].
    pub fn with_environment(mut self) -> Result<Self, VariableError> {
        self.environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("SPIN_VARIABLE_"))
            .collect();
        let file = Path::new(".env");
        if file.is_file() {
            let text = std::fs::read_to_string(file).map_err(|error| VariableError::DotEnv(unreadable(&error)))?;
            for entry in dotenvy::from_read_iter(text.as_bytes()) {
                let (name, value) = entry.map_err(|error| malformed(&error, &text))?;
                // The first one wins, as it does when such a file is loaded into an environment.
                self.dotenv.entry(name).or_insert(value);
            }
        }
        Ok(self)
    }

    /// The value of a declared variable, from the strongest source that has one. `None` where no source has.
    pub fn value<'a>(&'a self, name: &str, declaration: &'a Declaration) -> Option<&'a str> {
        let outside = environment_name(name);
        self.flags
            .get(name)
            .or_else(|| self.environment.get(&outside))
            .or_else(|| self.dotenv.get(&outside))
            .or(declaration.default.as_ref())
            .map(String::as_str)
    }
}

fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::InvalidData => "it is not UTF-8; save it in that encoding".to_owned(),
        _ => format!("{error}; correct that, or remove the file"),
    }
}

/// Says where, and not what: the line may hold a secret.
fn malformed(error: &dotenvy::Error, text: &str) -> VariableError {
    if !matches!(error, dotenvy::Error::LineParse(..)) {
        return VariableError::DotEnv(error.to_string());
    }
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let is_good = |count: &usize| {
        let beginning: String = lines.iter().take(*count).copied().collect();
        dotenvy::from_read_iter(beginning.as_bytes()).all(|entry| entry.is_ok())
    };
    // The line after as many as can be read. A value in quotes may have several.
    let good = (0..lines.len()).rev().find(is_good).unwrap_or_default();
    let name = lines.get(good).and_then(|line| line.split_once('=')).map(|(name, _)| name.trim());
    let name = name.filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    let variable = name.map_or_else(String::new, |name| format!(" ({name})"));
    VariableError::DotEnv(format!(
        "line {}{variable} is not NAME=value; put a value with spaces or special characters into single quotes",
        good.saturating_add(1)
    ))
}

/// Gives every declared variable its value.
///
/// # Errors
///
/// A flag sets an unknown variable, a name breaks the rules, or a variable has no value.
pub fn resolve(
    declared: &BTreeMap<String, Declaration>,
    sources: &Sources,
) -> Result<BTreeMap<String, String>, VariableError> {
    if let Some(name) = sources.flags.keys().find(|name| !declared.contains_key(*name)) {
        return Err(VariableError::Unknown { name: name.clone(), declared: declared.keys().cloned().collect() });
    }
    let mut values = BTreeMap::new();
    for (name, declaration) in declared {
        if !is_valid_name(name) {
            return Err(VariableError::InvalidName(name.clone()));
        }
        let value = sources.value(name, declaration).ok_or_else(|| VariableError::Missing(name.clone()))?;
        values.insert(name.clone(), value.to_owned());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn declared(default: Option<&str>) -> BTreeMap<String, Declaration> {
        BTreeMap::from([(
            "base_url".to_owned(),
            Declaration { default: default.map(str::to_owned), required: default.is_none(), secret: false },
        )])
    }

    #[test]
    fn valid_names() {
        for (name, expected) in [
            ("a", true),
            ("backend_bun_sqlite_url", true),
            ("backend_cf_d1_url", true),
            ("a_1", true),
            ("", false),
            ("1a", false),
            ("_a", false),
            ("a_", false),
            ("a__b", false),
            ("aB", false),
            ("a-b", false),
        ] {
            assert_eq!(is_valid_name(name), expected, "{name:?}");
        }
    }

    #[test]
    fn the_stronger_source_wins() {
        let outside = "SPIN_VARIABLE_BASE_URL";
        let mut sources = Sources::default();
        let declared = declared(Some("default"));
        let value = |sources: &Sources| resolve(&declared, sources).unwrap().remove("base_url").unwrap();
        assert_eq!(value(&sources), "default");
        sources.dotenv = map(&[(outside, "dotenv")]);
        assert_eq!(value(&sources), "dotenv");
        sources.environment = map(&[(outside, "environment"), ("SPIN_VARIABLE_UNRELATED", "x")]);
        assert_eq!(value(&sources), "environment");
        sources.flags = map(&[("base_url", "flag")]);
        assert_eq!(value(&sources), "flag");
    }

    #[test]
    fn a_broken_line_is_named_without_its_value() {
        for (text, place) in [
            ("A=1\nSPIN_VARIABLE_TOKEN=Bearer s3cret\n", "line 2 (SPIN_VARIABLE_TOKEN) is not"),
            // The same value twice, once rightly.
            ("A='Bearer s3cret'\nB='b'\nB=Bearer s3cret", "line 3 (B) is not"),
            ("A='1\n2'\n\n# s3cret\nB = 's3cret\n", "line 5 (B) is not"),
            ("s3cret\n", "line 1 is not"),
            ("A=[{\"id\": \"s3cret\"}]", "line 1 (A) is not"),
        ] {
            let error = dotenvy::from_read_iter(text.as_bytes()).find_map(Result::err).unwrap();
            let message = malformed(&error, text).to_string();
            assert!(message.contains(place) && message.contains("single quotes"), "{text:?}: {message}");
            assert!(!message.contains("s3cret"), "{message}");
        }
    }

    #[test]
    fn errors_name_the_variable() {
        let missing = resolve(&declared(None), &Sources::default()).unwrap_err().to_string();
        assert!(missing.contains("'base_url'") && missing.contains("SPIN_VARIABLE_BASE_URL"), "{missing}");
        let unknown =
            resolve(&declared(Some("")), &Sources::from_flags(map(&[("bse_url", "x")]))).unwrap_err().to_string();
        assert!(unknown.contains("bse_url") && unknown.contains("base_url"), "{unknown}");
    }
}
