//! The host's error codes as failures of a backend.

use crate::host::bindings::http_types::ErrorCode;
use crate::prepare::Prepared;
use gateway_core::failure::UpstreamFailure;
use std::time::Duration;

/// What a code says of an exchange that had these limits.
pub(super) fn failure(error: ErrorCode, prepared: &Prepared, connect_timeout: Duration) -> UpstreamFailure {
    use UpstreamFailure as F;
    match error {
        ErrorCode::ConnectionRefused
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::DestinationNotFound => F::ConnectionRefused,
        ErrorCode::ConnectionTerminated | ErrorCode::ConnectionWriteTimeout => F::ConnectionTerminated,
        ErrorCode::ConnectionTimeout => F::ConnectTimeout(connect_timeout),
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => F::ResponseTimeout(prepared.timeout),
        ErrorCode::ConnectionLimitReached => F::ConnectionLimit,
        ErrorCode::DnsError(_) => F::Dns,
        ErrorCode::DnsTimeout => F::DnsTimeout(connect_timeout),
        ErrorCode::TlsProtocolError | ErrorCode::TlsAlertReceived(_) => F::Tls,
        ErrorCode::TlsCertificateError => F::TlsCertificate,
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
            F::Denied { origin: prepared.backend.url.origin() }
        }
        ErrorCode::HttpResponseHeaderSectionSize(_) | ErrorCode::HttpResponseHeaderSize(_) => F::ResponseHeadTooLarge,
        ErrorCode::HttpProtocolError => F::Unanswered,
        ErrorCode::HttpResponseIncomplete
        | ErrorCode::HttpResponseTransferCoding(_)
        | ErrorCode::HttpResponseContentCoding(_)
        | ErrorCode::HttpUpgradeFailed => F::Protocol,
        other => F::Host(name(other)),
    }
}

/// A code that has no meaning of its own here, as RFC 9209 spells it where it knows it, or the host's text. The interface's own formatting covers
/// all codes, and takes 6 KB.
fn name(code: ErrorCode) -> String {
    let name = match code {
        ErrorCode::InternalError(Some(text)) => return text,
        ErrorCode::ConfigurationError => "proxy_configuration_error",
        ErrorCode::LoopDetected => "proxy_loop_detected",
        ErrorCode::HttpRequestLengthRequired => "http_request_length_required",
        ErrorCode::HttpRequestBodySize(_) => "http_request_body_size",
        ErrorCode::HttpRequestMethodInvalid => "http_request_method_invalid",
        ErrorCode::HttpRequestUriInvalid => "http_request_uri_invalid",
        ErrorCode::HttpRequestUriTooLong => "http_request_uri_too_long",
        ErrorCode::HttpRequestHeaderSectionSize(_) => "http_request_header_section_size",
        ErrorCode::HttpRequestHeaderSize(_) => "http_request_header_size",
        ErrorCode::HttpRequestTrailerSectionSize(_) => "http_request_trailer_section_size",
        ErrorCode::HttpRequestTrailerSize(_) => "http_request_trailer_size",
        ErrorCode::HttpResponseBodySize(_) => "http_response_body_size",
        ErrorCode::HttpResponseTrailerSectionSize(_) => "http_response_trailer_section_size",
        ErrorCode::HttpResponseTrailerSize(_) => "http_response_trailer_size",
        _ => "internal_error",
    };
    name.to_owned()
}
