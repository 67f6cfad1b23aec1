//! The contract of the example backends: whichever way a request takes to whichever backend, the answer is the same, and as
//! `examples/backends/openapi.yaml` says. The comparison itself is a Node.js program beside the backends, `contract/check.mjs`; here the
//! backends and gateways are started for it.

use crate::harness::{Lab, NpmBackend, Request, installed, with_settings};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

const BACKENDS: [&str; 2] = ["bun-sqlite", "cf-d1"];

#[test]
fn every_way_to_every_backend_answers_alike() {
    let started = BACKENDS.map(|id| NpmBackend::start(id).map(|backend| (id, backend)));
    let (backends, contract) =
        match (started.into_iter().collect::<Result<Vec<_>, _>>(), installed("examples/backends/contract")) {
            (Ok(backends), Ok(contract)) => (backends, contract),
            (Err(reason), _) | (_, Err(reason)) => {
                println!("SKIPPED: {reason}");
                return;
            }
        };
    let direct: Vec<_> = backends.iter().map(|(id, backend)| format!("{id}={}", backend.url)).collect();

    with_settings(
        |settings| {
            settings.set("request_timeout", "600s");
            for (id, backend) in &backends {
                settings.set(&format!("backend_{}_url", id.replace('-', "_")), backend.url.as_str());
            }
        },
        |lab| {
            let (contract, direct) = (contract.clone(), direct.clone());
            async move {
                for id in BACKENDS {
                    assert_seeded(lab, id).await;
                }
                check(contract, [direct, through(lab, "locally")].concat()).await;
            }
        },
    );

    with_settings(
        |settings| {
            settings.set("environment", "cloud");
            settings.set("request_timeout", "600s");
            for (id, backend) in &backends {
                let entry = json!({ "id": id, "name": id, "url": backend.url, "type": "cloud" });
                settings.key_values.push((format!("backend:{id}"), entry.to_string().into_bytes()));
            }
        },
        // Both once more directly: the first one is what all others are compared with.
        |lab| check(contract, [direct, through(lab, "in the cloud")].concat()),
    );
}

/// The ways through a gateway, as arguments of the check.
fn through(lab: &Lab, place: &str) -> Vec<String> {
    BACKENDS.map(|id| format!("{id} {place}=http://{},x-backend={id}", lab.gateway)).to_vec()
}

/// An empty database starts with two tasks. Not part of the check, which also runs against databases that are in use.
async fn assert_seeded(lab: &Lab, id: &str) {
    let tasks = Request::get("/tasks").backend(id).send(lab).await.json();
    let tasks: Vec<_> = tasks
        .as_array()
        .expect("a list")
        .iter()
        .map(|task| (task["id"].as_i64(), task["title"].as_str(), task["done"].as_bool()))
        .collect();
    let examples =
        [(Some(1), Some("Try the gateway"), Some(false)), (Some(2), Some("Compare two backends"), Some(false))];
    assert_eq!(tasks, examples, "{id}");
}

/// Runs the check.
async fn check(contract: PathBuf, ways: Vec<String>) {
    let run = move || Command::new("node").arg("check.mjs").args(&ways).current_dir(Path::new(&contract)).output();
    let output = tokio::task::spawn_blocking(run).await.expect("no panic").expect("where npm is, there is node");
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(
        output.status.success(),
        "{}{}",
        text.lines().filter(|line| !line.starts_with("ok ")).collect::<Vec<_>>().join("\n"),
        String::from_utf8_lossy(&output.stderr)
    );
}
