//! The limit on open files: every request takes two, and the usual soft limit of 1,024 would end at 500 requests.

/// Raises the soft limit to the hard one, where there is such a thing. Where that fails there is
/// room for fewer connections, which is not an error.
pub(crate) fn raise_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

        let limit = getrlimit(Resource::Nofile);
        if limit.current != limit.maximum {
            let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
        }
    }
}
