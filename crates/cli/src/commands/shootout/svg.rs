//! The whole times as an SVG chart: a bar per backend up to its median, a thin line from the least value to the 95th percentile.
//!
//! Bars are sorted by median, and those of failures are left out. What is far beyond the others leaves the picture with a mark, so that it
//! does not flatten them. Colours follow the reader's light or dark setting. The background is part of the picture, so that it is readable
//! where the page is otherwise.

use gateway_comparison::report::Spread;
use gateway_core::text::shorten;

use super::reading::{ReadReport, ReadRow};
use super::shown::{milliseconds, statuses};
use crate::output::number;

/// Lengths, in pixels.
const WIDTH: f64 = 890.0;
const LEFT: f64 = 210.0;
const RIGHT: f64 = 230.0;
const TOP: f64 = 48.0;
const BAR: f64 = 18.0;
const STEP: f64 = 34.0;
const TEXT: f64 = 18.0;

/// Characters of a line of text.
const MAX_LINE: usize = 110;
/// Sentences of the verdict.
const MAX_WORDS: usize = 4;
/// The longest bar has this many times the length of the shortest; a longer one is cut.
const MAX_RATIO: f64 = 20.0;
/// A line is cut where it is this many times as long as the longest bar.
const MAX_LINE_RATIO: f64 = 2.0;

