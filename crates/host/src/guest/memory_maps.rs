//! The limit on memory mappings: every instance takes a few, and Linux allows a process 65,530 by default.

use crate::stderr;

const SETTING: &str = "/proc/sys/vm/max_map_count";
/// Mappings per instance, as counted: two for its stack, which exist from the start, and four once it runs.
const PER_INSTANCE: usize = 6;
/// What the rest of the process may take.
const OTHERS: usize = 4_000;

/// As many instances as were asked for or, with a word about it, as many as there can be on this machine.
pub(crate) fn affordable(wanted: usize) -> usize {
    let Some(limit) = limit() else {
        return wanted;
    };
    let room = fitting(limit);
    if wanted <= room {
        return wanted;
    }
    let needed = wanted.saturating_mul(PER_INSTANCE).saturating_add(OTHERS);
    stderr::host(format_args!(
        "vm.max_map_count is {limit}, enough for {room} requests at once instead of {wanted}; more are answered with 503. \
         For {wanted} run: sysctl -w vm.max_map_count={needed}"
    ));
    room
}

/// How many instances there can be on this machine.
pub(crate) fn room() -> usize {
    limit().map_or(usize::MAX, fitting)
}

fn limit() -> Option<usize> {
    std::fs::read_to_string(SETTING).ok()?.trim().parse().ok()
}

/// How many instances fit; one always does.
fn fitting(limit: usize) -> usize {
    limit.saturating_sub(OTHERS).checked_div(PER_INSTANCE).unwrap_or_default().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_linux_suffices_for_the_default_of_the_host() {
        assert!(fitting(65_530) > 10_000);
        assert_eq!(fitting(0), 1);
        assert_eq!(fitting(4_000 + 6 * 20_000), 20_000);
    }
}
