//! The verdict in words: the same in the report, on the page and in the terminal.

use super::fastest::Undecided;
use super::report::{Equality, Kind, ReportRow, Verdict};

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
        Names(rows.iter().all(|row| Some(row.location) == rows.first().map(|first| first.location)))
    }

    fn short<'a>(&self, label: &'a str) -> &'a str {
        if self.0 { label.rsplit_once('@').map_or(label, |(id, _)| id) } else { label }
    }

    fn all(&self, labels: &[String]) -> String {
        listed(&labels.iter().map(|label| self.short(label)).collect::<Vec<_>>())
    }
}

/// How many differences there are of each sort.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// Those that count.
    pub(super) differences: usize,
    ids: usize,
    times: usize,
    varying: usize,
    notations: usize,
    ignored: usize,
}

impl Counts {
    /// Counts a difference.
    pub(super) fn add(&mut self, kind: Kind, is_time: bool) {
        let count = match kind {
            Kind::Generated if is_time => &mut self.times,
            Kind::Generated => &mut self.ids,
            Kind::Varying => &mut self.varying,
            Kind::Notation => &mut self.notations,
            Kind::Ignored => &mut self.ignored,
            _ => &mut self.differences,
        };
        *count = count.saturating_add(1);
    }
}

/// What was set aside: `equal but for 3 generated ids and 2 times`; `None` where it was nothing.
pub(super) fn equal_but_for(counts: &Counts) -> Option<String> {
    let times = if counts.ids == 0 { "generated time" } else { "time" };
    let parts: Vec<String> = [
        (counts.ids, "generated id"),
        (counts.times, times),
        (counts.varying, "varying value"),
        (counts.notations, "other notation"),
        (counts.ignored, "ignored value"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, one)| counted(count, one))
    .collect();
    (!parts.is_empty()).then(|| format!("equal but for {}", listed(&parts)))
}

/// `a, b and c`.
fn listed<T: AsRef<str>>(parts: &[T]) -> String {
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    match parts.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

/// `1 time`, `3 times`.
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
