//! Runs the build command of the manifest, as `spin build` does.

use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use gateway_host::manifest::Manifest;

/// Why the component was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BuildError {
    /// The manifest does not say how to build.
    #[error(
        "there is nothing to build: the manifest has no [component.{component}.build]; leave out --build, or add a command there"
    )]
    NoCommand { component: String },
    /// The command could not be started.
    #[error("cannot run the build command `{command}` in {folder}: {error}", folder = .folder.display())]
    Start {
        command: String,
        folder: PathBuf,
        #[source]
        error: std::io::Error,
    },
    /// The command failed; its own messages are on the terminal.
    #[error("the build command `{command}` failed ({status}); see its messages above")]
    Failed { command: String, status: ExitStatus },
}

/// Runs all commands, up to the first that fails. Their output goes where ours goes, so that progress is seen.
pub(crate) fn run(manifest: &Manifest) -> Result<(), BuildError> {
    let component = &manifest.component;
    let Some(build) = &component.build else {
        return Err(BuildError::NoCommand { component: component.id.clone() });
    };
    let folder = if build.folder.as_os_str().is_empty() { PathBuf::from(".") } else { build.folder.clone() };
    for command in &build.commands {
        let status = shell(command).current_dir(&folder).status().map_err(|error| BuildError::Start {
            command: command.clone(),
            folder: folder.clone(),
            error,
        })?;
        if !status.success() {
            return Err(BuildError::Failed { command: command.clone(), status });
        }
    }
    Ok(())
}

fn shell(command: &str) -> Command {
    let (program, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut shell = Command::new(program);
    shell.arg(flag).arg(command);
    shell
}
