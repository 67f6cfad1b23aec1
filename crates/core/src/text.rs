//! Texts looked through and taken apart, in less code and fewer instructions than the standard library's general ways: every request comes through
//! here, and the component is compiled for size.

/// Whether `holds` is true of every byte. Texts are short, so that the end is as near as the first byte that differs.
#[inline(always)]
pub(crate) fn all(text: &[u8], holds: impl Fn(u8) -> bool) -> bool {
    let mut result = true;
    for byte in text {
        result &= holds(*byte);
    }
    result
}

/// Whether two names are the same in any case. Nearly always they are the same byte for byte, which is found faster.
pub(crate) fn same_name(one: &str, other: &str) -> bool {
    one.len() == other.len() && (one == other || one.eq_ignore_ascii_case(other))
}

/// What stands before and behind the first `separator`.
pub(crate) fn split_once<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let at = text.as_bytes().windows(separator.len()).position(|part| part == separator.as_bytes())?;
    Some((text.get(..at)?, text.get(at.checked_add(separator.len())?..)?))
}

/// `text`, cut after `most` characters.
pub fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_nothing_is_true() {
        assert!(all(b"", |_| false));
        assert!(all(b"aaa", |byte| byte == b'a'));
        for text in [b"baa", b"aba", b"aab"] {
            assert!(!all(text, |byte| byte == b'a'));
        }
    }

    #[test]
    fn names_differ_by_more_than_case() {
        assert!(same_name("x-backend", "x-backend") && same_name("X-Backend", "x-backEnd") && same_name("", ""));
        assert!(!same_name("x-backend", "x-backen") && !same_name("x-backend", "x_backend"));
    }

    #[test]
    fn splits_as_the_standard_library_does() {
        for text in ["", ":", "://", "a://b", "http://a://b", "é://ü", "a:/b", "::///", "a://"] {
            for separator in ["://", "..", "{{"] {
                assert_eq!(split_once(text, separator), text.split_once(separator), "{text}");
            }
        }
    }
}
