//! The API, from a request to its response; `openapi.yaml` beside this crate describes it.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, LOCATION};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Map, Value, json};

use crate::Log;
use crate::body::{MAX_BODY, discard, text_of, well_formed};
use crate::resources::{Detail, PROJECT, Resource, TASK, Values, uuid};
use crate::store::{Row, Store, is_unknown_project};

pub(crate) type Reply = Response<Full<Bytes>>;

/// Why a request gets no success.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    /// It asks for something that is not there, or in a way that is not understood: the status and the sentence for the client.
    #[error("{1}")]
    Client(StatusCode, String),
    #[error("members of the body or the query are not as they must be")]
    Invalid(Vec<Detail>),
    /// The path has only these methods.
    #[error("{0} is not allowed here")]
    Method(Method, &'static str),
    /// The client gets a 500 without the reason, which is for the log.
    #[error("the database of the example backend failed: {0}")]
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for Refusal {
    /// Whether there is a project for a task is decided by the database, with the write.
    fn from(error: rusqlite::Error) -> Self {
        if is_unknown_project(&error) {
            Self::Invalid(vec![Detail { field: "project_id", message: "must be the id of a project".to_owned() }])
        } else {
            Self::Database(error)
        }
    }
}

/// Answers a request, whatever happens.
pub(crate) async fn answer(store: &Store, log: Log, request: Request<Incoming>) -> Reply {
    let (head, mut body) = request.into_parts();
    let reply = match route(store, &head, &mut body).await {
        Ok(reply) => reply,
        Err(refusal) => refused(log, refusal),
    };
    discard(&mut body).await;
    reply
}

fn refused(log: Log, refusal: Refusal) -> Reply {
    let message = refusal.to_string();
    match refusal {
        Refusal::Client(status, message) => error(status, &message, None),
        Refusal::Invalid(details) => {
            let problems: Vec<_> =
                details.iter().map(|Detail { field, message }| format!("{field} {message}")).collect();
            error(StatusCode::BAD_REQUEST, &problems.join("; "), Some(&details))
        }
        Refusal::Method(_, allow) => {
            let mut reply = error(StatusCode::METHOD_NOT_ALLOWED, &message, None);
            reply.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
            reply
        }
        Refusal::Database(_) => {
            log(format_args!("{message}"));
            error(StatusCode::INTERNAL_SERVER_ERROR, "the database failed", None)
        }
    }
}

async fn route(store: &Store, head: &Parts, body: &mut Incoming) -> Result<Reply, Refusal> {
    let path = head.uri.path();
    let nothing = || Refusal::Client(StatusCode::NOT_FOUND, format!("there is nothing at {path}"));
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match *segments.as_slice() {
        ["health"] => match method(head) {
            Method::GET => Ok(reply(StatusCode::OK, &json!({ "status": "ok" }))),
            other => Err(Refusal::Method(other, "GET, HEAD")),
        },
        ["tasks"] => collection(store, &TASK, head, body).await,
        ["projects"] => collection(store, &PROJECT, head, body).await,
        ["tasks", id] => single(store, &TASK, &uuid(id).ok_or_else(nothing)?, head, body).await,
        ["projects", id] => single(store, &PROJECT, &uuid(id).ok_or_else(nothing)?, head, body).await,
        ["projects", id, "tasks"] => tasks_of_project(store, &uuid(id).ok_or_else(nothing)?, head),
        _ => Err(nothing()),
    }
}

/// HEAD is GET; the body is left out when the response is written.
fn method(head: &Parts) -> Method {
    if head.method == Method::HEAD { Method::GET } else { head.method.clone() }
}

/// A collection: its list, and a new member of it.
async fn collection(store: &Store, resource: &Resource, head: &Parts, body: &mut Incoming) -> Result<Reply, Refusal> {
    match method(head) {
        Method::GET => Ok(reply(StatusCode::OK, &store.list(resource, &filter(resource, head)?)?)),
        Method::POST => {
            let row = store.create(resource, &values_of(resource, body, true).await?)?;
            let mut reply = reply(StatusCode::CREATED, &row);
            if let Ok(location) = HeaderValue::try_from(format!("/{}/{}", resource.table, row.id())) {
                reply.headers_mut().insert(LOCATION, location);
            }
            Ok(reply)
        }
        other => Err(Refusal::Method(other, "GET, HEAD, POST")),
    }
}

/// One member of a collection. A body is looked at before the id.
async fn single(
    store: &Store,
    resource: &Resource,
    id: &str,
    head: &Parts,
    body: &mut Incoming,
) -> Result<Reply, Refusal> {
    let row = match method(head) {
        Method::GET => store.get(resource, id)?,
        Method::PUT => store.update(resource, id, &values_of(resource, body, true).await?)?,
        Method::PATCH => store.update(resource, id, &values_of(resource, body, false).await?)?,
        Method::DELETE if store.delete(resource, id)? => {
            let mut reply = Response::new(Full::default());
            *reply.status_mut() = StatusCode::NO_CONTENT;
            return Ok(reply);
        }
        Method::DELETE => None,
        other => return Err(Refusal::Method(other, "GET, HEAD, PUT, PATCH, DELETE")),
    };
    Ok(reply(StatusCode::OK, &found(row, resource, id)?))
}

fn tasks_of_project(store: &Store, id: &str, head: &Parts) -> Result<Reply, Refusal> {
    match method(head) {
        Method::GET => {
            let mut values = filter(&TASK, head)?;
            found(store.get(&PROJECT, id)?, &PROJECT, id)?;
            values.push(("project_id", Some(id.to_owned())));
            Ok(reply(StatusCode::OK, &store.list(&TASK, &values)?))
        }
        other => Err(Refusal::Method(other, "GET, HEAD")),
    }
}

fn found(row: Option<Row>, resource: &Resource, id: &str) -> Result<Row, Refusal> {
    row.ok_or_else(|| Refusal::Client(StatusCode::NOT_FOUND, format!("there is no {} {id}", resource.kind)))
}

/// The status that a query asks for, if it does. Other parameters are ignored.
fn filter(resource: &Resource, head: &Parts) -> Result<Values, Refusal> {
    let query = head.uri.query().unwrap_or_default();
    let status = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "status");
    let wanted = status.map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
    resource.read(&wanted.into_iter().collect(), false).map_err(Refusal::Invalid)
}

