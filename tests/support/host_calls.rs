//! The functions of the host that the component calls, in their order. wasmtime opens a span for each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer};

/// Calls so far, as `interface function`.
#[derive(Clone, Default)]
pub(crate) struct HostCalls(Arc<Mutex<Vec<String>>>);

impl HostCalls {
    /// The calls since the last time, in their order.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// How often each function was called.
#[allow(dead_code, reason = "not every test counts")]
pub(crate) fn counted(calls: Vec<String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for call in calls {
        *counts.entry(call).or_default() += 1;
    }
    counts
}

impl<S: tracing::Subscriber> Layer<S> for HostCalls {
    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        #[derive(Default)]
        struct Name {
            module: String,
            function: String,
        }
        impl Visit for Name {
            fn record_str(&mut self, field: &Field, value: &str) {
                match field.name() {
                    "module" => self.module = value.to_owned(),
                    "function" => self.function = value.to_owned(),
                    _ => {}
                }
            }
            fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
        }
        if span.metadata().name() != "wit-bindgen import" {
            return;
        }
        let mut name = Name::default();
        span.record(&mut name);
        let interface = name.module.rsplit(['/', ':']).next().unwrap_or_default();
        self.0.lock().unwrap().push(format!("{interface} {}", name.function));
    }
}
