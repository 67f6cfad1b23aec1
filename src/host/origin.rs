//! Where a request came from, as far as the host tells.

use crate::host::bindings::http_types::IncomingRequest;
use gateway_core::fields::Field;
use gateway_core::request::forwarded::Origin;

/// Spin tells it in fields of its own, which stand after any that a client forged.
#[cfg(not(feature = "plain-wasi"))]
pub(crate) fn read(request: &IncomingRequest, fields: &[Field]) -> Origin {
    Origin::read(fields, request.authority())
}

/// Other hosts add no such fields: whatever stands there comes from the client. They do not tell the client's address at all.
#[cfg(feature = "plain-wasi")]
pub(crate) fn read(request: &IncomingRequest, _fields: &[Field]) -> Origin {
    use crate::host::bindings::http_types::Scheme;

    let scheme = match request.scheme() {
        Some(Scheme::Https) => "https",
        _ => "http",
    };
    Origin { scheme: Some(scheme.to_owned()), host: request.authority(), ..Origin::default() }
}
