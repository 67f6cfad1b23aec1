//! Faults of backends, clients, the store and the clock: one table of what breaks, what the client gets, what the store then says of the
//! backend's health, and how long it took. All rows run at once, each with a backend of its own.
//!
//! `docs/faults.md` is made of it: `RECORD=1 cargo test --test blackbox faults`. Without `RECORD` the document has to say what was seen, times aside.

/// A row of the table; `play` is the body, with the scene under the name given.
macro_rules! fault {
    ($name:expr, $setup:expr, $answer:expr, $health:expr, $when:expr, |$scene:ident| $body:expr) => {
        Fault {
            name: $name,
            setup: $setup,
            answer: $answer,
            health: $health,
            when: $when,
            play: |mut $scene| Box::pin(async move { $body }),
        }
    };
}

mod backends;
mod clients;
mod document;
mod scene;
mod stores;

use crate::harness::{HostKind, Lab, PATIENCE, Request, Settings, is_on, lab, second};
use gateway_core::health::entry::{Entry, State};
use gateway_host::KeyValueStore;
use scene::{Scene, Seen, now};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

/// The deadline in this run. Rows of 30 s run beside, so it costs nothing to make it long: what has nothing to wait for is through by then
/// on the busiest machine.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a body may stand still.
const IDLE: Duration = Duration::from_secs(30);
/// Timers may be early by as much.
const EARLY: Duration = Duration::from_millis(100);
/// By how much a busy machine may exceed a limit. What the answer is tells which limit it was; this tells it from an answer that nothing brings about.
const LATE: Duration = Duration::from_secs(120);

/// What a row needs before the gateway starts.
#[derive(Clone, Copy)]
enum Setup {
    /// A backend known to be healthy.
    Healthy,
    /// The backend's URL is another one, made from its address.
    Url(fn(&Lab, std::net::SocketAddr) -> String),
    /// An entry about its health, made for the time in milliseconds since the Unix epoch.
    Entry(fn(u64) -> String),
    /// A value in the place of its configuration.
    Configuration(&'static str),
    /// A gateway of its own, whose store is in the folder; for what happens to a store.
    Gateway(fn(&mut Settings, &Path)),
}

/// When the answer has to be there. Limits are generous: they tell one deadline from another, not fast from slow.
#[derive(Clone, Copy)]
enum When {
    /// Without waiting for the deadline.
    AtOnce,
    /// Once this time is over.
    After(Duration),
}

type Play = fn(Scene) -> Pin<Box<dyn Future<Output = Seen> + Send>>;

/// One fault.
#[derive(Clone, Copy)]
struct Fault {
    name: &'static str,
    setup: Setup,
    /// What the client sees, in the words of [`scene::describe`], or what the row says of it.
    answer: &'static str,
    /// What the store says of the backend afterwards, in the words of [`health`].
    health: &'static str,
    when: When,
    play: Play,
}

/// A fault and what came of it.
struct Observed {
    fault: Fault,
    answer: String,
    health: String,
    time: Duration,
}

/// An entry's verdict, in words.
fn health(store: Option<&KeyValueStore>, id: &str) -> String {
    let Some(store) = store else { return "—".to_owned() };
    let Some(bytes) = store.get("default", &format!("health:cloud:{id}")).expect("a readable store") else {
        return "nothing known".to_owned();
    };
    let Some(entry) = Entry::parse(&bytes) else { return "unreadable".to_owned() };
    if entry.checked_at > now() + 60_000 {
        return "from the future".to_owned();
    }
    match (entry.state, entry.failures) {
        (State::Unhealthy, _) => "down",
        (State::Healthy, 0) => "healthy",
        (_, 0) => "unknown",
        (_, _) => "a failure counted",
    }
    .to_owned()
}

fn healthy(now: u64) -> String {
    // For the whole run: an expired one would be refreshed.
    Entry { state: State::Healthy, checked_at: now, expires_at: now + 3_600_000, ..Entry::default() }.to_json()
}

/// The variables and entries of a row.
fn prepare(settings: &mut Settings, fault: &Fault, scene: &Scene) {
    let url = match fault.setup {
        Setup::Url(url) => url(lab(), scene.address()),
        _ => format!("http://{}", scene.address()),
    };
    let configuration = match fault.setup {
        Setup::Configuration(text) => text.to_owned(),
        _ => serde_json::json!({ "id": scene.id, "name": fault.name, "url": url, "type": "cloud" }).to_string(),
    };
    let entry = match fault.setup {
        Setup::Entry(entry) => entry(now()),
        _ => healthy(now()),
    };
    settings.key_values.push((format!("backend:{}", scene.id), configuration.into_bytes()));
    settings.key_values.push((format!("health:cloud:{}", scene.id), entry.into_bytes()));
}

fn start(folder: &Path, change: impl FnOnce(&mut Settings)) -> &'static Lab {
    // Rows share it with the tasks they spawn; an embedded host is small enough to stay.
    Box::leak(Box::new(second(|settings| {
        settings.state_dir = Some(folder.to_owned());
        settings.set("request_timeout", format!("{}s", TIMEOUT.as_secs()));
        // One worker has one set of kept connections, which some rows are about.
        settings.workers = Some(std::num::NonZeroUsize::MIN);
        change(settings);
    })))
}

