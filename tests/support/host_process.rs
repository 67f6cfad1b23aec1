//! The embedded host in a process of its own.

use super::host_program::host_program;
use super::process::Process;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;

/// The gateway's manifest.
pub(crate) const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/spin.toml");

impl Process {
    /// The embedded host as the program that people start, with further variables of its environment, without the example backend and without regular health checks. The component has to
    /// be built already.
    pub(crate) fn gateway_host(
        listen: SocketAddr,
        variables: &BTreeMap<String, String>,
        environment: &BTreeMap<String, String>,
        further_arguments: &[String],
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder").keep();
        let state = folder.join("state");
        let mut arguments =
            ["up", "--no-example", "--health-interval", "0", "--from", MANIFEST].map(str::to_owned).to_vec();
        arguments.extend(["--listen".to_owned(), listen.to_string()]);
        arguments.extend(["--state-dir".to_owned(), state.display().to_string()]);
        for (name, value) in variables {
            arguments.extend(["--variable".to_owned(), format!("{name}={value}")]);
        }
        arguments.extend_from_slice(further_arguments);
        // It reads variables from the environment and from `.env`; those of the test are meant to be all.
        let mut shell = Command::new("sh");
        shell.current_dir(&folder);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SPIN_VARIABLE_") {
                shell.env_remove(name);
            }
        }
        shell.envs(environment);
        Self::start_in(&mut shell, &folder, host_program(), &arguments, " is ready on ", None)
    }
}
