//! Where a report is shown: colours, the width of the terminal, and what the report does not say.

use std::ffi::OsStr;
use std::io::IsTerminal;

/// Columns where stdout is not a terminal and COLUMNS does not say.
const DEFAULT_WIDTH: usize = 120;

/// What the report does not say.
pub(in crate::commands::shootout) struct Context<'a> {
    /// Where the gateway is.
    pub(in crate::commands::shootout) origin: &'a str,
    /// Whether only identical and equal answers agree.
    pub(in crate::commands::shootout) strict: bool,
    /// The file that has everything.
    pub(in crate::commands::shootout) file: &'a str,
    /// Columns of the terminal.
    pub(in crate::commands::shootout) width: usize,
    pub(in crate::commands::shootout) paint: Paint,
}

/// Where text is coloured, with the terminal's own colours.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands::shootout) struct Paint(bool);

impl Paint {
    /// For stdout as it is.
    pub(in crate::commands::shootout) fn of_stdout() -> Self {
        let (no_color, term) = (std::env::var_os("NO_COLOR"), std::env::var_os("TERM"));
        Paint(colours(std::io::stdout().is_terminal(), no_color.as_deref(), term.as_deref()))
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(super) fn quiet(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(super) fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(super) fn bad(self, text: &str) -> String {
        self.with("31", text)
    }
}

/// Columns that a line may have.
pub(in crate::commands::shootout) fn width() -> usize {
    let of_terminal = console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    let given = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    of_terminal.or(given).unwrap_or(DEFAULT_WIDTH)
}

/// Colours are for terminals, unless the user does not want them (no-color.org).
fn colours(terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> bool {
    terminal && no_color.is_none_or(OsStr::is_empty) && term.is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_and_those_who_want_them() {
        let (set, empty, dumb) = (Some(OsStr::new("1")), Some(OsStr::new("")), Some(OsStr::new("dumb")));
        assert!(colours(true, None, None) && colours(true, empty, Some(OsStr::new("xterm"))));
        assert!(!colours(false, None, None) && !colours(true, set, None) && !colours(true, None, dumb));
    }

    #[test]
    fn paint_is_off_or_ends_what_it_begins() {
        assert_eq!(Paint(false).bad("x"), "x");
        assert_eq!(Paint(true).bad("x"), "\x1b[31mx\x1b[0m");
    }
}
