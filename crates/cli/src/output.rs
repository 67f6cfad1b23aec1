//! What commands say on stdout, and how they count.

use std::io::Write;

/// A text for stdout, whole. A closed stdout is not a reason to fail.
pub(crate) fn print(text: impl AsRef<[u8]>) {
    let mut stdout = std::io::stdout().lock();
    drop(stdout.write_all(text.as_ref()).and_then(|()| stdout.flush()));
}

/// A text for stderr, whole. A closed stderr is not a reason to fail.
pub(crate) fn remark(text: impl AsRef<[u8]>) {
    drop(std::io::stderr().lock().write_all(text.as_ref()));
}

/// `1 error`, `2 errors`.
pub(crate) fn number(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
