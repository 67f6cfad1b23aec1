//! Fetches packages from the machine's own Debian mirror without touching the machine: apt gets a configuration, lists and a cache of
//! its own in a temporary folder, and what it downloads is unpacked there and never installed.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::command::Step;
use crate::error::{BuildError, Failure};
use crate::sources::{self, Mirror};

/// Where current Rust versions are: backports to stable, and the release after it.
const SUITES: [&str; 2] = ["trixie-backports", "forky"];

const BY_HAND: &str =
    "install the target by hand: `rustup target add wasm32-wasip2`, or your package manager's package for it";

const MIRROR: Step = Step { name: "finding a Debian mirror", limit: Duration::ZERO, remedy: BY_HAND };
const UPDATE: Step = Step { name: "reading Debian's package lists", limit: Duration::from_secs(300), remedy: BY_HAND };
const VERSIONS: Step = Step {
    name: "finding rust-src in rustc's version",
    limit: Duration::from_secs(60),
    remedy: "use one of these Rust versions, or install the target by hand: `rustup target add wasm32-wasip2`",
};
const DOWNLOAD: Step = Step { name: "downloading from Debian", limit: Duration::from_secs(900), remedy: BY_HAND };
const UNPACK: Step = Step { name: "unpacking a Debian package", limit: Duration::from_secs(300), remedy: BY_HAND };

/// The Debian mirror this machine uses; on other systems there is none.
pub(crate) fn mirror() -> Result<Mirror, BuildError> {
    sources::find(Path::new("/etc/apt"))
        .ok_or_else(|| MIRROR.unsupported("this machine has no apt source for Debian".into()))
}

/// A package manager of its own, for as long as its folder exists.
pub(crate) struct Apt {
    dir: PathBuf,
    /// What `apt-get update` complained about; it may still have read the one suite that matters.
    complaint: Option<BuildError>,
}

impl Apt {
    /// Sets up `dir`, which must not exist yet, and reads the package lists into it.
    pub(crate) fn set_up(dir: &Path, mirror: &Mirror) -> Result<Self, BuildError> {
        let folders = ["sources.list.d", "preferences.d", "lists/partial", "cache/archives/partial", "unpacked"];
        for folder in folders {
            let folder = dir.join(folder);
            fs::create_dir_all(&folder).map_err(BuildError::files(UPDATE.name, &folder, BY_HAND))?;
        }
        let sources = dir.join("sources.list.d/debian.sources");
        fs::write(&sources, mirror.stanza(&SUITES)).map_err(BuildError::files(UPDATE.name, &sources, BY_HAND))?;
        let mut apt = Self { dir: dir.to_owned(), complaint: None };
        match UPDATE.run(apt.command("apt-get").arg("update")) {
            Ok(_) => {}
            Err(error @ BuildError::Command { failure: Failure::NotStarted(_), .. }) => return Err(error),
            Err(error) => apt.complaint = Some(error),
        }
        Ok(apt)
    }

    /// The version of `package` that packages the upstream version `wanted`.
    pub(crate) fn version_of(&mut self, package: &str, wanted: &str) -> Result<String, BuildError> {
        let listed = VERSIONS.run(self.command("apt-cache").args(["madison", package]))?;
        let versions = versions(&listed);
        if let Some(version) = versions.iter().find(|version| upstream(version) == wanted) {
            return Ok((*version).to_owned());
        }
        if let Some(complaint) = self.complaint.take() {
            return Err(complaint);
        }
        let there = if versions.is_empty() { "none".into() } else { versions.join(", ") };
        Err(VERSIONS
            .unsupported(format!("rustc is {wanted}; versions of {package} in {}: {there}", SUITES.join(" and "))))
    }

    /// Downloads and unpacks `package`, in `version` if given, and returns the folder that then is its root.
    pub(crate) fn unpacked(&mut self, package: &str, version: Option<&str>) -> Result<PathBuf, BuildError> {
        let wanted = version.map_or_else(|| package.to_owned(), |version| format!("{package}={version}"));
        // apt-get leaves its download in the current folder.
        DOWNLOAD
            .run(self.command("apt-get").args(["download", &wanted]).current_dir(&self.dir))
            // Without its list the package is merely unknown; the reason is the list's.
            .map_err(|error| self.complaint.take().unwrap_or(error))?;
        let files = fs::read_dir(&self.dir).map_err(BuildError::files(DOWNLOAD.name, &self.dir, BY_HAND))?;
        let names: Vec<String> = files.flatten().map(|file| file.file_name().to_string_lossy().into_owned()).collect();
        let deb = choose_deb(&names, package)
            .ok_or_else(|| DOWNLOAD.unsupported(format!("apt-get succeeded, but there is no {package}_*.deb")))?;
        let root = self.dir.join("unpacked").join(package);
        UNPACK.run(Command::new("dpkg-deb").arg("-x").arg(self.dir.join(deb)).arg(&root))?;
        Ok(root)
    }

