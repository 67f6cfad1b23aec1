//! Reads Rust source as words and signs: what it names and what it defines. Comments, the contents of strings and test code are
//! left out.

use std::iter::once;

/// A word, `::`, or another sign, and its line, counted from 1.
#[derive(Clone)]
struct Token {
    text: String,
    line: usize,
}

/// A path as it is written: `use` trees are taken apart, `self` at their ends and `as` are gone.
#[derive(Debug, PartialEq)]
pub(crate) struct Named {
    pub(crate) path: Vec<String>,
    /// What a `use` calls it from there on.
    pub(crate) name: Option<String>,
    /// The inline modules around it, from the outermost.
    pub(crate) inside: Vec<String>,
    pub(crate) line: usize,
}

/// One file without its test code.
pub(crate) struct Code {
    tokens: Vec<Token>,
    /// The modules that `#[cfg(test)] mod name;` declares: their files are test code as well.
    pub(crate) test_modules: Vec<String>,
    /// The lines of items under `#[cfg(test)]`.
    pub(crate) test_lines: usize,
}

impl Code {
    pub(crate) fn read(text: &str) -> Self {
        let tokens = tokens(&without_comments_and_strings(text));
        let mut code = Self { tokens: Vec::new(), test_modules: Vec::new(), test_lines: 0 };
        let mut at = 0;
        while at < tokens.len() {
            if is_test_code(&tokens[at..]) {
                let item = &tokens[at..end_of_item(&tokens, at)];
                if let [.., word, name, end] = item
                    && word.text == "mod"
                    && end.text == ";"
                {
                    code.test_modules.push(name.text.clone());
                }
                code.test_lines += item[item.len() - 1].line - item[0].line + 1;
                at += item.len();
            } else {
                code.tokens.push(tokens[at].clone());
                at += 1;
            }
        }
        code
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| &token.text)
    }

    /// The names that follow one of these keywords, and their lines: `defined(&["struct"])` finds the structures.
    pub(crate) fn defined(&self, keywords: &[&str]) -> Vec<(&str, usize)> {
        let pairs = self.tokens.iter().zip(self.tokens.iter().skip(1));
        pairs
            .filter(|(word, name)| keywords.contains(&word.text.as_str()) && is_word(&name.text))
            .map(|(word, name)| (name.text.as_str(), word.line))
            .collect()
    }

    /// All paths: those of `use`, and those of two segments or more anywhere else.
    pub(crate) fn named(&self) -> Vec<Named> {
        let mut found = Vec::new();
        // The inline modules, each with the depth of braces in it.
        let mut inside: Vec<(String, usize)> = Vec::new();
        let (mut depth, mut at) = (0_usize, 0);
        while at < self.tokens.len() {
            let before = found.len();
            match self.text(at) {
                "mod" if self.text(at + 2) == "{" => {
                    depth += 1;
                    inside.push((self.text(at + 1).to_owned(), depth));
                    at += 3;
                }
                "{" => {
                    depth += 1;
                    at += 1;
                }
                "}" => {
                    inside.retain(|(_, of_module)| *of_module < depth);
                    depth = depth.saturating_sub(1);
                    at += 1;
                }
                // `use<'a>` is a bound.
                "use" if self.text(at + 1) != "<" => at = self.use_tree(at + 1, &[], &mut found),
                "::" => at = self.inline_path(at + 1).1,
                // `pub(in crate::a)` says who may see an item.
                "(" if self.text(at + 1) == "in" => at = self.inline_path(at + 2).1,
                word if is_word(word) => {
                    let line = self.tokens[at].line;
                    let (path, end) = self.inline_path(at);
                    if path.len() > 1 {
                        found.push(Named { path, name: None, inside: Vec::new(), line });
                    }
                    at = end;
                }
                _ => at += 1,
            }
            for named in &mut found[before..] {
                named.inside = inside.iter().map(|(name, _)| name.clone()).collect();
            }
        }
        found
    }

    /// The path that begins with the word at this place, and the place after it.
    fn inline_path(&self, mut at: usize) -> (Vec<String>, usize) {
        let mut path = Vec::new();
        while is_word(self.text(at)) {
            path.push(self.text(at).to_owned());
            at += 1;
            if self.text(at) != "::" || !is_word(self.text(at + 1)) {
                break;
            }
            at += 1;
        }
        (path, at)
    }

    /// The paths of one branch of a `use` tree; the answer is the place after it.
    fn use_tree(&self, mut at: usize, stem: &[String], found: &mut Vec<Named>) -> usize {
        let (mut path, mut alias) = (stem.to_vec(), None);
        let line = self.tokens.get(at).map_or(0, |token| token.line);
        loop {
            match self.text(at) {
                "{" => {
                    at += 1;
                    while !["}", ""].contains(&self.text(at)) {
                        at = self.use_tree(at, &path, found);
                        at += usize::from(self.text(at) == ",");
                    }
                    return at + 1;
                }
                // A path from outside: an empty segment resolves to nothing.
                "::" if path.is_empty() => path.push(String::new()),
                "self" if !path.is_empty() => {}
                "as" => {
                    at += 1;
                    alias = Some(self.text(at).to_owned());
                }
                word if is_word(word) => path.push(word.to_owned()),
                "::" | "*" => {}
                _ => {
                    let name = alias.or_else(|| path.last().cloned());
                    found.push(Named { path, name, inside: Vec::new(), line });
                    return at;
                }
            }
            at += 1;
        }
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphanumeric() || first == '_')
}

