//! The peers: what each is, which workloads it is measured at, and what it is compared with.

use crate::site::Site;
use crate::workload::Kind;

/// The id of the proxy that all others are compared with.
pub(crate) const NGINX: &str = "nginx";

/// Something that answers the same requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// The name on the command line and in results.
    pub(crate) id: &'static str,
    /// The name for people.
    pub(crate) name: &'static str,
    /// What is started.
    pub(crate) launch: Launch,
}

/// What is started, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Launch {
    /// Nothing in between.
    Direct,
    Nginx,
    Worker,
    /// The gateway in the embedded host.
    Gateway {
        reused: bool,
        cloud: bool,
    },
    /// The minimal component in the same host.
    PassThrough {
        reused: bool,
    },
    /// A Worker as the gateway is served on workerd: the gateway, or the hand-written one under the same conditions.
    Workerd {
        gateway: bool,
    },
}

/// All peers.
pub(crate) const PEERS: [Peer; 12] = {
    const fn peer(id: &'static str, name: &'static str, launch: Launch) -> Peer {
        Peer { id, name, launch }
    }
    [
        peer("direct", "no proxy", Launch::Direct),
        peer(NGINX, "nginx as the proxy", Launch::Nginx),
        peer("control", "a second nginx, to see the noise", Launch::Nginx),
        peer("worker", "hand-written Worker on workerd", Launch::Worker),
        peer("pass-through-fresh", "minimal component, fresh instances", Launch::PassThrough { reused: false }),
        peer("pass-through-reused", "minimal component, reused instances", Launch::PassThrough { reused: true }),
        peer("gateway-fresh", "gateway, fresh instances", Launch::Gateway { reused: false, cloud: false }),
        peer("gateway-reused", "gateway, reused instances", Launch::Gateway { reused: true, cloud: false }),
        peer(
            "gateway-cloud-fresh",
            "gateway, cloud mode, fresh instances",
            Launch::Gateway { reused: false, cloud: true },
        ),
        peer(
            "gateway-cloud-reused",
            "gateway, cloud mode, reused instances",
            Launch::Gateway { reused: true, cloud: true },
        ),
        peer(
            "workerd-hand-written",
            "hand-written Worker, served like the gateway",
            Launch::Workerd { gateway: false },
        ),
        peer("workerd-gateway", "gateway on workerd", Launch::Workerd { gateway: true }),
    ]
};

/// The peer with this id.
pub(crate) fn by_id(id: &str) -> Option<Peer> {
    PEERS.into_iter().find(|peer| peer.id == id)
}

/// The name of the peer with this id, for people.
pub(crate) fn name(id: &str) -> &str {
    by_id(id).map_or(id, |peer| peer.name)
}

/// What a gateway is compared with beside nginx: the minimal component in the same host, used the same way, or on workerd the hand-written Worker.
pub(crate) fn counterpart(id: &str) -> Option<&'static str> {
    match by_id(id)?.launch {
        Launch::Gateway { reused: false, .. } => Some("pass-through-fresh"),
        Launch::Gateway { reused: true, .. } => Some("pass-through-reused"),
        Launch::Workerd { gateway: true } => Some("workerd-hand-written"),
        _ => None,
    }
}

impl Peer {
    /// Whether this workload is measured with it: the cloud mode, the control and the gateway on workerd are measured at small requests only, and
    /// `/health` is the gateway's own.
    pub(crate) fn takes(self, kind: Kind) -> bool {
        match kind {
            Kind::Small => true,
            Kind::Large | Kind::Upload => {
                self.id != "control"
                    && !matches!(self.launch, Launch::Gateway { cloud: true, .. } | Launch::Workerd { .. })
            }
            Kind::Health => matches!(self.launch, Launch::Gateway { cloud: false, .. }),
        }
    }

    /// Whether it is measured at long transfers and thousands of open requests too.
    pub(crate) fn takes_heavy(self) -> bool {
        self.takes(Kind::Large)
    }

    /// Why it cannot be started here.
    pub(crate) fn missing(self, site: &Site) -> Option<String> {
        match self.launch {
            Launch::Worker => site.workerd.as_ref().err().cloned(),
            Launch::Workerd { .. } => site.cloudflare.as_ref().err().cloned(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_counterparts_exist() {
        for (index, peer) in PEERS.iter().enumerate() {
            assert!(PEERS[..index].iter().all(|other| other.id != peer.id), "{}", peer.id);
            assert!(counterpart(peer.id).is_none_or(|other| by_id(other).is_some()), "{}", peer.id);
        }
        assert_eq!(counterpart("gateway-cloud-reused"), Some("pass-through-reused"));
        assert_eq!(counterpart(NGINX), None);
    }
}
