//! Unpacks gzip (RFC 1952) piece by piece. Only the frame is read here; what is in it is inflated by `miniz_oxide`, without the checksums and their tables,
//! which would add 30 KB to the component: the length at the end of each member is checked.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{
    DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};

/// Bytes that are unpacked at once.
const PIECE: usize = 64 * 1024;

/// A text that is being unpacked.
pub(crate) struct Unpacking {
    packed: Vec<u8>,
    at: usize,
    /// The member at hand, with where its text begins.
    member: Option<(Box<DecompressorOxide>, usize)>,
    text: Vec<u8>,
    limit: usize,
}

/// Why a text cannot be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unpackable {
    Broken,
    TooLarge,
}

impl Unpacking {
    /// Of a text of at most `limit` bytes.
    pub(crate) fn new(packed: Vec<u8>, limit: usize) -> Self {
        Unpacking { packed, at: 0, member: None, text: Vec::new(), limit }
    }

    /// Unpacks a piece; the text once it is whole.
    pub(crate) fn step(&mut self) -> Result<Option<Vec<u8>>, Unpackable> {
        let Some((mut member, start)) = self.member.take() else {
            let rest = self.packed.get(self.at..).unwrap_or_default();
            let header = header_length(rest).ok_or(Unpackable::Broken)?;
            self.at = self.at.saturating_add(header);
            self.member = Some((Box::default(), self.text.len()));
            return Ok(None);
        };
        let written = self.text.len();
        self.text.resize(written.saturating_add(PIECE), 0);
        let packed = self.packed.get(self.at..).unwrap_or_default();
        let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, read, wrote) = decompress(&mut member, packed, &mut self.text, written, flags);
        self.at = self.at.saturating_add(read);
        self.text.truncate(written.saturating_add(wrote));
        if self.text.len() > self.limit {
            return Err(Unpackable::TooLarge);
        }
        match status {
            TINFLStatus::HasMoreOutput => {
                self.member = Some((member, start));
                Ok(None)
            }
            TINFLStatus::Done => self.end_member(start),
            _ => Err(Unpackable::Broken),
        }
    }

    /// A checksum and the length of the member; then the next member, or nothing.
    fn end_member(&mut self, start: usize) -> Result<Option<Vec<u8>>, Unpackable> {
        let trailer = self.packed.get(self.at..).and_then(|rest| rest.get(4..8)).ok_or(Unpackable::Broken)?;
        let length = self.text.len().saturating_sub(start) as u64;
        if trailer != length.to_le_bytes().get(..4).unwrap_or_default() {
            return Err(Unpackable::Broken);
        }
        self.at = self.at.saturating_add(8);
        Ok((self.at == self.packed.len()).then(|| std::mem::take(&mut self.text)))
    }
}

/// The length of a member's header, where one begins.
fn header_length(bytes: &[u8]) -> Option<usize> {
    let [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] = bytes else {
        return None;
    };
    let mut left = rest;
    if flags & 4 != 0 {
        let [low, high, extra @ ..] = left else { return None };
        left = extra.get(usize::from(u16::from_le_bytes([*low, *high]))..)?;
    }
    // A name and a comment, each ended by a zero.
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = left.iter().position(|byte| *byte == 0)?;
            left = left.get(end.saturating_add(1)..)?;
        }
    }
    if flags & 2 != 0 {
        left = left.get(2..)?;
    }
    bytes.len().checked_sub(left.len())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use flate2::{Compression, GzBuilder};
    use std::io::Write as _;

    fn pack(builder: GzBuilder, text: &[u8]) -> Vec<u8> {
        let mut encoder = builder.write(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// The text as one member of gzip.
    pub(crate) fn packed(text: &[u8]) -> Vec<u8> {
        pack(GzBuilder::new(), text)
    }

    fn unpacked(packed: &[u8]) -> Result<Vec<u8>, Unpackable> {
        let mut unpacking = Unpacking::new(packed.to_vec(), 1_000_000);
        loop {
            if let Some(text) = unpacking.step()? {
                return Ok(text);
            }
        }
    }

    #[test]
    fn members_with_all_sorts_of_headers() {
        let long: Vec<u8> = (0..300_000_u32).flat_map(|number| number.to_string().into_bytes()).take(900_000).collect();
        let named = || GzBuilder::new().filename("name").comment("a comment").extra(vec![1, 2, 3]).mtime(7);
        for (bytes, text) in [
            (packed(b""), b"".to_vec()),
            (packed(b"text"), b"text".to_vec()),
            (pack(named(), b"text"), b"text".to_vec()),
            (packed(&long), long),
            ([packed(b"one"), pack(named(), b"two"), packed(b"")].concat(), b"onetwo".to_vec()),
        ] {
            assert_eq!(unpacked(&bytes), Ok(text));
        }
    }

    #[test]
    fn what_is_broken_or_too_large_is_said() {
        let whole = packed(b"some text, and some more text");
        for length in 0..whole.len() {
            assert_eq!(unpacked(&whole[..length]), Err(Unpackable::Broken), "{length}");
        }
        assert_eq!(unpacked(&[&whole[..], b"x"].concat()), Err(Unpackable::Broken));
        let mut wrong_length = whole.clone();
        wrong_length[whole.len() - 4] ^= 1;
        assert_eq!(unpacked(&wrong_length), Err(Unpackable::Broken));
        assert_eq!(unpacked(b"[1]"), Err(Unpackable::Broken));
        assert_eq!(unpacked(&packed(&vec![0; 1_000_001])), Err(Unpackable::TooLarge));
        assert!(unpacked(&packed(&vec![0; 1_000_000])).is_ok());
    }
}
