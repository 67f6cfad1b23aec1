//! The host's key-value store.

#[cfg(feature = "plain-wasi")]
mod folder;
#[cfg(not(feature = "plain-wasi"))]
mod spin;

#[cfg(feature = "plain-wasi")]
pub(crate) use folder::FolderStore as HostStore;
#[cfg(not(feature = "plain-wasi"))]
pub(crate) use spin::SpinStore as HostStore;
