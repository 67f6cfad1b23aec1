//! nginx, as the upstream and as the proxy to compare with: the configurations.

use std::net::SocketAddr;
use std::path::Path;

use crate::workload::{SMALL, Upstream};

/// The upstream: the small answer from the configuration, files from `files`.
pub(crate) fn upstream(folder: &Path, files: &Path, listen: SocketAddr) -> String {
    let server = format!(
        "    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    server {{
        listen {listen} backlog=4096;
        root {files};
        location = /small {{ default_type text/plain; return 200 \"{body}\"; }}
        location = /health {{ return 200 ok; }}
    }}
",
        files = files.display(),
        body = "x".repeat(SMALL),
    );
    around(folder, &server)
}

/// The proxy: chooses the backend by `x-backend` and `x-backend-location`, adds and replaces the headers that the gateway adds and replaces, and streams bodies
/// both ways.
pub(crate) fn proxy(folder: &Path, listen: SocketAddr, files: SocketAddr, bodies: SocketAddr) -> String {
    let (files_id, bodies_id) = (Upstream::Files.backend(), Upstream::Bodies.backend());
    let server = format!(
        r#"    upstream {files_id} {{ server {files}; keepalive 1024; keepalive_requests 100000000; }}
    upstream {bodies_id} {{ server {bodies}; keepalive 1024; keepalive_requests 100000000; }}
    map "$http_x_backend_location/$http_x_backend" $backend {{
        default "";
        / {files_id};
        /{files_id} {files_id};
        /{bodies_id} {bodies_id};
        local/{files_id} {files_id};
        local/{bodies_id} {bodies_id};
    }}
    # A valid id of the client is kept.
    map $http_x_request_id $kept_request_id {{
        "~^[A-Za-z0-9._-]{{1,128}}$" $http_x_request_id;
        default $request_id;
    }}
    server {{
        listen {listen} backlog=4096;
        client_max_body_size 0;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $proxy_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Host $host;
        proxy_set_header Via "1.1 nginx";
        proxy_set_header X-Request-Id $kept_request_id;
        proxy_hide_header Access-Control-Allow-Origin;
        proxy_hide_header Access-Control-Allow-Methods;
        proxy_hide_header Access-Control-Allow-Headers;
        # Larger than the defaults, which cost nginx speed at large bodies.
        proxy_buffer_size 16k;
        proxy_buffers 8 64k;
        proxy_busy_buffers_size 128k;
        client_body_buffer_size 64k;
        proxy_request_buffering off;
        proxy_max_temp_file_size 0;
        add_header Access-Control-Allow-Origin * always;
        add_header Access-Control-Allow-Methods "GET, POST, PUT, DELETE, PATCH, OPTIONS" always;
        add_header Access-Control-Allow-Headers "Content-Type, x-backend" always;
        add_header Vary "x-backend, x-backend-location" always;
        add_header X-Gateway-Backend $backend always;
        add_header X-Request-Id $kept_request_id always;
        add_header Server-Timing "backend;dur=$upstream_header_time" always;
        add_header Timing-Allow-Origin * always;
        location / {{
            if ($backend = "") {{ return 400; }}
            if ($request_method = OPTIONS) {{ return 204; }}
            proxy_pass http://$backend;
        }}
    }}
"#
    );
    around(folder, &server)
}

/// What both have in common: in the foreground, as many workers as processors, everything written below `folder`.
fn around(folder: &Path, server: &str) -> String {
    let folder = folder.display();
    // Workers of a root's nginx would run as nobody, who may not read the temporary folder.
    let user = if rustix::process::geteuid().is_root() { "user root;\n" } else { "" };
    format!(
        "{user}daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 32768; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
    client_body_temp_path {folder}/client;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{server}}}
"
    )
}
