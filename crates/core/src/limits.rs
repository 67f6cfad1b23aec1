//! Limits that are no configuration.

use std::time::Duration;

/// How long an entry is fresh (design §1, Health).
pub const TTL: Duration = Duration::from_secs(30);

/// Time limit of an active check.
pub const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Time limit of all checks of a listing together.
pub const LISTING_TIMEOUT: Duration = Duration::from_millis(2_300);

/// Checks that run at once: hosts like Cloudflare's allow six connections for each request.
pub const CHECKS_AT_ONCE: usize = 6;

/// The longest random delay before an expired entry is refreshed after a response: of requests that find it expired together, the first to wake
/// refreshes it and the others see that.
pub const REFRESH_JITTER: Duration = Duration::from_millis(100);

/// Latencies that are kept.
pub const LATENCIES: usize = 20;

/// The most that connecting may take of the deadline.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest silence between two chunks of a response body.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The most backends of one shootout.
pub const MOST_BACKENDS: usize = 16;

/// Exchanges that run at once: hosts like Cloudflare's allow six connections for each request.
pub const AT_ONCE: usize = 6;

/// Bodies that are larger, in bytes, are hashed as they stream, and neither kept nor compared by content.
pub const LARGEST_KEPT: usize = 1024 * 1024;

/// The longest pause.
pub const LONGEST_BACKOFF: Duration = TTL;
