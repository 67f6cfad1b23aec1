//! A range of IPv4 addresses, such as `10.0.0.0/8`.

use std::net::Ipv4Addr;

/// Addresses that share their first bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ipv4Range {
    network: u32,
    mask: u32,
}

impl Ipv4Range {
    /// Bits of the address beyond the prefix are ignored. `None` if it is no range.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let length: u32 = length.parse().ok().filter(|_| length.bytes().all(|byte| byte.is_ascii_digit()))?;
        // Shifting by all 32 bits is what `checked_shl` refuses: the prefix of length 0.
        let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or_default();
        let network = address.parse::<Ipv4Addr>().ok()?.to_bits() & mask;
        Some(Self { network, mask })
    }

    /// Whether it is no larger than the largest networks there are, those of 2^24 addresses.
    pub(super) fn is_one_network(&self) -> bool {
        self.mask >= 0xff00_0000
    }

    /// Whether the host is an address within.
    pub(super) fn contains(&self, host: &str) -> bool {
        host.parse::<Ipv4Addr>().is_ok_and(|address| address.to_bits() & self.mask == self.network)
    }
}
