//! Variables, the store, and what is written there.

use crate::input::{lines, text_lines};
use crate::networks::is_plainly_internal;
use crate::urls::normal;
use gateway_core::backend::cloud::CloudRegistry;
use gateway_core::backend::credentials;
use gateway_core::backend::local::LocalRegistry;
use gateway_core::backend::reference::{self, Location};
use gateway_core::backend::registry::{BackendRegistry, Store, Variables};
use gateway_core::backend::url::BackendUrl;
use gateway_core::config::{self, ConfigError};
use gateway_core::health::entry::{self, Entry, State};
use gateway_core::health::outcome::{Evidence, Outcome, Sign};
use gateway_core::health::rules as health;
use gateway_core::network::internal_host;
use gateway_core::time::Timestamp;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Default)]
struct Values(BTreeMap<String, Vec<u8>>);

impl Values {
    fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(|value| String::from_utf8(value.clone()).ok())
    }
}

impl Variables for Values {
    fn get(&self, name: &str) -> Result<Option<String>, ConfigError> {
        Ok(self.text(name))
    }
}

impl Store for Values {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, ConfigError> {
        Ok(self.0.get(key).cloned())
    }

    fn keys(&self) -> Result<Vec<String>, ConfigError> {
        Ok(self.0.keys().cloned().collect())
    }
}

const KNOWN: [&str; 7] =
    ["bun-sqlite", "cf-d1", "dotnet-api", "elixir-phoenix", "java-spring-boot", "php-laravel", "ruby-rails"];

