//! Faults of the host itself: no descriptor left, the end in the middle of load, more than it takes, one backend in the way of another.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::SOON;
use super::gateway::{Backend, Gateway};
use crate::read_head;

/// Answers whatever comes, on as many connections as come, and counts requests other than health checks.
struct Answering {
    url: String,
    served: Arc<AtomicUsize>,
}

impl Answering {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&served);
        // Ends with the process of the tests.
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let count = Arc::clone(&count);
                std::thread::spawn(move || {
                    while let Some(head) = read_head(&connection) {
                        if !head.starts_with("GET /health ") {
                            count.fetch_add(1, Ordering::SeqCst);
                        }
                        (&connection).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").ok()?;
                    }
                    Some(())
                });
            }
        });
        Self { url, served }
    }
}

/// A whole answer of [`Answering`], and whether the connection goes on; nothing where the connection ends before it.
fn read_answer(connection: &TcpStream) -> Option<bool> {
    let head = read_head(connection)?;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let mut body = [0; 2];
    let mut reader = connection;
    reader.read_exact(&mut body).expect("an answer that has begun comes whole");
    assert_eq!(&body, b"ok");
    Some(!head.contains("connection: close"))
}

#[test]
fn sigterm_under_load_loses_no_request_that_reached_the_gateway() {
    const CLIENTS: usize = 16;
    let backend = Answering::start();
    let mut gateway = Gateway::start_at(&backend.url, &["--health-interval", "0"]);
    let answered = Arc::new(AtomicUsize::new(0));
    let ended: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let connection = TcpStream::connect(&gateway.address).unwrap();
            let answered = Arc::clone(&answered);
            std::thread::spawn(move || {
                loop {
                    if (&connection).write_all(b"GET /load HTTP/1.1\r\nhost: test\r\n\r\n").is_err() {
                        return;
                    }
                    // A connection may end between two requests, but never with part of an answer.
                    let Some(goes_on) = read_answer(&connection) else { return };
                    answered.fetch_add(1, Ordering::SeqCst);
                    if !goes_on {
                        return;
                    }
                }
            })
        })
        .collect();
    while answered.load(Ordering::SeqCst) < 50 * CLIENTS {
        std::thread::yield_now();
    }
    gateway.terminate();
    for client in ended {
        client.join().unwrap();
    }
    assert_eq!(gateway.child.wait().unwrap().code(), Some(0));
    let (served, answered) = (backend.served.load(Ordering::SeqCst), answered.load(Ordering::SeqCst));
    assert_eq!(served, answered, "what reached the backend was answered to its client");
}

#[test]
fn connections_that_waited_to_be_accepted_at_the_end_are_served() {
    const CLIENTS: usize = 200;
    let backend = Answering::start();
    let mut gateway = Gateway::start_at(&backend.url, &["--health-interval", "0"]);
    let address = gateway.address.clone();
    // The process stands still, so that all of them wait in the queue with their requests sent.
    let pid = Pid::from_child(&gateway.child);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut client = TcpStream::connect(&address).unwrap();
            client.write_all(b"GET /queued HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
            client
        })
        .collect();
    gateway.signal();
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    for client in &clients {
        assert!(read_answer(client).is_some(), "a request was lost");
    }
    drop(clients);
    assert_eq!(gateway.child.wait().unwrap().code(), Some(0));
}

#[test]
fn without_descriptors_it_answers_what_it_has_and_recovers() {
    let backend = Answering::start();
    let other = format!("backend_cf_d1_url={}", Answering::start().url);
    let mut gateway = Gateway::start_at(&backend.url, &["--health-interval", "0", "--variable", &other]);
    assert!(gateway.get("/before", "").starts_with("HTTP/1.1 200"));
    let open = std::fs::read_dir(format!("/proc/{}/fd", gateway.child.id()));
    let Ok(open) = open.map(Iterator::count) else {
        println!("SKIPPED: this system has no /proc/<pid>/fd");
        return;
    };
    let room = u64::try_from(open).unwrap().saturating_add(8);
    let pid = Pid::from_child(&gateway.child);
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(room), maximum: Some(room) }).unwrap();

    // More connections than descriptors: some are accepted and hold them all, the rest wait in the system's queue.
    let mut clients: Vec<_> = (0..40).map(|_| TcpStream::connect(&gateway.address).unwrap()).collect();
    // What still closes from before makes room once more; after that there is none.
    for _ in 0..4 {
        gateway.wait_for(SOON, |line| line.contains("cannot accept a connection"));
    }
    // A backend that nobody is connected to cannot be reached now, which says nothing about the backend.
    let request = "GET /without HTTP/1.1\r\nhost: test\r\nx-backend: cf-d1\r\n\r\n";
    clients[0].write_all(request.as_bytes()).unwrap();
    let head = read_head(&clients[0]).expect("an answer, whatever it is");
    assert!(head.starts_with("HTTP/1.1 503") && head.contains("access-control-allow-origin: *"), "{head}");
    assert!(head.contains("error=connection_limit_reached") && !head.contains("\r\nretry-after:"), "{head}");

    // Those who left make room for those who waited.
    drop(clients);
    let response = gateway.get("/after", "x-backend: cf-d1\r\n");
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    gateway.stop();
}

