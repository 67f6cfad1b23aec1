//! The proxies before the gateway, and how each is configured.

use crate::backends::{Running, nginx_settings};
use crate::programs::{Program, ReservedPort};
use std::net::SocketAddr;
use tempfile::TempDir;

/// A proxy that sends its requests to the gateway.
pub(crate) struct Proxy {
    /// Its name in `docs/interop.md`.
    pub(crate) name: &'static str,
    /// How it is started before the gateway at an address. The error says why its test is skipped.
    pub(crate) start: fn(SocketAddr) -> Result<Running, String>,
    /// What is special about it.
    pub(crate) kind: Kind,
    /// The exchanges that it cannot take part in, and why.
    pub(crate) without: &'static [(&'static str, &'static str)],
}

/// What a proxy is asked beside the exchanges, or in their place.
#[derive(PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing.
    Plain,
    /// Whether it says that the gateway is up.
    Checks,
    /// It speaks TLS and HTTP/2, so curl asks.
    Secure,
}

fn running(program: &Program, arguments: &[&str], folder: TempDir, port: ReservedPort) -> Running {
    let _processes = vec![program.start(&folder, arguments, "")];
    let (address, version) = (port.address, program.version.clone());
    Running { _processes, ports: vec![port], folder, address, quick: None, version }
}

fn nginx_with(location: &str, gateway: SocketAddr) -> Result<Running, String> {
    let program = Program::find(&["nginx"], "-v")?;
    let (folder, port) = (tempfile::tempdir().expect("a folder"), ReservedPort::new());
    let path = folder.path().display().to_string();
    let servers = format!(
        "upstream gateway {{ server {gateway}; keepalive 32; }}\n\
         server {{ listen {}; client_max_body_size 50m; location / {{ proxy_pass http://gateway; {location} }} }}\n",
        port.address
    );
    let settings = folder.path().join("nginx.conf");
    std::fs::write(&settings, nginx_settings(&path, &servers)).expect("a writable folder");
    let log = format!("{path}/error.log");
    Ok(running(&program, &["-c", &settings.display().to_string(), "-p", &path, "-e", &log], folder, port))
}

pub(crate) static NGINX: Proxy = Proxy {
    name: "nginx, connections kept",
    start: |gateway| {
        let kept = "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $http_host;";
        nginx_with(&format!("{kept} proxy_buffering off; proxy_request_buffering off;"), gateway)
    },
    kind: Kind::Plain,
    without: &[],
};

/// Without these directives nginx speaks HTTP/1.0, and a connection serves one request.
pub(crate) static NGINX_AS_IT_COMES: Proxy = Proxy {
    name: "nginx, as it comes (HTTP/1.0)",
    start: |gateway| nginx_with("", gateway),
    kind: Kind::Plain,
    without: &[
        ("redirect", "it tells the gateway another Host than the client's"),
        ("stream", "it collects what it passes on"),
        ("sse", "it collects what it passes on"),
    ],
};

pub(crate) static HAPROXY: Proxy = Proxy { name: "HAProxy", start: haproxy, kind: Kind::Checks, without: &[] };

fn haproxy(gateway: SocketAddr) -> Result<Running, String> {
    let program = Program::find(&["haproxy"], "-v")?;
    let (folder, port) = (tempfile::tempdir().expect("a folder"), ReservedPort::new());
    let settings = format!(
        "global\n maxconn 256\n stats socket {}\n\
         defaults\n mode http\n timeout connect 10s\n timeout client 60s\n timeout server 60s\n\
         frontend all\n bind {}\n default_backend gateway\n\
         backend gateway\n option httpchk\n server first {gateway} check inter 200ms\n",
        folder.path().join("stats").display(),
        port.address
    );
    let file = folder.path().join("haproxy.cfg");
    std::fs::write(&file, settings).expect("a writable folder");
    Ok(running(&program, &["-db", "-f", &file.display().to_string()], folder, port))
}

pub(crate) static APACHE: Proxy = Proxy { name: "Apache httpd", start: apache, kind: Kind::Plain, without: &[] };

fn apache(gateway: SocketAddr) -> Result<Running, String> {
    let program = Program::find(&["apache2"], "-v")?;
    let (folder, port) = (tempfile::tempdir().expect("a folder"), ReservedPort::new());
    let path = folder.path().display();
    let modules = ["mpm_event", "authz_core", "proxy", "proxy_http"]
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .concat();
    let settings = format!(
        "{modules}ServerRoot {path}\nServerName localhost\nPidFile {path}/pid\nDefaultRuntimeDir {path}\nErrorLog {path}/error.log\n\
         Listen {}\nStartServers 1\nServerLimit 1\nThreadsPerChild 32\nMaxRequestWorkers 32\nMinSpareThreads 1\nMaxSpareThreads 32\n\
         ProxyPreserveHost on\nProxyPass / http://{gateway}/ flushpackets=on\n",
        port.address
    );
    let file = folder.path().join("apache.conf");
    std::fs::write(&file, settings).expect("a writable folder");
    Ok(running(&program, &["-D", "FOREGROUND", "-f", &file.display().to_string()], folder, port))
}

pub(crate) static CADDY: Proxy =
    Proxy { name: "Caddy, TLS and HTTP/2", start: caddy, kind: Kind::Secure, without: &[] };

fn caddy(gateway: SocketAddr) -> Result<Running, String> {
    let program = Program::find(&["caddy"], "version")?;
    let (folder, port) = (tempfile::tempdir().expect("a folder"), ReservedPort::new());
    let settings = format!(
        "{{\n admin off\n auto_https disable_redirects\n skip_install_trust\n storage file_system {}\n servers {{\n protocols h1 h2\n }}\n}}\n\
         https://localhost:{} {{\n bind 127.0.0.1\n tls internal\n reverse_proxy {gateway}\n}}\n",
        folder.path().display(),
        port.address.port()
    );
    let file = folder.path().join("Caddyfile");
    std::fs::write(&file, settings).expect("a writable folder");
    Ok(running(&program, &["run", "--config", &file.display().to_string(), "--adapter", "caddyfile"], folder, port))
}
