//! What only the component for plain WASI has: variables from the environment, and a store in a folder. Other hosts bring these along.

use crate::harness::{HostKind, Lab, Request, Settings, is_on, lab, with_settings};
use gateway_core::file_name::of_key;
use std::future::Future;
use std::path::Path;

fn with<F: Future<Output = ()>>(settings: impl FnOnce(&mut Settings), test: impl FnOnce(&'static Lab) -> F) {
    if is_on(HostKind::WasmtimeServe) {
        with_settings(settings, test);
    }
}

fn store(lab: &Lab) -> &Path {
    lab.process.as_ref().and_then(|process| process.store.as_deref()).expect("a store that is a folder")
}

async fn backends(lab: &Lab) -> Vec<serde_json::Value> {
    let body = Request::get("/backends").send(lab).await.json();
    body["backends"].as_array().unwrap_or_else(|| panic!("a list, not {body}")).clone()
}

#[test]
fn variables_have_the_defaults_of_the_manifest() {
    with(
        |settings| {
            settings.variables.clear();
            // Where a default points, another program may listen on this machine: what is not looked at here is switched off.
            for id in ["bun_sqlite", "cf_d1", "dotnet_api", "elixir_phoenix", "php_laravel", "ruby_rails"] {
                settings.set(&format!("backend_{id}_url"), "http://unset.invalid");
            }
        },
        |lab| async move {
            let listed = backends(lab).await;
            assert_eq!(listed.len(), 1);
            assert_eq!(listed[0]["url"], "http://127.0.0.1:8080");
        },
    );
}

#[test]
fn the_long_name_of_a_variable_wins_over_the_short_one() {
    with(
        |settings| {
            settings.variables.remove("request_timeout");
            let arguments = ["REQUEST_TIMEOUT=soon", "SPIN_VARIABLE_REQUEST_TIMEOUT=later", "UNDECLARED=x"];
            settings.arguments.extend(arguments.map(|argument| format!("--env={argument}")));
        },
        |lab| async move {
            let response = Request::get("/").send(lab).await;
            let message = response.json()["message"].as_str().expect("a message").to_owned();
            assert!(message.contains("'later'"), "{message}");
        },
    );
}

#[test]
fn without_a_folder_the_cloud_says_what_is_missing_and_nothing_else_suffers() {
    with(
        |settings| settings.store = false,
        |lab| async move {
            let response = Request::get("/").cloud("cf-d1").send(lab).await;
            assert_eq!(response.status, 500);
            let message = response.json()["message"].as_str().expect("a message").to_owned();
            assert!(message.contains("key-value store") && message.contains("--dir <folder>::/store"), "{message}");
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path);
            let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.ok("").await });
            assert_eq!(response.status, 200);
        },
    );
}

/// What stands in the folder and cannot be read is an error about its key, and no other backend's.
#[test]
fn an_unreadable_entry_is_an_error_that_harms_nobody_else() {
    with(
        |settings| {
            settings.set("environment", "cloud");
            settings.key_values.push(("backend:empty".to_owned(), Vec::new()));
            settings.key_values.push(("backend:binary".to_owned(), vec![0xff, 0, 0xfe]));
        },
        |lab| async move {
            std::fs::create_dir(store(lab).join(of_key("backend:folder"))).expect("a writable folder");
            let large = std::fs::File::create(store(lab).join(of_key("backend:large"))).expect("as above");
            // All of it would be more than a component's memory can hold.
            large.set_len(8 << 30).expect("a file with a hole");
            #[cfg(unix)]
            std::os::unix::fs::symlink("/etc/hostname", store(lab).join(of_key("backend:escaping"))).expect("as above");
            #[cfg(unix)]
            std::os::unix::fs::symlink("nowhere", store(lab).join(of_key("backend:dangling"))).expect("as above");
            for (id, reason) in [
                ("large", "larger than 1 MiB"),
                ("empty", "is not a JSON object"),
                ("binary", "is not a JSON object"),
                ("folder", "cannot be read"),
                #[cfg(unix)]
                ("escaping", "cannot be read"),
            ] {
                let response = Request::get("/").backend(id).send(lab).await;
                assert_eq!(response.status, 500, "{id}");
                let message = response.json()["message"].as_str().expect("a message").to_owned();
                assert!(message.contains(&format!("'backend:{id}'")) && message.contains(reason), "{id}: {message}");
                let listed = backends(lab).await;
                let shown = listed.iter().find(|backend| backend["id"] == id).expect("it is listed with its reason");
                assert!(shown["reason"].as_str().expect("a reason").contains(reason), "{id}: {shown}");
            }
            let response = Request::get("/").backend("dangling").send(lab).await;
            assert_eq!(response.status, 400, "what leads nowhere is no entry");
            let mut upstream = lab.upstream();
            let request = Request::get(&upstream.path);
            let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.ok("").await });
            assert_eq!(response.status, 200, "the others stand");
        },
    );
}

