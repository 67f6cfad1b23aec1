//! The gateway under test, the backends it talks to, and a client that sees every byte.

mod backend;
#[path = "../../support/client.rs"]
mod client;
mod gateway;
#[path = "../../support/host_process.rs"]
mod host_process;
mod host_processes;
#[path = "../../support/host_program.rs"]
mod host_program;
mod hosts;
#[path = "../../support/npm_backend.rs"]
mod npm_backend;
#[path = "../../support/process.rs"]
mod process;

pub(crate) use backend::{Exchange, OwnBackend, Upstream, free_address};
pub(crate) use client::{Body, Request, Response, TransferError};
pub(crate) use gateway::{FAULTY, Lab, REQUEST_TIMEOUT, Settings, lab, second};
pub(crate) use hosts::{Feature, HostKind, is_on, offers};
pub(crate) use npm_backend::{NpmBackend, installed};

use std::future::Future;
use std::time::Duration;

/// No test takes this long on the slowest machine; without it a failure would be a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

/// Runs a test on the suite's runtime, with the gateway up.
pub(crate) fn run<F: Future<Output = ()>>(test: impl FnOnce(&'static Lab) -> F) {
    let lab = lab();
    lab.runtime.block_on(async {
        tokio::time::timeout(PATIENCE, test(lab)).await.expect("the test ends in time");
    });
}

/// Runs a test against a gateway of its own with other settings. It talks to the same backends. Only for hosts that the suite starts itself.
pub(crate) fn with_settings<F: Future<Output = ()>>(
    settings: impl FnOnce(&mut Settings),
    test: impl FnOnce(&'static Lab) -> F,
) {
    if !offers(Feature::OwnSettings) {
        return;
    }
    // Tests share it with the tasks they spawn. An embedded host is small enough to stay; a process is ended.
    let own: &'static Lab = Box::leak(Box::new(gateway::second(settings)));
    lab().runtime.block_on(async {
        tokio::time::timeout(PATIENCE, test(own)).await.expect("the test ends in time");
    });
    if let Some(process) = &own.process {
        process.stop();
    }
}
