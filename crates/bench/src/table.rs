//! The results as tables on the terminal.

use crate::peers;
use crate::results::Results;
use crate::stats::Spread;
use crate::units::{bytes, count, micros, ratio, spread};

/// The text: a table per workload, then the heavy ones, then what was left out.
pub(crate) fn render(results: &Results) -> String {
    let mut text = String::new();
    let mut titles: Vec<&str> = Vec::new();
    for summary in &results.summaries {
        if !titles.contains(&summary.workload.as_str()) {
            titles.push(&summary.workload);
        }
    }
    for title in titles {
        let mut rows = vec![row([
            "",
            "requests/s",
            "p50",
            "p99",
            "CPU/request (of nginx)",
            "of nginx",
            "p50 above nginx",
            "of counterpart",
            "",
        ])];
        for summary in results.summaries.iter().filter(|summary| summary.workload == title) {
            let dash = || "–".to_owned();
            rows.push(vec![
                summary.peer.to_owned(),
                spread(summary.requests_per_second, count),
                micros(summary.p50_micros.median),
                micros(summary.p99_micros.median),
                results.cpu(summary).unwrap_or_else(dash),
                summary.to_nginx.map_or_else(dash, ratio),
                summary.p50_above_nginx_micros.map_or_else(dash, |above| micros(above.median)),
                summary.to_counterpart.map_or_else(dash, ratio),
                if summary.errors > 0.0 { format!("{} errors", count(summary.errors)) } else { String::new() },
            ]);
        }
        text.push_str(&section(title, &rows));
    }
    for direction in ["download", "upload"] {
        let mut rows = vec![row(["", "per second", "of nginx", "memory rise", "memory peak"])];
        for peer in peers::PEERS {
            let Some((rate, to_nginx)) = results.transfer(direction, peer.id) else {
                continue;
            };
            let of_peer = || {
                results
                    .transfers
                    .iter()
                    .filter(move |transfer| transfer.direction == direction && transfer.peer == peer.id)
            };
            let shown = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), |value| bytes(value as f64));
            rows.push(vec![
                peer.id.to_owned(),
                spread(rate, bytes),
                to_nginx.map_or_else(|| "–".to_owned(), ratio),
                shown(of_peer().filter_map(|transfer| transfer.memory_rise).max()),
                shown(of_peer().filter_map(|transfer| transfer.memory_peak).max()),
            ]);
        }
        let size = results.transfers.first().map_or(0.0, |transfer| transfer.bytes as f64);
        text.push_str(&section(&format!("{direction} of {}", bytes(size)), &rows));
    }
    let mut rows =
        vec![row(["", "open at once", "errors", "all open after", "all answered after", "memory/request", ""])];
    for held in &results.held {
        rows.push(vec![
            held.peer.to_owned(),
            format!("{} of {}", count(held.open_at_once as f64), count(held.requests as f64)),
            count(held.errors as f64),
            held.seconds_until_open.map_or_else(|| "–".to_owned(), |seconds| format!("{seconds:.2} s")),
            format!("{:.2} s", held.seconds),
            held.memory_per_request.map_or_else(|| "–".to_owned(), bytes),
            held.first_error.clone().unwrap_or_default(),
        ]);
    }
    text.push_str(&section("open requests", &rows));
    let mut rows = vec![row(["", "to the first answer"])];
    for (cached, title) in [(true, "compiled code at hand"), (false, "without compiled code")] {
        if let Some(start) = results.start(cached) {
            rows.push(vec![title.to_owned(), spread(start, micros)]);
        }
    }
    if let Some(spent) = Spread::of(results.instantiations.iter().copied()) {
        rows.push(vec!["an instance, created and let go".to_owned(), spread(spent, micros)]);
    }
    text.push_str(&section("start of the host", &rows));
    for note in &results.notes {
        text.push_str(&format!("{note}\n"));
    }
    text
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// A heading and aligned columns; nothing where there are no rows below the head.
fn section(title: &str, rows: &[Vec<String>]) -> String {
    if rows.len() < 2 {
        return String::new();
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
        })
        .collect();
    let mut text = format!("{title}\n");
    for row in rows {
        let mut line = String::from(" ");
        for (index, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Names on the left, numbers on the right.
            match index {
                0 => line.push_str(&format!(" {cell:<width$}")),
                _ => line.push_str(&format!("  {cell:>width$}")),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [row(["", "requests/s"]), row(["nginx", "9 µs"]), row(["x", ""])];
        assert_eq!(section("title", &rows), "title\n         requests/s\n  nginx        9 µs\n  x\n\n");
        assert_eq!(section("title", &rows[..1]), "");
    }
}
