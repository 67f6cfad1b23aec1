//! The servers behind the gateway: how to find, configure and start each. Their apps, of the same behaviour, are in `apps/`.
//!
//! Where a server has a setting for it, a connection may idle for about a second only. gunicorn keeps the two seconds that it comes with.

use crate::npm_backend::installed;
use crate::process::Process;
use crate::programs::{Program, ReservedPort, address_behind, app, first_version};
use std::net::SocketAddr;
use tempfile::TempDir;

/// A server that the gateway sends requests to.
pub(crate) struct Backend {
    /// Its name in `docs/interop.md`.
    pub(crate) name: &'static str,
    /// How it is started. The error says why its test is skipped.
    pub(crate) start: fn() -> Result<Running, String>,
    /// The exchanges that it cannot take part in, and why.
    pub(crate) without: &'static [(&'static str, &'static str)],
}

/// A running server. It ends when this is dropped.
pub(crate) struct Running {
    /// Its processes, in the order in which they end.
    pub(crate) _processes: Vec<Process>,
    /// The ports that it was given, where it could not choose them.
    pub(crate) ports: Vec<ReservedPort>,
    /// Its files. A half of a stream waits until a file of some name is there.
    pub(crate) folder: TempDir,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Where a connection ends right after its answer, if that is not at `/slow-close`.
    pub(crate) quick: Option<SocketAddr>,
    /// Its version.
    pub(crate) version: String,
}

