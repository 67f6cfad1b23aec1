//! The embedded host of the gateway: it runs the component on wasmtime and serves it over HTTP, from the same
//! `spin.toml` as Spin.
//!
//! ```text
//! spin.toml ─ manifest ─ variables, template ─ allowed_hosts ┐
//!                                                            ├─ application ─ engine ─────┐
//! request ─ server ─ worker ─ service (spin_headers) ─ exchange ─ instance (limits, state) ─┴─ response
//!                                                                    │ capabilities ─ key_value, recent_reads
//!                                                                    │ wasi_http ─ fields, outgoing_handler
//!                                                                    └ outbound ─ connector, idle_body ─ backend
//! health_checks ─ instance: `GET /backends` now and then, without a client
//! ```
//!
//! In scope: one component on the route `/...`, HTTP/1.1, variables, the key-value store, allowed hosts, limits,
//! draining. Out of scope: TLS towards clients, several components, other triggers; for these there is Spin.
//!
//! Tests use it in-process:
//!
//! ```no_run
//! # async fn example() -> Result<(), gateway_host::HostError> {
//! let mut options = gateway_host::HostOptions::new("spin.toml");
//! options.listen.set_port(0);
//! let host = gateway_host::Host::start(options).await?;
//! println!("http://{}", host.local_addr());
//! host.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod app;
mod guest;
mod host;
mod host_error;
mod imports;
mod outbound;
mod serve;
pub mod stderr;
mod store;

pub use gateway_core::allowed_hosts;

pub use self::app::application::Application;
pub use self::app::options::HostOptions;
pub use self::app::{expansion, manifest, variables};
pub use self::guest::engine::EngineError;
pub use self::host::Host;
pub use self::host_error::HostError;
pub use self::outbound::client::TlsSetupError;
pub use self::store::key_value::{KeyValueStore, StoreError, StoreStats};
