//! Names of files that hold the values of a key-value store, one file for each key.
//!
//! `backend:cf-d1` is kept in `backend%3Acf-d1.json`. What is not a lowercase letter, a digit, `-` or `_` is percent-encoded (RFC 3986 §2.1).
//! So no two keys share a file, not even where file names are compared without case, and no name leads out of the folder or is special
//! to a system: it holds neither dot nor slash before its extension.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What every such name ends with. Files with other names are no entries.
pub const EXTENSION: &str = ".json";

const ENCODED: AsciiSet = {
    let mut set = NON_ALPHANUMERIC.remove(b'-').remove(b'_');
    let mut letter = b'A';
    while letter <= b'Z' {
        set = set.add(letter);
        letter = letter.saturating_add(1);
    }
    set
};

/// The name of the file that holds the value of `key`.
pub fn of_key(key: &str) -> String {
    format!("{}{EXTENSION}", utf8_percent_encode(key, &ENCODED))
}

/// The key whose value a file of this name holds; `None` for a file that is no entry.
pub fn to_key(name: &str) -> Option<String> {
    let key = percent_decode_str(name.strip_suffix(EXTENSION)?).decode_utf8().ok()?;
    // Another spelling of the same key would be listed and never be found.
    (of_key(&key) == name).then(|| key.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 14] = [
        "backend:cf-d1",
        "health:local:bun-sqlite",
        "",
        ".",
        "..",
        "../../etc/passwd",
        "/absolute",
        "back\\slash",
        "nul\0byte",
        "a%3Ab",
        "backend:A",
        "backend:a",
        "backend:ü€😀",
        "c:\\con.json",
    ];

    #[test]
    fn a_key_comes_back_from_its_file_name() {
        for key in KEYS {
            assert_eq!(to_key(&of_key(key)).as_deref(), Some(key), "{}", of_key(key));
        }
        assert_eq!(of_key("backend:cf-d1"), "backend%3Acf-d1.json");
    }

    #[test]
    fn no_name_is_special_to_a_file_system() {
        for key in KEYS {
            let name = of_key(key);
            let stem = name.strip_suffix(EXTENSION).unwrap();
            assert!(stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_%".contains(&byte)), "{name}");
        }
    }

    #[test]
    fn keys_stay_apart_where_case_does_not_count() {
        for one in KEYS {
            for other in KEYS {
                assert_eq!(of_key(one).eq_ignore_ascii_case(&of_key(other)), one == other, "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn other_files_are_no_entries() {
        for name in [
            "backend%3Acf-d1",
            "backend%3Acf-d1.json~",
            "backend%3acf-d1.json",
            "backend:cf-d1.json",
            "backend%3Acf%2Dd1.json",
            "%ff.json",
            "%.json",
            "Notes.json",
            ".json.swp",
        ] {
            assert_eq!(to_key(name), None, "{name}");
        }
    }
}
