//! The contract that all example backends are held to, `contract/check.mjs`, and whether that check finds what is not as it should be. A
//! Node.js program: needs npm, and the npm registry for the first installation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../../../../tests/support/npm_backend.rs"]
mod npm_backend;

use std::net::SocketAddr;
use std::process::Command;

use gateway_example_backend::ExampleBackend;

/// Runs a command of Node.js in the folder of the contract, beside a backend of its own.
async fn passes(arguments: fn(&str) -> Vec<String>) {
    let folder = match npm_backend::installed("../contract") {
        Ok(folder) => folder,
        Err(reason) => {
            println!("SKIPPED: {reason}");
            return;
        }
    };
    let backend = ExampleBackend::start(SocketAddr::from(([127, 0, 0, 1], 0)), None, |message| panic!("{message}"))
        .await
        .unwrap();
    let url = format!("http://{}", backend.local_addr());
    let run = move || Command::new("node").args(arguments(&url)).env("BACKEND", url).current_dir(folder).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().expect("where npm is, there is node");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn the_example_backend_answers_as_described() {
    passes(|url| vec!["check.mjs".to_owned(), format!("example-backend={url}")]).await;
}

#[tokio::test]
async fn the_check_finds_what_implementations_differ_in() {
    passes(|_| vec!["--test".to_owned()]).await;
}
