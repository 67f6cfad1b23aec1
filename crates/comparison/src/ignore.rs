//! What the client wants left out of a comparison: rules such as `/*/updated_at` or `header:etag`.

use gateway_core::fields::is_token;
use percent_encoding::percent_decode_str;

/// The most rules of one comparison.
const MAX_RULES: usize = 64;

/// Parts of answers that are not compared. By default none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignore {
    pointers: Vec<Vec<Step>>,
    /// In lower case.
    headers: Vec<String>,
}

/// One step of a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// `*`: any member or index.
    Any,
    /// The member of this name, or the item at this index.
    One(String),
}

/// The rules whose first steps match the way to a value, one bit each; where it is empty, no rule can match below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Matching {
    rules: u64,
    depth: usize,
}

impl Ignore {
    /// Reads rules with commas between them. Each is a JSON Pointer (RFC 6901), in which `*` stands for any one member or index, also as a URI fragment (`#/a%2Cb`, for a
    /// member with a comma), or `header:` with the name of a field. The empty text has none.
    ///
    /// # Errors
    /// The rule that is neither, or the first of too many.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut ignore = Ignore::default();
        for rule in text.split(',').map(str::trim).filter(|rule| !rule.is_empty()) {
            let count = ignore.pointers.len().saturating_add(ignore.headers.len());
            match (rule.strip_prefix("header:").map(str::trim), steps(rule)) {
                _ if count >= MAX_RULES => return Err(rule.to_owned()),
                (Some(name), _) if is_token(name) => ignore.headers.push(name.to_ascii_lowercase()),
                (None, Some(steps)) => ignore.pointers.push(steps),
                _ => return Err(rule.to_owned()),
            }
        }
        Ok(ignore)
    }

    /// Whether a field is left out, by its name in lower case.
    pub(super) fn ignores_header(&self, lower: &str) -> bool {
        self.headers.iter().any(|name| name == lower)
    }

    /// Where the document begins.
    pub(super) fn root(&self) -> Matching {
        let rules = self.pointers.iter().enumerate().fold(0, |rules, (place, _)| rules | bit(place));
        Matching { rules, depth: 0 }
    }

    /// One step further down. `step` is asked only where a rule is left.
    pub(super) fn below(&self, from: Matching, step: impl FnOnce() -> String) -> Matching {
        let depth = from.depth.saturating_add(1);
        if from.rules == 0 {
            return Matching { rules: 0, depth };
        }
        let step = step();
        let matches = |rule: &&Vec<Step>| match rule.get(from.depth) {
            Some(Step::Any) => true,
            Some(Step::One(name)) => *name == step,
            None => false,
        };
        let rules =
            self.pointers.iter().enumerate().filter(|(place, rule)| from.rules & bit(*place) != 0 && matches(rule));
        Matching { rules: rules.fold(0, |rules, (place, _)| rules | bit(place)), depth }
    }

    /// Whether the value at this place is left out, with all below it.
    pub(super) fn ignores(&self, at: Matching) -> bool {
        at.rules != 0
            && self
                .pointers
                .iter()
                .enumerate()
                .any(|(place, rule)| at.rules & bit(place) != 0 && rule.len() == at.depth)
    }
}

fn bit(place: usize) -> u64 {
    u32::try_from(place).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or_default()
}

fn steps(rule: &str) -> Option<Vec<Step>> {
    let pointer = match rule.strip_prefix('#') {
        Some(fragment) => percent_decode_str(fragment).decode_utf8().ok()?.into_owned(),
        None => rule.to_owned(),
    };
    let rest = pointer.strip_prefix('/')?;
    let step = |text: &str| if text == "*" { Step::Any } else { Step::One(text.replace("~1", "/").replace("~0", "~")) };
    Some(rest.split('/').map(step).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignores(rules: &str, path: &[&str]) -> bool {
        let ignore = Ignore::parse(rules).unwrap();
        let mut at = ignore.root();
        for step in path {
            at = ignore.below(at, || (*step).to_owned());
        }
        ignore.ignores(at)
    }

    #[test]
    fn pointers_match_member_by_member() {
        for (rules, path, expected) in [
            ("/a", &["a"][..], true),
            ("/a", &["b"], false),
            ("/a", &["a", "b"], false),
            ("/a/b", &["a"], false),
            ("/*/id", &["0", "id"], true),
            ("/*/id", &["x", "id"], true),
            ("/*/id", &["0", "x", "id"], false),
            ("/a, /b/1", &["b", "1"], true),
            ("/a~1b/~0c", &["a/b", "~c"], true),
            ("#/a%2Cb", &["a,b"], true),
            ("/", &[""], true),
            ("", &[], false),
            ("", &["a"], false),
        ] {
            assert_eq!(ignores(rules, path), expected, "{rules} {path:?}");
        }
    }

    #[test]
    fn fields_are_named_with_a_prefix() {
        let ignore = Ignore::parse("header:X-Served-By, /a").unwrap();
        assert!(ignore.ignores_header("x-served-by") && !ignore.ignores_header("etag"));
    }

    #[test]
    fn what_is_no_rule_is_refused_with_its_text() {
        for (text, wrong) in [
            ("id", "id"),
            ("/a, b", "b"),
            ("header:", "header:"),
            ("header:a b", "header:a b"),
            ("#a", "#a"),
            ("$.a", "$.a"),
        ] {
            assert_eq!(Ignore::parse(text), Err(wrong.to_owned()));
        }
        let many: Vec<_> = (0..65).map(|number| format!("/{number}")).collect();
        assert_eq!(Ignore::parse(&many.join(",")), Err("/64".to_owned()));
        assert!(Ignore::parse(&many[..64].join(",")).is_ok());
    }
}
