//! A small backend to try the gateway with: tasks over HTTP, kept in SQLite. It is started when nothing else listens
//! where the gateway looks for its default backend.
//!
//! `GET /health`, `GET` and `POST /tasks`, `GET`, `PUT`, `PATCH` and `DELETE /tasks/<id>`. A backend that wants the port for itself sends
//! `POST /step-aside` with its name in `x-step-aside`: the example then closes its connections and listens no longer.

mod tasks;

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, ORIGIN, VIA};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::tasks::{Draft, Tasks};

/// Bytes of a request body; a larger one is answered with 413.
const MAX_BODY: usize = 1 << 20;
/// The file of the database within the state folder.
const FILE: &str = "example_tasks.db";

/// Where it says what went wrong, one message at a time.
pub type Log = fn(fmt::Arguments<'_>);

/// The backend while it runs. Dropping it stops it.
#[derive(Debug)]
pub struct ExampleBackend {
    address: SocketAddr,
    server: JoinHandle<()>,
}

/// Why the backend does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExampleBackendError {
    /// The address is taken or not ours.
    #[error("the example backend cannot listen on {0}: {1}")]
    Listen(SocketAddr, #[source] io::Error),
    /// Its folder cannot be created.
    #[error("the example backend cannot create its folder: {0}; choose another with --state-dir")]
    Folder(#[source] io::Error),
    /// Its database cannot be opened.
    #[error("the example backend cannot open {FILE}: {0}; remove it, or start with --no-example")]
    Database(#[source] rusqlite::Error),
}

impl ExampleBackend {
    /// Listens on `address`, where port 0 takes any free one, and keeps its tasks in the folder `state_dir`, which is
    /// created, or in memory. What fails later, while it answers requests, goes to `log`.
    ///
    /// # Errors
    ///
    /// The address is taken, or the folder or the database in it cannot be used.
    pub async fn start(address: SocketAddr, state_dir: Option<&Path>, log: Log) -> Result<Self, ExampleBackendError> {
        let listen = |error| ExampleBackendError::Listen(address, error);
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let file = match state_dir {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(ExampleBackendError::Folder)?;
                Some(folder.join(FILE))
            }
            None => None,
        };
        let tasks = Arc::new(Tasks::open(file.as_deref()).map_err(ExampleBackendError::Database)?);
        Ok(Self { address, server: tokio::spawn(accept(listener, tasks, log)) })
    }

    /// Where it listens, with the port that was taken for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for ExampleBackend {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn accept(listener: TcpListener, tasks: Arc<Tasks>, log: Log) {
    let mut connections = tokio::task::JoinSet::new();
    let leaving = Arc::new(Notify::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // The end of all connections, too: the gateway keeps some, and its next request is for the one that comes.
            () = leaving.notified() => return log(format_args!("the example backend makes way for another one on its port")),
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        drop(stream.set_nodelay(true));
        let (tasks, leaving) = (Arc::clone(&tasks), Arc::clone(&leaving));
        let service = service_fn(move |request| {
            let (tasks, leaving) = (Arc::clone(&tasks), Arc::clone(&leaving));
            async move {
                if is_told_to_leave(&request) {
                    leaving.notify_one();
                }
                let mut response = answer(&tasks, log, request).await;
                response
                    .headers_mut()
                    .insert(HeaderName::from_static("x-served-by"), HeaderValue::from_static("example-backend"));
                Ok::<_, Infallible>(response)
            }
        });
        connections.spawn(async move {
            drop(http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await);
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Not for clients of the gateway, whose requests have a `via`, nor for web pages, whose requests have an `origin`.
fn is_told_to_leave(request: &Request<Incoming>) -> bool {
    let fields = request.headers();
    request.method() == Method::POST
        && request.uri().path() == "/step-aside"
        && fields.contains_key("x-step-aside")
        && !fields.contains_key(VIA)
        && !fields.contains_key(ORIGIN)
}

type Reply = Response<Full<Bytes>>;

/// Why a request gets no success.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    /// It asks for something that is not there, or in a way that is not understood: the status and the sentence for the client.
    #[error("{1}")]
    Client(StatusCode, &'static str),
    /// The client gets a 500 without the reason, which is for the log.
    #[error("the database of the example backend failed: {0}")]
    Database(#[from] rusqlite::Error),
}

const NOT_FOUND: Refusal = Refusal::Client(StatusCode::NOT_FOUND, "not found");
const TITLE_MISSING: Refusal = Refusal::Client(StatusCode::BAD_REQUEST, "title is required and must not be empty");

async fn answer(tasks: &Tasks, log: Log, request: Request<Incoming>) -> Reply {
    let (status, message) = match route(tasks, request).await {
        Ok(reply) => return reply,
        Err(Refusal::Client(status, message)) => (status, message),
        Err(error @ Refusal::Database(_)) => {
            log(format_args!("{error}"));
            (StatusCode::INTERNAL_SERVER_ERROR, "database failure")
        }
    };
    json(status, &serde_json::json!({ "error": message }))
}

async fn route(tasks: &Tasks, request: Request<Incoming>) -> Result<Reply, Refusal> {
    // HEAD is GET; the body is left out when the response is written.
    let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    let path = request.uri().path().to_owned();
    if path == "/health" {
        return Ok(match method {
            Method::GET => json(StatusCode::OK, &serde_json::json!({ "status": "ok" })),
            _ => method_not_allowed("GET, HEAD"),
        });
    }
    if path == "/tasks" {
        return match method {
            Method::GET => Ok(json(StatusCode::OK, &tasks.all()?)),
            Method::POST => {
                let draft = read(request).await?;
                let task = tasks.insert(&title(draft.title)?, draft.done.unwrap_or_default())?;
                let mut reply = json(StatusCode::CREATED, &task);
                if let Ok(location) = HeaderValue::try_from(format!("/tasks/{}", task.id)) {
                    reply.headers_mut().insert(LOCATION, location);
                }
                Ok(reply)
            }
            _ => Ok(method_not_allowed("GET, HEAD, POST")),
        };
    }
    let id: i64 = path.strip_prefix("/tasks/").and_then(|id| id.parse().ok()).ok_or(NOT_FOUND)?;
    match method {
        Method::GET => tasks.one(id)?.map(|task| json(StatusCode::OK, &task)).ok_or(NOT_FOUND),
        Method::PUT => {
            let draft = read(request).await?;
            let draft = Draft { title: Some(title(draft.title)?), done: Some(draft.done.unwrap_or_default()) };
            tasks.update(id, &draft)?.map(|task| json(StatusCode::OK, &task)).ok_or(NOT_FOUND)
        }
        Method::PATCH => {
            let mut draft = read(request).await?;
            if draft.title.is_some() {
                draft.title = Some(title(draft.title)?);
            }
            tasks.update(id, &draft)?.map(|task| json(StatusCode::OK, &task)).ok_or(NOT_FOUND)
        }
        Method::DELETE if tasks.delete(id)? => {
            let mut reply = Response::new(Full::default());
            *reply.status_mut() = StatusCode::NO_CONTENT;
            Ok(reply)
        }
        Method::DELETE => Err(NOT_FOUND),
        _ => Ok(method_not_allowed("GET, HEAD, PUT, PATCH, DELETE")),
    }
}

async fn read(request: Request<Incoming>) -> Result<Draft, Refusal> {
    let body = Limited::new(request.into_body(), MAX_BODY).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            Refusal::Client(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 1 MiB")
        } else {
            Refusal::Client(StatusCode::BAD_REQUEST, "the body ended early")
        }
    })?;
    serde_json::from_slice(&body.to_bytes())
        .map_err(|_| Refusal::Client(StatusCode::BAD_REQUEST, "the body is not a task in JSON"))
}

fn title(title: Option<String>) -> Result<String, Refusal> {
    title.filter(|title| !title.trim().is_empty()).ok_or(TITLE_MISSING)
}

fn method_not_allowed(allow: &'static str) -> Reply {
    let mut reply = json(StatusCode::METHOD_NOT_ALLOWED, &serde_json::json!({ "error": "method not allowed" }));
    reply.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    reply
}

fn json(status: StatusCode, value: &impl serde::Serialize) -> Reply {
    let (status, body) = match serde_json::to_vec(value) {
        Ok(body) => (status, body),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
    };
    let mut reply = Response::new(Full::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}
