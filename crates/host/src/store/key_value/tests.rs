//! The store in memory and in files, alone and beside other processes.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::store::recent_reads::UNSEEN;

async fn check(store: &KeyValueStore) {
    let name = "default".to_owned();
    assert_eq!(store.get(&name, "a").unwrap(), None);
    store.set(name.clone(), "a".to_owned(), b"1".to_vec()).await.unwrap();
    store.set(name.clone(), "a".to_owned(), b"2".to_vec()).await.unwrap();
    assert_eq!(store.get(&name, "a").unwrap(), Some(b"2".to_vec()), "the last write counts");
    assert_eq!(store.get("other", "a").unwrap(), None, "stores are apart");
    store.seed(&name, &[("b".to_owned(), vec![0, 255])]).unwrap();
    assert_eq!(store.keys(&name).unwrap(), ["a", "b"]);
    store.delete(name.clone(), "a".to_owned()).await.unwrap();
    store.delete(name.clone(), "a".to_owned()).await.unwrap();
    assert!(!store.exists(&name, "a").unwrap() && store.exists(&name, "b").unwrap());
    assert_eq!(store.stats(), StoreStats { reads: 3, writes: 2 }, "seeding does not count");
}

#[tokio::test]
async fn in_memory() {
    check(&KeyValueStore::open(None).unwrap()).await;
}

#[tokio::test]
async fn in_a_file_that_outlives_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("new/state");
    check(&KeyValueStore::open(Some(&state)).unwrap()).await;
    assert_eq!(KeyValueStore::open(Some(&state)).unwrap().keys("default").unwrap(), ["b"]);
}

#[tokio::test]
async fn a_write_of_this_process_is_seen_by_all_workers_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let writing = KeyValueStore::open(Some(folder.path())).unwrap();
    let workers = [writing.with_own_reader().unwrap(), writing.with_own_reader().unwrap()];
    let key = || ("default".to_owned(), "a".to_owned());
    for number in 0..100_u8 {
        let (store, key) = key();
        let [first, _] = &workers;
        first.set(store, key, vec![number]).await.unwrap();
        for worker in workers.iter().chain([&writing]) {
            assert_eq!(worker.get("default", "a").unwrap(), Some(vec![number]));
        }
    }
    let (store, key) = key();
    writing.delete(store, key).await.unwrap();
    writing.seed("default", &[("b".to_owned(), vec![1])]).unwrap();
    for worker in &workers {
        assert_eq!(worker.get("default", "a").unwrap(), None);
        assert_eq!(worker.get("default", "b").unwrap(), Some(vec![1]));
        writing.seed("default", &[("b".to_owned(), vec![2])]).unwrap();
        assert_eq!(worker.get("default", "b").unwrap(), Some(vec![2]));
        writing.seed("default", &[("b".to_owned(), vec![1])]).unwrap();
    }
}

#[test]
fn a_write_of_another_process_is_seen_a_moment_later() {
    let folder = tempfile::tempdir().unwrap();
    let host = KeyValueStore::open(Some(folder.path())).unwrap();
    let other = KeyValueStore::open(Some(folder.path())).unwrap();
    for number in 0..10_u8 {
        drop(host.get("default", "a").unwrap());
        other.seed("default", &[("a".to_owned(), vec![number])]).unwrap();
        let written = Instant::now();
        // However long a busy machine takes: what is read after that time is the new value.
        let read = loop {
            let begun = Instant::now();
            let read = host.get("default", "a").unwrap();
            if begun.duration_since(written) >= UNSEEN || read == Some(vec![number]) {
                break read;
            }
        };
        assert_eq!(read, Some(vec![number]));
    }
}

#[tokio::test]
async fn for_reading_it_has_to_exist() {
    let folder = tempfile::tempdir().unwrap();
    assert!(KeyValueStore::open_read_only(folder.path()).unwrap().is_none());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is created");
    let host = KeyValueStore::open(Some(folder.path())).unwrap();
    let reader = KeyValueStore::open_read_only(folder.path()).unwrap().unwrap();
    host.set("default".to_owned(), "a".to_owned(), b"1".to_vec()).await.unwrap();
    assert_eq!(reader.get("default", "a").unwrap(), Some(b"1".to_vec()), "while a host is writing");
    assert!(reader.set("default".to_owned(), "a".to_owned(), b"2".to_vec()).await.is_err());
}

#[test]
fn an_unusable_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let message = KeyValueStore::open(Some(&file)).unwrap_err().to_string();
    assert!(message.contains("--state-dir") && message.contains("file"), "{message}");
}
