//! The embedded host of the gateway: it runs the component on wasmtime and serves it over HTTP, from the same
//! `spin.toml` as Spin.
//!
//! ```text
//! request ─ serve ─ guest ─┬─ imports ─┬─ app: the variables
//!                          │           ├─ store: the key-value stores
//!                          │           └─ outbound ─ backend
//!                          └─ response
//! ```
//!
//! Each wing is a folder. It may name the wings above it in this list, and no other:
//!
//! | wing | what it is for | may name |
//! | --- | --- | --- |
//! | `stderr` | whole lines for stderr, never in the way of a request | nothing |
//! | `store` | the key-value stores in SQLite, and what was read from them a moment ago | nothing |
//! | `outbound` | the way out: allowed hosts, connections and which are kept, TLS, timeouts | `stderr` |
//! | `app` | the manifest, its variables and templates, the options | nothing |
//! | `guest` | the engine, instances, what each carries and may use | `stderr`, `store`, `outbound` |
//! | `imports` | what the component imports: `wasi:http`, variables, key-value stores | all above |
//! | `serve` | who comes in: listener, workers, connections and their time limits, which requests may pass, health checks | `stderr`, `guest` |
//! | `host` `host_error` | puts the parts together; what keeps it from serving | all above |
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

pub use gateway_core::network::allowed_hosts;

pub use self::app::application::{Application, ApplicationError};
pub use self::app::options::HostOptions;
pub use self::app::{expansion, manifest, variables};
pub use self::guest::engine::EngineError;
pub use self::host::Host;
pub use self::host_error::HostError;
pub use self::outbound::connector::TlsSetupError;
pub use self::outbound::trusted_roots::RootsError;
pub use self::store::key_value::{KeyValueStore, StoreStats};
pub use self::store::store_error::StoreError;
