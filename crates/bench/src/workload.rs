//! What is asked of every peer in turn: one kind of request from so many connections.

use serde::Serialize;

/// The body of the small answer, in bytes.
pub(crate) const SMALL: usize = 180;
/// The body of the large answer, in bytes.
pub(crate) const LARGE: usize = 64 << 10;
/// The body of the upload, in bytes.
pub(crate) const UPLOAD: usize = 10 << 10;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// GET, answered with 180 bytes.
    Small,
    /// GET, answered with 64 KiB.
    Large,
    /// POST of 10 KiB, answered after it was read.
    Upload,
    /// GET of the gateway's own `/health`: what a request costs before any backend comes into play.
    Health,
}

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upstream {
    /// nginx.
    Files,
    /// The command itself, which reads bodies to their end and can hold requests open. nginx would answer before it has read the body.
    Bodies,
}

impl Upstream {
    /// The id of the backend that stands for it, in `x-backend`.
    pub(crate) const fn backend(self) -> &'static str {
        match self {
            Self::Files => "bun-sqlite",
            Self::Bodies => "cf-d1",
        }
    }
}

impl Kind {
    /// The kinds that every peer answers.
    pub(crate) const PROXIED: [Self; 3] = [Self::Small, Self::Large, Self::Upload];

    /// The name on the command line.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Small => "get-180",
            Self::Large => "get-64k",
            Self::Upload => "post-10k",
            Self::Health => "health",
        }
    }

    /// The name for people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Small => "GET, 180 bytes",
            Self::Large => "GET, 64 KiB",
            Self::Upload => "POST, 10 KiB",
            Self::Health => "GET /health",
        }
    }

    /// The path asked for.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Small => "/small",
            Self::Large => "/large",
            Self::Upload => "/upload",
            Self::Health => "/health",
        }
    }

    /// Who answers.
    pub(crate) const fn upstream(self) -> Upstream {
        match self {
            Self::Small | Self::Large | Self::Health => Upstream::Files,
            Self::Upload => Upstream::Bodies,
        }
    }

    /// How long the request's body is, in bytes.
    pub(crate) const fn request_body(self) -> Option<usize> {
        match self {
            Self::Small | Self::Large | Self::Health => None,
            Self::Upload => Some(UPLOAD),
        }
    }
}

/// A kind of request from a number of connections, each sending its next request when the last was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Workload {
    /// The request.
    pub(crate) kind: Kind,
    /// The connections.
    pub(crate) connections: usize,
}

impl Workload {
    /// The numbers of connections measured.
    pub(crate) const CONNECTIONS: [usize; 3] = [1, 64, 512];

    /// All workloads.
    pub(crate) fn all() -> Vec<Self> {
        let of_kind = |kind| Self::CONNECTIONS.into_iter().map(move |connections| Self { kind, connections });
        let health = Self { kind: Kind::Health, connections: 1 };
        Kind::PROXIED.into_iter().flat_map(of_kind).chain([health]).collect()
    }

    /// The name on the command line and in results.
    pub(crate) fn id(self) -> String {
        format!("{}-c{}", self.kind.id(), self.connections)
    }

    /// The name for people.
    pub(crate) fn title(self) -> String {
        match self.connections {
            1 => format!("{}, 1 connection", self.kind.title()),
            many => format!("{}, {many} connections", self.kind.title()),
        }
    }
}
