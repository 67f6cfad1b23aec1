//! Real servers around the gateway: behind it as backends, before it as proxies and clients. `docs/interop.md` says which.
//!
//! Each test starts one server, a gateway in a process of its own, and runs every exchange of the table in `exchanges.rs` through them. A server
//! that is not installed is SKIPPED. `RECORD=1 cargo test --test interop` writes the versions that it saw into `docs/interop.md`.
//!
//! Nothing waits for a fixed time but connections that have to be idle for as long. A program that does not say when it is ready is asked until it
//! answers.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails loudly, and says what it saw and what it skips on stdout"
)]

#[path = "../support/client.rs"]
mod client;
#[path = "../support/host_process.rs"]
mod host_process;
#[path = "../support/host_program.rs"]
mod host_program;
#[path = "../support/npm_backend.rs"]
mod npm_backend;
#[path = "../support/process.rs"]
mod process;

/// Finding and starting programs, and the ports of those that cannot choose one.
mod programs;

/// The servers behind the gateway.
mod backends;

/// The proxies before it.
mod proxies;

/// The clients before it.
mod clients;

/// What each of them has to get through.
mod exchanges;

/// Connections that end: after each answer, or around the time that a server lets them idle.
mod endings;

/// What passes through Caddy: TLS and HTTP/2, which curl speaks.
mod secure;

/// Runs a row of the matrix, cell by cell, and writes it down.
mod matrix;

use backends::{BUN, GUNICORN, NODE, PHP, PHP_FPM, PUMA, TOMCAT, UVICORN};
use clients::{CURL, JAVA, NODE_FETCH, PYTHON};
use proxies::{APACHE, CADDY, HAPROXY, NGINX, NGINX_AS_IT_COMES};

#[test]
fn behind_it_puma() {
    matrix::behind(&PUMA);
}

#[test]
fn behind_it_gunicorn() {
    matrix::behind(&GUNICORN);
}

#[test]
fn behind_it_uvicorn() {
    matrix::behind(&UVICORN);
}

#[test]
fn behind_it_node() {
    matrix::behind(&NODE);
}

#[test]
fn behind_it_bun() {
    matrix::behind(&BUN);
}

#[test]
fn behind_it_phps_own_server() {
    matrix::behind(&PHP);
}

#[test]
fn behind_it_php_fpm_and_nginx() {
    matrix::behind(&PHP_FPM);
}

#[test]
fn behind_it_tomcat() {
    matrix::behind(&TOMCAT);
}

#[test]
fn before_it_nginx() {
    matrix::before(&NGINX);
}

#[test]
fn before_it_nginx_as_it_comes() {
    matrix::before(&NGINX_AS_IT_COMES);
}

#[test]
fn before_it_haproxy() {
    matrix::before(&HAPROXY);
}

#[test]
fn before_it_apache() {
    matrix::before(&APACHE);
}

#[test]
fn before_it_caddy() {
    matrix::before(&CADDY);
}

#[test]
fn before_it_curl() {
    matrix::from(&CURL);
}

#[test]
fn before_it_python() {
    matrix::from(&PYTHON);
}

#[test]
fn before_it_node_fetch() {
    matrix::from(&NODE_FETCH);
}

#[test]
fn before_it_java() {
    matrix::from(&JAVA);
}

/// The first by name, so that it idles beside all others.
#[test]
fn a_proxys_connections_may_idle_for_half_a_minute() {
    matrix::idle_before(&NGINX);
}
