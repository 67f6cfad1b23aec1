//! Limits that are not configuration.

use std::time::Duration;

/// How long a health entry is fresh.
pub const HEALTH_TTL: Duration = Duration::from_secs(30);

/// The periodic survey renews entries that expire within this time.
pub const RENEWAL_LEAD: Duration = Duration::from_secs(10);

/// How much longer than others an entry is fresh that the periodic survey has found: the next survey begins 30 s later, and its checks take time.
pub const RENEWAL_GRACE: Duration = Duration::from_secs(5);

/// How often requests check a backend that is down in the background.
pub const RECHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Time limit of an active check.
pub const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Time limit of all checks of a listing together.
pub const LISTING_TIMEOUT: Duration = Duration::from_millis(2_300);

/// The longest random delay before an expired entry is refreshed after a response: of requests that find it expired together, the first to wake
/// refreshes it and the others see that.
pub const MAX_REFRESH_DELAY: Duration = Duration::from_millis(100);

/// The longest pause before an unhealthy backend is tried again.
pub const MAX_BACKOFF: Duration = HEALTH_TTL;

/// Latencies that a health entry keeps.
pub const MAX_LATENCIES: usize = 20;

/// The most that connecting may take of the deadline.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Checks that one request makes at once: hosts like Cloudflare's allow six connections for each request.
pub const MAX_EXCHANGES_AT_ONCE: usize = 6;

/// The most backends of one comparison.
pub const MAX_COMPARED_BACKENDS: usize = 16;

/// The most rounds of one comparison.
pub const MAX_RUNS: usize = 50;

/// The most rounds before the measured ones.
pub const MAX_WARMUP: usize = 5;

/// Bodies that are larger, in bytes, are hashed as they stream, and neither kept nor compared by content.
pub const MAX_KEPT_BODY: usize = 1024 * 1024;
