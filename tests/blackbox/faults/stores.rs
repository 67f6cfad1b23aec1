//! What happens to the store, and to the clock whose times stand in it.
//!
//! The host offers no way to set the clock of its machine back, so the clock rows start from what such a jump leaves behind: entries from the future.

use super::scene::{Scene, describe};
use super::{Fault, Setup, When};
use crate::harness::{Request, Response};
use gateway_core::health::entry::{Entry, State};
use gateway_host::{Host, HostOptions, KeyValueStore};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::time::Duration;

const BOTH_WELL: &str = "local: 200, whole; cloud: 200, whole";
const NO_START: &str = "the host does not start, and names the path and `--state-dir`";
/// Requests made while the store is slow: each leaves a write behind.
const REQUESTS: usize = 40;
/// Time for those writes to be given up. One after the other, 5 s each, they would take more than three minutes.
const GIVEN_UP: Duration = Duration::from_secs(120);

macro_rules! store {
    ($name:literal, $answer:expr, |$scene:ident| $body:expr) => {
        store!($name, $answer, |_, _| {}, |$scene| $body)
    };
    ($name:literal, $answer:expr, $settings:expr, |$scene:ident| $body:expr) => {
        fault!($name, Setup::Gateway($settings), $answer, "—", When::AtOnce, |$scene| {
            $scene.begin();
            let answer: String = $body;
            $scene.seen(answer)
        })
    };
}

/// A host that is to start with a store that `spoil` has been at.
macro_rules! start {
    ($name:literal, $spoil:expr) => {
        fault!($name, Setup::Healthy, NO_START, "—", When::AtOnce, |scene| {
            let spoil: fn(&Path) = $spoil;
            spoil(&scene.folder);
            scene.begin();
            let answer = start(&scene.folder).await;
            scene.seen(answer)
        })
    };
}

/// A GET to a healthy backend, with something wrong in the store.
macro_rules! entry {
    ($name:literal, $answer:literal, $health:literal, $setup:expr) => {
        fault!($name, $setup, $answer, $health, When::AtOnce, |scene| {
            scene.begin();
            let answer = named(scene.answered(scene.request("GET")).await).await;
            scene.seen(answer)
        })
    };
}

pub(super) fn faults() -> Vec<Fault> {
    vec![
        store!(
            "there is none",
            "local: 200, whole; cloud: 500 Gateway Error, `proxy_configuration_error`, names the store",
            |settings, _| settings.store = false,
            |scene| both(&mut scene).await
        ),
        store!(
            "its files are overwritten while the host runs",
            "local: 200, whole; cloud: 500 Gateway Error, `proxy_configuration_error`, names the store",
            |scene| {
                for file in files(&scene.folder) {
                    let length = std::fs::metadata(&file).expect("a file").len();
                    let noise = vec![0xAA; usize::try_from(length).expect("a small file")];
                    std::fs::write(&file, noise).expect("a writable file");
                }
                both(&mut scene).await
            }
        ),
        store!("its files are removed while the host runs", BOTH_WELL, |scene| {
            for file in files(&scene.folder) {
                std::fs::remove_file(file).expect("a removable file");
            }
            both(&mut scene).await
        }),
        store!(
            "its table is gone",
            "local: 200, whole; cloud: 500 Gateway Error, `proxy_configuration_error`, names the store",
            |scene| {
                open(&scene.folder).execute_batch("DROP TABLE spin_key_value").expect("a table");
                both(&mut scene).await
            }
        ),
        store!(
            "it refuses writes, as if read-only",
            "local: 200, whole; cloud: 200, whole; nothing is remembered",
            |scene| {
                open(&scene.folder)
                    .execute_batch(
                        "CREATE TRIGGER refuse BEFORE INSERT ON spin_key_value BEGIN SELECT RAISE(ABORT, 'read-only'); END",
                    )
                    .expect("a trigger");
                let answers = both(&mut scene).await;
                scene.lab.host.as_ref().expect("the embedded host").idle().await;
                let store = KeyValueStore::open_read_only(&scene.folder).expect("it opens").expect("it is there");
                let entry = store.get("default", "health:local:cf-d1").expect("it can be read");
                format!("{answers}; {}", if entry.is_none() { "nothing is remembered" } else { "it is written" })
            }
        ),
        fault!(
            "it is slow: another process holds its write lock, 40 requests",
            Setup::Gateway(|_, _| {}),
            "200, whole, each; what they wanted to write is given up",
            "—",
            When::AtOnce,
            |scene| slow(&mut scene).await
        ),
        start!("it is corrupt when the host starts", |folder| {
            std::fs::create_dir_all(folder).expect("a folder");
            std::fs::write(folder.join("sqlite_key_value.db"), [0xAA; 8192]).expect("a file");
        }),
        start!("a folder stands in its place when the host starts", |folder| {
            std::fs::create_dir_all(folder.join("sqlite_key_value.db")).expect("a folder");
        }),
        start!("its folder cannot be made when the host starts", |folder| {
            std::fs::write(folder, "").expect("a file");
        }),
        entry!("the entry about health is no JSON", "200, whole", "healthy", Setup::Entry(|_| "{".to_owned())),
        entry!(
            "the entry about the backend is no JSON",
            "500 Gateway Error, `proxy_configuration_error`, names the key",
            "healthy",
            Setup::Configuration("{")
        ),
    ]
}

