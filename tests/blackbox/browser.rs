//! The status page in Debian's Chromium, driven by `tests/browser/status-page.mjs`. Needs Chromium, Node and npm.

use crate::harness::with_host;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where Chromium is, or why the test cannot run.
fn chromium() -> Result<PathBuf, String> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let path = named.unwrap_or_else(|| PathBuf::from("/usr/bin/chromium"));
    if path.exists() { Ok(path) } else { Err(format!("{} does not exist; CHROMIUM names another", path.display())) }
}

/// Installs the driver where it is missing.
fn install(folder: &Path) -> Result<(), String> {
    if folder.join("node_modules").is_dir() {
        return Ok(());
    }
    match Command::new("npm").arg("ci").current_dir(folder).stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("npm ci ended with {status}; is the npm registry reachable?")),
        Err(error) => Err(format!("npm cannot be started: {error}")),
    }
}

#[test]
fn the_status_page_works_in_a_browser() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let chromium = match chromium().and_then(|path| install(&folder).map(|()| path)) {
        Ok(path) => path,
        Err(reason) => {
            println!("SKIPPED: {reason}");
            return;
        }
    };
    with_host(
        |options| {
            let hostile =
                r#"[{"id":"hostile","name":"<b>bold</b><img src=x onerror=alert(1)>","url":"http://127.0.0.1:1"}]"#;
            options.variables.insert("extra_backends".to_owned(), hostile.to_owned());
        },
        |lab| async move {
            let output = tokio::process::Command::new("node")
                .arg("status-page.mjs")
                .arg(format!("http://{}/backends", lab.gateway))
                .env("CHROMIUM", chromium)
                .current_dir(folder)
                .kill_on_drop(true)
                .output()
                .await
                .expect("node runs");
            let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{out}{err}");
        },
    );
}
