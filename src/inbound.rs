//! The request as it comes in: its head as plain data, its body as a stream that stays in the host.

use crate::host::bindings::http_types::{IncomingBody, IncomingRequest, Method as WasiMethod};
use crate::host::origin;
use gateway_core::fields::Field;
use gateway_core::request::forwarded::Origin;
use http::Method;

/// A request's head.
pub(crate) struct Head {
    /// The method.
    pub(crate) method: Method,
    /// Path and query, byte for byte.
    pub(crate) path_and_query: String,
    /// The fields, in order, with duplicates.
    pub(crate) fields: Vec<Field>,
    /// Where it came from.
    pub(crate) origin: Origin,
}

/// Reads the head of `request`.
pub(crate) fn head(request: &IncomingRequest) -> Head {
    let fields = request.headers().entries();
    let origin = origin::read(request, &fields);
    Head {
        method: method(request.method()),
        path_and_query: request.path_with_query().unwrap_or_else(|| "/".to_owned()),
        fields,
        origin,
    }
}

/// Takes the body of `request`; hosts hand it out once.
pub(crate) fn body(request: &IncomingRequest) -> Option<IncomingBody> {
    request.consume().ok()
}

fn method(method: WasiMethod) -> Method {
    match method {
        WasiMethod::Get => Method::GET,
        WasiMethod::Head => Method::HEAD,
        WasiMethod::Post => Method::POST,
        WasiMethod::Put => Method::PUT,
        WasiMethod::Delete => Method::DELETE,
        WasiMethod::Connect => Method::CONNECT,
        WasiMethod::Options => Method::OPTIONS,
        WasiMethod::Trace => Method::TRACE,
        WasiMethod::Patch => Method::PATCH,
        // The host has parsed the method already; what it lets through is a token.
        WasiMethod::Other(name) => Method::from_bytes(name.as_bytes()).unwrap_or(Method::GET),
    }
}

/// The method in WASI's terms.
pub(crate) fn wasi_method(method: &Method) -> WasiMethod {
    match *method {
        Method::GET => WasiMethod::Get,
        Method::HEAD => WasiMethod::Head,
        Method::POST => WasiMethod::Post,
        Method::PUT => WasiMethod::Put,
        Method::DELETE => WasiMethod::Delete,
        Method::CONNECT => WasiMethod::Connect,
        Method::OPTIONS => WasiMethod::Options,
        Method::TRACE => WasiMethod::Trace,
        Method::PATCH => WasiMethod::Patch,
        _ => WasiMethod::Other(method.as_str().to_owned()),
    }
}
