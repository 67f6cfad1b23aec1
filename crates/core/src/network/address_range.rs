//! Ranges of addresses, such as `10.0.0.0/8`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that begin with the same bits.
///
/// A range of IPv4 contains no IPv6 address, and the other way round; not even `::ffff:10.0.0.1` is in `10.0.0.0/8`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRange {
    network: IpAddr,
    prefix: u32,
}

/// The IPv4 addresses whose first `prefix` bits are those of `network`.
pub(super) const fn v4(network: [u8; 4], prefix: u32) -> AddressRange {
    AddressRange { network: IpAddr::V4(Ipv4Addr::from_octets(network)), prefix }
}

/// The IPv6 addresses whose first `prefix` bits are those of `network`.
pub(super) const fn v6(network: [u16; 8], prefix: u32) -> AddressRange {
    AddressRange { network: IpAddr::V6(Ipv6Addr::from_segments(network)), prefix }
}

impl AddressRange {
    /// Reads `address/prefix`; an IPv6 address has no brackets. Bits of the address beyond the prefix are ignored. `None` if the text is not a
    /// range.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let (network, prefix) = (address.parse().ok()?, prefix.parse().ok()?);
        let bits = if matches!(network, IpAddr::V4(_)) { u32::BITS } else { u128::BITS };
        (prefix <= bits).then_some(Self { network, prefix })
    }

    /// Reads an address alone, or what [`AddressRange::parse`] reads.
    pub(super) fn parse_or_single(text: &str) -> Option<Self> {
        match text.parse() {
            Ok(network @ IpAddr::V4(_)) => Some(AddressRange { network, prefix: u32::BITS }),
            Ok(network @ IpAddr::V6(_)) => Some(AddressRange { network, prefix: u128::BITS }),
            Err(_) => Self::parse(text),
        }
    }

    /// Whether it is no wider than the largest private network: `10.0.0.0/8` or `fc00::/7`.
    pub(super) fn is_narrow(&self) -> bool {
        let widest = if matches!(self.network, IpAddr::V4(_)) { 8 } else { 7 };
        self.prefix >= widest
    }

    pub(super) fn contains(&self, address: impl Into<IpAddr>) -> bool {
        let shared = match (self.network, address.into()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => (network.to_bits() ^ address.to_bits()).leading_zeros(),
            (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits() ^ address.to_bits()).leading_zeros(),
            _ => return false,
        };
        shared >= self.prefix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_where_its_prefix_says() {
        const ULA: [u16; 8] = [0xfc00, 0, 0, 0, 0, 0, 0, 0];
        for (range, within, beyond) in [
            (
                v4([10, 0, 0, 0], 8),
                &["10.0.0.0", "10.255.255.255"][..],
                &["9.255.255.255", "11.0.0.0", "::10.0.0.1"][..],
            ),
            (v4([172, 16, 0, 0], 12), &["172.16.0.0", "172.31.255.255"], &["172.15.255.255", "172.32.0.0"]),
            (v4([192, 0, 2, 1], 32), &["192.0.2.1"], &["192.0.2.0", "192.0.2.2", "::ffff:192.0.2.1"]),
            (v4([0, 0, 0, 0], 0), &["0.0.0.0", "255.255.255.255"], &["::", "::ffff:0.0.0.0"]),
            (v6(ULA, 7), &["fc00::", "fdff::1"], &["fbff::", "fe00::", "252.0.0.0"]),
            (v6([0; 8], 0), &["::", "ffff::"], &["0.0.0.0"]),
            (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), &["::1"], &["::", "::2", "0.0.0.1"]),
        ] {
            for address in within {
                assert!(range.contains(address.parse::<IpAddr>().unwrap()), "{address} is in {range:?}");
            }
            for address in beyond {
                assert!(!range.contains(address.parse::<IpAddr>().unwrap()), "{address} is not in {range:?}");
            }
        }
    }

    #[test]
    fn reads_an_address_alone_too() {
        for (text, prefix) in [("10.0.0.1", 32), ("10.9.9.9/8", 8), ("fd00::/8", 8), ("::1", 128), ("::/0", 0)] {
            assert_eq!(AddressRange::parse_or_single(text).unwrap().prefix, prefix, "{text}");
        }
        for text in ["", "10.0.0.0/33", "::/129", "::/", "[::1]", "h", "10.0.0.0/8/8"] {
            assert_eq!(AddressRange::parse_or_single(text), None, "{text}");
        }
    }

    #[test]
    fn reads_an_address_and_a_prefix() {
        for (text, prefix, narrow) in [
            ("10.9.9.9/8", 8, true),
            ("0.0.0.0/0", 0, false),
            ("8.0.0.0/7", 7, false),
            ("192.0.2.1/32", 32, true),
            ("10.0.0.0/+8", 8, true),
            ("fd00::1/8", 8, true),
            ("fc00::/7", 7, true),
            ("::/6", 6, false),
            ("::1/128", 128, true),
            ("::ffff:10.0.0.1/104", 104, true),
        ] {
            let range = AddressRange::parse(text).unwrap();
            assert_eq!((range.prefix, range.is_narrow()), (prefix, narrow), "{text}");
        }
        for text in [
            "10.0.0.0",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/-8",
            "10.0.0/8",
            "010.0.0.0/8",
            "fc00::/129",
            "[fc00::]/7",
            "fc00::/7/",
            "/8",
            "",
        ] {
            assert_eq!(AddressRange::parse(text), None, "{text}");
        }
    }
}
