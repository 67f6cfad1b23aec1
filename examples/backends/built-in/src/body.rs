//! Request bodies within limits: a length is only a promise, and a chunked body does not even make one.

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

/// Bytes of a request body; a larger one is answered with 413.
pub(crate) const MAX_BODY: usize = 1 << 20;
/// How much of a body that is not used is read. A server that leaves a part unread closes the connection, and a client that is still sending
/// can miss the answer.
const MAX_DISCARDED: usize = 16 * MAX_BODY;

/// The text of the body, with U+FFFD for what is not UTF-8. `None`: it is larger than [`MAX_BODY`].
///
/// # Errors
///
/// The body broke off.
pub(crate) async fn text_of(body: &mut Incoming) -> Result<Option<String>, hyper::Error> {
    let mut bytes = Vec::new();
    let size = read(body, |data| {
        if bytes.len().saturating_add(data.len()) <= MAX_BODY {
            bytes.extend_from_slice(data);
        }
    })
    .await?;
    Ok((size <= MAX_BODY).then(|| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Lets a body go that was not asked for: the next request on the connection may be on its way already.
pub(crate) async fn discard(body: &mut Incoming) {
    // It may break off; the answer does not depend on it.
    drop(read(body, |_| {}).await);
}

/// Reads the body, as far as it is worth it, and returns how large it is at least.
async fn read(body: &mut Incoming, mut take: impl FnMut(&[u8])) -> Result<usize, hyper::Error> {
    let promised = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if promised > MAX_DISCARDED {
        return Ok(promised);
    }
    let mut size: usize = 0;
    while size <= MAX_DISCARDED
        && let Some(frame) = body.frame().await
    {
        if let Some(data) = frame?.data_ref() {
            size = size.saturating_add(data.len());
            take(data);
        }
    }
    Ok(size)
}

/// JSON with U+FFFD for each half of a surrogate pair that stands alone: JSON can spell it, UTF-8 cannot.
pub(crate) fn well_formed(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        text.push('\\');
        let is_pair = matches!(code_unit(escape), Some(0xD800..=0xDBFF))
            && matches!(
                escape.get(5..).and_then(|second| code_unit(second.strip_prefix('\\')?)),
                Some(0xDC00..=0xDFFF)
            );
        let (length, kept) = match code_unit(escape) {
            Some(0xD800..=0xDFFF) if !is_pair => (5, Some("ufffd")),
            Some(0xD800..=0xDFFF) => (11, None),
            // What is escaped may be a backslash.
            _ => (escape.chars().next().map_or(0, char::len_utf8), None),
        };
        let (escaped, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        text.push_str(kept.unwrap_or(escaped));
        rest = after;
    }
    text.push_str(rest);
    text
}

/// The code unit of an escape such as `ud83e`, whose backslash is gone.
fn code_unit(escape: &str) -> Option<u16> {
    u16::from_str_radix(escape.strip_prefix('u')?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::well_formed;

    #[test]
    fn only_half_pairs_are_replaced() {
        for (given, expected) in [
            (r#""plain""#, r#""plain""#),
            (r#""\ud83e\udd80""#, r#""\ud83e\udd80""#),
            (r#""a\uD83Eb""#, r#""a\ufffdb""#),
            (r#""\udd80\ud83e""#, r#""\ufffd\ufffd""#),
            (r#""\udd80\udd80""#, r#""\ufffd\ufffd""#),
            (r#""\ud83e\ud83e\udd80""#, r#""\ufffd\ud83e\udd80""#),
            (r#""\\ud83e \n\u00e9""#, r#""\\ud83e \n\u00e9""#),
            (r#""\ud83e\\udd80""#, r#""\ufffd\\udd80""#),
            (r#""\ud83"#, r#""\ud83"#),
            (r#""\ué""#, r#""\ué""#),
            (r#""\"#, r#""\"#),
        ] {
            assert_eq!(well_formed(given), expected, "{given}");
        }
    }
}