/// A time that no entry of the present reaches, in milliseconds.
const HOUR: u64 = 3_600_000;

pub(super) fn clock() -> Vec<Fault> {
    vec![
        entry!(
            "jumped back an hour; the backend was down then",
            "200, whole",
            "healthy",
            Setup::Entry(|now| down(now + HOUR))
        ),
        entry!(
            "jumped back an hour; the backend was healthy then",
            "200, whole",
            "healthy",
            Setup::Entry(|now| Entry {
                state: State::Healthy,
                checked_at: now + HOUR,
                expires_at: now + HOUR + 30_000,
                ..Entry::default()
            }
            .to_json())
        ),
        entry!(
            "jumped ahead an hour; the backend was down then",
            "200, whole",
            "healthy",
            Setup::Entry(|now| down(now - HOUR))
        ),
    ]
}

/// The entry of a backend that was found down at `checked_at` and is to be left alone for 30 s.
fn down(checked_at: u64) -> String {
    Entry {
        state: State::Unhealthy,
        checked_at,
        expires_at: checked_at + 30_000,
        reason: Some("connection refused".to_owned()),
        failures: 6,
        marks: 6,
        retry_at: Some(checked_at + 30_000),
        check_at: Some(checked_at + 1_000),
        ..Entry::default()
    }
    .to_json()
}

/// One request to a backend that variables name, one to a backend that the store names.
async fn both(scene: &mut Scene) -> String {
    let local = named(scene.answered(Request::get("/x").backend("cf-d1")).await).await;
    let cloud = named(scene.answered(scene.request("GET")).await).await;
    format!("local: {local}; cloud: {cloud}")
}

/// An answer in words, with what its message names.
async fn named(mut response: Response) -> String {
    response.read_to_end().await.expect("a whole response");
    let status = response.status;
    let message = if status == 500 { response.text().to_owned() } else { String::new() };
    let mut answer = describe(response).await;
    if message.contains("no JSON") || message.contains("not valid JSON") || message.contains("EOF") {
        assert!(message.contains("'backend:fault-"), "{message}");
        answer.push_str(", names the key");
    } else if message.contains("key-value store") {
        answer.push_str(", names the store");
    } else if !message.is_empty() {
        answer.push_str(&message);
    }
    answer
}

async fn slow(scene: &mut Scene) -> super::scene::Seen {
    let other = open(&scene.folder);
    other.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    scene.begin();
    let mut answers = std::collections::BTreeSet::new();
    for _ in 0..REQUESTS {
        answers.insert(describe(scene.answered(Request::get("/x").backend("cf-d1")).await).await);
    }
    let seen = scene.seen(answers.into_iter().collect::<Vec<_>>().join(" or "));
    let idle = scene.lab.host.as_ref().expect("the embedded host").idle();
    let end = match tokio::time::timeout(GIVEN_UP, idle).await {
        Ok(()) => "what they wanted to write is given up",
        Err(_) => "instances pile up behind the store",
    };
    drop(other);
    super::scene::Seen { answer: format!("{}, each; {end}", seen.answer), ..seen }
}

async fn start(folder: &Path) -> String {
    let mut options = HostOptions::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("spin.toml"));
    options.listen.set_port(0);
    options.quiet = true;
    options.state_dir = Some(folder.to_owned());
    match Host::start(options).await {
        Ok(_) => "the host starts".to_owned(),
        Err(error) => {
            let message = error.to_string();
            let told = message.contains(&folder.display().to_string()) && message.contains("--state-dir");
            if told { NO_START.to_owned() } else { message }
        }
    }
}

/// The database and its log; not the index that connections share.
fn files(folder: &Path) -> [PathBuf; 2] {
    ["sqlite_key_value.db", "sqlite_key_value.db-wal"].map(|name| folder.join(name))
}

/// A connection as another process would have it.
fn open(folder: &Path) -> Connection {
    let [file, _] = files(folder);
    Connection::open(file).expect("the store opens")
}
