//! The status page in Debian's Chromium, driven by `tests/browser/status-page.mjs`. Needs Chromium, Node and npm.

use crate::harness::{installed, with_settings};
use std::path::PathBuf;

/// Where Chromium is, or why the test cannot run.
fn chromium() -> Result<PathBuf, String> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let path = named.unwrap_or_else(|| PathBuf::from("/usr/bin/chromium"));
    if path.exists() { Ok(path) } else { Err(format!("{} does not exist; CHROMIUM names another", path.display())) }
}

#[test]
fn the_status_page_works_in_a_browser() {
    let (chromium, folder) = match chromium().and_then(|path| Ok((path, installed("tests/browser")?))) {
        Ok(found) => found,
        Err(reason) => {
            println!("SKIPPED: {reason}");
            return;
        }
    };
    with_settings(
        |settings| {
            let hostile =
                r#"[{"id":"hostile","name":"<b>bold</b><img src=x onerror=alert(1)>","url":"http://127.0.0.1:1"}]"#;
            settings.set("extra_backends", hostile);
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
