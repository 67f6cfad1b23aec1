//! Hosts that are programs of their own.

use super::gateway::{Settings, instance_reuse, plain_component};
use super::npm_backend::installed;
use super::process::Process;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

impl Process {
    /// The embedded host as the program that people start. The component has to be built already.
    pub(crate) fn embedded(listen: SocketAddr, settings: &Settings) -> Self {
        assert!(settings.store && settings.state_dir.is_none(), "its store is in a folder of its own");
        let mut arguments = Vec::new();
        for (key, value) in &settings.key_values {
            arguments.extend(["--key-value".to_owned(), format!("{key}={}", String::from_utf8_lossy(value))]);
        }
        arguments.extend(settings.workers.map(|workers| format!("--workers={workers}")));
        arguments.extend(instance_reuse().map(|reuse| format!("--instance-reuse={reuse}")));
        arguments.extend(settings.arguments.iter().cloned());
        Process::gateway_host(listen, &settings.variables, &settings.environment, &arguments)
    }

    /// `wasmtime serve` with the component for plain WASI.
    pub(crate) fn wasmtime_serve(listen: SocketAddr, settings: &Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder").keep();
        let store = folder.join("store");
        std::fs::create_dir(&store).expect("a new folder");
        for (key, value) in &settings.key_values {
            std::fs::write(store.join(gateway_core::file_name::of_key(key)), value).expect("a writable folder");
        }
        let mut arguments = vec!["serve".to_owned(), "--no-logging-prefix".to_owned()];
        arguments.extend(["-S".to_owned(), "cli".to_owned(), "--addr".to_owned(), listen.to_string()]);
        for (index, (name, value)) in settings.variables.iter().enumerate() {
            // Either name counts.
            let prefix = if index % 2 == 0 { "SPIN_VARIABLE_" } else { "" };
            arguments.extend(["--env".to_owned(), format!("{prefix}{}={value}", name.to_uppercase())]);
        }
        if settings.store {
            arguments.extend(["--dir".to_owned(), format!("{}::/store", store.display())]);
        }
        arguments.extend(settings.arguments.iter().cloned());
        arguments.push(plain_component().display().to_string());
        Self::start(&folder, &wasmtime(), &arguments, "Serving HTTP on ", Some(store))
    }

    /// Cloudflare's runtime, as `cloudflare/serve.mjs` starts it.
    pub(crate) fn workerd(listen: SocketAddr, settings: &Settings) -> Self {
        let program = installed("cloudflare").unwrap_or_else(|reason| panic!("{reason}"));
        let mut arguments = vec![program.join("serve.mjs").display().to_string()];
        if !settings.own_process {
            // Nobody reads its log.
            arguments.push("--quiet".to_owned());
        }
        arguments.extend(["--listen".to_owned(), listen.to_string()]);
        for (name, value) in &settings.variables {
            arguments.extend(["--var".to_owned(), format!("{name}={value}")]);
        }
        for (key, value) in &settings.key_values {
            arguments.extend(["--kv".to_owned(), format!("{key}={}", String::from_utf8_lossy(value))]);
        }
        let folder = tempfile::tempdir().expect("a folder").keep();
        Self::start(&folder, Path::new("node"), &arguments, "listening on ", None)
    }
}

/// The program: the one named by `WASMTIME`, else the one that `cargo install` put into `target/wasmtime-cli`, else the one on the path.
fn wasmtime() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/wasmtime-cli/bin/wasmtime");
    match std::env::var_os("WASMTIME") {
        Some(named) => named.into(),
        None if installed.exists() => installed,
        None => "wasmtime".into(),
    }
}