    /// An apt program that sees our sources, lists, cache and preferences instead of the machine's. Proxies, credentials and
    /// certificates stay the machine's.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("LC_ALL", "C").arg("--quiet");
        for (option, folder) in [
            ("Dir::Etc::SourceParts", "sources.list.d"),
            ("Dir::Etc::PreferencesParts", "preferences.d"),
            ("Dir::State::Lists", "lists"),
            ("Dir::Cache", "cache"),
        ] {
            let mut setting = OsString::from(option);
            setting.push("=");
            setting.push(self.dir.join(folder));
            command.arg("-o").arg(setting);
        }
        for setting in [
            "Dir::Etc::SourceList=/dev/null",
            "Dir::Etc::Preferences=/dev/null",
            "Acquire::Languages=none",
            "Acquire::Retries=2",
            // An unreachable mirror is a mere warning otherwise.
            "APT::Update::Error-Mode=any",
            // As root, apt would hand downloads to a user who may not enter our folder.
            "APT::Sandbox::User=root",
        ] {
            command.args(["-o", setting]);
        }
        command
    }
}

/// The versions in the output of `apt-cache madison`: `package | version | source`, one per line.
fn versions(madison: &str) -> Vec<&str> {
    let mut versions: Vec<&str> = madison.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim).collect();
    versions.dedup();
    versions
}

/// The upstream part of a Debian version: without epoch, repacking suffix and revision, as in `1.95.0+dfsg1-2~bpo13+1`.
fn upstream(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    let version = version.rsplit_once('-').map_or(version, |(upstream, _)| upstream);
    version.split_once('+').map_or(version, |(upstream, _)| upstream)
}

fn choose_deb<'a>(names: &'a [String], package: &str) -> Option<&'a str> {
    names
        .iter()
        .map(String::as_str)
        .find(|name| name.strip_prefix(package).is_some_and(|rest| rest.starts_with('_') && rest.ends_with(".deb")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_madison_output() {
        let listed = "  rust-src | 1.96.0+dfsg1-1 | http://one.example/debian forky/main amd64 Packages\n\
                      \x20 rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://one.example/debian trixie-backports/main amd64 Packages\n\
                      \x20 rust-src | 1.95.0+dfsg1-2~bpo13+1 | http://one.example/debian trixie-backports/main arm64 Packages\n\n";
        assert_eq!(versions(listed), ["1.96.0+dfsg1-1", "1.95.0+dfsg1-2~bpo13+1"], "each once, in apt's order");
        assert!(versions("").is_empty(), "no output, no versions");
    }

    #[test]
    fn the_upstream_version_is_compared_exactly() {
        for (version, expected) in [
            ("1.95.0+dfsg1-2~bpo13+1", "1.95.0"),
            ("1.95.0-1", "1.95.0"),
            ("1:1.95.0+dfsg1-2", "1.95.0"),
            ("1.95.0~beta.3+dfsg1-1", "1.95.0~beta.3"),
            ("1.95.00-1", "1.95.00"),
            ("1.95.0", "1.95.0"),
        ] {
            assert_eq!(upstream(version), expected, "{version}");
        }
    }

    #[test]
    fn the_deb_of_the_package_and_no_other() {
        let names =
            ["lists", "rust-src-doc_1_all.deb", "rust-src_1.95.0+dfsg1-2~bpo13+1_all.deb", "rust-src_1.deb.partial"]
                .map(String::from);
        assert_eq!(
            choose_deb(&names, "rust-src"),
            Some("rust-src_1.95.0+dfsg1-2~bpo13+1_all.deb"),
            "the whole name before the underscore"
        );
        assert_eq!(choose_deb(&names, "wasi-libc"), None, "not downloaded");
    }
}
