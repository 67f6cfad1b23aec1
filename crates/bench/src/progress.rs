//! What the command is doing, on stderr, so that stdout holds the results alone.

use std::io::Write as _;

/// Says what comes next.
pub(crate) fn say(text: &str) {
    // Nobody has to read it.
    _ = writeln!(std::io::stderr().lock(), "· {text}");
}
