//! Numbers that stand for values.

use super::number::Decimal;
use super::string::{around, decoded, time, uuids};

/// What a value is like, as far as that fits into a number: equal values have equal hashes, others mostly have not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Hashes {
    /// Of the value, whatever its notation.
    pub(crate) exact: u64,
    /// Of the value with gaps for UUIDs, times and what is ignored.
    pub(crate) shape: u64,
}

/// The hash of a member's name, as it is written without its quotes.
pub(super) fn name(written: &[u8]) -> u64 {
    mix(5, &decoded(written))
}

/// The hashes of null, true and false.
pub(super) fn word(text: &[u8]) -> Hashes {
    let exact = mix(3, text);
    Hashes { exact, shape: exact }
}

/// The hashes of a string, decoded.
pub(super) fn string(text: &[u8]) -> Hashes {
    let exact = mix(6, text);
    if time(text).is_some() {
        return Hashes { exact, shape: 7 };
    }
    let ids = uuids(text);
    let shape = if ids.is_empty() { exact } else { around(text, &ids).into_iter().fold(8, mix) };
    Hashes { exact, shape }
}

/// The hashes of a number.
pub(super) fn number(text: &[u8]) -> Hashes {
    let mut exact = 10;
    match Decimal::read(text) {
        Some(decimal) => decimal.hash(|bytes| exact = mix(exact, bytes)),
        None => exact = mix(9, text),
    }
    Hashes { exact, shape: exact }
}

/// A hash of `bytes`, beginning with `seed`.
fn mix(seed: u64, bytes: &[u8]) -> u64 {
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
    let length = bytes.len() as u64;
    bytes.chunks(8).fold(scrambled(seed ^ length.rotate_left(32)), |hash, chunk| scrambled(hash ^ word(chunk)))
}

/// One number for another, far away for one that is near (the finaliser of SplitMix64).
pub(crate) fn scrambled(mut number: u64) -> u64 {
    number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}
