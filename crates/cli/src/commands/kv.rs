//! `kv`: reads and edits the key-value store of the host, whether or not a host is running on it.

mod kv_error;
mod list;

use std::io::{IsTerminal, Read};
use std::time::{SystemTime, UNIX_EPOCH};

use gateway_core::backend::cloud::BACKEND_KEY;
use gateway_core::backend::known::known_backend;
use gateway_core::backend::local::LocalRegistry;
use gateway_core::backend::reference::environment;
use gateway_core::backend::reference::{BackendRef, Location, is_valid_id};
use gateway_core::backend::registry::Backend;
use gateway_core::backend::registry::BackendRegistry;
use gateway_core::config::{CLOUD_HOSTS, ENVIRONMENT};
use gateway_core::health::entry as health;
use gateway_core::network::internal_host;
use gateway_core::time::Timestamp;
use gateway_host::{Application, KeyValueStore};

use self::kv_error::KvError;
use crate::arguments::{Kv, KvAction, KvSet, Place};
use crate::backend_entry;
use crate::coverage::Coverage;
use crate::output::print;
use crate::settings;
use crate::snapshot::{STORE, Snapshot, Values, read_by_gateway};

/// Results go to stdout, remarks to stderr.
pub(crate) async fn run(arguments: &Kv) -> Result<(), KvError> {
    let folder = settings::state_dir(&arguments.place.from, arguments.place.state_dir.as_deref())?;
    let absent = |key: &String| KvError::NotFound { key: key.clone(), folder: folder.clone() };
    match &arguments.action {
        KvAction::List { json } => {
            let snapshot = match KeyValueStore::open_read_only(&folder)? {
                Some(store) => Snapshot::read(&store)?,
                None => {
                    eprintln!("note: there is no key-value store in {} yet", folder.display());
                    Snapshot::default()
                }
            };
            print(if *json { list::json(&snapshot, now()) } else { list::text(&snapshot, now()) });
        }
        KvAction::Get { key } => {
            let store = KeyValueStore::open_read_only(&folder)?.ok_or_else(|| absent(key))?;
            print(store.get(STORE, key)?.ok_or_else(|| absent(key))?);
            // Byte for byte for programs; people want their prompt on a line of its own.
            if std::io::stdout().is_terminal() {
                print("\n");
            }
        }
        KvAction::Set(set) => {
            // Refused before a store is created.
            let (value, backend) = checked(set)?;
            let store = KeyValueStore::open(Some(&folder))?;
            let what = put(&store, &set.key, value).await?;
            match backend {
                Some(backend) => {
                    let covered = remarks(&arguments.place, &Snapshot::read(&store)?, &backend);
                    print(format!("{what} {}: {} at {}{covered}\n", set.key, backend.name, backend.url));
                }
                None => print(format!("{what} {}\n", set.key)),
            }
        }
        KvAction::Delete { key } => {
            if KeyValueStore::open_read_only(&folder)?.is_none() {
                return Err(absent(key));
            }
            let store = KeyValueStore::open(Some(&folder))?;
            if !store.exists(STORE, key)? {
                return Err(absent(key));
            }
            store.delete(STORE.to_owned(), key.clone()).await?;
            forget_health(&store, key).await?;
            print(format!("deleted {key}\n"));
        }
    }
    Ok(())
}

/// The value to store, and the backend it describes.
fn checked(set: &KvSet) -> Result<(Vec<u8>, Option<Backend>), KvError> {
    let value = match (&set.value, &set.url) {
        (_, Some(url)) => {
            let id = set.key.strip_prefix(BACKEND_KEY).ok_or_else(|| KvError::UrlWithoutBackend(set.key.clone()))?;
            backend_entry::build(id, url, set.name.as_deref(), set.health_endpoint.as_deref())
        }
        (Some(text), None) if set.key.starts_with(BACKEND_KEY) && is_url(text) && !set.force => {
            return Err(KvError::UrlAsValue { key: set.key.clone(), url: text.clone() });
        }
        (Some(text), None) => read(text)?,
        // Not reached: one of the two is required.
        (None, None) => Vec::new(),
    };
    if !set.key.starts_with(BACKEND_KEY) {
        let is_meant = known_backend(&set.key).is_some() || set.value.as_deref().is_some_and(is_url);
        if is_meant && is_valid_id(&set.key) {
            eprintln!(
                "note: the gateway does not read the key '{id}'; for a backend write `kv set {BACKEND_KEY}{id} --url https://...`",
                id = set.key
            );
        }
        return Ok((value, None));
    }
    match backend_entry::parse(&set.key, &value) {
        Ok(backend) => Ok((value, Some(backend))),
        Err(reason) if set.force => {
            eprintln!("warning: {reason}; stored because of --force");
            Ok((value, None))
        }
        Err(reason) => Err(KvError::Refused { reason, key: set.key.clone(), is_json: set.url.is_none() }),
    }
}

