//! Cells in columns.

use console::measure_text_width;

/// A line for each row of cells, two spaces between columns, those of `right` aligned to the right.
pub(super) fn aligned(rows: &[Vec<String>], right: &[usize]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().filter_map(|cells| cells.get(column)).map(|cell| width(cell)).max().unwrap_or_default()
        })
        .collect();
    let line = |cells: &Vec<String>| {
        let cells = cells.iter().zip(&widths).enumerate().map(|(column, (cell, widest))| {
            let space = " ".repeat(widest.saturating_sub(width(cell)));
            if right.contains(&column) { format!("{space}{cell}") } else { format!("{cell}{space}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Columns that a text takes in a terminal.
pub(super) fn width(text: &str) -> usize {
    measure_text_width(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_the_terminal_shows_them() {
        let rows = [["a", "1"], ["任务", "20"], ["é…", "300"]].map(|cells| cells.map(str::to_owned).to_vec());
        assert_eq!(aligned(&rows, &[1]), ["a       1", "任务   20", "é…    300"]);
        assert!(aligned(&[], &[]).is_empty());
    }
}
