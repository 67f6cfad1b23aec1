//! `wasi:http` for the component: wasmtime-wasi-http's, except for the two functions that cost most, which this host does in its own way.

use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::types;
use wasmtime_wasi_http::p2::types::HostOutgoingRequest;
use wasmtime_wasi_http::{RequestOptions, WasiHttp, WasiHttpView};

use crate::guest::state::State;
use crate::imports::field_map;
use crate::imports::outgoing_handler;

/// The interfaces in the version that wasmtime-wasi-http registers. All versions 0.2 are one to the component.
const TYPES: &str = "wasi:http/types@0.2.12";
const OUTGOING_HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

/// Adds `wasi:http/types` and `wasi:http/outgoing-handler` to what a component may import.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, WasiHttp>(linker, &LinkOptions::default().into(), State::http)?;
    linker.allow_shadowing(true);
    linker.instance(TYPES)?.func_wrap("[static]fields.from-list", |mut store, (list,): (field_map::List,)| {
        let _call = call("types", "[static]fields.from-list");
        Ok((field_map::from_list(store.data_mut(), list)?,))
    })?;
    linker.allow_shadowing(false);
    linker.instance(OUTGOING_HANDLER)?.func_wrap(
        "handle",
        |mut store, (request, options): (Resource<HostOutgoingRequest>, Option<Resource<RequestOptions>>)| {
            let _call = call("outgoing-handler", "handle");
            Ok((outgoing_handler::handle(store.data_mut(), request, options)?,))
        },
    )
}

/// A call of the component's, as the other functions of wasi:http report theirs.
fn call(module: &str, function: &str) -> tracing::span::EnteredSpan {
    tracing::span!(tracing::Level::TRACE, "wit-bindgen import", module, function).entered()
}
