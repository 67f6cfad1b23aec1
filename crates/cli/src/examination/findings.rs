//! Problems, in the order in which they were found.

use std::fmt::{self, Write};

/// How much a problem breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The gateway does not start, or no request succeeds.
    Fatal,
    /// Requests to one backend fail, or a setting is without effect. `check` fails because of it; a start does not.
    Error,
    /// It works, though perhaps not as meant.
    Warning,
    /// It works on this host, and not on Spin. A start on this host has no need to hear of it.
    Elsewhere,
}

/// The problems found, in their order; none where all is well.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<(Severity, String)>);

impl Findings {
    /// Something because of which nothing works.
    pub(crate) fn fatal(&mut self, message: impl fmt::Display) {
        self.add(Severity::Fatal, message);
    }

    /// Something that breaks.
    pub(crate) fn error(&mut self, message: impl fmt::Display) {
        self.add(Severity::Error, message);
    }

    /// Something that may not be meant.
    pub(crate) fn warning(&mut self, message: impl fmt::Display) {
        self.add(Severity::Warning, message);
    }

    /// Something that Spin would not do.
    pub(crate) fn elsewhere(&mut self, message: impl fmt::Display) {
        self.add(Severity::Elsewhere, message);
    }

    /// A problem. It becomes one line, whatever the message holds.
    pub(crate) fn add(&mut self, severity: Severity, message: impl fmt::Display) {
        let line = message.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.0.push((severity, line));
    }

    /// Problems because of which nothing works.
    pub(crate) fn fatalities(&self) -> usize {
        self.count(&[Severity::Fatal])
    }

    /// Problems because of which `check` fails.
    pub(crate) fn errors(&self) -> usize {
        self.count(&[Severity::Fatal, Severity::Error])
    }

    /// All others.
    pub(crate) fn warnings(&self) -> usize {
        self.count(&[Severity::Warning, Severity::Elsewhere])
    }

    fn count(&self, severities: &[Severity]) -> usize {
        self.0.iter().filter(|(found, _)| severities.contains(found)).count()
    }

    /// A line for each, as `check` prints them.
    pub(crate) fn all(&self) -> String {
        self.lines(|severity| match severity {
            Severity::Fatal | Severity::Error => Some("error"),
            Severity::Warning | Severity::Elsewhere => Some("warning"),
        })
    }

    /// A line for each that concerns a start on this host. What does not end the start is a warning.
    pub(crate) fn at_start(&self) -> String {
        self.lines(|severity| match severity {
            Severity::Fatal => Some("error"),
            Severity::Error | Severity::Warning => Some("warning"),
            Severity::Elsewhere => None,
        })
    }

    /// A line for each because of which nothing works.
    pub(crate) fn fatal_ones(&self) -> String {
        self.lines(|severity| (severity == Severity::Fatal).then_some("error"))
    }

    fn lines(&self, word: impl Fn(Severity) -> Option<&'static str>) -> String {
        let mut text = String::new();
        for (severity, message) in &self.0 {
            if let Some(word) = word(*severity) {
                // A String takes everything.
                let _ = writeln!(text, "{word}: {message}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_one_line() {
        let mut findings = Findings::default();
        findings.error("a\nb");
        findings.warning("c");
        assert_eq!(findings.all(), "error: a b\nwarning: c\n");
    }

    #[test]
    fn a_start_ends_because_of_what_breaks_everything_alone() {
        let mut findings = Findings::default();
        findings.elsewhere("d");
        findings.warning("c");
        findings.error("b");
        assert_eq!((findings.fatalities(), findings.errors(), findings.warnings()), (0, 1, 2));
        findings.fatal("a");
        assert_eq!((findings.fatalities(), findings.errors(), findings.warnings()), (1, 2, 2));
        assert_eq!(findings.at_start(), "warning: c\nwarning: b\nerror: a\n");
        assert_eq!(findings.fatal_ones(), "error: a\n");
        assert_eq!(findings.all(), "warning: d\nwarning: c\nerror: b\nerror: a\n");
    }
}
