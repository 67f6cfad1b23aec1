//! The modules of one crate, the arrows between their files, and the circles among these.

use std::collections::{BTreeSet, VecDeque};
use std::path::Path;

use crate::reader::{Code, Named};

/// One file that is not test code.
pub(crate) struct Module {
    /// From the root of the repository.
    pub(crate) file: String,
    /// `["health", "rules"]`; empty for `lib.rs` and `main.rs`.
    pub(crate) path: Vec<String>,
    pub(crate) text: String,
    pub(crate) code: Code,
}

impl Module {
    pub(crate) fn new(file: &str, folder: &str, text: String) -> Self {
        let within = file.trim_start_matches(folder).trim_start_matches('/').trim_end_matches(".rs");
        let path = within.split('/').filter(|name| !["lib", "main", "mod"].contains(name));
        Self { file: file.to_owned(), path: path.map(str::to_owned).collect(), code: Code::read(&text), text }
    }

    /// The room of the file: the first name of its path, nothing for `lib.rs` and `main.rs`.
    pub(crate) fn room(&self) -> Option<&str> {
        self.path.first().map(String::as_str)
    }

    /// A place in the file with its line, as messages show it.
    pub(crate) fn at(&self, line: usize) -> String {
        let text = self.text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        format!("{}:{line}: {}", self.file, text.trim())
    }
}

/// One file names another one.
#[derive(PartialEq)]
pub(crate) struct Arrow {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) line: usize,
}

/// The files below one folder of sources.
pub(crate) struct Tree {
    pub(crate) modules: Vec<Module>,
}

impl Tree {
    /// Reads a folder of the repository.
    pub(crate) fn read(root: &Path, folder: &str) -> Self {
        let files = files(root, folder, &["rs"]);
        Self::new(files.iter().map(|file| {
            let text = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            Module::new(file, folder, text)
        }))
    }

    /// Leaves out the files of test modules.
    pub(crate) fn new(modules: impl IntoIterator<Item = Module>) -> Self {
        let mut modules: Vec<Module> = modules.into_iter().collect();
        let tests: Vec<Vec<String>> = modules
            .iter()
            .flat_map(|module| {
                module.code.test_modules.iter().map(|name| [&module.path[..], std::slice::from_ref(name)].concat())
            })
            .collect();
        modules.retain(|module| !tests.iter().any(|test| module.path.starts_with(test)));
        Self { modules }
    }

    fn find(&self, path: &[String]) -> Option<usize> {
        self.modules.iter().position(|module| module.path == path)
    }

    /// The file that a path means: the deepest module on it. Nothing for what comes from outside.
    fn resolve(&self, from: &Module, inside: &[String], mut rest: &[String]) -> Option<usize> {
        let mut path = [&from.path[..], inside].concat();
        match rest.first().map(String::as_str) {
            Some("crate") => path.clear(),
            Some("self" | "super") => {}
            // A child's name needs no `self`.
            Some(name) if self.find(&[&path[..], &[name.to_owned()]].concat()).is_some() => {}
            _ => return None,
        }
        while let Some(word @ ("crate" | "self" | "super")) = rest.first().map(String::as_str) {
            if word == "super" {
                path.pop();
            }
            rest = &rest[1..];
        }
        path.extend_from_slice(rest);
        (0..=path.len()).rev().find_map(|length| self.find(&path[..length]))
    }

    /// The file that a path means whose beginning a `use` brings in: `use crate::health; health::rules::gate()`. Nothing if the `use`
    /// itself names that file.
    fn resolve_imported(&self, from: &Module, all: &[Named], named: &Named) -> Option<usize> {
        let import = all.iter().find(|import| import.name.is_some() && import.name.as_ref() == named.path.first())?;
        let file = self.resolve(from, &import.inside, &[&import.path[..], &named.path[1..]].concat());
        file.filter(|file| self.resolve(from, &import.inside, &import.path) != Some(*file))
    }

    /// Who names whom, once for each line. What a file names of itself is left out.
    pub(crate) fn arrows(&self) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        for (from, module) in self.modules.iter().enumerate() {
            let all = module.code.named();
            for named in &all {
                let to = self.resolve(module, &named.inside, &named.path);
                let to = to.or_else(|| self.resolve_imported(module, &all, named));
                if let Some(to) = to.filter(|to| *to != from) {
                    arrows.push(Arrow { from, to, line: named.line });
                    arrows.dedup();
                }
            }
        }
        arrows
    }

    /// For each set of files that reach each other, its shortest circle, with the lines that make it.
    pub(crate) fn circles(&self) -> Vec<String> {
        let arrows = self.arrows();
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for start in 0..self.modules.len() {
            if seen.contains(&start) {
                continue;
            }
            let reached = reached(&arrows, start);
            let circle: BTreeSet<usize> =
                reached.into_iter().filter(|file| self::reached(&arrows, *file).contains(&start)).collect();
            let shortest = circle.iter().filter_map(|file| way_back(&arrows, *file)).min_by_key(Vec::len);
            if let Some(way) = shortest {
                found.push(self.message(circle.len(), &way));
            }
            seen.extend(circle);
        }
        found
    }

    fn message(&self, files: usize, way: &[&Arrow]) -> String {
        let mut message = format!("{files} files reach each other:");
        for arrow in way {
            let (from, to) = (&self.modules[arrow.from], &self.modules[arrow.to]);
            message += &format!("\n    {} → {}\n        {}", from.file, to.file, from.at(arrow.line));
        }
        message
    }
}

/// The files that a file names, directly or through others.
fn reached(arrows: &[Arrow], start: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut next = vec![start];
    while let Some(file) = next.pop() {
        next.extend(arrows.iter().filter(|arrow| arrow.from == file && found.insert(arrow.to)).map(|arrow| arrow.to));
    }
    found
}

/// The shortest way from a file back to itself.
fn way_back(arrows: &[Arrow], start: usize) -> Option<Vec<&Arrow>> {
    let mut ways: VecDeque<Vec<&Arrow>> = VecDeque::from([Vec::new()]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let file = way.last().map_or(start, |arrow| arrow.to);
        if file == start && !way.is_empty() {
            return Some(way);
        }
        for arrow in arrows.iter().filter(|arrow| arrow.from == file) {
            if seen.insert(arrow.to) {
                ways.push_back([&way[..], &[arrow]].concat());
            }
        }
    }
    None
}

/// The files below a folder whose names end so, from the root of the repository, sorted. What builds and installations make is left out.
pub(crate) fn files(root: &Path, folder: &str, extensions: &[&str]) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![root.join(folder)]);
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            let made = ["target", "node_modules", ".git", ".spin", ".wrangler"].iter().any(|name| path.ends_with(name));
            if path.is_dir() && !made {
                folders.push(path);
            } else if extensions.iter().any(|extension| path.extension().is_some_and(|found| found == *extension)) {
                let file = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
                found.push(file);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} has no files");
    found
}
