//! The figures as CSV (RFC 4180): one line per backend, times in milliseconds, empty where there is no value.

use gateway_comparison::report::{Report, ReportRow, SpreadMs};

const COLUMNS: [&str; 16] = [
    "backend",
    "location",
    "status",
    "size_bytes",
    "sha256",
    "answered",
    "failed",
    "varies",
    "first_byte_min_ms",
    "first_byte_median_ms",
    "first_byte_p95_ms",
    "total_min_ms",
    "total_median_ms",
    "total_p95_ms",
    "body",
    "error",
];

pub(super) fn render(report: &Report) -> String {
    let mut csv = COLUMNS.join(",") + "\r\n";
    for row in &report.backends {
        let fields: Vec<_> = fields(row).iter().map(|field| quoted(field)).collect();
        csv.push_str(&fields.join(","));
        csv.push_str("\r\n");
    }
    csv
}

fn fields(row: &ReportRow) -> Vec<String> {
    let text = |value: Option<&dyn ToString>| value.map(ToString::to_string).unwrap_or_default();
    let mut fields = vec![
        row.backend.clone(),
        row.location.as_str().to_owned(),
        text(row.status.as_ref().map(|status| status as &dyn ToString)),
        text(row.size.as_ref().map(|size| size as &dyn ToString)),
        row.sha256.clone().unwrap_or_default(),
        row.answered.to_string(),
        row.failed.to_string(),
        row.varies.to_string(),
    ];
    for spread in [row.spread.as_ref().map(|spread| spread.first_byte_ms), row.total()] {
        let parts: [fn(SpreadMs) -> f64; 3] = [|it| it.min, |it| it.median, |it| it.p95];
        fields.extend(parts.map(|part| spread.map(|spread| part(spread).to_string()).unwrap_or_default()));
    }
    fields.push(row.body.map(|body| body.as_str().to_owned()).unwrap_or_default());
    fields.push(
        row.error.as_ref().map(|error| format!("{}: {}", error.body.error, error.body.message)).unwrap_or_default(),
    );
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
