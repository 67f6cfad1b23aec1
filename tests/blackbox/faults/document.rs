//! `docs/faults.md`: written anew with `RECORD`, compared without.

use super::{IDLE, Observed, TIMEOUT};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// From here on the document is written by hand.
const BY_HAND: &str = "## The host";

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md")
}

/// Seconds to a tenth: more would be the machine's, not the gateway's.
fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        short if short < 0.1 => "under 0.1 s".to_owned(),
        time => format!("{time:.1} s"),
    }
}

fn row(observed: &Observed) -> String {
    format!("| {} | {} | {} |", observed.fault.name, observed.answer, observed.health)
}

fn text(sections: &[(&str, Vec<&Observed>)]) -> String {
    let mut text = format!(
        "# Faults\n\n\
         What breaks, what the client gets, what the store then says of the backend, and how long it took. The test run writes these tables \
         (`RECORD=1 cargo test --test blackbox faults`), and fails when they no longer say what it saw.\n\n\
         Every row ran against the real component in the embedded host, over sockets, all rows at the same time, with `request_timeout` at {} \
         (30 s by default). A body may stand still for {}; connecting gets 2 s. Every answer carries the CORS fields. \
         A backend that is *down* is not asked again until its retry is due; a *failure counted* is one of three in a row that make it so.\n",
        seconds(TIMEOUT),
        seconds(IDLE),
    );
    for (title, rows) in sections {
        _ = write!(text, "\n## {title}\n\n| fault | answer | health after | time |\n| --- | --- | --- | --- |\n");
        for observed in rows {
            _ = writeln!(text, "{} {} |", row(observed), seconds(observed.time));
        }
    }
    text
}

/// Writes the document where `RECORD` is set; else it has to have these rows, with whatever times.
pub(super) fn record_or_compare(sections: &[(&str, Vec<&Observed>)]) {
    let before = std::fs::read_to_string(path()).unwrap_or_default();
    if std::env::var_os("RECORD").is_some() {
        let by_hand = before.find(BY_HAND).map_or(BY_HAND, |at| &before[at..]);
        let text = format!("{}\n{}\n", text(sections), by_hand.trim_end());
        std::fs::write(path(), text).expect("docs/faults.md can be written");
        return;
    }
    let made = before.split(BY_HAND).next().unwrap_or_default();
    let written: Vec<String> = made
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---") && !line.starts_with("| fault |"))
        .filter_map(|line| line.trim_end_matches(" |").rsplit_once(" | ").map(|(row, _)| format!("{row} |")))
        .collect();
    let seen: Vec<String> = sections.iter().flat_map(|(_, rows)| rows.iter().map(|one| row(one))).collect();
    let missing: Vec<_> = seen.iter().filter(|row| !written.contains(row)).collect();
    let stale: Vec<_> = written.iter().filter(|row| !seen.contains(row)).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "docs/faults.md is not what was seen; if that is meant, write it anew with RECORD=1 cargo test --test blackbox faults\n\
         seen only: {missing:#?}\nwritten only: {stale:#?}"
    );
}
