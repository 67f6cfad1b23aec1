//! A body as it streams past: counted, hashed, and kept while it is small and somebody wants to compare it.

use crate::limits::MAX_KEPT_BODY;
use sha2::{Digest as _, Sha256};

/// A body that was read, as far as it came.
#[derive(Debug, Clone)]
pub struct Body {
    hash: Sha256,
    size: u64,
    kept: Option<Vec<u8>>,
}

impl Body {
    /// An empty body. Its bytes are kept where `keep` says so, up to [`MAX_KEPT_BODY`] of them, and not at all where `length`, if it is known, exceeds
    /// that.
    pub fn new(keep: bool, length: Option<u64>) -> Self {
        let fits = length.is_none_or(|length| length <= MAX_KEPT_BODY as u64);
        Body { hash: Sha256::new(), size: 0, kept: (keep && fits).then(Vec::new) }
    }

    /// Takes in the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.size = self.size.saturating_add(bytes.len() as u64);
        match &mut self.kept {
            Some(kept) if self.size <= MAX_KEPT_BODY as u64 => kept.extend_from_slice(bytes),
            _ => self.kept = None,
        }
    }

    /// The bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The SHA-256 so far, as hex digits.
    pub fn sha256(&self) -> String {
        let hash = self.hash.clone().finalize();
        hash.iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    }

    /// All bytes, where they were kept.
    pub fn into_kept(self) -> Option<Vec<u8>> {
        self.kept
    }
}