fn can_be_an_id(id: &str) -> bool {
    !id.is_empty() && id.len() < 65 && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// What a listing says has to be what each request gets.
fn agree(registry: &impl BackendRegistry) -> Vec<String> {
    let listed = registry.list_backends().expect("it can be read");
    assert!(listed.is_sorted_by(|a, b| a.reference.id <= b.reference.id), "{listed:?}");
    for one in &listed {
        if let Ok(backend) = &one.backend {
            assert_eq!(registry.get_backend(&one.reference.id).as_ref(), Ok(&Some(backend.clone())));
            assert_eq!(backend.reference, one.reference);
        }
    }
    registry.configured_ids()
}

/// The text between `://` and `@`, which may be a password.
fn credential(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    rest.split(['/', '?', '#']).next()?.rsplit_once('@').map(|(user, _)| user).filter(|user| user.len() > 8)
}

/// The members of an object, each as it is written: what nobody asks for may be too deep or too large for a tree.
fn members(text: &str) -> Option<BTreeMap<String, Box<RawValue>>> {
    serde_json::from_str(text).ok()
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// Line 1: the id of a request. Line 2: the id in a key. Line 3: `cloud_hosts`. Then the value of the key.
pub fn cloud_registry(data: &[u8]) {
    let [requested, key, hosts, value] = lines(data);
    let (Ok(requested), Ok(key), Ok(hosts)) =
        (std::str::from_utf8(requested), std::str::from_utf8(key), std::str::from_utf8(hosts))
    else {
        return;
    };
    let variables = Values(BTreeMap::from([("cloud_hosts".to_owned(), hosts.into())]));
    let other = br#"{"id":"other","url":"https://other.example/base"}"#.to_vec();
    let mut store = Values(BTreeMap::from([
        ("backend:other".to_owned(), other),
        ("health:cloud:other".to_owned(), br#"{"id":"health","url":"https://health.example"}"#.to_vec()),
    ]));
    store.0.insert(format!("backend:{key}"), value.to_vec());
    let guard = internal_host::guard(&variables);
    let registry = CloudRegistry::new(&store, &guard);
    // Members that nobody asks for may hold what is no text.
    let written = members(&String::from_utf8_lossy(value)).unwrap_or_default();
    let member = |name: &str| written.get(name).and_then(|value| text(value));

    for id in [requested, key, "other", "../other", "health:cloud:other"] {
        match registry.get_backend(id) {
            Ok(None) => assert!(!can_be_an_id(id) || (id != key && id != "other"), "{id:?} is not found"),
            Ok(Some(backend)) if id == key => {
                assert!(can_be_an_id(id), "{id:?} cannot be one");
                let url = member("url").expect("a URL");
                assert_eq!((member("id").as_deref(), backend.reference.id.as_str()), (Some(id), id));
                assert_eq!(backend.url.to_string(), normal(&url));
                assert_eq!(backend.reference.location, Location::Cloud);
                assert!(member("type").is_none_or(|kind| kind == "cloud"));
                assert!(backend.health_endpoint.as_deref().is_none_or(|path| path.starts_with('/')));
                // Only a pattern of its own opens the inside of a network.
                let means_none = hosts.trim().is_empty() || hosts.contains("://*:") || hosts.trim().ends_with("://*");
                assert!(!means_none || !is_plainly_internal(backend.url.host()), "{url} by {hosts:?}");
            }
            Ok(Some(backend)) => {
                assert_eq!((id, backend.url.to_string().as_str()), ("other", "https://other.example/base"));
            }
            Err(error) => {
                assert_eq!(error.place, config::Place::Key(format!("backend:{key}")), "of {id:?}");
                let url = member("url").unwrap_or_default();
                if let Some(secret) = credential(&url) {
                    let elsewhere = [member("type").unwrap_or_default(), key.to_owned()];
                    let shown = error.reason.contains(secret) && !elsewhere.iter().any(|text| text.contains(secret));
                    assert!(!shown, "{error}");
                }
            }
        }
    }
    let configured = agree(&registry);
    assert!(configured.iter().all(|id| id == key || id == "other"), "{configured:?}");
}

/// Line 1: the id of a request. Then variables, one `name=value` a line.
pub fn local_registry(data: &[u8]) {
    let Some([requested, rest]) = text_lines(data) else {
        return;
    };
    let pairs = rest.split('\n').filter_map(|line| line.split_once('='));
    let variables = Values(
        pairs.filter(|(name, _)| *name != "extra_backends").map(|(name, value)| (name.into(), value.into())).collect(),
    );
    let registry = LocalRegistry::new(&variables);
    for id in KNOWN.into_iter().chain([requested]) {
        let prefix = format!("backend_{}", id.replace('-', "_"));
        let known = KNOWN.contains(&id);
        let url = variables.text(&format!("{prefix}_url")).filter(|_| known).unwrap_or_default();
        match registry.get_backend(id) {
            Ok(None) => {
                let unset = BackendUrl::parse(&url).is_ok_and(|url| format!(".{}", url.host()).ends_with(".invalid"));
                assert!(url.trim().is_empty() || unset, "{id} has {url}");
            }
            Ok(Some(backend)) => {
                assert!(known, "{id:?} is configured nowhere");
                assert_eq!((backend.reference.id.as_str(), backend.url.to_string()), (id, normal(&url)));
                let path = variables.text(&format!("{prefix}_health")).unwrap_or_default();
                let path = Some(path.trim()).filter(|path| !path.is_empty());
                match registry.health_endpoint(&backend) {
                    Ok(endpoint) => assert_eq!(endpoint.as_deref(), path),
                    Err(error) => assert!(!path.unwrap_or_default().starts_with('/'), "{error}"),
                }
            }
            Err(error) => {
                assert_eq!(error.place, config::Place::Variable(format!("{prefix}_url")));
                assert!(credential(&url).is_none_or(|secret| !error.reason.contains(secret)), "{error}");
            }
        }
        let secret = variables.text(&format!("{prefix}_authorization")).filter(|_| known).unwrap_or_default();
        let secret = secret.trim();
        match credentials::fields(&[], id, &variables).as_deref() {
            Ok([]) => assert!(secret.is_empty(), "{id}'s own is not sent"),
            Ok([(name, value)]) => {
                assert_eq!((name.as_str(), value.as_slice()), ("authorization", secret.as_bytes()))
            }
            Ok(more) => panic!("{more:?}"),
            Err(error) => {
                assert!(!secret.chars().all(|c| matches!(c, ' '..='~')), "{error}");
                assert!(secret.chars().count() < 12 || !error.reason.contains(secret), "{error}");
            }
        }
        let own = [("Authorization".to_owned(), b"mine".to_vec())];
        assert_eq!(credentials::fields(&own, id, &variables), Ok(Vec::new()));
    }
    agree(&registry);
}

/// Line 1: the id of a request. Then the value of `extra_backends`.
pub fn extra_backends(data: &[u8]) {
    let Some([requested, list]) = text_lines(data) else {
        return;
    };
    let variables = Values(BTreeMap::from([
        ("extra_backends".to_owned(), list.into()),
        ("backend_cf_d1_url".to_owned(), b"http://cf-d1.example:8787".to_vec()),
    ]));
    let registry = LocalRegistry::new(&variables);
    let written: Option<Vec<Box<RawValue>>> =
        if list.trim().is_empty() { Some(Vec::new()) } else { serde_json::from_str(list).ok() };
    match registry.get_backend(requested) {
        Ok(Some(backend)) if requested == "cf-d1" => assert_eq!(backend.url.to_string(), "http://cf-d1.example:8787"),
        Ok(Some(backend)) => {
            assert!(can_be_an_id(requested) && !KNOWN.contains(&requested), "{requested:?} selects {backend:?}");
            // One that lacks a member, has an empty id or URL, or has a member of another type, has no id that counts.
            let is_text = |value: &RawValue| value.get() == "null" || text(value).is_some();
            let url_of_id = |element: &Box<RawValue>| {
                let members = members(element.get())?;
                let of_text = |name: &str| members.get(name).and_then(|value| text(value));
                let others = ["name", "type", "healthEndpoint"].iter().filter_map(|name| members.get(*name));
                let counts = of_text("id")? == requested && others.into_iter().all(|value| is_text(value));
                of_text("url").filter(|url| counts && !url.is_empty())
            };
            let url = written.iter().flatten().find_map(url_of_id).expect("an element with this id");
            assert_eq!((backend.reference.id.as_str(), backend.url.to_string()), (requested, normal(&url)));
            assert_eq!(backend.reference.location, Location::Local);
        }
        Ok(None) => assert_ne!(requested, "cf-d1"),
        // What cannot be an id is an unknown backend, not a mistake of the operator's.
        Err(error) => assert!(can_be_an_id(requested), "{requested:?} is answered with {error}"),
    }
    let configured = agree_on_first(&registry);
    assert!(configured.iter().all(|id| id == "cf-d1" || (can_be_an_id(id) && !KNOWN.contains(&id.as_str()))));
    if let Some(all) = written {
        assert_eq!(registry.list_backends().expect("it can be read").len(), all.len() + 1);
    }
}

/// As [`agree`], where an id may stand in several elements: the first counts, and the others are marked.
fn agree_on_first(registry: &impl BackendRegistry) -> Vec<String> {
    let configured = registry.configured_ids();
    let mut once = configured.clone();
    once.dedup();
    assert_eq!(once, configured, "an id is offered twice");
    for id in &configured {
        assert!(matches!(registry.get_backend(id), Ok(Some(_))), "{id} is offered and cannot be used");
    }
    configured
}

/// Line 1: the time in ms. Line 2: what happens, one letter each; capital letters are checks. Then an entry.
pub fn health_entry(data: &[u8]) {
    let [now, events, value] = lines(data);
    let now: u64 = std::str::from_utf8(now).ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let mut now = now % (1 << 60);
    let mut entry = Entry::parse(value);
    if let Some(entry) = &entry {
        let again = Entry::parse(entry.to_json().as_bytes()).expect("what was written can be read");
        // Decimal fractions may lose their last bit.
        let exact = |entry: &Entry| Entry { latency_ms: None, latencies: Vec::new(), ..entry.clone() };
        assert_eq!(exact(&again), exact(entry));
        assert_eq!(again.latencies.len(), entry.latencies.len());
    }
    judge(entry.as_ref(), now);
    for event in events.iter().take(200) {
        let outcome = match event.to_ascii_lowercase() {
            b's' => Outcome::Success(Duration::from_micros(1_500)),
            b'd' | b'c' => Outcome::Down("refused".into()),
            b't' => Outcome::Doubtful("silent".into()),
            b'u' => Outcome::Unclear("404".into()),
            b'l' => Outcome::Loop,
            b'+' => {
                now += 700;
                continue;
            }
            b'w' => {
                now += 31_000;
                continue;
            }
            _ => Outcome::Nothing,
        };
        let evidence = match event {
            b'C' => Evidence::Check { endpoint: Some(7), periodic: false },
            b'A'..=b'Z' => Evidence::Check { endpoint: None, periodic: true },
            _ => Evidence::Traffic,
        };
        let at = Timestamp(now);
        // What is older than the entry, and what an entry from the future says, is looked at elsewhere.
        let last = entry.clone().filter(|entry| entry.checked_at <= now + 2_000);
        let declared = last.as_ref().is_some_and(|entry| entry.declared_by.is_some());
        let paused = pause(last.as_ref(), now).is_some();
        let sign = Sign { outcome, at, evidence };
        let next = health::after(entry.as_ref(), &sign, at);
        if let Some(next) = &next {
            assert!(next.latencies.len() <= 20.max(entry.as_ref().map_or(0, |entry| entry.latencies.len())));
            assert_eq!(next.checked_at, now, "{next:?}");
            // Nothing is older than the beginning of time.
            let old =
                Sign { outcome: Outcome::Success(Duration::ZERO), at: Timestamp(now.saturating_sub(1)), evidence };
            assert!(now == 0 || health::after(Some(next), &old, at).is_none(), "an older sign wins: {next:?}");
        }
        if let Some(claimed) = entry.as_ref().and_then(|entry| health::claim_recheck(entry, at)) {
            assert!(
                verdict(entry.as_ref(), now) == State::Unhealthy && claimed.check_at == Some(now + 1_000),
                "{claimed:?}"
            );
        }
        let wrote = next.is_some();
        entry = next.or(entry);
        let state = verdict(entry.as_ref(), now);
        match (&sign.outcome, evidence) {
            (Outcome::Success(_), Evidence::Traffic) if declared => assert!(!wrote),
            (Outcome::Success(_), _) => assert_eq!((state, gate(entry.as_ref(), now)), (State::Healthy, None)),
            (Outcome::Unclear(_), _) => assert!(!wrote || gate(entry.as_ref(), now).is_none(), "{entry:?}"),
            (Outcome::Loop, _) => assert_eq!((state, gate(entry.as_ref(), now)), (State::Unhealthy, None)),
            (Outcome::Down(_), _) => {
                assert!(evidence != Evidence::Traffic || wrote != paused, "{entry:?}");
                assert_eq!(state, State::Unhealthy);
                assert!(gate(entry.as_ref(), now).is_some_and(|wait| (1..=30_000).contains(&wait)), "{entry:?}");
            }
            // It gates only what was down before.
            (Outcome::Doubtful(_), _) => {
                assert!(state != State::Unhealthy || verdict(last.as_ref(), now) == State::Unhealthy, "{entry:?}")
            }
            (Outcome::Nothing, _) => assert!(!wrote),
        }
        judge(entry.as_ref(), now);
    }
}

fn is_fresh(entry: &Entry, now: u64) -> bool {
    now < entry.expires_at && entry.checked_at <= now + 2_000
}

fn verdict(entry: Option<&Entry>, now: u64) -> State {
    match entry {
        Some(entry) if is_fresh(entry, now) => entry.state,
        _ => State::Unknown,
    }
}

/// How long the pause lasts, in ms.
fn pause(entry: Option<&Entry>, now: u64) -> Option<u64> {
    let entry = entry.filter(|entry| is_fresh(entry, now) && entry.state == State::Unhealthy)?;
    let wait = entry.retry_at?.checked_sub(now)?;
    (1..=30_000).contains(&wait).then_some(wait)
}

/// How long requests wait, in ms: for the end of the pause, or for the next check of the endpoint that declared the outage.
fn gate(entry: Option<&Entry>, now: u64) -> Option<u64> {
    let declared = entry.filter(|entry| {
        verdict(Some(entry), now) == State::Unhealthy
            && entry.declared_by.is_some()
            && now < entry.checked_at.saturating_add(35_000)
            && entry.retry_at.is_some_and(|retry_at| retry_at <= now + 30_000)
    });
    pause(entry, now).or(declared.map(|_| 1_000))
}

fn judge(entry: Option<&Entry>, now: u64) {
    assert_eq!(entry::state(entry, Timestamp(now)), verdict(entry, now));
    let Some(entry) = entry else { return };
    let wait = entry.gate(Timestamp(now)).map(|wait| wait.as_millis() as u64);
    assert_eq!(wait, gate(Some(entry), now), "{entry:?} at {now}");
    let claimed = health::claim(Some(entry), Timestamp(now));
    assert_eq!((verdict(Some(&claimed), now), gate(Some(&claimed), now)), (State::Unknown, None));
    assert!(!is_fresh(&claimed, now + 3_000), "a claim outlives the check");
}

/// Line 1: `environment`. Line 2: `request_timeout`.
pub fn duration(data: &[u8]) {
    let Some([environment, timeout]) = text_lines(data) else {
        return;
    };
    let expected = match environment.trim() {
        "" | "local" => Some(Location::Local),
        "cloud" => Some(Location::Cloud),
        _ => None,
    };
    let read = reference::environment(Some(environment));
    assert_eq!(read.as_ref().ok(), expected.as_ref());
    assert!(read.err().is_none_or(|error| error.place == config::Place::Variable("environment".into())));

    let text = timeout.trim();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim_start() {
        "ms" => Some(1_u128),
        "s" => Some(1_000),
        "" => Some(1_000),
        _ => None,
    };
    // Nineteen digits are a number of 64 bits; what is longer is too long for a day, unless zeros lead.
    let number = number.trim_start_matches('0');
    let millis = if number.len() > 19 { None } else { format!("0{number}").parse::<u128>().ok() };
    let millis = millis.filter(|_| digits > 0).zip(factor).map(|(number, factor)| number * factor);
    let expected = millis.filter(|millis| (1..=86_400_000).contains(millis));
    match config::request_timeout(Some(timeout)) {
        Ok(time) if text.is_empty() => assert_eq!(time, Duration::from_secs(30)),
        Ok(time) => assert_eq!(Some(time.as_millis()), expected, "{timeout:?}"),
        Err(error) => {
            assert_eq!(expected, None, "{timeout:?} is refused");
            assert_eq!(error.place, config::Place::Variable("request_timeout".into()));
        }
    }
}
