//! The gateway under test, the backends it talks to, and a client that sees every byte.

mod backend;
mod client;
mod gateway;
mod npm_backend;

pub(crate) use backend::Exchange;
pub(crate) use client::{Body, Request, Response, TransferError};
pub(crate) use gateway::{FAULTY, Lab, lab};
pub(crate) use npm_backend::{NpmBackend, installed};

use gateway_host::HostOptions;

use std::future::Future;
use std::time::Duration;

/// No step of a test takes this long; without it a failure would be a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// Runs a test on the suite's runtime, with the gateway up.
pub(crate) fn run<F: Future<Output = ()>>(test: impl FnOnce(&'static Lab) -> F) {
    let lab = lab();
    lab.runtime.block_on(async {
        tokio::time::timeout(PATIENCE, test(lab)).await.expect("the test ends in time");
    });
}

/// As [`with_host`], but skipped where the suite's gateway is a foreign one: for what is checked of the embedded host only.
pub(crate) fn with_embedded_host<F: Future<Output = ()>>(
    settings: impl FnOnce(&mut HostOptions),
    test: impl FnOnce(&'static Lab) -> F,
) {
    if lab().host.is_none() {
        println!("SKIPPED: needs an embedded host, and GATEWAY_URL names another");
        return;
    }
    with_host(settings, test);
}

/// Runs a test against an embedded host of its own with further settings. It talks to the same backends.
pub(crate) fn with_host<F: Future<Output = ()>>(
    settings: impl FnOnce(&mut HostOptions),
    test: impl FnOnce(&'static Lab) -> F,
) {
    let own = gateway::second(settings);
    lab().runtime.block_on(async {
        tokio::time::timeout(PATIENCE, test(own)).await.expect("the test ends in time");
    });
}