fn is_url(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|start| text.get(..start.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(start)))
}

fn read(value: &str) -> Result<Vec<u8>, KvError> {
    if value == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(KvError::Stdin)?;
        return Ok(bytes);
    }
    match value.strip_prefix('@') {
        Some(file) => std::fs::read(file).map_err(|error| KvError::File(file.into(), error)),
        None => Ok(value.as_bytes().to_vec()),
    }
}

/// Stores it; the word for what that changed.
async fn put(store: &KeyValueStore, key: &str, value: Vec<u8>) -> Result<&'static str, KvError> {
    let before = store.get(STORE, key)?;
    if before.as_ref() == Some(&value) {
        return Ok("unchanged");
    }
    store.set(STORE.to_owned(), key.to_owned(), value).await?;
    forget_health(store, key).await?;
    Ok(if before.is_some() { "replaced" } else { "stored" })
}

/// What is known of a backend's health is about the place it had; it must not keep requests from its new one.
async fn forget_health(store: &KeyValueStore, key: &str) -> Result<(), KvError> {
    if let Some(id) = key.strip_prefix(BACKEND_KEY) {
        store.delete(STORE.to_owned(), health::key(&BackendRef::new(id, Location::Cloud))).await?;
    }
    Ok(())
}

/// Says on stderr what keeps requests from a backend that was just stored; the end of the line on stdout.
fn remarks(place: &Place, stored: &Snapshot, backend: &Backend) -> &'static str {
    let loaded = settings::options(place)
        .map_err(|error| error.to_string())
        .and_then(|options| Application::load(&options).map_err(|error| error.to_string()));
    let application = match loaded {
        Ok(application) => application,
        Err(reason) => {
            eprintln!("warning: whether allowed_outbound_hosts covers this URL is unknown: {reason}");
            return "";
        }
    };
    let read = read_by_gateway(&application.component_variables);
    let variables = Values(&read);
    let value = read.get(ENVIRONMENT).map(String::as_str);
    if matches!(environment(value), Ok(Location::Local)) {
        eprintln!(
            "note: in the environment 'local', '{}' is reached with 'x-backend-location: cloud' only; \
             set the variable environment to 'cloud' to have it without",
            backend.reference.id
        );
    }
    if let Some(poison) = application.allowed_hosts.poison() {
        eprintln!("warning: {poison}");
        return "";
    }
    let coverage = Coverage::new(&application.manifest, &application.variables);
    if coverage.covers(&backend.url) {
        // What the gateway would say of it, before it does.
        let cloud_hosts = || read.get(CLOUD_HOSTS).cloned();
        if let Err(reason) = internal_host::check(&backend.url, &cloud_hosts) {
            eprintln!("warning: requests to '{}' will be refused: its entry {reason}", backend.reference.id);
            return "";
        }
        return ", covered by allowed_outbound_hosts";
    }
    let local = LocalRegistry::new(&variables).list_backends().unwrap_or_default();
    let others: Vec<_> = stored
        .backends()
        .chain(local.into_iter().filter_map(|listed| listed.backend.ok()))
        .map(|backend| backend.url)
        .collect();
    eprintln!(
        "warning: allowed_outbound_hosts does not cover {}, so requests to '{}' would be denied; {}, and start the gateway again",
        backend.url.origin(),
        backend.reference.id,
        coverage.advice(&backend.url, &others)
    );
    ""
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
