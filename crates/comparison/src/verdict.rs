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
    #[inline(never)]
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
            status: row.statuses.most_frequent(),
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
        let status =
            self.reference().and_then(|place| self.rows.get(place)).and_then(|row| row.statuses.most_frequent());
        let eligible =
            |row: &&Row| row.failed == 0 && status.is_some_and(|status| status < 400) && row.statuses.only() == status;
        let rows: Vec<&Row> = self.rows.iter().filter(eligible).collect();
        let times: Vec<_> = rows.iter().map(|row| row.in_order.clone()).collect();
        let winner = fastest(&times)?;
        match (rows.get(winner.place), rows.get(winner.over)) {
            (Some(first), Some(second)) => Ok((first, second, winner)),
            _ => Err(Undecided::NoTwo),
        }
    }
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
    let disagree = labels(&|row| row.equality == Some(Equality::Different) || row.answers.statuses.changed());
    let failed = labels(&|row| row.answers.failed > 0);
    let answered = rows.iter().filter(|row| row.status.is_some()).count();
    let below_400 = rows.iter().any(|row| row.answers.statuses.iter().any(|(status, _)| status < 400));
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

#[cfg(test)]
mod tests {
    use super::super::body::Body;
    use super::super::ignore::Ignore;
    use super::super::tally::{Answered, Contender};
    use super::*;
    use gateway_core::backend::reference::{BackendRef, Location};
    use std::time::Duration;

    /// Backends with these ids, each of which answers one round after another with a status, or 0 for a failure, after some milliseconds.
    fn verdict_on(backends: &[(&str, &[(u16, u64)])]) -> Verdict {
        let contender = |id: &str| Contender {
            backend: BackendRef::new(id, Location::Local),
            name: id.to_owned(),
            urls: Vec::new(),
        };
        let ignore = Ignore::parse("").unwrap();
        let mut comparison = Comparison::new(backends.iter().map(|(id, _)| contender(id)), ignore, None);
        let rounds = backends[0].1.len();
        for round in 0..rounds {
            for (row, (_, answers)) in backends.iter().enumerate() {
                let (status, millis) = answers[round];
                let (first_byte, total) = (Duration::ZERO, Duration::from_millis(millis));
                let answered = Answered { status, fields: Vec::new(), body: Some(Body::default()), first_byte, total };
                comparison.add(row, if status == 0 { Err(GatewayError::BrokenRequestBody) } else { Ok(answered) });
            }
            comparison.next_round();
        }
        comparison.close();
        while comparison.work() {}
        let runs = Runs { asked: rounds, warmup: 0, done: rounds };
        comparison.report(&Method::GET, "/", runs, Vec::new()).verdict
    }

    fn speed(verdict: &Verdict) -> (Option<&str>, Option<&str>) {
        (verdict.fastest.as_ref().map(|fastest| &*fastest.backend), verdict.why.as_deref())
    }

    #[test]
    fn the_fastest_is_named_with_its_interval_or_a_reason_is_given() {
        let (quick, slow) = (&[(200, 10); 6], &[(200, 18); 6]);
        let verdict = verdict_on(&[("a", slow), ("b", quick)]);
        assert_eq!(speed(&verdict), (Some("b"), None));
        assert_eq!(verdict.words.last().map(String::as_str), Some("b is 1.8 times as fast as a (1.8 to 1.8)"));

        let verdict = verdict_on(&[("a", &slow[..5]), ("b", &quick[..5])]);
        assert_eq!(speed(&verdict), (None, Some("fewer than 6 rounds")));
        assert_eq!(verdict.words.last().map(String::as_str), Some("no verdict on speed: fewer than 6 rounds"));

        let verdict = verdict_on(&[("a", quick), ("b", quick)]);
        assert_eq!(speed(&verdict), (None, Some("no difference seen")));
        assert_eq!(verdict.words.last().map(String::as_str), Some("no difference seen"));
    }

    #[test]
    fn a_quick_error_is_not_in_the_race() {
        let good: &[(u16, u64)] = &[(200, 10); 10];
        let slow: &[(u16, u64)] = &[(200, 20); 10];
        let with_one = |answer| [&[(200, 1); 9][..], &[answer]].concat();
        for (name, quick) in [
            ("404", vec![(404, 1); 10]),
            ("another status", vec![(204, 1); 10]),
            ("one failure", with_one((0, 1))),
            ("one 500", with_one((500, 1))),
            ("one 404", with_one((404, 1))),
        ] {
            assert_eq!(
                speed(&verdict_on(&[("a", good), ("b", &quick)])),
                (None, Some("no two comparable answers")),
                "{name}"
            );
            assert_eq!(speed(&verdict_on(&[("a", good), ("b", &quick), ("c", slow)])), (Some("a"), None), "{name}");
        }
        let not_found: &[(u16, u64)] = &[(404, 1); 10];
        let slower: &[(u16, u64)] = &[(404, 9); 10];
        assert_eq!(speed(&verdict_on(&[("a", not_found), ("b", slower)])), (None, Some("no two comparable answers")));
    }
}