#[test]
fn a_silent_backend_holds_up_no_request_to_another() {
    const HELD: usize = 64;
    let silent = Backend::start();
    let fast = Answering::start();
    let second = format!("backend_cf_d1_url={}", fast.url);
    let gateway = Gateway::start_at(&silent.url, &["--health-interval", "0", "--variable", &second]);
    let held: Vec<_> = (0..HELD)
        .map(|_| {
            let mut client = TcpStream::connect(&gateway.address).unwrap();
            client.write_all(b"GET /held HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
            (client, silent.requests.recv_timeout(SOON).expect("the request"))
        })
        .collect();
    // All of these are answered while none of those is.
    for _ in 0..200 {
        let response = gateway.get("/fast", "x-backend: cf-d1\r\n");
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    }
    for (client, (_, mut upstream)) in held {
        client.set_nonblocking(true).unwrap();
        assert_eq!((&client).read(&mut [0]).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock), "still held");
        client.set_nonblocking(false).unwrap();
        upstream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
        assert!(read_answer(&client).is_some());
        drop(upstream);
    }
}

#[test]
fn beyond_its_concurrency_it_refuses_at_once_and_queues_nothing() {
    const ROOM: usize = 8;
    const REFUSED: usize = 500;
    let backend = Backend::start();
    let room = ROOM.to_string();
    let gateway = Gateway::start(&backend, &["--health-interval", "0", "--max-concurrency", &room]);
    let held: Vec<_> = (0..ROOM)
        .map(|_| {
            let mut client = TcpStream::connect(&gateway.address).unwrap();
            client.write_all(b"GET /held HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
            (client, backend.requests.recv_timeout(SOON).expect("the request"))
        })
        .collect();
    let begun = Instant::now();
    let mut client = TcpStream::connect(&gateway.address).unwrap();
    for _ in 0..REFUSED {
        client.write_all(b"GET /more HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
        let head = read_head(&client).expect("an answer");
        assert!(head.starts_with("HTTP/1.1 503") && head.contains("retry-after: 1"), "{head}");
        assert!(head.contains("access-control-allow-origin: *"), "{head}");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
        client.read_exact(&mut vec![0; length]).unwrap();
    }
    println!("{REFUSED} refusals, one after the other, took {:?}", begun.elapsed());
    assert!(backend.requests.try_recv().is_err(), "none of them reached the backend");
    for (client, (_, mut upstream)) in held {
        upstream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
        assert!(read_answer(&client).is_some(), "those who were there first lose nothing");
        drop(upstream);
    }
}

/// A thousand requests are with their backend at the same time, and each gets its answer.
#[test]
fn a_thousand_requests_at_once() {
    const REQUESTS: usize = 1_000;
    // Two ends of each connection are ours: to the gateway and from it.
    let limit = rustix::process::getrlimit(Resource::Nofile);
    rustix::process::setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let gateway = Gateway::start_at(&url, &["--health-interval", "0"]);
    let address = gateway.address.clone();
    let clients = std::thread::spawn(move || {
        let clients: Vec<_> = (0..REQUESTS)
            .map(|_| {
                let mut client = TcpStream::connect(&address).unwrap();
                client.write_all(b"GET /at-once HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
                client
            })
            .collect();
        clients.iter().filter(|client| read_answer(client).is_some()).count()
    });
    // Accepted as they come, so that the system's queue does not overflow.
    let (to_upstreams, arriving) = std::sync::mpsc::channel();
    std::thread::spawn(move || listener.incoming().flatten().try_for_each(|upstream| to_upstreams.send(upstream)));
    // Nobody is answered before all are here.
    let mut upstreams = Vec::new();
    while upstreams.len() < REQUESTS {
        let upstream = arriving.recv_timeout(SOON).expect("all requests arrive");
        if read_head(&upstream).expect("a request").starts_with("GET /at-once ") {
            upstreams.push(upstream);
        }
    }
    for mut upstream in &upstreams {
        upstream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
    }
    assert_eq!(clients.join().unwrap(), REQUESTS);
}
