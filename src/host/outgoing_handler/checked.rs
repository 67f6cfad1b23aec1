//! The outgoing handler for hosts that do not enforce `allowed_outbound_hosts`.

use crate::host::bindings::http_types::{ErrorCode, FutureIncomingResponse, OutgoingRequest, RequestOptions, Scheme};
use crate::host::bindings::outgoing_handler;
use crate::host::manifest::{ALLOWED_HOSTS, AllowedHost};
use crate::host::variables;
use gateway_core::network::allowed_hosts::AllowedHosts;
use http::uri::Authority;

/// Sends a request, unless its host is not among the allowed ones.
pub(crate) fn handle(
    request: OutgoingRequest,
    options: Option<RequestOptions>,
) -> Result<FutureIncomingResponse, ErrorCode> {
    if is_allowed(&request) { outgoing_handler::handle(request, options) } else { Err(ErrorCode::HttpRequestDenied) }
}

fn is_allowed(request: &OutgoingRequest) -> bool {
    let scheme = match request.scheme() {
        Some(Scheme::Http) => "http",
        Some(Scheme::Https) => "https",
        _ => return false,
    };
    let Some(authority) = request.authority().and_then(|authority| authority.parse::<Authority>().ok()) else {
        return false;
    };
    // Spin does not start with an entry that it cannot use, which nothing can do here: such an entry allows nothing, the others stand.
    ALLOWED_HOSTS.iter().any(|entry| {
        let value = match entry {
            AllowedHost::Variable(name) => variables::value(name).unwrap_or_default(),
            AllowedHost::Fixed(value) => (*value).to_owned(),
        };
        AllowedHosts::compile([(value.as_str(), value.as_str())])
            .is_ok_and(|hosts| hosts.allows(scheme, authority.host(), authority.port_u16()))
    })
}
