//! The figures as CSV (RFC 4180): one line per backend, times in milliseconds, empty where there is no value. The names of columns are stable:
//! README.md lists them, new ones come last.

use gateway_comparison::report::Spread;

use super::reading::{ReadReport, ReadRow};
use super::shown::failure;

const COLUMNS: [&str; 20] = [
    "backend",
    "location",
    "status",
    "size_bytes",
    "sha256",
    "answered",
    "failed",
    "first_byte_min_ms",
    "first_byte_median_ms",
    "first_byte_p95_ms",
    "total_min_ms",
    "total_median_ms",
    "total_p95_ms",
    "equality",
    "error",
    "statuses",
    "content_type",
    "approximate",
    "differences",
    "words",
];

pub(super) fn render(report: &ReadReport) -> String {
    let mut csv = COLUMNS.join(",") + "\r\n";
    for row in &report.backends {
        let fields: Vec<_> = fields(row).iter().map(|field| quoted(field)).collect();
        csv.push_str(&fields.join(","));
        csv.push_str("\r\n");
    }
    csv
}

fn fields(row: &ReadRow) -> Vec<String> {
    fn text<T: ToString>(value: Option<T>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let answers = &row.answers;
    let mut fields = vec![
        row.backend().to_owned(),
        row.location().to_owned(),
        text(row.status),
        text(row.size),
        text(row.sha256.as_ref()),
        answers.total.saturating_sub(answers.failed).to_string(),
        answers.failed.to_string(),
    ];
    for spread in [row.times.map(|times| times.first_byte_ms), row.times.map(|times| times.total_ms)] {
        let parts: [fn(Spread) -> f64; 3] = [|it| it.min, |it| it.median, |it| it.p95];
        fields.extend(parts.map(|part| text(spread.map(part))));
    }
    let statuses: Vec<_> = answers.statuses.iter().map(|(status, count)| format!("{status}:{count}")).collect();
    let real = row.differences.iter().filter(|difference| !difference.kind.is_set_aside()).count();
    fields.extend([
        text(row.equality.as_ref().map(|equality| equality.as_str())),
        text(row.error.as_ref().map(failure)),
        statuses.join(" "),
        text(row.content_type.as_ref()),
        text(row.times.map(|times| times.approximate)),
        text(row.equality.as_ref().map(|_| real)),
        row.words().to_owned(),
    ]);
    fields
}

fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_have_to_be() {
        for (field, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("", ""),
        ] {
            assert_eq!(quoted(field), expected);
        }
    }
}
