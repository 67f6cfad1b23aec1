//! `allowed_outbound_hosts`: where the component may connect to, with Spin's rules.
//!
//! An entry is `scheme://host[:port]`; [`pattern`] says what each part may be. The value of a variable in an entry may also be a list of these
//! with commas between them. That is this gateway's own: Spin takes one pattern from a variable. An entry that carries a path is special:
//! Spin loads the application and then denies every request of the component. This host does the same, and says why.

mod pattern;

use self::pattern::Pattern;
pub use self::pattern::Problem;
use thiserror::Error;

/// Compiled rules. The default allows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    patterns: Vec<Pattern>,
    poison: Option<Poison>,
}

/// An entry with a path, because of which everything is denied. Its value is not kept: what follows the host may be secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the value of the entry {entry:?} of allowed_outbound_hosts carries a path; with such an entry every outbound request of the component \
     is denied, as in Spin. Remove the path from the value"
)]
pub struct Poison {
    /// As in the manifest, before expansion.
    pub entry: String,
}

/// An entry that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the entry {entry:?} of allowed_outbound_hosts{place} {problem}", place = place(*.position))]
pub struct AllowedHostsError {
    /// As in the manifest, before expansion.
    pub entry: String,
    /// Which pattern of its list is meant, counted from 1. `None` where its value is not a list.
    pub position: Option<usize>,
    /// What is wrong with its value.
    pub problem: Problem,
}

fn place(position: Option<usize>) -> String {
    position.map_or_else(String::new, |number| format!(", pattern {number} of its list,"))
}

/// The patterns in the value of an entry: the parts between its commas. Empty parts mean nothing, so a comma may end the list; one empty
/// pattern is left where there is nothing else.
pub fn patterns(value: &str) -> impl Iterator<Item = &str> {
    let list = value.trim_matches(|c: char| c == ',' || c.is_whitespace());
    list.split(',').map(str::trim).filter(|part| !part.is_empty() || list.is_empty())
}

impl AllowedHosts {
    /// Compiles pairs of an entry of the manifest and its value after expansion.
    ///
    /// # Errors
    /// The first pattern that means nothing.
    pub fn compile<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, AllowedHostsError> {
        let mut hosts = Self::default();
        for (entry, value) in entries {
            for (number, text) in (1..).zip(patterns(value)) {
                match Pattern::parse(text) {
                    Ok(Some(pattern)) => hosts.patterns.push(pattern),
                    Ok(None) => {
                        hosts.poison.get_or_insert(Poison { entry: entry.to_owned() });
                    }
                    Err(problem) => {
                        let position = value.contains(',').then_some(number);
                        return Err(AllowedHostsError { entry: entry.to_owned(), position, problem });
                    }
                }
            }
        }
        Ok(hosts)
    }

    /// The entry because of which everything is denied, if there is one.
    pub fn poison(&self) -> Option<&Poison> {
        self.poison.as_ref()
    }

    /// Whether a connection is allowed. `scheme` is in lower case; without `port` its default port is meant. Host names are compared without
    /// case, schemes of entries with it: `HTTP://h:80` allows nothing, as in Spin.
    pub fn allows(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let Some(port) = port.or_else(|| pattern::default_port(scheme)) else {
            return false;
        };
        self.poison.is_none() && self.patterns.iter().any(|pattern| pattern.matches(scheme, host, port))
    }

    /// Whether a connection is allowed by a pattern that means its host: the host itself, a wildcard below a domain, or a range no wider than
    /// the largest private network, `10.0.0.0/8` of IPv4 and `fc00::/7` of IPv6. `*` and wider ranges name nothing, and nothing names port 0.
    pub fn names(&self, scheme: &str, host: &str, port: u16) -> bool {
        let mut narrow = self.patterns.iter().filter(|pattern| pattern.is_narrow());
        self.poison.is_none() && port != 0 && narrow.any(|pattern| pattern.matches(scheme, host, port))
    }
}

#[cfg(test)]
mod tests;