async fn observe(faults: Vec<Fault>, scenes: Vec<Scene>) -> Vec<(Fault, Seen)> {
    let plays: Vec<_> = faults.iter().zip(scenes).map(|(fault, scene)| tokio::spawn((fault.play)(scene))).collect();
    let mut seen = Vec::new();
    for (fault, play) in faults.into_iter().zip(plays) {
        let hung = || Seen { answer: "nothing: it hangs".to_owned(), time: PATIENCE };
        // A row that panics is one row that is wrong.
        let failed = |error| Seen { answer: format!("the row failed: {error}"), time: Duration::ZERO };
        let one = tokio::time::timeout(PATIENCE, play).await;
        seen.push((fault, one.map_or_else(|_| hung(), |one| one.unwrap_or_else(failed))));
    }
    seen
}

#[test]
fn every_fault_has_the_answer_that_the_document_says() {
    if !is_on(HostKind::Embedded) {
        return;
    }
    let runtime = &lab().runtime;
    let folder = tempfile::tempdir().expect("a folder");
    let shared = folder.path().join("shared");
    let groups = [
        ("Backends", backends::faults()),
        ("Clients", clients::faults()),
        ("The store", stores::faults()),
        ("The clock", stores::clock()),
    ];
    let faults: Vec<Fault> = groups.iter().flat_map(|(_, faults)| faults.iter().copied()).collect();
    let mut scenes: Vec<Scene> = faults
        .iter()
        .enumerate()
        .map(|(index, _)| runtime.block_on(Scene::new(format!("fault-{index}"), folder.path().join(index.to_string()))))
        .collect();
    let main = start(&shared, |settings| {
        for (fault, scene) in faults.iter().zip(&scenes) {
            prepare(settings, fault, scene);
        }
    });
    for (fault, scene) in faults.iter().zip(&mut scenes) {
        scene.lab = match fault.setup {
            Setup::Gateway(change) => start(&scene.folder, |settings| {
                prepare(settings, fault, scene);
                settings.set("backend_cf_d1_url", format!("http://{}", scene.address()));
                change(settings, &scene.folder);
            }),
            _ => main,
        };
    }
    let ids: Vec<String> = scenes.iter().map(|scene| scene.id.clone()).collect();
    let seen = runtime.block_on(async {
        let seen = observe(faults, scenes).await;
        // What is written about health is written after the responses.
        let idle = main.host.as_ref().expect("the embedded host").idle();
        tokio::time::timeout(PATIENCE, idle).await.expect("no request is left behind");
        let mut upstream = main.upstream();
        let request = Request::get(&upstream.path);
        let (after, ()) = tokio::join!(request.send(main), async { upstream.arrival().await.ok("well").await });
        assert_eq!(after.status, 200, "after all of them the gateway serves as before");
        seen
    });
    let store = KeyValueStore::open_read_only(&shared).expect("the store opens").expect("the store is there");
    let observed: Vec<Observed> = seen
        .into_iter()
        .zip(ids)
        .map(|((fault, seen), id)| {
            let of_its_own = matches!(fault.setup, Setup::Gateway(_)) || fault.health == "—";
            let health = health((!of_its_own).then_some(&store), &id);
            Observed { fault, answer: seen.answer, health, time: seen.time }
        })
        .collect();

    let wrong: Vec<String> = observed.iter().filter_map(Observed::complaint).collect();
    assert!(wrong.is_empty(), "{} of {} faults:\n{}", wrong.len(), observed.len(), wrong.join("\n"));
    let mut rest = observed.iter();
    let sections: Vec<(&str, Vec<&Observed>)> =
        groups.iter().map(|(title, faults)| (*title, rest.by_ref().take(faults.len()).collect())).collect();
    document::record_or_compare(&sections);
}

impl Observed {
    /// What is not as it should be.
    fn complaint(&self) -> Option<String> {
        let Fault { name, answer, health, when, .. } = self.fault;
        let (from, to) = match when {
            When::AtOnce => (Duration::ZERO, TIMEOUT - EARLY),
            When::After(limit) => (limit - EARLY, limit + LATE),
        };
        let right = self.answer == answer && self.health == health && self.time >= from && self.time < to;
        (!right).then(|| {
            format!(
                "{name}:\n  seen     {} | {} | {:?}\n  expected {answer} | {health} | {from:?} to {to:?}",
                self.answer, self.health, self.time
            )
        })
    }
}
