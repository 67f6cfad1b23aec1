//! Which certificate authorities vouch for backends: Mozilla's, and those of this machine, where a private one is installed or named.

use std::ffi::OsString;

use rustls::RootCertStore;
use rustls_native_certs::{CertificateResult, load_native_certs};

use crate::stderr;

/// As OpenSSL and those who follow it call them: a file, and folders, of certificates in PEM. They take the place of the system's.
const SETTINGS: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What was named is of no use.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no certificate can be read from {settings}: {reason}; correct it, or unset it to use the system's")]
pub struct RootsError {
    settings: String,
    reason: String,
}

/// Loads them.
///
/// # Errors
/// The environment names a file or folder without a certificate that can be used.
pub(crate) fn load() -> Result<RootCertStore, RootsError> {
    collect(load_native_certs(), SETTINGS.map(|name| (name, std::env::var_os(name))))
}

fn collect(found: CertificateResult, named: [(&str, Option<OsString>); 2]) -> Result<RootCertStore, RootsError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let (usable, _) = roots.add_parsable_certificates(found.certs);
    let set: Vec<String> = named
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name}={}", value.to_string_lossy())))
        .collect();
    // A machine without certificates of its own has Mozilla's.
    if set.is_empty() {
        return Ok(roots);
    }
    let mut errors = found.errors.iter().map(ToString::to_string);
    if usable == 0 {
        let reason = errors.next().unwrap_or_else(|| "there is none in PEM".to_owned());
        return Err(RootsError { settings: set.join(" "), reason });
    }
    for error in errors {
        stderr::host(format_args!("warning: a certificate of {} is left out: {error}", set.join(" ")));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn collected(certs: bool, file: Option<&str>) -> Result<usize, String> {
        let mut found = CertificateResult::default();
        if certs {
            let key = rcgen::KeyPair::generate().unwrap();
            found.certs.push(rcgen::CertificateParams::new([]).unwrap().self_signed(&key).unwrap().into());
        }
        collect(found, [("SSL_CERT_FILE", file.map(Into::into)), ("SSL_CERT_DIR", None)])
            .map(|roots| roots.roots.len())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_machines_come_beside_mozillas() {
        let mozilla = webpki_roots::TLS_SERVER_ROOTS.len();
        assert_eq!(collected(false, None), Ok(mozilla));
        assert_eq!(collected(true, None), Ok(mozilla + 1));
        assert_eq!(collected(true, Some("/ca.pem")), Ok(mozilla + 1));
    }

    #[test]
    fn what_is_named_and_of_no_use_is_an_error_that_names_it() {
        assert_eq!(
            collected(false, Some("/ca.pem")),
            Err("no certificate can be read from SSL_CERT_FILE=/ca.pem: there is none in PEM; \
                 correct it, or unset it to use the system's"
                .to_owned())
        );
    }
}
