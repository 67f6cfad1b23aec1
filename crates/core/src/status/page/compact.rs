//! Style and script without what is there for people alone: the indentation, and comments that begin a line. Done when
//! compiling, because all of the page's bytes are part of the component.

/// The text, in as much of `N` bytes as it takes, and how much it takes: `compact::<0>` tells the size.
#[allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "runs when compiling, where a mistake is an error of the compiler"
)]
pub(super) const fn compact<const N: usize>(text: &str) -> ([u8; N], usize) {
    let (mut out, mut size) = ([0; N], 0);
    let (mut rest, mut line_start, mut comment) = (text.as_bytes(), true, false);
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match (byte, tail) {
            (b'*', [b'/', b'\n', behind @ ..]) if comment => (rest, comment, line_start) = (behind, false, true),
            _ if comment => {}
            (b' ', _) if line_start => {}
            (b'/', [b'*', ..]) if line_start => comment = true,
            _ => {
                if size < N {
                    out[size] = *byte;
                }
                size += 1;
                line_start = *byte == b'\n';
            }
        }
    }
    (out, size)
}

/// A file as a compact text.
macro_rules! compact_file {
    ($file:literal) => {{
        const TEXT: &str = include_str!($file);
        const SIZE: usize = compact::<0>(TEXT).1;
        const BYTES: [u8; SIZE] = compact::<SIZE>(TEXT).0;
        match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => "",
        }
    }};
}
pub(super) use compact_file;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_people_alone_goes() {
        let text = "  a {\n    b: 'c  d'; /* stays */\n/* one */\n  /* two\n     lines */\n  e\n\n}";
        let expected = "a {\nb: 'c  d'; /* stays */\ne\n\n}";
        let (bytes, size) = compact::<100>(text);
        assert_eq!((bytes.get(..size), size), (Some(expected.as_bytes()), compact::<0>(text).1));
    }
}
