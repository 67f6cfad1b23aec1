//! The verdict in words: the same in the report, on the page and in the terminal.

use super::fastest::Undecided;
use super::report::{Equality, ReportRow, Verdict};
use std::collections::BTreeSet;

/// The verdict, one sentence each: on agreement, on failures, on speed.
pub(super) fn verdict(rows: &[ReportRow], verdict: &Verdict) -> Vec<String> {
    let names = Names::new(rows);
    let mut words = vec![agreement(rows, verdict, &names)];
    if !verdict.failed.is_empty() {
        words.push(format!("{} failed", names.all(&verdict.failed)));
    }
    match &verdict.fastest {
        Some(fastest) => {
            let label = format!("{}@{}", fastest.backend, fastest.location.as_str());
            words.push(format!(
                "{} is {} times as fast as {} ({} to {})",
                names.short(&label),
                decimal(fastest.ratio),
                names.short(&fastest.over),
                decimal(fastest.low),
                decimal(fastest.high)
            ));
        }
        None => match &verdict.why {
            Some(why) if *why == Undecided::NoDifference.to_string() => words.push(why.clone()),
            Some(why) => words.push(format!("no verdict on speed: {why}")),
            None => {}
        },
    }
    words
}

fn agreement(rows: &[ReportRow], verdict: &Verdict, names: &Names) -> String {
    let answered = rows.iter().filter(|row| row.status.is_some()).count();
    if !verdict.disagree.is_empty() {
        let verb = if verdict.disagree.len() == 1 { "differs" } else { "differ" };
        return format!("{} {verb}", names.all(&verdict.disagree));
    }
    match verdict.agree {
        Some(true) => {
            let mut told: Vec<&str> = Vec::new();
            let others = rows.iter().filter(|row| row.equality != Some(Equality::Reference));
            for row in others {
                if !told.contains(&row.words.as_str()) {
                    told.push(&row.words);
                }
            }
            format!("all {answered} agree: {}", told.join("; "))
        }
        Some(false) => "those that answered agree".to_owned(),
        None if answered < 2 => "nothing to compare: fewer than two answered".to_owned(),
        None if rows.iter().any(|row| row.equality == Some(Equality::NotCompared)) => {
            let not: Vec<_> =
                rows.iter().filter(|row| row.equality == Some(Equality::NotCompared)).map(ReportRow::label).collect();
            format!("no verdict: {} could not be compared", names.all(&not))
        }
        None if rows.iter().any(|row| row.equality.is_none()) => "no verdict: the reference did not answer".to_owned(),
        None => "no verdict: no answer was below 400".to_owned(),
    }
}

/// Labels, without their location where all backends are of the same one.
struct Names(bool);

impl Names {
    fn new(rows: &[ReportRow]) -> Self {
        Names(rows.iter().map(|row| row.location.as_str()).collect::<BTreeSet<_>>().len() < 2)
    }

    fn short<'a>(&self, label: &'a str) -> &'a str {
        if self.0 { label.rsplit_once('@').map_or(label, |(id, _)| id) } else { label }
    }

    fn all(&self, labels: &[String]) -> String {
        let names: Vec<_> = labels.iter().map(|label| self.short(label)).collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

/// A number of one thing or more: `1 time`, `3 times`.
pub(super) fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// With two digits after the point below 1.1, otherwise one below 10 and none from there on. Made of whole numbers, as the code that writes fractions is large.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "ratios are positive and bounded by the deadline"
)]
fn decimal(ratio: f64) -> String {
    let hundredths = (ratio * 100.0 + 0.5) as u64;
    let tenths = (ratio * 10.0 + 0.5) as u64;
    match hundredths {
        ..110 => format!("{}.{:02}", hundredths / 100, hundredths % 100),
        _ if tenths < 100 => format!("{}.{}", tenths / 10, tenths % 10),
        _ => format!("{}", (ratio + 0.5) as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_as_exact_as_they_deserve() {
        for (ratio, text) in
            [(1.004, "1.00"), (1.05, "1.05"), (1.13, "1.1"), (1.8, "1.8"), (9.94, "9.9"), (9.96, "10"), (123.4, "123")]
        {
            assert_eq!(decimal(ratio), text);
        }
    }
}
