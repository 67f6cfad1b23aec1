//! Figures and foreign text as people see them.

use gateway_core::text::shorten;

use super::reading::{ReadFailure, ReadRow};

/// `1.40 ms`.
pub(super) fn milliseconds(value: f64) -> String {
    format!("{value:.2} ms")
}

/// In bytes up to 10 KiB, from where on the last digit says little.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..10_485_760 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

/// What came back over all rounds: `200`, or `200 ×48, 500 ×1, failed ×1` where it was not always the same.
pub(super) fn statuses(row: &ReadRow) -> String {
    let answers = &row.answers;
    let mut counts: Vec<_> = answers.statuses.iter().map(|(status, count)| (status.to_string(), count)).collect();
    if answers.failed > 0 {
        counts.push(("failed".to_owned(), answers.failed));
    }
    match counts.as_slice() {
        [] => row.status.map_or_else(|| "–".to_owned(), |status| status.to_string()),
        [(only, _)] => only.clone(),
        _ => counts.iter().map(|(what, count)| format!("{what} ×{count}")).collect::<Vec<_>>().join(", "),
    }
}

/// The gateway's error, its message, and its reason where the message does not say it.
pub(super) fn failure(failure: &ReadFailure) -> String {
    let mut text = format!("{}: {}", failure.error, failure.message);
    if let Some(reason) = failure.reason.as_ref().filter(|reason| !failure.message.contains(&***reason)) {
        text = format!("{text}: {reason}");
    }
    text
}

/// The text without what would steer a terminal: control characters and those that turn the direction of writing.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let turns =
            matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Of texts that belong together at most `most` characters each, beginning shortly before the first character in which they differ, so that
/// long texts with the same beginning do not look the same.
pub(super) fn excerpts(texts: &[Option<&str>], most: usize) -> Vec<Option<String>> {
    let some: Vec<Vec<char>> = texts.iter().flatten().map(|text| text.chars().collect()).collect();
    let same = match some.split_first() {
        Some((first, others)) if !others.is_empty() => others
            .iter()
            .map(|other| first.iter().zip(other).take_while(|(one, other)| one == other).count())
            .min()
            .unwrap_or_default(),
        _ => 0,
    };
    let long = some.iter().any(|text| text.len() > most);
    let skipped = if long && same >= most { same.saturating_sub(most / 2) } else { 0 };
    let excerpt = |text: &str| match skipped {
        0 => shorten(text, most),
        _ => format!("…{}", shorten(&text.chars().skip(skipped).collect::<String>(), most)),
    };
    texts.iter().map(|text| text.map(excerpt)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(plain("a\x1b[31m\u{9b}\u{202e}é\n"), "a\\u{1b}[31m\\u{9b}\\u{202e}é\\u{a}");
    }

    #[test]
    fn sizes() {
        for (bytes, text) in [(0, "0 B"), (10_239, "10239 B"), (10_240, "10 KiB"), (1 << 30, "1024 MiB")] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn excerpts_show_where_texts_differ() {
        let texts = ["0123456789abc", "0123456789xyz"];
        for (texts, most, expected) in [
            (vec![Some("abc"), None], 2, vec![Some("ab…"), None]),
            (vec![Some(texts[0]), Some(texts[1])], 20, vec![Some(texts[0]), Some(texts[1])]),
            (vec![Some(texts[0]), None, Some(texts[1])], 6, vec![Some("…789abc"), None, Some("…789xyz")]),
            (vec![Some("012345"), Some("0123456789")], 6, vec![Some("…345"), Some("…345678…")]),
            (vec![], 6, vec![]),
        ] {
            let shown = excerpts(&texts, most);
            assert_eq!(shown.iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{texts:?}");
        }
    }
}