const STYLE: &str = "
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 15px; font-weight: 600; } .note { font-size: 11px; }
  .soft { fill: #59636e; } .bad { fill: #b3261e; }
  .ground { fill: #ffffff; stroke: #d1d9e0; }
  .axis { stroke: #d1d9e0; } .whisker { fill: none; stroke: #1f2328; stroke-width: 1.5; }
  .bar { fill: #8c959f; } .fastest { fill: #0969da; } .break { fill: none; stroke: #ffffff; stroke-width: 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .soft { fill: #9198a1; } .bad { fill: #ff9a9f; }
    .ground { fill: #0d1117; stroke: #3d444d; }
    .axis { stroke: #3d444d; } .whisker { stroke: #f0f6fc; }
    .bar { fill: #59636e; } .fastest { fill: #4493f8; } .break { stroke: #0d1117; }
  }
";

/// The text of the SVG file.
pub(super) fn render(report: &ReadReport) -> String {
    let rows = report.sorted();
    let limit = limit(&rows.iter().filter_map(|row| row.times).map(|times| times.total_ms).collect::<Vec<_>>());
    let (request, runs) = (&report.request, report.runs);
    let rounds = number(runs.done, "round");
    let mut head = vec![format!("time to the whole answer, {rounds}; bar: median, line: least to 95th percentile")];
    head.extend(report.verdict.words.iter().take(MAX_WORDS).map(ToString::to_string));
    let mut body = String::new();
    let mut y = TOP;
    for text in head {
        body.push_str(&label("soft", "start", 16.0, y, &shorten(&text, MAX_LINE)));
        y += TEXT;
    }
    let top = y;
    for row in rows {
        let class = if report.verdict.is_fastest(row) { "fastest" } else { "bar" };
        body.push_str(&line(row, class, y, limit));
        y += STEP;
    }
    let height = y + 10.0;
    let title = escape(&shorten(&format!("{} {}", request.method, request.path), MAX_LINE));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" role=\"img\">
<title>Time to the whole answer of each backend</title>
<style>{STYLE}</style>
<rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"6\"/>
<text class=\"title\" x=\"16\" y=\"28\">{title}</text>
<line class=\"axis\" x1=\"{LEFT:.0}\" y1=\"{:.0}\" x2=\"{LEFT:.0}\" y2=\"{y:.0}\"/>
{body}</svg>
",
        WIDTH - 1.0,
        height - 1.0,
        top - 6.0,
    )
}

/// The time at the right end of the picture.
fn limit(spreads: &[Spread]) -> f64 {
    let medians = || spreads.iter().map(|spread| spread.median);
    let shortest = medians().fold(f64::INFINITY, f64::min);
    let longest = medians().filter(|median| *median <= shortest * MAX_RATIO).fold(0.0, f64::max);
    let shown = spreads.iter().filter(|spread| spread.median <= longest);
    let furthest = shown.map(|spread| spread.p95.max(spread.median)).fold(0.0, f64::max);
    furthest.min(longest * MAX_LINE_RATIO)
}

fn line(row: &ReadRow, class: &str, y: f64, limit: f64) -> String {
    let middle = y + BAR / 2.0;
    let statuses = statuses(row);
    let plain = row.answers.failed == 0 && row.answers.statuses.iter().all(|(status, _)| status < 400);
    // What is no success, or changed, is said below the name.
    let noted = !plain || row.answers.statuses.changed();
    let mut svg = label("", "end", LEFT - 10.0, if noted { middle - 1.5 } else { middle + 4.5 }, &row.label());
    if noted {
        svg.push_str(&label("note bad", "end", LEFT - 10.0, middle + 12.0, &shorten(&statuses, 40)));
    }
    match row.times {
        Some(times) => svg.push_str(&bar(times.total_ms, times.approximate, class, y, limit)),
        None => {
            let reason = row.error.as_ref().map_or("no time to show", |error| &error.error);
            svg.push_str(&label("bad", "start", LEFT + 8.0, middle + 4.5, &shorten(reason, 60)));
        }
    }
    svg
}

fn bar(total: Spread, approximate: bool, class: &str, y: f64, limit: f64) -> String {
    let middle = y + BAR / 2.0;
    let scale = if limit > 0.0 { (WIDTH - LEFT - RIGHT) / limit } else { 0.0 };
    let length = |value: f64| value.clamp(0.0, limit) * scale;
    let (width, from, to) = (length(total.median), LEFT + length(total.min), LEFT + length(total.p95));
    let mut svg = format!(
        "<rect class=\"{class}\" x=\"{LEFT:.0}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR:.0}\" rx=\"3\"/>
<line class=\"whisker\" x1=\"{from:.1}\" y1=\"{middle:.1}\" x2=\"{to:.1}\" y2=\"{middle:.1}\"/>
"
    );
    let mut text = format!("{}{}", if approximate { "~" } else { "" }, milliseconds(total.median));
    if total.median > limit {
        let (x, bottom) = (LEFT + width - 20.0, y + BAR + 2.0);
        svg.push_str(&format!("<path class=\"break\" d=\"M{x:.1} {bottom:.1} l8 -22\"/>\n"));
    }
    if total.p95 > limit {
        svg.push_str(&format!("<path class=\"whisker\" d=\"M{:.1} {:.1} l6 4 l-6 4\"/>\n", to - 6.0, middle - 4.0));
        text = format!("{text}, p95 {}", milliseconds(total.p95));
    }
    svg.push_str(&label("", "start", to.max(LEFT + width) + 8.0, middle + 4.5, &text));
    svg
}

fn label(class: &str, anchor: &str, x: f64, y: f64, text: &str) -> String {
    let text = escape(text);
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>\n")
}

/// Text between tags; what XML forbids becomes U+FFFD.
fn escape(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { '\u{fffd}' } else { c })
        .collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_far_beyond_the_others_does_not_set_the_scale() {
        let spread = |median, p95| Spread { min: 0.5, median, p95 };
        for (spreads, expected) in [
            (&[][..], 0.0),
            (&[spread(2.0, 2.5)], 2.5),
            (&[spread(2.0, 500.0)], 4.0),
            (&[spread(1.0, 2.0), spread(20.0, 21.0)], 21.0),
            (&[spread(1.0, 1.5), spread(2.0, 3.0), spread(500.0, 900.0)], 3.0),
            (&[spread(0.0, 0.0), spread(0.0, 0.0)], 0.0),
        ] {
            assert!((limit(spreads) - expected).abs() < 1e-9, "{spreads:?}: {}", limit(spreads));
        }
    }
}
