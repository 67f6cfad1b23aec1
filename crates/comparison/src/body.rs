//! A body as it is read: kept while it is small, so that hashing and comparing come after the exchange; hashed as it streams once it is not.

use gateway_core::limits::MAX_KEPT_BODY;
use sha2::{Digest as _, Sha256};

/// A body that was read, as far as it came.
#[derive(Debug, Clone)]
pub struct Body(State);

#[derive(Debug, Clone)]
enum State {
    Kept(Vec<u8>),
    Streamed { hash: Sha256, size: u64 },
}

impl Default for Body {
    fn default() -> Self {
        Body(State::Kept(Vec::new()))
    }
}

impl Body {
    /// Nothing yet, with room for a body of this length, where it is known and will be kept.
    pub fn with_room(length: Option<u64>) -> Self {
        let length = length.and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= MAX_KEPT_BODY);
        Body(State::Kept(Vec::with_capacity(length.unwrap_or_default())))
    }

    /// Takes in the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Kept(kept) if kept.len().saturating_add(bytes.len()) <= MAX_KEPT_BODY => {
                kept.extend_from_slice(bytes)
            }
            State::Kept(kept) => {
                let size = (kept.len() as u64).saturating_add(bytes.len() as u64);
                let hash = Sha256::new().chain_update(&*kept).chain_update(bytes);
                self.0 = State::Streamed { hash, size };
            }
            State::Streamed { hash, size } => {
                hash.update(bytes);
                *size = size.saturating_add(bytes.len() as u64);
            }
        }
    }

    /// The bytes so far.
    pub fn size(&self) -> u64 {
        match &self.0 {
            State::Kept(kept) => kept.len() as u64,
            State::Streamed { size, .. } => *size,
        }
    }

    /// Whether it was too large to be kept, so that hashing took part of the time in which it was read.
    pub fn is_streamed(&self) -> bool {
        matches!(self.0, State::Streamed { .. })
    }

    /// The SHA-256 so far.
    pub fn sha256(&self) -> [u8; 32] {
        match &self.0 {
            State::Kept(kept) => Sha256::digest(kept).into(),
            State::Streamed { hash, .. } => hash.clone().finalize().into(),
        }
    }

    /// All bytes, where they were kept.
    pub fn into_kept(self) -> Option<Vec<u8>> {
        match self.0 {
            State::Kept(kept) => Some(kept),
            State::Streamed { .. } => None,
        }
    }
}

/// A hash as hex digits.
pub(super) fn hex(hash: &[u8]) -> String {
    hash.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_kept_up_to_its_limit_and_hashed_alike() {
        for (size, kept) in [(0, true), (MAX_KEPT_BODY, true), (MAX_KEPT_BODY.saturating_add(1), false)] {
            let bytes = vec![7; size];
            let mut body = Body::with_room(Some(size as u64));
            bytes.chunks(60_000).for_each(|chunk| body.push(chunk));
            assert_eq!((body.size(), body.is_streamed()), (size as u64, !kept));
            assert_eq!(body.sha256(), <[u8; 32]>::from(Sha256::digest(&bytes)), "{size}");
            assert_eq!(body.into_kept().is_some(), kept);
        }
    }

    #[test]
    fn a_length_that_is_only_claimed_takes_no_memory() {
        for (length, room) in [(None, 0), (Some(u64::MAX), 0), (Some(7), 7)] {
            let Body(State::Kept(kept)) = Body::with_room(length) else { panic!("nothing is streamed yet") };
            assert_eq!(kept.capacity(), room, "{length:?}");
        }
    }

    #[test]
    fn hex_digits() {
        assert_eq!(hex(&[0x0f, 0xa0]), "0fa0");
    }
}
