//! What a comparison comes to: its report, made of the rows.

use super::fastest::{CONFIDENCE, Undecided, Winner, fastest};
use super::measure;
use super::report::{
    Answers, Asked, Equality, Failure, Fastest, Report, ReportRow, Runs, Skipped, Spread, Times, Verdict,
};
use super::tally::{Comparison, Row};
use super::words;
use gateway_core::response::error::GatewayError;
use gateway_core::time::millis;
use http::Method;

/// Why fewer than two backends are left, in words.
pub fn reasons(skipped: &[Skipped]) -> String {
    if skipped.is_empty() {
        return "no other is configured".to_owned();
    }
    let reasons: Vec<_> = skipped.iter().map(|skipped| format!("{} ({})", skipped.backend, skipped.reason)).collect();
    reasons.join(", ")
}

impl Comparison {
    /// The report, once [`Comparison::close`] was called and all the work is done.
    pub fn report(self, method: &Method, path: &str, runs: Runs, skipped: Vec<Skipped>) -> Report {
        let backends: Vec<ReportRow> = self.rows.iter().enumerate().map(|(place, row)| self.row(place, row)).collect();
        let fastest = self.fastest();
        let mut verdict = verdict(&backends, fastest);
        verdict.words = words::verdict(&backends, &verdict);
        Report {
            request: Asked { method: method.to_string(), path: path.to_owned() },
            runs,
            backends,
            skipped,
            verdict,
        }
    }

    fn row(&self, place: usize, row: &Row) -> ReportRow {
        let judged = self.judge.judged(place);
        let (patch, patch_complete) = judged.patch.unzip();
        ReportRow {
            backend: row.contender.backend.id.clone(),
            location: row.contender.backend.location,
            name: row.contender.name.clone(),
            answers: Answers {
                total: row.in_order.len().saturating_add(row.failed),
                failed: row.failed,
                statuses: row.statuses.clone(),
            },
            status: most_frequent(row),
            content_type: judged.content_type,
            size: judged.size,
            sha256: judged.sha256,
            times: times(row),
            equality: judged.equality,
            reason: judged.reason,
            words: judged.words,
            differences: judged.differences,
            differences_complete: judged.differences_complete,
            patch,
            patch_complete,
            error: row.error.as_ref().map(failure),
        }
    }

    /// Only a row whose every answer came whole, below 400 and with the reference's status is in the race.
    fn fastest(&self) -> Result<(&Row, &Row, Winner), Undecided> {
        let status = self.reference().and_then(|place| self.rows.get(place)).and_then(most_frequent);
        let eligible = |row: &&Row| {
            row.failed == 0
                && row.statuses.len() == 1
                && status.is_some_and(|status| status < 400 && row.statuses.contains_key(&status))
        };
        let rows: Vec<&Row> = self.rows.iter().filter(eligible).collect();
        let times: Vec<_> = rows.iter().map(|row| row.in_order.clone()).collect();
        let winner = fastest(&times)?;
        match (rows.get(winner.place), rows.get(winner.over)) {
            (Some(first), Some(second)) => Ok((first, second, winner)),
            _ => Err(Undecided::NoTwo),
        }
    }
}

fn most_frequent(row: &Row) -> Option<u16> {
    // Of several that are as frequent the lowest.
    row.statuses.iter().rev().max_by_key(|(_, count)| **count).map(|(status, _)| *status)
}

fn times(row: &Row) -> Option<Times> {
    let in_millis = |spread: measure::Spread| Spread {
        min: millis(spread.min),
        median: millis(spread.median),
        p95: millis(spread.p95),
    };
    Some(Times {
        first_byte_ms: in_millis(row.first_bytes.spread()?),
        total_ms: in_millis(row.totals.spread()?),
        approximate: row.approximate,
    })
}

fn failure(error: &GatewayError) -> Failure {
    let mut body = error.body();
    body.reason = Some(error.to_string());
    Failure { status: error.status().code().as_u16(), body }
}

fn verdict(rows: &[ReportRow], fastest: Result<(&Row, &Row, Winner), Undecided>) -> Verdict {
    let labels = |picked: &dyn Fn(&&ReportRow) -> bool| -> Vec<String> {
        rows.iter().filter(picked).map(ReportRow::label).collect()
    };
    let disagree = labels(&|row| row.equality == Some(Equality::Different) || row.answers.statuses.len() > 1);
    let failed = labels(&|row| row.answers.failed > 0);
    let answered = rows.iter().filter(|row| row.status.is_some()).count();
    let below_400 = rows.iter().any(|row| row.answers.statuses.keys().any(|status| *status < 400));
    let agree = match () {
        () if answered < 2 || !below_400 => None,
        () if !disagree.is_empty() || !failed.is_empty() => Some(false),
        () if rows.iter().any(|row| matches!(row.equality, None | Some(Equality::NotCompared))) => None,
        () => Some(true),
    };
    let (fastest, why) = match fastest {
        Ok((first, second, Winner { ratio, low, high, .. })) => {
            let backend = first.contender.backend.clone();
            let over = second.contender.backend.to_string();
            let (backend, location) = (backend.id, backend.location);
            (Some(Fastest { backend, location, over, ratio, low, high, confidence: CONFIDENCE }), None)
        }
        Err(why) => (None, Some(why.to_string())),
    };
    Verdict { agree, disagree, failed, fastest, why, words: Vec::new() }
}