#[test]
fn files_that_are_no_entries_are_left_alone() {
    with(
        |settings| settings.set("environment", "cloud"),
        |lab| async move {
            let before = backends(lab).await.len();
            let good = std::fs::read(store(lab).join(of_key("backend:cf-d1"))).expect("it is there");
            for name in
                ["notes.txt", "backend:cf-d1.json", "backend%3Acf-d1", "backend%3Acf-d1.json~", "backend%3acf-d1.json"]
            {
                std::fs::write(store(lab).join(name), &good).expect("a writable folder");
            }
            assert_eq!(backends(lab).await.len(), before);
            #[cfg(target_os = "linux")]
            {
                use std::os::unix::ffi::OsStrExt as _;
                let name = std::ffi::OsStr::from_bytes(b"no-\xff-text.json");
                std::fs::write(store(lab).join(name), &good).expect("a writable folder");
                // WASI cannot show such a name: the listing fails with a word about it, and no request does.
                let response = Request::get("/backends").send(lab).await;
                assert_eq!(response.status, 500);
                let message = response.json()["message"].as_str().expect("a message").to_owned();
                assert!(message.contains("key-value store 'default' cannot be listed"), "{message}");
                let mut upstream = lab.upstream();
                let request = Request::get(&upstream.path);
                let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.ok("").await });
                assert_eq!(response.status, 200);
            }
        },
    );
}

/// Ids reach the folder only as encoded names, and keys that differ in case stay apart.
#[test]
fn no_id_leads_out_of_the_folder() {
    with(
        |settings| {
            settings.set("environment", "cloud");
            let backend = settings.variables.get("backend_bun_sqlite_url").expect("set by the suite").clone();
            for id in ["UPPER", "dots..", "under_score"] {
                let entry = serde_json::json!({ "id": id, "name": id, "url": backend });
                settings.key_values.push((format!("backend:{id}"), entry.to_string().into_bytes()));
            }
        },
        |lab| async move {
            let good = std::fs::read(store(lab).join(of_key("backend:cf-d1"))).expect("it is there");
            std::fs::write(store(lab).parent().expect("a parent").join("outside.json"), good)
                .expect("a writable folder");
            for id in ["../outside", "..%2Foutside", "/store/../outside", "upper", "..", "."] {
                let response = Request::get("/").backend(id).send(lab).await;
                assert_eq!(response.status, 400, "{id}");
            }
            for id in ["UPPER", "dots..", "under_score"] {
                let mut upstream = lab.upstream();
                let request = Request::get(&upstream.path).backend(id);
                let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.ok("").await });
                assert_eq!(response.status, 200, "{id}");
            }
        },
    );
}

/// Health is written beside reads and listings of the store: none may see half an entry or stumble over one, and nothing is left over.
#[test]
fn writes_replace_entries_whole() {
    const BACKENDS: usize = 60;
    with(
        |settings| {
            let nowhere = settings.variables.get("backend_dotnet_api_url").expect("set by the suite").clone();
            for index in 0..BACKENDS {
                let id = format!("gone-{index}");
                let entry = serde_json::json!({ "id": id, "name": id, "url": nowhere });
                settings.key_values.push((format!("backend:{id}"), entry.to_string().into_bytes()));
            }
        },
        |lab| async move {
            let entries = || (0..BACKENDS).map(|index| store(lab).join(of_key(&format!("health:cloud:gone-{index}"))));
            let reader = std::thread::spawn(move || {
                let mut whole = 0;
                while whole < BACKENDS {
                    let texts: Vec<_> = entries().filter_map(|file| std::fs::read(file).ok()).collect();
                    // Half an entry would not parse.
                    let is_whole = |text: &Vec<u8>| serde_json::from_slice::<serde_json::Value>(text).is_ok();
                    assert!(texts.iter().all(is_whole), "half an entry");
                    whole = texts.len();
                }
            });
            let listing = tokio::spawn(async move {
                for _ in 0..50 {
                    let body = Request::get("/").cloud("nope").send(lab).await.json();
                    assert!(body["valid_backends"].as_array().is_some_and(|ids| ids.len() > BACKENDS), "{body}");
                }
            });
            for index in 0..BACKENDS {
                // Each refusal is written at once.
                assert_eq!(Request::get("/").cloud(&format!("gone-{index}")).send(lab).await.status, 503);
            }
            listing.await.expect("no listing failed");
            tokio::task::spawn_blocking(|| reader.join().expect("no half entry")).await.expect("no panic");
            let left = std::fs::read_dir(store(lab).join("writing")).expect("values were written").count();
            assert_eq!(left, 0, "what is being written is renamed or removed");
        },
    );
}

/// A store that cannot be written loses health, nothing else.
#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_harms_no_request() {
    with(
        |_| {},
        |lab| async move {
            // The owner of a folder, root above all, may write to it whatever its mode says; a folder in the entry's place cannot be replaced.
            std::fs::create_dir_all(store(lab).join(of_key("health:local:bun-sqlite")).join("x")).expect("a folder");
            for _ in 0..3 {
                let mut upstream = lab.upstream();
                let request = Request::get(&upstream.path);
                let (response, ()) = tokio::join!(request.send(lab), async { upstream.arrival().await.ok("").await });
                assert_eq!(response.status, 200);
            }
        },
    );
}

#[test]
fn fields_that_only_a_host_could_set_are_not_believed() {
    if !is_on(HostKind::WasmtimeServe) {
        return;
    }
    let lab = lab();
    lab.runtime.block_on(async {
        let mut upstream = lab.upstream();
        let request = Request::get(&upstream.path)
            .field("spin-client-addr", "6.6.6.6:1")
            .field("spin-full-url", "https://evil.example/");
        tokio::join!(request.send(lab), async {
            let exchange = upstream.arrival().await;
            assert_eq!(exchange.values("x-forwarded-for"), [""; 0]);
            assert_eq!(exchange.values("x-forwarded-proto"), ["http"]);
            exchange.ok("").await;
        });
    });
}