/// Whether an item begins here that is compiled for tests alone.
fn is_test_code(tokens: &[Token]) -> bool {
    let start: String = tokens.iter().take(8).map(|token| token.text.as_str()).collect();
    start.starts_with("#[cfg(test)]") || start.starts_with("#[cfg(all(test,")
}

/// The place after the item at this place: after its `;`, after its last `}`, or before the bracket that closes what is around it.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" if depth == 0 => return at,
            "}" if depth == 1 => return at + 1,
            "}" | ")" | "]" => depth -= 1,
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

fn tokens(code: &str) -> Vec<Token> {
    let mut found = Vec::new();
    for (line, text) in code.lines().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match rest.find(|sign: char| !sign.is_alphanumeric() && sign != '_') {
                Some(0) if rest.starts_with("::") => 2,
                Some(0) => first.len_utf8(),
                Some(length) => length,
                None => rest.len(),
            };
            found.push(Token { text: rest[..length].to_owned(), line: line + 1 });
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// The text with spaces for comments, strings, characters and lifetimes. Line breaks stay.
fn without_comments_and_strings(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let length = length_of_no_code(&chars[at..], at.checked_sub(1).and_then(|before| chars.get(before)));
        for char in &chars[at..at + length] {
            out.push(if *char == '\n' { '\n' } else { ' ' });
        }
        if length == 0 {
            out.push(chars[at]);
        }
        at += length.max(1);
    }
    out
}

/// How many characters from here on are a comment, a string, a character or a lifetime; 0 if they are code.
fn length_of_no_code(rest: &[char], before: Option<&char>) -> usize {
    let in_a_word = before.is_some_and(|char| char.is_alphanumeric() || *char == '_');
    match rest {
        ['/', '/', ..] => rest.iter().position(|char| *char == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => {
            let (mut depth, mut at) = (0_usize, 0);
            while at < rest.len() {
                match rest[at..] {
                    ['/', '*', ..] => depth += 1,
                    ['*', '/', ..] if depth == 1 => return at + 2,
                    ['*', '/', ..] => depth -= 1,
                    _ => {
                        at += 1;
                        continue;
                    }
                }
                at += 2;
            }
            rest.len()
        }
        ['r', '"' | '#', ..] if !in_a_word || before == Some(&'b') => {
            let marks = rest[1..].iter().take_while(|char| **char == '#').count();
            if rest.get(1 + marks) != Some(&'"') {
                // `r#type` is the word `type`.
                return 1 + marks;
            }
            let end: Vec<char> = once('"').chain("#".repeat(marks).chars()).collect();
            let body = &rest[2 + marks..];
            let length = body.windows(end.len()).position(|window| window == end).unwrap_or(body.len());
            (2 + marks + length + end.len()).min(rest.len())
        }
        ['"', ..] => quoted(rest, '"'),
        ['\'', '\\', ..] | ['\'', _, '\'', ..] => quoted(rest, '\''),
        ['\'', ..] => 1 + rest[1..].iter().take_while(|char| char.is_alphanumeric() || **char == '_').count(),
        _ => 0,
    }
}

/// The length of what stands between two of these marks, both included.
fn quoted(rest: &[char], mark: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != mark {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}
