//! The whole times as an SVG chart: a bar per backend up to its median, a thin line from the least value to the 95th
//! percentile.
//!
//! Colours follow the reader's light or dark setting. The background is part of the picture, so that it is readable
//! where the page is otherwise.

use gateway_core::text::shorten;

use super::terminal::milliseconds;
use gateway_comparison::report::{Report, ReportRow, SpreadMs};

/// Lengths, in pixels.
const WIDTH: f64 = 760.0;
const LEFT: f64 = 210.0;
const RIGHT: f64 = 100.0;
const TOP: f64 = 66.0;
const BAR: f64 = 18.0;
const STEP: f64 = 30.0;

/// Characters of the path in the heading, which has one line.
const MAX_HEADING: usize = 80;

const STYLE: &str = "
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 15px; font-weight: 600; }
  .soft { fill: #59636e; } .bad { fill: #b3261e; }
  .ground { fill: #ffffff; stroke: #d1d9e0; }
  .axis { stroke: #d1d9e0; } .whisker { stroke: #1f2328; stroke-width: 1.5; }
  .bar { fill: #8c959f; } .fastest { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .soft { fill: #9198a1; } .bad { fill: #ff9a9f; }
    .ground { fill: #0d1117; stroke: #3d444d; }
    .axis { stroke: #3d444d; } .whisker { stroke: #f0f6fc; }
    .bar { fill: #59636e; } .fastest { fill: #4493f8; }
  }
";

/// The text of the SVG file.
pub(super) fn render(report: &Report) -> String {
    let largest = report
        .backends
        .iter()
        .filter_map(ReportRow::total)
        .map(|total| total.p95.max(total.median))
        .fold(0.0, f64::max);
    let scale = if largest > 0.0 { (WIDTH - LEFT - RIGHT) / largest } else { 0.0 };
    let mut body = String::new();
    let mut y = TOP;
    for row in &report.backends {
        let label = row.label();
        let fastest = report.summary.fastest.as_deref() == Some(&label);
        let middle = y + BAR / 2.0;
        body.push_str(&format!(
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
            LEFT - 10.0,
            middle + 4.5,
            escape(&label)
        ));
        body.push_str(&match row.total() {
            Some(total) => bar(total, if fastest { "fastest" } else { "bar" }, y, scale),
            None => {
                let reason = row.error.as_ref().map_or("no answer", |error| error.body.error.as_str());
                format!(
                    "<text class=\"bad\" x=\"{:.0}\" y=\"{:.1}\">{}</text>\n",
                    LEFT + 8.0,
                    middle + 4.5,
                    escape(reason)
                )
            }
        });
        y += STEP;
    }
    let height = y + 10.0;
    let (request, runs) = (&report.request, &report.runs);
    let rounds = if runs.done == 1 { "1 round".to_owned() } else { format!("{} rounds", runs.done) };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" role=\"img\">
<title>Time to the whole answer of each backend</title>
<style>{STYLE}</style>
<rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"6\"/>
<text class=\"title\" x=\"16\" y=\"28\">{}</text>
<text class=\"soft\" x=\"16\" y=\"48\">time to the whole answer, {rounds}; bar: median, line: least to 95th percentile</text>
<line class=\"axis\" x1=\"{LEFT:.0}\" y1=\"{:.0}\" x2=\"{LEFT:.0}\" y2=\"{y:.0}\"/>
{body}</svg>
",
        WIDTH - 1.0,
        height - 1.0,
        escape(&format!("{} {}", request.method, shorten(&request.path, MAX_HEADING))),
        TOP - 6.0,
    )
}

fn bar(total: SpreadMs, class: &str, y: f64, scale: f64) -> String {
    let middle = y + BAR / 2.0;
    let at = |value: f64| LEFT + value * scale;
    format!(
        "<rect class=\"{class}\" x=\"{LEFT:.0}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR:.0}\" rx=\"3\"/>
<line class=\"whisker\" x1=\"{:.1}\" y1=\"{middle:.1}\" x2=\"{:.1}\" y2=\"{middle:.1}\"/>
<text x=\"{:.1}\" y=\"{:.1}\">{}</text>
",
        total.median * scale,
        at(total.min),
        at(total.p95),
        at(total.p95.max(total.median)) + 8.0,
        middle + 4.5,
        milliseconds(total.median),
    )
}

/// Text between tags; what XML forbids becomes U+FFFD.
fn escape(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { '\u{fffd}' } else { c })
        .collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
