//! Inputs as lines.

use gateway_core::fields::Field;

/// The first `N - 1` lines, and the rest; what is missing is empty.
pub(crate) fn lines<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut parts = data.splitn(N, |byte| *byte == b'\n');
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// The same as text; `None` where one of them is not UTF-8.
pub(crate) fn text_lines<const N: usize>(data: &[u8]) -> Option<[&str; N]> {
    let parts = lines::<N>(data).map(std::str::from_utf8);
    parts.iter().all(Result::is_ok).then(|| parts.map(Result::unwrap_or_default))
}

/// Fields, one `name: value` a line. Values may hold any byte but a line feed.
pub(crate) fn fields(data: &[u8]) -> Vec<Field> {
    let lines = data.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let mut parts = line.splitn(2, |byte| *byte == b':');
            let name = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
            let value = parts.next().unwrap_or_default();
            (name, value.strip_prefix(b" ").unwrap_or(value).to_vec())
        })
        .collect()
}

/// The values of the fields called `name`, which is in lower case.
pub(crate) fn named(fields: &[Field], name: &str) -> Vec<Vec<u8>> {
    fields.iter().filter(|field| field.0.to_ascii_lowercase() == name).map(|field| field.1.clone()).collect()
}

/// The elements of list fields that are text.
pub(crate) fn elements(fields: &[Field], name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for value in named(fields, name) {
        if let Ok(text) = String::from_utf8(value) {
            found.extend(text.split(',').map(|element| element.trim().to_owned()));
        }
    }
    found
}

/// Percent-decoding, once; what is no code stays.
pub(crate) fn decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let (mut out, mut at) = (Vec::new(), 0);
    while at < text.len() {
        match (text[at], digit(text.get(at + 1)), digit(text.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}
