//! The ratios as an SVG chart for the README: bars per workload, nginx as the line they are measured by.
//!
//! Colours follow the reader's light or dark setting; the background is part of the picture, so that it is readable where the page is otherwise.

use crate::peers;
use crate::results::Results;
use crate::stats::Spread;

/// What is shown, in this order: workloads, or large bodies.
const GROUPS: [(&str, &str); 5] = [
    ("get-180-c64", "GET, 180 bytes, 64 connections"),
    ("get-64k-c64", "GET, 64 KiB, 64 connections"),
    ("post-10k-c64", "POST, 10 KiB, 64 connections"),
    ("download", "one large body to the client"),
    ("upload", "one large body to the backend"),
];
/// Who is shown, with a class of the style sheet.
const BARS: [(&str, &str); 5] = [
    ("gateway-reused", "ours"),
    ("gateway-fresh", "ours-fresh"),
    ("pass-through-reused", "floor"),
    ("pass-through-fresh", "floor-fresh"),
    ("worker", "other"),
];

/// Lengths, in pixels.
const WIDTH: f64 = 760.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 60.0;
const TOP: f64 = 64.0;
const BAR: f64 = 14.0;
const STEP: f64 = 19.0;
const HEAD: f64 = 26.0;
const GAP: f64 = 12.0;

const STYLE: &str = "
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 14px; font-weight: 600; }
  .soft { fill: #59636e; }
  .ground { fill: #ffffff; stroke: #d1d9e0; }
  .line { stroke: #59636e; }
  .ours { fill: #0969da; } .ours-fresh { fill: #79b8ff; }
  .floor { fill: #8c959f; } .floor-fresh { fill: #c4cbd2; } .other { fill: #bc8c00; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .soft { fill: #9198a1; }
    .ground { fill: #0d1117; stroke: #3d444d; } .line { stroke: #9198a1; }
    .ours { fill: #4493f8; } .ours-fresh { fill: #1f4f8f; }
    .floor { fill: #7d8590; } .floor-fresh { fill: #484f58; } .other { fill: #d29922; }
  }
";

/// The text of the SVG file.
pub(crate) fn render(results: &Results) -> String {
    let groups: Vec<_> =
        GROUPS.iter().map(|(id, title)| (*title, bars(results, id))).filter(|(_, bars)| !bars.is_empty()).collect();
    let largest = groups.iter().flat_map(|(_, bars)| bars).map(|(_, _, ratio)| ratio.max).fold(1.0, f64::max);
    let scale = (WIDTH - LEFT - RIGHT) / largest;
    let mut body = String::new();
    let mut y = TOP;
    for (title, bars) in &groups {
        body.push_str(&format!("<text class=\"title\" x=\"16\" y=\"{:.0}\">{title}</text>\n", y + 14.0));
        y += HEAD;
        let below = bars.iter().fold(y, |y, _| y + STEP);
        body.push_str(&format!(
            "<line class=\"line\" x1=\"{LEFT:.0}\" y1=\"{:.0}\" x2=\"{LEFT:.0}\" y2=\"{below:.0}\"/>\n",
            y - STEP + BAR
        ));
        for (name, class, ratio) in bars {
            body.push_str(&bar(name, class, *ratio, y, scale));
            y += STEP;
        }
        y += GAP;
    }
    let height = y + 24.0;
    let nginx = LEFT + scale;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"{WIDTH:.0}\" height=\"{height:.0}\" role=\"img\">
<title>Requests or bytes per second as a part of what nginx does as the same proxy</title>
<style>{STYLE}</style>
<rect class=\"ground\" x=\"0.5\" y=\"0.5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"6\"/>
<text class=\"title\" x=\"16\" y=\"28\">Per second, as a part of what nginx does as the same proxy</text>
<text class=\"soft\" x=\"16\" y=\"46\">{}</text>
<line class=\"line\" stroke-dasharray=\"4 3\" x1=\"{nginx:.1}\" y1=\"{TOP:.0}\" x2=\"{nginx:.1}\" y2=\"{:.0}\"/>
<text class=\"soft\" x=\"{nginx:.1}\" y=\"{:.0}\" text-anchor=\"middle\">nginx = 1</text>
{body}</svg>
",
        WIDTH - 1.0,
        height - 1.0,
        escape(&format!(
            "{} cores of {}, {}; medians, the thin line from the smallest to the largest round",
            results.machine.cores, results.machine.cpu, results.machine.date
        )),
        y - GAP,
        y + 8.0,
    )
}

fn bars(results: &Results, id: &str) -> Vec<(&'static str, &'static str, Spread)> {
    BARS.into_iter()
        .filter_map(|(peer, class)| {
            let ratio = match id {
                "download" | "upload" => results.transfer(id, peer)?.1?,
                workload => results.summary(workload, peer)?.to_nginx?,
            };
            Some((peers::name(peer), class, ratio))
        })
        .collect()
}

fn bar(name: &str, class: &str, ratio: Spread, y: f64, scale: f64) -> String {
    let middle = y + BAR / 2.0;
    let at = |value: f64| LEFT + value * scale;
    format!(
        "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>
<rect class=\"{class}\" x=\"{LEFT:.0}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR:.0}\" rx=\"2\"/>
<line class=\"line\" x1=\"{:.1}\" y1=\"{middle:.1}\" x2=\"{:.1}\" y2=\"{middle:.1}\"/>
<text x=\"{:.1}\" y=\"{:.1}\">{:.2}</text>
",
        LEFT - 8.0,
        middle + 4.0,
        escape(name),
        ratio.median * scale,
        at(ratio.min),
        at(ratio.max),
        at(ratio.max) + 6.0,
        middle + 4.0,
        ratio.median,
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::{run, some};

    #[test]
    fn bars_are_as_long_as_their_ratio() {
        let svg = render(&some(vec![
            run(0, "nginx", 1000.0, 100.0),
            run(0, "gateway-reused", 500.0, 130.0),
            run(0, "gateway-fresh", 250.0, 150.0),
        ]));
        // 450 pixels are one nginx.
        assert!(svg.contains("class=\"ours\" x=\"250\" y=\"90.0\" width=\"225.0\""), "{svg}");
        assert!(svg.contains("class=\"ours-fresh\" x=\"250\" y=\"109.0\" width=\"112.5\""), "{svg}");
        assert!(svg.contains(">0.50</text>") && svg.contains("GET, 180 bytes, 64 connections"), "{svg}");
        assert!(!svg.contains("POST"), "what was not measured is not shown");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains("Tom &amp; Jerry"), "{svg}");
    }
}
