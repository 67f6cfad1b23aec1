//! Texts taken apart. The standard library's search is made for long ones, and takes 4 KB.

/// What stands before and behind the first `separator`.
pub(crate) fn split_once<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let at = text.as_bytes().windows(separator.len()).position(|part| part == separator.as_bytes())?;
    Some((text.get(..at)?, text.get(at.checked_add(separator.len())?..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_the_standard_library_does() {
        for text in ["", ":", "://", "a://b", "http://a://b", "é://ü", "a:/b", "::///", "a://"] {
            for separator in ["://", "..", "{{"] {
                assert_eq!(split_once(text, separator), text.split_once(separator), "{text}");
            }
        }
    }
}
