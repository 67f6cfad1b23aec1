//! `trusted_proxies`: the peers whose word about the client's scheme, host and port is taken.

use super::address_range::{AddressRange, v4, v6};
use crate::config::{ConfigError, TRUSTED_PROXIES};
use std::net::IpAddr;

/// Addresses that only a neighbour has: loopback, private, link-local and unique-local ones.
const PRIVATE: [AddressRange; 8] = [
    v4([127, 0, 0, 0], 8),                 // loopback, RFC 1122
    v4([10, 0, 0, 0], 8),                  // private use, RFC 1918
    v4([172, 16, 0, 0], 12),               // private use, RFC 1918
    v4([192, 168, 0, 0], 16),              // private use, RFC 1918
    v4([169, 254, 0, 0], 16),              // link-local, RFC 3927
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128),     // loopback, RFC 4291
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),  // unique-local, RFC 4193
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), // link-local, RFC 4291
];

/// Who is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedProxies {
    /// Every peer, even one whose address the host does not tell.
    Any,
    /// Peers with these addresses; nobody where there are none.
    Listed {
        /// Whether the addresses of private networks are among them.
        private: bool,
        /// The others.
        ranges: Vec<AddressRange>,
    },
}

impl TrustedProxies {
    /// Reads the value of the variable: `private` (the default), `none`, `any`, or a comma-separated list of addresses, ranges such as `10.0.0.0/8`, and
    /// `private`.
    ///
    /// # Errors
    /// Anything else in it.
    pub fn parse(value: Option<&str>) -> Result<Self, ConfigError> {
        match value.map(str::trim) {
            None | Some("" | "private") => return Ok(TrustedProxies::Listed { private: true, ranges: Vec::new() }),
            Some("none") => return Ok(TrustedProxies::Listed { private: false, ranges: Vec::new() }),
            Some("any") => return Ok(TrustedProxies::Any),
            Some(_) => {}
        }
        let (mut private, mut ranges) = (false, Vec::new());
        for member in value.unwrap_or_default().split(',').map(str::trim) {
            if member == "private" {
                private = true;
            } else {
                ranges.push(AddressRange::parse_or_single(member).ok_or_else(|| {
                    let expected = "must be 'private', 'none', 'any', or addresses and ranges such as 192.0.2.7, 10.0.0.0/8 or fd00::/8";
                    ConfigError::variable(TRUSTED_PROXIES, format!("{expected}; '{member}' is none of these"))
                })?);
            }
        }
        Ok(TrustedProxies::Listed { private, ranges })
    }

    /// Whether `peer` is believed; `None` where the host does not tell who it is.
    pub fn trusts(&self, peer: Option<IpAddr>) -> bool {
        match (self, peer) {
            (TrustedProxies::Any, _) => true,
            (TrustedProxies::Listed { .. }, None) => false,
            (TrustedProxies::Listed { private, ranges }, Some(peer)) => {
                // A socket for both families tells IPv4 addresses in the mapped form.
                let peer = peer.to_canonical();
                (*private && PRIVATE.iter().any(|range| range.contains(peer)))
                    || ranges.iter().any(|range| range.contains(peer))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusts(value: Option<&str>, peer: &str) -> bool {
        TrustedProxies::parse(value).unwrap().trusts(peer.parse().ok())
    }

    #[test]
    fn who_is_believed() {
        let private = ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.31.0.1", "192.168.0.1", "169.254.1.1"];
        for peer in private.iter().chain(&["::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1"]) {
            for value in [None, Some(""), Some(" private "), Some("any"), Some("192.0.2.1, private")] {
                assert!(trusts(value, peer), "{value:?} {peer}");
            }
            assert!(!trusts(Some("none"), peer) && !trusts(Some("192.0.2.1"), peer), "{peer}");
        }
        for peer in ["1.1.1.1", "172.32.0.1", "2001:db8::1", "::ffff:1.1.1.1", "100.64.0.1", "unknown"] {
            assert!(!trusts(None, peer) && trusts(Some("any"), peer), "{peer}");
        }
        assert!(trusts(Some("2001:db8::/32,192.0.2.0/24"), "192.0.2.200"));
        assert!(trusts(Some("2001:db8::/32,192.0.2.0/24"), "2001:db8:1::1"));
        assert!(!trusts(Some("192.0.2.7"), "192.0.2.8"));
    }

    #[test]
    fn anything_else_is_named() {
        for value in
            ["all", "10.0.0.0/33", "10.0.0", "private none", "any,10.0.0.1", "10.0.0.1,", "h.example", "1.1.1.1:80"]
        {
            let error = TrustedProxies::parse(Some(value)).unwrap_err().to_string();
            assert!(error.starts_with("variable 'trusted_proxies' must be 'private'"), "{value}: {error}");
        }
    }
}
