//! What a report means for scripts.

use gateway_comparison::report::Equality;

use super::reading::{Class, ReadReport, ReadRow};

/// The outcome of a comparison. The first that applies counts, from bad to good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Backends answered differently.
    Disagree,
    /// A backend gave no answer, in one round at least; those that did agree.
    Failed,
    /// Nothing can be said, as too few answered or were comparable.
    Undecided,
    Agree,
}

impl Outcome {
    /// With `strict`, only identical and equal answers agree.
    pub(super) fn of(report: &ReadReport, strict: bool) -> Self {
        let verdict = &report.verdict;
        match verdict.agree {
            _ if !verdict.disagree.is_empty() => Outcome::Disagree,
            _ if strict && report.backends.iter().any(only_equivalent) => Outcome::Disagree,
            _ if !verdict.failed.is_empty() => Outcome::Failed,
            Some(true) => Outcome::Agree,
            Some(false) => Outcome::Disagree,
            None => Outcome::Undecided,
        }
    }

    pub(super) fn exit_code(self) -> u8 {
        match self {
            Outcome::Agree => 0,
            Outcome::Undecided => 1,
            Outcome::Disagree => 3,
            Outcome::Failed => 4,
        }
    }
}

/// Whether an answer is neither identical nor equal, though it may agree. A class that is not known here cannot be trusted to be strict.
pub(super) fn only_equivalent(row: &ReadRow) -> bool {
    matches!(row.equality, Some(Class::Known(Equality::Equivalent) | Class::Other(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::shootout::reading::read;

    #[test]
    fn the_first_that_applies_counts() {
        for (verdict, equality, expected, strict) in [
            (r#""agree":true"#, "identical", 0, 0),
            (r#""agree":true"#, "equal", 0, 0),
            (r#""agree":true"#, "equivalent", 0, 3),
            (r#""agree":true"#, "of a later version", 0, 3),
            (r#""agree":null"#, "not compared", 1, 1),
            (r#""agree":null"#, "equivalent", 1, 3),
            (r#""agree":false"#, "different", 3, 3),
            (r#""agree":null,"failed":["b@local"]"#, "identical", 4, 4),
            (r#""agree":false,"failed":["b@local"]"#, "equivalent", 4, 3),
            (r#""agree":false,"failed":["b@local"],"disagree":["a@local"]"#, "different", 3, 3),
            (r#""agree":null,"disagree":["a@local"]"#, "different", 3, 3),
        ] {
            let report = format!(
                r#"{{"request":{{"method":"GET","path":"/"}},"runs":{{"asked":1,"done":1}},"backends":[{{"equality":"{equality}"}}],"verdict":{{{verdict}}}}}"#
            );
            let report = read(report.as_bytes()).unwrap();
            let codes = [false, true].map(|strict| Outcome::of(&report, strict).exit_code());
            assert_eq!(codes, [expected, strict], "{verdict}, {equality}");
        }
    }
}
