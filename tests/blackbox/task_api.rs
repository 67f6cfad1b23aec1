//! The contract of the example backends: whichever way a request takes to whichever backend, the answer is the same, and as
//! `examples/backends/openapi.yaml` says. The comparison itself is a Node.js program beside the backends, `contract/check.mjs`; here the
//! backends and gateways are started for it.

use crate::harness::{Lab, NpmBackend, Request, installed, lab, with_settings};
use gateway_example_backend::ExampleBackend;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Their ids, and the URLs where they listen.
type Backends = [(&'static str, String); 3];

#[test]
fn every_way_to_every_backend_answers_alike() {
    let started = ["bun-sqlite", "cf-d1"].map(NpmBackend::start).into_iter().collect::<Result<Vec<_>, _>>();
    let (npm, contract) = match (started, installed("examples/backends/contract")) {
        (Ok(npm), Ok(contract)) => (npm, contract),
        (Err(reason), _) | (_, Err(reason)) => {
            println!("SKIPPED: {reason}");
            return;
        }
    };
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let built_in = lab()
        .runtime
        .block_on(ExampleBackend::start(free, None, |failure| panic!("{failure}")))
        .expect("a free port and a database in memory");
    let backends: Backends = [
        ("bun-sqlite", npm[0].url.clone()),
        ("cf-d1", npm[1].url.clone()),
        ("example-backend", format!("http://{}", built_in.local_addr())),
    ];
    let direct: Vec<_> = backends.iter().map(|(id, url)| format!("{id}={url}")).collect();

    with_settings(
        |settings| {
            settings.set("request_timeout", "600s");
            settings.set("backend_bun_sqlite_url", backends[0].1.as_str());
            settings.set("backend_cf_d1_url", backends[1].1.as_str());
            settings.set("extra_backends", json!([{ "id": backends[2].0, "url": backends[2].1 }]).to_string());
        },
        |lab| {
            let (contract, backends) = (contract.clone(), backends.clone());
            let ways = [direct.clone(), through(lab, &backends, "locally")].concat();
            async move {
                assert_seeded_alike(lab, &backends).await;
                check(contract, ways).await;
            }
        },
    );

    with_settings(
        |settings| {
            settings.set("environment", "cloud");
            settings.set("request_timeout", "600s");
            for (id, url) in &backends {
                let entry = json!({ "id": id, "name": id, "url": url, "type": "cloud" });
                settings.key_values.push((format!("backend:{id}"), entry.to_string().into_bytes()));
            }
        },
        |lab| {
            // All once more directly: the first one is what all others are compared with.
            let (contract, backends) = (contract.clone(), backends.clone());
            let ways = [direct.clone(), through(lab, &backends, "in the cloud")].concat();
            async move {
                assert_seeded_alike(lab, &backends).await;
                check(contract, ways).await;
            }
        },
    );
}

/// The ways through a gateway, as arguments of the check.
fn through(lab: &Lab, backends: &Backends, place: &str) -> Vec<String> {
    backends.iter().map(|(id, _)| format!("{id} {place}=http://{},x-backend={id}", lab.gateway)).collect()
}

/// Empty databases start with the same three tasks, whose ids and times each backend has made itself, and no project. Not part of the check,
/// which also runs against databases that are in use.
async fn assert_seeded_alike(lab: &Lab, backends: &Backends) {
    let (mut ids, mut contents) = (BTreeSet::new(), BTreeSet::new());
    for (id, _) in backends {
        let response = Request::get("/tasks").backend(id).send(lab).await;
        assert_eq!(response.value("x-served-by"), Some(*id));
        assert_eq!(response.value("content-type"), Some("application/json"), "{id}");
        let mut tasks = response.json();
        for task in tasks.as_array_mut().expect("a list") {
            ids.insert(task["id"].as_str().expect("a UUID").to_owned());
            let times = ["created_at", "updated_at"].map(|member| task[member].take());
            assert_eq!(times[0], times[1], "{id}");
            task["id"] = Value::Null;
        }
        contents.insert(tasks.to_string());
        assert_eq!(Request::get("/projects").backend(id).send(lab).await.json(), json!([]), "{id}");
    }
    assert_eq!(ids.len(), 3 * backends.len(), "three tasks each: {ids:?}");
    assert_eq!(contents.len(), 1, "{contents:?}");
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