impl Running {
    fn new(folder: TempDir, process: Process, address: SocketAddr, version: String) -> Self {
        Running { _processes: vec![process], ports: Vec::new(), folder, address, quick: None, version }
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Starts a server that says on which port it listens.
fn starts(program: &Program, arguments: &[&str], ready: &str) -> Running {
    let folder = folder();
    let process = program.start(&folder, arguments, ready);
    let address = address_behind(ready, &process.said);
    Running::new(folder, process, address, program.version.clone())
}

pub(crate) static PUMA: Backend = Backend { name: "Puma", start: puma, without: &[] };

fn puma() -> Result<Running, String> {
    let program = Program::find(&["puma"], "--version")?;
    let folder = folder();
    let settings = folder.path().join("puma.rb");
    let text = format!("bind 'tcp://127.0.0.1:0'\nthreads 20, 20\npersistent_timeout 1\nrackup '{}'\n", app("app.ru"));
    std::fs::write(&settings, text).expect("a writable folder");
    let ready = "Listening on";
    let process = program.start(&folder, &["-C", &settings.display().to_string()], ready);
    let address = address_behind(ready, &process.said);
    Ok(Running::new(folder, process, address, program.version))
}

pub(crate) static GUNICORN: Backend = Backend { name: "gunicorn, worker gthread", start: gunicorn, without: &[] };

fn gunicorn() -> Result<Running, String> {
    let program = Program::find(&["gunicorn"], "--version")?;
    let apps = app("");
    let arguments =
        ["--bind", "127.0.0.1:0", "--worker-class", "gthread", "--threads", "20", "--chdir", &apps, "wsgi:app"];
    Ok(starts(&program, &arguments, "Listening at:"))
}

pub(crate) static UVICORN: Backend =
    Backend { name: "uvicorn", start: uvicorn, without: &[("closes", "an ASGI app cannot end a connection")] };

fn uvicorn() -> Result<Running, String> {
    let program = Program::find(&["uvicorn"], "--version")?;
    let apps = app("");
    let arguments = ["--port", "0", "--timeout-keep-alive", "1", "--no-proxy-headers", "--app-dir", &apps, "asgi:app"];
    Ok(starts(&program, &arguments, "running on"))
}

pub(crate) static NODE: Backend = Backend { name: "Node, http", start: node, without: &[] };

pub(crate) fn node() -> Result<Running, String> {
    Ok(starts(&Program::find(&["node"], "--version")?, &[&app("node.mjs")], "listening on"))
}

pub(crate) static BUN: Backend = Backend {
    name: "Bun, Bun.serve",
    start: bun,
    without: &[("closes", "an app of Bun.serve cannot end a connection")],
};

fn bun() -> Result<Running, String> {
    let folder = installed("examples/backends/bun-sqlite")?;
    // npm may have left the program where it does not run yet; what that prints is no version.
    _ = std::process::Command::new("node").arg("prepare-bun.mjs").current_dir(&folder).output();
    Ok(starts(&Program::at(folder.join("node_modules/.bin/bun"), "--version")?, &[&app("bun.ts")], "listening on"))
}

pub(crate) static PHP: Backend = Backend {
    name: "PHP, built-in server",
    start: php,
    without: &[("idles", "it closes after each answer"), ("idled", "it closes after each answer")],
};

pub(crate) fn php() -> Result<Running, String> {
    Ok(starts(&Program::find(&["php"], "--version")?, &["-S", "127.0.0.1:0", &app("app.php")], "Development Server ("))
}

pub(crate) static PHP_FPM: Backend = Backend { name: "php-fpm behind nginx", start: php_fpm, without: &[] };

fn php_fpm() -> Result<Running, String> {
    let fpm = Program::find(&["php-fpm*"], "--version")?;
    let nginx = Program::find(&["nginx"], "-v")?;
    let (folder, port, quick) = (folder(), ReservedPort::new(), ReservedPort::new());
    let path = folder.path().display().to_string();
    let fpm_settings = format!(
        "[global]\nerror_log = /dev/stderr\ndaemonize = no\n[www]\nlisten = {path}/fpm.sock\npm = static\npm.max_children = 12\n\
         clear_env = no\n{}",
        user()
    );
    let script = app("app.php");
    let pass = format!(
        "include /etc/nginx/fastcgi_params; fastcgi_param SCRIPT_FILENAME {script}; fastcgi_pass unix:{path}/fpm.sock;"
    );
    let server = |address: SocketAddr, idle: &str| {
        format!(
            "server {{ listen {address}; keepalive_timeout {idle}; client_max_body_size 50m; location / {{ {pass} }} }}\n"
        )
    };
    let nginx_settings = nginx_settings(&path, &(server(port.address, "1s") + &server(quick.address, "2ms")));
    std::fs::write(folder.path().join("fpm.conf"), fpm_settings).expect("a writable folder");
    std::fs::write(folder.path().join("nginx.conf"), nginx_settings).expect("a writable folder");
    let behind = fpm.start(&folder, &["-R", "-y", &format!("{path}/fpm.conf")], "ready to handle connections");
    let before = nginx.start(
        &folder,
        &["-c", &format!("{path}/nginx.conf"), "-p", &path, "-e", &format!("{path}/error.log")],
        "",
    );
    Ok(Running {
        _processes: vec![before, behind],
        address: port.address,
        quick: Some(quick.address),
        ports: vec![port, quick],
        version: format!("{}, {}", fpm.version, nginx.version),
        folder,
    })
}

/// Workers of root would be those of somebody who may not read the folder.
fn user() -> &'static str {
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if is_root { "user = root\ngroup = root\n" } else { "" }
}

/// nginx with everything it writes in one folder.
pub(crate) fn nginx_settings(path: &str, servers: &str) -> String {
    let user = if user().is_empty() { "" } else { "user root;\n" };
    let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {path}/{kind};\n"))
        .concat();
    format!(
        "{user}daemon off;\nworker_processes 1;\npid {path}/nginx.pid;\nerror_log {path}/error.log;\nevents {{ worker_connections 256; }}\n\
         http {{\n{folders}access_log off;\n{servers}}}\n"
    )
}

pub(crate) static TOMCAT: Backend = Backend { name: "Tomcat", start: tomcat, without: &[] };

fn tomcat() -> Result<Running, String> {
    let program = Program::java()?;
    let library = "/usr/share/java/tomcat10-embed-core.jar";
    if !std::path::Path::new(library).exists() {
        return Err("libtomcat10-embed-java is not installed".to_owned());
    }
    let folder = folder();
    // It starts once and lives for seconds: compiling less is quicker.
    let arguments = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", library, &app("Tomcat.java")];
    let process = program.start(&folder, &arguments, "listening on");
    let version = process.said.split_once("Tomcat/").and_then(|(_, rest)| first_version(rest)).unwrap_or_default();
    let quick = address_behind("quick to close:", &process.said);
    let address = address_behind("listening on", &process.said);
    Ok(Running { quick: Some(quick), ..Running::new(folder, process, address, version) })
}
