//! The host's random numbers.

use crate::host::bindings::random;
use gateway_core::request::request_id;
use std::time::Duration;

/// A new request id; also good for a nonce.
pub(crate) fn id() -> String {
    request_id::from_random(random::get_random_u64(), random::get_random_u64())
}

/// A duration of at most `limit`.
pub(crate) fn up_to(limit: Duration) -> Duration {
    let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX).max(1);
    Duration::from_nanos(random::get_random_u64().checked_rem(limit).unwrap_or_default())
}
