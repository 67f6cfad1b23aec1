//! `--listen`: an address of this machine and a port. A name is resolved, as `spin up` does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

/// Reads `address:port` or `name:port`. The error is for clap, which names the flag.
///
/// Of several addresses that a name has, 127.0.0.1 is preferred: that of `localhost` in Spin, where `[::1]` comes first on many machines.
pub(crate) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Some((_, rest)) = text.split_once("://") {
        let address = rest.trim_end_matches('/');
        return Err(format!("expected an address, not a URL; write {address}"));
    }
    if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Err(format!("the port is missing; write {}", SocketAddr::new(ip, 3000)));
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(match text.parse::<u16>() {
            Ok(port) => without_address(port),
            Err(_) => format!("the port is missing; write {text}:3000"),
        });
    };
    let Ok(port) = port.parse::<u16>() else {
        return Err(format!("'{port}' is not a port; write a number up to 65535, or 0 for any free port"));
    };
    match host {
        "" => Err(without_address(port)),
        "*" => Err(format!("write 0.0.0.0:{port} for all IPv4 addresses, [::]:{port} for all addresses")),
        host if host.contains(':') => Err(format!("an IPv6 address stands in brackets; write [::1]:{port}")),
        host => resolved(host, port),
    }
}

fn without_address(port: u16) -> String {
    format!(
        "the address is missing; write 127.0.0.1:{port} for this machine alone, 0.0.0.0:{port} for all of its addresses"
    )
}

fn resolved(host: &str, port: u16) -> Result<SocketAddr, String> {
    let unknown = |reason: String| {
        format!("'{host}' has no address ({reason}); write an address of this machine, such as 127.0.0.1:{port}")
    };
    let addresses: Vec<_> = (host, port).to_socket_addrs().map_err(|error| unknown(error.to_string()))?.collect();
    let first = addresses.first().ok_or_else(|| unknown("the resolver knows none".to_owned()))?;
    Ok(*addresses.iter().find(|address| address.ip() == Ipv4Addr::LOCALHOST).unwrap_or(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_of_this_machine() {
        for (text, expected) in [
            ("127.0.0.1:3000", "127.0.0.1:3000"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("[::1]:8080", "[::1]:8080"),
            ("localhost:3000", "127.0.0.1:3000"),
            ("LOCALHOST:0", "127.0.0.1:0"),
        ] {
            assert_eq!(listen_address(text).map(|address| address.to_string()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (text, says) in [
            ("127.0.0.1", "write 127.0.0.1:3000"),
            ("::1", "write [::1]:3000"),
            ("[::1]", "write [::1]:3000"),
            ("localhost", "write localhost:3000"),
            (":3000", "write 127.0.0.1:3000 for this machine alone, 0.0.0.0:3000"),
            ("8080", "write 127.0.0.1:8080 for this machine alone, 0.0.0.0:8080"),
            ("*:3000", "write 0.0.0.0:3000"),
            ("http://localhost:3000/", "not a URL; write localhost:3000"),
            ("127.0.0.1:99999", "'99999' is not a port"),
            ("127.0.0.1:", "'' is not a port"),
            ("localhost:http", "'http' is not a port"),
            ("fe80::x:3000", "in brackets"),
            // No resolver is asked: a label has at most 63 letters.
            (&format!("{}.test:3000", "x".repeat(64)), "has no address"),
            ("", "the port is missing"),
        ] {
            let error = listen_address(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
