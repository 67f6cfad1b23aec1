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
    /// Reads an address, or `address/prefix`, of either family. Bits of the address beyond the prefix are ignored. `None` if the text is neither.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let network: IpAddr = address.parse().ok()?;
        let most = if network.is_ipv4() { u32::BITS } else { u128::BITS };
        let prefix = match prefix {
            None => most,
            // A number may be parsed with a sign, which no prefix has.
            Some(text) => text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))?,
        };
        (prefix <= most).then_some(AddressRange { network, prefix })
    }

    /// Reads `address/prefix` of IPv4. Bits of the address beyond the prefix are ignored. `None` if the text is not a range.
    pub(super) fn parse_v4(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        // A number may be parsed with a sign, which no prefix has.
        let prefix = prefix.parse().ok().filter(|_| prefix.bytes().all(|byte| byte.is_ascii_digit()))?;
        let network: Ipv4Addr = address.parse().ok()?;
        (prefix <= u32::BITS).then(|| v4(network.octets(), prefix))
    }

    /// How many bits the addresses share: 8 for `10.0.0.0/8`.
    pub(super) fn prefix(&self) -> u32 {
        self.prefix
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
    fn reads_either_family_with_and_without_a_prefix() {
        for (text, prefix) in [
            ("10.0.0.1", Some(32)),
            ("10.9.9.9/8", Some(8)),
            ("fd00::/8", Some(8)),
            ("::1", Some(128)),
            ("::/0", Some(0)),
        ] {
            assert_eq!(AddressRange::parse(text).map(|range| range.prefix()), prefix, "{text}");
        }
        for text in ["", "10.0.0.0/33", "::/129", "::/+8", "::/", "[::1]", "h", "10.0.0.0/8/8"] {
            assert_eq!(AddressRange::parse(text), None, "{text}");
        }
    }

    #[test]
    fn reads_an_address_and_a_prefix() {
        for (text, prefix) in [("10.9.9.9/8", Some(8)), ("0.0.0.0/0", Some(0)), ("192.0.2.1/32", Some(32))] {
            assert_eq!(AddressRange::parse_v4(text).map(|range| range.prefix()), prefix, "{text}");
        }
        for text in
            ["10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0/8", "010.0.0.0/8", "fc00::/7", "/8", ""]
        {
            assert_eq!(AddressRange::parse_v4(text), None, "{text}");
        }
    }
}
