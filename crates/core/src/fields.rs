//! HTTP fields as the hosts hand them over: name and raw value, in order, duplicates included.
//!
//! Names arrive in lower case from every known host, but nothing here relies on it.

/// One field line: name and value. Values need not be UTF-8.
pub type Field = (String, Vec<u8>);

/// All values of the fields called `name`, in order.
pub fn values<'a>(fields: &'a [Field], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
}

/// All values of `name` that are text.
pub fn text_values<'a>(fields: &'a [Field], name: &'a str) -> impl Iterator<Item = &'a str> {
    values(fields, name).filter_map(|value| std::str::from_utf8(value).ok())
}

/// The last value of `name`, as text. `None` when there is none or it is not UTF-8.
///
/// The last one matters for `spin-*` fields: the host appends its own after those a client may have forged.
pub fn last_str<'a>(fields: &'a [Field], name: &'a str) -> Option<&'a str> {
    let value = values(fields, name).last()?;
    std::str::from_utf8(value).ok()
}

/// The elements of a comma-separated list field, trimmed, over all its lines (RFC 9110 §5.6.1). Empty elements are kept, so that callers
/// can refuse them; parts that are not UTF-8 are left out.
pub fn list<'a>(fields: &'a [Field], name: &'a str) -> impl Iterator<Item = &'a str> {
    text_values(fields, name).flat_map(|value| value.split(',').map(str::trim))
}

/// Builds a field from text.
pub fn field(name: &str, value: impl Into<String>) -> Field {
    (name.to_owned(), value.into().into_bytes())
}

/// Whether `text` is a field name or another token (RFC 9110 §5.6.2).
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// The most that the fields of one message may take, in bytes, in the accounting of [`accounted_size`].
///
/// Wasmtime traps a guest that builds a larger map (`wasmtime_wasi_http`, default field size limit of 128 KiB), and a trap is an empty 500.
const SIZE_LIMIT: usize = 128 * 1024;

/// What is kept free of [`SIZE_LIMIT`] for the gateway's own fields.
const RESERVE: usize = 4 * 1024;

/// Whether a field is one of the host's notes for the component, `spin-*`. They repeat the path several times, and are never sent on.
pub fn is_host_note(name: &str) -> bool {
    const PREFIX: &str = "spin-";
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// Whether a message with `fields` can be passed on, with the gateway's own fields added. The host's notes do not count.
pub fn fits(fields: &[Field]) -> bool {
    accounted_size(fields) <= SIZE_LIMIT - RESERVE
}

/// What `fields` take in a host's field map: bytes of names and values, plus a fixed cost for each (32 and 40 bytes in wasmtime).
fn accounted_size(fields: &[Field]) -> usize {
    fields
        .iter()
        .filter(|(name, _)| !is_host_note(name))
        .map(|(name, value)| name.len().saturating_add(value.len()).saturating_add(32 + 40))
        .fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Field> {
        vec![field("a", "1, 2"), field("B", "x"), field("A", "3"), ("a".into(), vec![0xff])]
    }

    #[test]
    fn names_match_in_any_case_and_order_is_kept() {
        let fields = sample();
        let got: Vec<_> = values(&fields, "a").collect();
        assert_eq!(got, [&b"1, 2"[..], b"3", &[0xff]]);
        assert_eq!(list(&fields, "a").collect::<Vec<_>>(), ["1", "2", "3"]);
    }

    #[test]
    fn the_last_value_counts() {
        let fields = vec![field("x", "forged"), field("x", "host")];
        assert_eq!(last_str(&fields, "x"), Some("host"));
        assert_eq!(last_str(&sample(), "a"), None, "not UTF-8");
        assert_eq!(last_str(&fields, "y"), None);
    }

    #[test]
    fn what_would_trap_the_host_does_not_fit() {
        let fields = |count| vec![field("x-long", "v".repeat(1_000)); count];
        assert!(fits(&fields(100)));
        assert!(!fits(&fields(120)), "120 times 1,078 bytes leave no reserve");
    }

    #[test]
    fn size_counts_every_field() {
        assert_eq!(accounted_size(&[]), 0);
        assert_eq!(accounted_size(&[field("ab", "c")]), 75);
        assert_eq!(accounted_size(&[field("spin-full-url", "x".repeat(65_000)), field("ab", "c")]), 75);
    }

    #[test]
    fn odd_names_are_no_notes_of_the_host() {
        for odd in ["é", "spiné", "spin"] {
            assert!(!is_host_note(odd), "{odd}");
        }
        assert!(is_host_note("SPIN-x"));
    }

    #[test]
    fn tokens() {
        assert!(is_token("x-Backend_1"));
        for bad in ["", "a b", "a:b", "é", "a\n"] {
            assert!(!is_token(bad), "{bad:?}");
        }
    }
}
