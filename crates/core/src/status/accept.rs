//! Whether a client wants the page or JSON: the `accept` field (RFC 9110 §12.5.1).

/// Whether a client that sent these `accept` fields gets the page instead of JSON.
///
/// HTML has to be acceptable. It then either weighs more than JSON, or the client names it and does not name JSON with
/// at least the same weight. So a browser gets the page; `*/*`, JSON or no field at all get JSON. An element with a
/// malformed weight counts as absent; other parameters are ignored.
pub fn wants_html<'a>(accept_fields: impl Iterator<Item = &'a str>) -> bool {
    let (mut html, mut xhtml, mut any_text, mut json, mut any_application, mut any) =
        (None, None, None, None, None, None);
    for field in accept_fields {
        for element in split_unquoted(field, ',') {
            let mut parts = split_unquoted(element, ';');
            let range = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let slot = match range.as_str() {
                "text/html" => &mut html,
                "application/xhtml+xml" => &mut xhtml,
                "text/*" => &mut any_text,
                "application/json" => &mut json,
                "application/*" => &mut any_application,
                "*/*" => &mut any,
                _ => continue,
            };
            if let Some(weight) = weight(parts) {
                *slot = (*slot).max(Some(weight));
            }
        }
    }
    let named_html: Option<u16> = html.or(xhtml);
    let html = named_html.or(any_text).or(any).unwrap_or(0);
    let any_json: u16 = json.or(any_application).or(any).unwrap_or(0);
    html > 0 && (html > any_json || (named_html.is_some() && json.is_none_or(|json| json < html)))
}

/// The weight among the parameters of a media range, in thousandths: 1000 without one, `None` where it is malformed.
fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> Option<u16> {
    let value = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    let Some(value) = value else { return Some(1000) };
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match whole {
        "0" => format!("{fraction:0<3}").parse().ok(),
        "1" if fraction.bytes().all(|b| b == b'0') => Some(1000),
        _ => None,
    }
}

/// The parts of `text` between separators. A separator in a quoted string (RFC 9110 §5.6.4) does not count.
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let literal = std::mem::take(&mut escaped);
        match c {
            _ if literal => false,
            '\\' => {
                escaped = quoted;
                false
            }
            '"' => {
                quoted = !quoted;
                false
            }
            _ => c == separator && !quoted,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiation() {
        const FIREFOX: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        const CHROMIUM: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,\
                            */*;q=0.8,application/signed-exchange;v=b3;q=0.7";
        let cases: &[(&[&str], bool)] = &[
            (&[], false),
            (&[""], false),
            (&["*/*"], false),
            (&["application/json"], false),
            (&["application/json, text/plain, */*"], false),
            (&["application/*"], false),
            (&["image/png"], false),
            (&[FIREFOX], true),
            (&[CHROMIUM], true),
            (&["text/html"], true),
            (&["TEXT/HTML ; Q=0.5"], true),
            (&["application/xhtml+xml"], true),
            (&["text/html;charset=utf-8"], true),
            (&["text/*"], true),
            (&["text/html, */*"], true),
            (&["text/html;q=0.5, */*;q=0.1"], true),
            // Named, and JSON is not.
            (&["text/html;q=0.5, */*"], true),
            (&["text/html, application/*"], true),
            // Both named: the weights decide, and a tie is JSON.
            (&["text/html, application/json"], false),
            (&["application/json, text/html"], false),
            (&["text/html;q=0.9, application/json;q=0.8"], true),
            (&["text/html;q=0.8, application/json;q=0.9"], false),
            (&["text/html;q=0.8, application/json;q=0.801"], false),
            (&["text/html", "application/json;q=0.5"], true),
            (&["application/json", "text/html;q=0.5"], false),
            (&["application/json;q=0.5, */*"], true),
            (&["application/json;q=0, */*"], true),
            // A weight of 0 means: not acceptable, and the named range overrules the wildcards.
            (&["text/html;q=0"], false),
            (&["text/html;q=0.000, */*"], false),
            (&["text/html;q=0, application/xhtml+xml"], false),
            (&["text/html;q=0, application/json;q=0"], false),
            (&["text/*;q=0, */*"], false),
            // The most specific range counts, whatever the order.
            (&["text/*;q=0.1, application/json;q=0.5, text/html;q=0.7"], true),
            (&["text/html;q=0.3, text/html;level=1"], true),
            // Malformed weights count as absent elements.
            (&["text/html;q=2"], false),
            (&["text/html;q=0.1234"], false),
            (&["text/html;q="], false),
            (&["text/html;q=-1, application/json"], false),
            (&["text/html;q=1.001"], false),
            (&["text/html;q=1.000"], true),
            (&["text/html;q=1."], true),
            // Separators in quoted strings separate nothing.
            (&[r#"text/html;a=",application/json,";q=0.5"#], true),
            (&[r#"application/json;a="\",text/html,""#], false),
            (&[r#"text/html;a=";q=0""#], true),
            (&["text/html;"], true),
            (&[",, text/html ,,"], true),
            (&["text/html2"], false),
        ];
        for (fields, expected) in cases {
            assert_eq!(wants_html(fields.iter().copied()), *expected, "{fields:?}");
        }
    }
}
