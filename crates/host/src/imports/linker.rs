//! Gives the component everything it imports: WASI 0.2, `wasi:http`, and Spin's variables and key-value stores.

use std::path::Path;

use wasmtime::component::{Component, Linker};
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use crate::guest::engine::EngineError;
use crate::guest::state::State;
use crate::imports::{capabilities, wasi_http};

/// Resolves the imports of a component, which was compiled from the file at `path`, and its HTTP handler.
///
/// # Errors
///
/// [`EngineError::Link`] where it imports something else, or exports no handler.
pub(crate) fn link(component: &Component, path: &Path) -> Result<ProxyPre<State>, EngineError> {
    let link = || {
        let mut linker = Linker::<State>::new(component.engine());
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasi_http::add_to_linker(&mut linker)?;
        capabilities::add_to_linker(&mut linker)?;
        ProxyPre::new(linker.instantiate_pre(component)?)
    };
    link().map_err(|error: wasmtime::Error| EngineError::Link(path.to_owned(), error))
}
