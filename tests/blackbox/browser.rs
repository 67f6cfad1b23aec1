//! Debian's Chromium, driven by the scripts of `tests/browser`. Needs Chromium, Node and npm.

use crate::harness::{Lab, Settings, installed, with_settings};
use std::path::PathBuf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// What the two backends that are compared answer: alike in `same`, whatever the order, and with markup where they differ.
const FIRST: &str = r#"{"title":"<img src=x onerror=alert(1)>","done":false,"tags":["a","b"],"same":{"x":1,"y":2}}"#;
const SECOND: &str =
    r#"{"same":{"y":2,"x":1},"tags":["a"],"done":true,"title":"<script>alert(2)</script>","extra<b>":{"a":1}}"#;

/// Where Chromium is, or why the test cannot run.
fn chromium() -> Result<PathBuf, String> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let path = named.unwrap_or_else(|| PathBuf::from("/usr/bin/chromium"));
    if path.exists() { Ok(path) } else { Err(format!("{} does not exist; CHROMIUM names another", path.display())) }
}

/// A backend that answers every request with these field lines and this JSON, one request per connection. Ends with the runtime.
fn answering(listener: std::net::TcpListener, fields: &'static str, json: &'static str) {
    tokio::spawn(async move {
        listener.set_nonblocking(true).expect("a listener for tokio");
        let listener = TcpListener::from_std(listener).expect("a listener for tokio");
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => return,
                    }
                }
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{fields}content-length: {}\r\nconnection: close\r\n\r\n",
                    json.len()
                );
                let _ = stream.write_all([head.as_str(), json].concat().as_bytes()).await;
            });
        }
    });
}

/// Runs a script of `tests/browser` against a gateway with these settings.
pub(crate) fn browser_test(
    settings: impl FnOnce(&mut Settings),
    before: impl FnOnce(),
    script: &str,
    arguments: impl FnOnce(&Lab) -> Vec<String>,
    environment: &[(&str, &str)],
) {
    let (chromium, folder) = match chromium().and_then(|path| Ok((path, installed("tests/browser")?))) {
        Ok(found) => found,
        Err(reason) => {
            println!("SKIPPED: {reason}");
            return;
        }
    };
    with_settings(settings, |lab| async move {
        before();
        let output = tokio::process::Command::new("node")
            .arg(script)
            .args(arguments(lab))
            .env("CHROMIUM", chromium)
            .envs(environment.iter().copied())
            .current_dir(folder)
            .kill_on_drop(true)
            .output()
            .await
            .expect("node runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{out}{err}");
    });
}

#[test]
fn the_status_page_works_in_a_browser() {
    let listeners = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").expect("a free port"));
    let addresses = listeners.each_ref().map(|listener| listener.local_addr().expect("an address"));
    browser_test(
        move |settings| {
            let extra = format!(
                r#"[{{"id":"hostile","name":"<b>bold</b><img src=x onerror=alert(1)>","url":"http://127.0.0.1:1"}},
                {{"id":"twin-a","url":"http://{}"}},{{"id":"twin-b","url":"http://{}"}}]"#,
                addresses[0], addresses[1]
            );
            settings.set("extra_backends", extra);
        },
        || {
            let [first, second] = listeners;
            answering(first, "x-mark: <i>one</i>\r\n", FIRST);
            answering(second, "x-mark: <i>two</i>\r\n", SECOND);
        },
        "status-page.mjs",
        |lab| vec![format!("http://{}/backends", lab.gateway)],
        &[("TWINS", "twin-a,twin-b")],
    );
}
