//! The hosts that the suite knows, and what each of them cannot do. This is the only place that says so.
//!
//! A test that depends on such a thing asks [`offers`]. Where the host lacks it, that prints a line `DEVIATES on <host>: <feature>: <reason>`, and
//! the test checks what happens instead, or ends. `docs/hosts.md` is made of these lines.

use std::fmt;
use std::sync::LazyLock;

/// What runs the component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostKind {
    /// The host of this repository: in the process of the tests, or in one of its own where a test measures the process.
    Embedded,
    /// `spin up`, started beforehand.
    Spin,
    /// Cloudflare's runtime, with the Worker in `cloudflare/`.
    Workerd,
    /// `wasmtime serve` with the component for plain WASI.
    WasmtimeServe,
}

/// What the gateway does where its host lets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feature {
    /// The suite can start further gateways with other settings.
    OwnSettings,
    /// A gateway can be started without a store.
    NoStore,
    /// The suite sees what stands in the store.
    StoreInSight,
    /// The suite can count uses of the store.
    StoreCounters,
    /// The suite can measure the gateway's memory.
    MemoryInSight,
    /// The backend learns the client's address.
    ClientAddress,
    /// Connections to backends are kept for further requests.
    KeptConnections,
    /// A request that is sent a second time goes out on a new connection.
    NewConnectionAgain,
    /// A chunked response that breaks off stays visibly broken.
    TruncatedChunks,
    /// Why a backend cannot be reached is told apart.
    FailureKinds,
    /// Field lines of one name stay apart, in their order.
    FieldLines,
    /// Path and query arrive byte for byte.
    TargetBytes,
    /// `OPTIONS *` reaches the gateway.
    OptionsForTheServer,
    /// A GET request may have a body.
    GetWithBody,
    /// A backend that answers before an upload is through, and closes its connection at once, is heard.
    EarlyAnswer,
    /// Of a response with a length and a transfer coding the coding counts, and a coding that is not decoded is an error.
    BothFramings,
    /// The clock goes on while the component computes.
    ClockWhileComputing,
    /// A backend's URL with a path makes the host deny every request of the component.
    PathDeniesAll,
}

impl HostKind {
    const ALL: [HostKind; 4] = [HostKind::Embedded, HostKind::Spin, HostKind::Workerd, HostKind::WasmtimeServe];

