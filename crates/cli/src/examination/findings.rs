//! Problems, in the order in which they were found.

use std::fmt;

/// Whether a problem breaks something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The gateway does not start, or requests fail.
    Error,
    /// It works, though perhaps not as meant.
    Warning,
}

/// The problems found, in their order; none where all is well.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<(Severity, String)>);

impl Findings {
    /// Something that breaks.
    pub(crate) fn error(&mut self, message: impl fmt::Display) {
        self.add(Severity::Error, message);
    }

    /// Something that may not be meant.
    pub(crate) fn warning(&mut self, message: impl fmt::Display) {
        self.add(Severity::Warning, message);
    }

    /// A problem. It becomes one line, whatever the message holds.
    pub(crate) fn add(&mut self, severity: Severity, message: impl fmt::Display) {
        let line = message.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.0.push((severity, line));
    }

    pub(crate) fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    pub(crate) fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|(found, _)| *found == severity).count()
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (severity, message) in &self.0 {
            let prefix = match severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            writeln!(f, "{prefix}: {message}")?;
        }
        Ok(())
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
        assert_eq!(findings.to_string(), "error: a b\nwarning: c\n");
        assert_eq!((findings.errors(), findings.warnings()), (1, 1));
    }
}
