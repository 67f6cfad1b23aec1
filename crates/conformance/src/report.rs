//! Reads what a run of the suite has printed.

/// One test of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Test {
    /// Its module: the feature that it is about.
    pub(crate) module: String,
    /// Its name within.
    pub(crate) name: String,
    /// What became of it.
    pub(crate) outcome: Outcome,
}

/// What became of a test.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The gateway did what it is meant to do.
    Passed,
    /// The host lacks something, and the gateway did what is known of it in that case.
    Deviates(Vec<Deviation>),
    /// It is about another host.
    NotForThisHost,
    /// Something it needs is not installed.
    Skipped,
    /// The gateway did something else.
    Failed,
}

/// What a host lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deviation {
    /// What, in words.
    pub(crate) feature: String,
    /// Why.
    pub(crate) reason: String,
}

/// The tests of a run, in the order of the output.
pub(crate) fn parse(output: &str) -> Vec<Test> {
    let results = output.lines().filter_map(|line| {
        let (name, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
        let (module, name) = name.split_once("::")?;
        let outcome = match result {
            "ok" => outcome(&printed(output, module, name)),
            "ignored" => Outcome::Skipped,
            _ => Outcome::Failed,
        };
        Some(Test { module: module.to_owned(), name: name.to_owned(), outcome })
    });
    results.collect()
}

/// The lines that a test has printed.
fn printed<'a>(output: &'a str, module: &str, name: &str) -> Vec<&'a str> {
    let heading = format!("---- {module}::{name} stdout ----");
    let behind = output.lines().skip_while(|line| *line != heading).skip(1);
    behind.take_while(|line| !line.starts_with("---- ") && *line != "successes:" && *line != "failures:").collect()
}

fn outcome(lines: &[&str]) -> Outcome {
    if lines.iter().any(|line| line.starts_with("SKIPPED")) {
        return Outcome::Skipped;
    }
    if lines.iter().any(|line| line.starts_with("NOT FOR ")) {
        return Outcome::NotForThisHost;
    }
    let deviations: Vec<_> = lines
        .iter()
        .filter_map(|line| {
            let (_, text) = line.strip_prefix("DEVIATES on ")?.split_once(": ")?;
            let (feature, reason) = text.split_once(": ")?;
            Some(Deviation { feature: in_words(feature), reason: reason.to_owned() })
        })
        .collect();
    if deviations.is_empty() { Outcome::Passed } else { Outcome::Deviates(deviations) }
}

/// `KeptConnections` as `kept connections`.
fn in_words(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "
running 6 tests
test bodies::one ... ok
test bodies::two ... FAILED
test browser::page ... ok
test health::gate ... ok
test plain::own ... ok
test health::count ... ok

successes:

---- browser::page stdout ----
SKIPPED: no browser

---- health::count stdout ----
DEVIATES on wasmtime-serve: StoreCounters: nothing counts: at all
something else

---- plain::own stdout ----
NOT FOR embedded: this is about wasmtime-serve


successes:
    bodies::one
    health::gate

failures:

---- bodies::two stdout ----
DEVIATES on wasmtime-serve: Other: not what it is known to do, though

failures:
    bodies::two

test result: FAILED. 5 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s
";

    #[test]
    fn every_test_has_its_outcome() {
        let deviation = Deviation { feature: "store counters".to_owned(), reason: "nothing counts: at all".to_owned() };
        let test =
            |module: &str, name: &str, outcome| Test { module: module.to_owned(), name: name.to_owned(), outcome };
        assert_eq!(
            parse(OUTPUT),
            [
                test("bodies", "one", Outcome::Passed),
                test("bodies", "two", Outcome::Failed),
                test("browser", "page", Outcome::Skipped),
                test("health", "gate", Outcome::Passed),
                test("plain", "own", Outcome::NotForThisHost),
                test("health", "count", Outcome::Deviates(vec![deviation])),
            ]
        );
        assert_eq!(parse("error: could not compile"), []);
    }
}