    /// Its name in `GATEWAY_HOST`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            HostKind::Embedded => "embedded",
            HostKind::Spin => "spin",
            HostKind::Workerd => "workerd",
            HostKind::WasmtimeServe => "wasmtime-serve",
        }
    }

    /// The host of this test run: the one named by `GATEWAY_HOST`, else Spin where `GATEWAY_URL` names a running gateway, else the embedded one.
    pub(crate) fn current() -> Self {
        static CURRENT: LazyLock<HostKind> = LazyLock::new(|| match std::env::var("GATEWAY_HOST") {
            Ok(name) => HostKind::ALL.into_iter().find(|host| host.name() == name).unwrap_or_else(|| {
                panic!("GATEWAY_HOST is '{name}'; it must be one of {}", HostKind::ALL.map(HostKind::name).join(", "))
            }),
            Err(_) if std::env::var_os("GATEWAY_URL").is_some() => HostKind::Spin,
            Err(_) => HostKind::Embedded,
        });
        *CURRENT
    }

    /// Why this host does not offer `feature`; `None` where it does.
    fn deviation(self, feature: Feature) -> Option<&'static str> {
        use Feature as F;
        match (self, feature) {
            // The embedded host is the measure of the others.
            (HostKind::Embedded, _) => None,

            (HostKind::Spin, F::OwnSettings | F::NoStore) => {
                Some("it is started beforehand, so its settings are fixed")
            }
            (HostKind::Spin, F::StoreInSight | F::StoreCounters | F::MemoryInSight) => {
                Some("it is started beforehand, and the suite sees only what it answers")
            }
            (HostKind::Spin, F::NewConnectionAgain) => {
                Some("the host may send it on another kept connection, which may have ended as well")
            }
            (HostKind::Spin, F::KeptConnections) => Some("the host's own affair"),
            (HostKind::Spin, F::BothFramings) => Some(
                "the host decodes the coding and hides its field, but not the length: the body is cut to that, and other codings reach the client unnamed",
            ),
            (HostKind::Spin, _) => None,

            (HostKind::Workerd, F::NoStore) => Some("the Worker is deployed with its KV namespace or not at all"),
            (HostKind::Workerd, F::StoreInSight | F::StoreCounters) => {
                Some("the KV namespace is inside the host, and nothing counts how often it is read and written")
            }
            (HostKind::Workerd, F::MemoryInSight) => {
                Some("the runtime is a process behind the one that the suite starts")
            }
            (HostKind::Workerd, F::TruncatedChunks) => Some(
                "the runtime ends a chunked body properly when its stream fails; one with a content-length breaks off visibly",
            ),
            (HostKind::Workerd, F::FailureKinds) => Some(
                "fetch tells refused, reset and closed connections by one message, and failures of DNS, TLS and HTTP by another",
            ),
            (HostKind::Workerd, F::FieldLines) => Some(
                "the Headers of the Fetch API join lines of one name and sort the names; only set-cookie stays apart. Two x-backend lines that differ therefore name two backends",
            ),
            (HostKind::Workerd, F::TargetBytes) => {
                Some("URLs of the Fetch API are normalised: dot segments are resolved, and a ' in a query becomes %27")
            }
            (HostKind::Workerd, F::GetWithBody) => {
                Some("the Fetch API knows no body of a GET request; the gateway refuses it")
            }
            (HostKind::Workerd, F::OptionsForTheServer) => {
                Some("the runtime takes the target for a URL, and answers 500 before the Worker sees the request")
            }
            (HostKind::Workerd, F::EarlyAnswer) => Some(
                "fetch may fail when the connection breaks while the upload is still being written; the client then gets a 503",
            ),
            (HostKind::Workerd, F::NewConnectionAgain) => {
                Some("the runtime may send it on another kept connection, which may have ended as well")
            }
            (HostKind::Workerd, F::ClockWhileComputing) => {
                Some("clocks stand still between two inputs or outputs, so that time spent computing is not seen")
            }
            (HostKind::Workerd, F::BothFramings) => Some("what becomes of the two is up to the runtime's fetch"),
            (HostKind::Workerd, F::OwnSettings | F::ClientAddress | F::KeptConnections | F::PathDeniesAll) => None,

            (HostKind::WasmtimeServe, F::StoreCounters) => {
                Some("the store is a folder of files, and nothing counts how often they are read and written")
            }
            (HostKind::WasmtimeServe, F::ClientAddress) => {
                Some("the host does not tell the client's address; x-forwarded-for is passed on as it came")
            }
            (HostKind::WasmtimeServe, F::KeptConnections) => Some("the host opens a connection for each request"),
            (HostKind::WasmtimeServe, F::EarlyAnswer) => Some(
                "a connection that breaks while the upload is still being written takes the answer with it; the client gets a 503",
            ),
            (HostKind::WasmtimeServe, F::BothFramings) => Some(
                "the host decodes the coding and hides its field, but not the length: the body is cut to that, and other codings reach the client unnamed",
            ),
            (HostKind::WasmtimeServe, F::PathDeniesAll) => Some(
                "the component checks its allowed hosts itself: an entry with a path allows nothing, and the others stand",
            ),
            (
                HostKind::WasmtimeServe,
                F::OwnSettings
                | F::NoStore
                | F::NewConnectionAgain
                | F::StoreInSight
                | F::MemoryInSight
                | F::TruncatedChunks
                | F::FailureKinds
                | F::FieldLines
                | F::TargetBytes
                | F::OptionsForTheServer
                | F::GetWithBody
                | F::ClockWhileComputing,
            ) => None,
        }
    }
}

impl fmt::Display for HostKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether the host of this run offers `feature`. If not, says so in the test's output.
pub(crate) fn offers(feature: Feature) -> bool {
    let host = HostKind::current();
    let deviation = host.deviation(feature);
    if let Some(reason) = deviation {
        println!("DEVIATES on {host}: {feature:?}: {reason}");
    }
    deviation.is_none()
}

/// Whether this run is on `host`; for tests of what one host alone has. If not, says so in the test's output.
pub(crate) fn is_on(host: HostKind) -> bool {
    let current = HostKind::current();
    if current != host {
        println!("NOT FOR {current}: this is about {host}");
    }
    current == host
}