/// The members of the body. Of a `whole` one, those that are not named get their initial values.
async fn values_of(resource: &Resource, body: &mut Incoming, whole: bool) -> Result<Values, Refusal> {
    let bad_request = |message: &str| Refusal::Client(StatusCode::BAD_REQUEST, message.to_owned());
    let text = text_of(body).await.map_err(|_| bad_request("the body ended early"))?.ok_or_else(|| {
        Refusal::Client(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {MAX_BODY} bytes"))
    })?;
    let body: Value =
        serde_json::from_str(&well_formed(&text)).map_err(|_| bad_request("the body is not valid JSON"))?;
    let members: &Map<String, Value> = body.as_object().ok_or_else(|| bad_request("the body is not a JSON object"))?;
    resource.read(members, whole).map_err(Refusal::Invalid)
}

fn error(status: StatusCode, message: &str, details: Option<&[Detail]>) -> Reply {
    #[derive(serde::Serialize)]
    struct Body<'a> {
        error: &'a str,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        details: Option<&'a [Detail]>,
    }
    let reason = match status {
        // Its name in RFC 9110.
        StatusCode::PAYLOAD_TOO_LARGE => "Content Too Large",
        other => other.canonical_reason().unwrap_or_default(),
    };
    reply(status, &Body { error: reason, message, details })
}

fn reply(status: StatusCode, value: &impl serde::Serialize) -> Reply {
    let (status, body) = match serde_json::to_vec(value) {
        Ok(body) => (status, body),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
    };
    let mut reply = Response::new(Full::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}
