//! `handle` of `wasi:http/outgoing-handler`: the component's request becomes one of the client's, and its sending a task.
//!
//! wasmtime-wasi-http brings an implementation of its own, for any host. This one knows its client: fields are moved instead of copied, body and
//! response are boxed once, and the options go with the request, while the other keeps them as long as the instance lives.

use std::future::ready;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue};
use hyper::http::uri::Scheme;
use hyper::{Method, Request, Uri};
use wasmtime::component::Resource;
use wasmtime_wasi::runtime::spawn;
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode};
use wasmtime_wasi_http::p2::http_request_error;
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{RequestOptions, WasiBody};

use crate::guest::state::State;
use crate::imports::field_map;

/// Begins to send a request. An outer error ends the component.
pub(crate) fn handle(
    state: &mut State,
    request: Resource<HostOutgoingRequest>,
    options: Option<Resource<RequestOptions>>,
) -> wasmtime::Result<Result<Resource<HostFutureIncomingResponse>, ErrorCode>> {
    let options = options.map(|options| state.table.delete(options)).transpose()?.unwrap_or_default();
    let request = match into_http(state.table.delete(request)?) {
        Ok(request) => request,
        Err(error) => return Ok(Err(error)),
    };
    let response = state.outbound.send(request, options);
    let response = spawn(async move {
        let response = response.await?.map(BodyExt::boxed_unsync);
        // In place of a task that would drive the connection: the client has its own.
        Ok((response, tokio::spawn(ready(())).into()))
    });
    Ok(Ok(state.table.push(HostFutureIncomingResponse::Pending(response))?))
}

/// The request for the client, with the Host that belongs to its address.
fn into_http(request: HostOutgoingRequest) -> Result<Request<WasiBody>, ErrorCode> {
    let sent = HeaderMap::from(request.headers);
    // A body checks its length itself, when it is taken and when it ends.
    if declared_length(&sent)?.is_some_and(|length| length != 0) && request.body.is_none() {
        return Err(ErrorCode::HttpRequestBodySize(Some(0)));
    }
    let method: Method = request.method.try_into().map_err(|_| ErrorCode::HttpRequestMethodInvalid)?;
    let scheme = match request.scheme {
        Some(types::Scheme::Http) => Scheme::HTTP,
        // The standard's default.
        Some(types::Scheme::Https) | None => Scheme::HTTPS,
        Some(types::Scheme::Other(name)) => Scheme::try_from(name.as_str())
            .ok()
            .filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme))
            .ok_or(ErrorCode::HttpProtocolError)?,
    };
    let authority = request.authority.unwrap_or_default();
    let host = HeaderValue::from_str(&authority).map_err(|_| ErrorCode::HttpRequestUriInvalid)?;
    let mut uri = Uri::builder().scheme(scheme).authority(authority);
    if let Some(path) = request.path_with_query {
        uri = uri.path_and_query(path);
    }
    let uri = uri.build().map_err(http_request_error)?;

    let body = request.body.unwrap_or_else(|| Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync());
    let mut http = Request::new(body);
    *http.method_mut() = method;
    *http.uri_mut() = uri;
    // Host comes first (RFC 9110 §7.2).
    let mut headers = HeaderMap::with_capacity(sent.len().saturating_add(1));
    headers.insert(HOST, host);
    headers.extend(sent);
    *http.headers_mut() = headers;
    Ok(http)
}

/// The length of the body that the fields speak of. The component may send on fields as it received them, unchecked.
fn declared_length(headers: &HeaderMap) -> Result<Option<u64>, ErrorCode> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    match (field_map::length(value.as_bytes()), values.next()) {
        (Some(length), None) => Ok(Some(length)),
        _ => Err(ErrorCode::InternalError(Some("the request's content-length is not one number".to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use hyper::header::HeaderName;
    use wasmtime_wasi_http::FieldMap;

    use super::*;

    fn request(list: &[(&'static str, &'static str)]) -> HostOutgoingRequest {
        let mut headers = FieldMap::new_mutable(field_map::LIMIT);
        for (name, value) in list {
            headers.append_raw(HeaderName::from_static(name), HeaderValue::from_static(value)).unwrap();
        }
        HostOutgoingRequest {
            method: types::Method::Get,
            scheme: Some(types::Scheme::Http),
            authority: Some("backend:8080".to_owned()),
            path_with_query: Some("/a%2Fb?c=d".to_owned()),
            headers,
            body: None,
        }
    }

    #[test]
    fn fields_keep_their_order_and_host_comes_first() {
        let http = into_http(request(&[("b", "1"), ("a", "2"), ("b", "3")])).unwrap();
        assert_eq!((http.method(), http.uri().to_string()), (&Method::GET, "http://backend:8080/a%2Fb?c=d".to_owned()));
        let fields: Vec<_> = http.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        assert_eq!(fields, [("host", &b"backend:8080"[..]), ("b", b"1"), ("b", b"3"), ("a", b"2")]);
    }

    #[test]
    fn requests_that_cannot_be_sent() {
        let length = |value| request(&[("content-length", value)]);
        let name = |error: ErrorCode| format!("{error:?}").split(['{', '(', ' ', ':']).next().unwrap().to_owned();
        let refused = |request| into_http(request).map(|http| http.uri().to_string()).map_err(name);
        assert_eq!(refused(length("0")), Ok("http://backend:8080/a%2Fb?c=d".to_owned()));
        let other = |name: &str| Some(types::Scheme::Other(name.to_owned()));
        assert!(refused(HostOutgoingRequest { scheme: other("http"), ..request(&[]) }).is_ok());
        for (request, expected) in [
            (length("1"), ErrorCode::HttpRequestBodySize(Some(0))),
            (length("one"), ErrorCode::InternalError(None)),
            (request(&[("content-length", "0"), ("content-length", "0")]), ErrorCode::InternalError(None)),
            (HostOutgoingRequest { scheme: other("ftp"), ..request(&[]) }, ErrorCode::HttpProtocolError),
            (HostOutgoingRequest { authority: None, ..request(&[]) }, ErrorCode::HttpRequestUriInvalid),
            (
                HostOutgoingRequest { method: types::Method::Other("A B".to_owned()), ..request(&[]) },
                ErrorCode::HttpRequestMethodInvalid,
            ),
        ] {
            assert_eq!(refused(request), Err(name(expected)));
        }
    }
}
