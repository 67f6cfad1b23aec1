//! What the API keeps: tasks and projects, and what a request may say about them. `openapi.yaml` describes both.

use serde::Serialize;
use serde_json::{Map, Value};

/// One kind of thing that the API keeps, each in a table of its own.
#[derive(Debug)]
pub(crate) struct Resource {
    /// What one is called in messages.
    pub(crate) kind: &'static str,
    pub(crate) table: &'static str,
    /// The members of an answer, in their order.
    pub(crate) columns: &'static [&'static str],
    /// The members that a client may write.
    pub(crate) fields: &'static [Field],
}

/// A member that a client may write.
#[derive(Debug)]
pub(crate) struct Field {
    name: &'static str,
    /// What it is where a whole body does not name it. `None`: the body has to.
    initial: Option<Option<&'static str>>,
    rule: Rule,
}

#[derive(Debug)]
enum Rule {
    Text,
    /// A text with a character that is not white space.
    Line,
    OneOf(&'static [&'static str]),
    /// The id of something else, or null.
    Reference,
}

/// Columns and their values.
pub(crate) type Values = Vec<(&'static str, Option<String>)>;

/// What is wrong with one member of a body, or of a query.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Detail {
    pub(crate) field: &'static str,
    pub(crate) message: String,
}

pub(crate) const TASK: Resource = Resource {
    kind: "task",
    table: "tasks",
    columns: &["id", "title", "description", "status", "project_id", "created_at", "updated_at"],
    fields: &[
        Field { name: "title", initial: None, rule: Rule::Line },
        Field { name: "description", initial: Some(Some("")), rule: Rule::Text },
        Field {
            name: "status",
            initial: Some(Some("inbox")),
            rule: Rule::OneOf(&["inbox", "next", "waiting", "done"]),
        },
        Field { name: "project_id", initial: Some(None), rule: Rule::Reference },
    ],
};

pub(crate) const PROJECT: Resource = Resource {
    kind: "project",
    table: "projects",
    columns: &["id", "name", "status", "created_at", "updated_at"],
    fields: &[
        Field { name: "name", initial: None, rule: Rule::Line },
        Field { name: "status", initial: Some(Some("active")), rule: Rule::OneOf(&["active", "someday", "archive"]) },
    ],
};

impl Resource {
    /// The members of a body that are written. Of a `whole` body, those that it does not name get their initial values. Members that
    /// are not in `fields` are ignored.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the body.
    pub(crate) fn read(&self, body: &Map<String, Value>, whole: bool) -> Result<Values, Vec<Detail>> {
        let (mut values, mut details) = (Values::new(), Vec::new());
        for Field { name, initial, rule } in self.fields {
            let read = match (body.get(*name), initial) {
                (Some(given), _) => rule.read(given),
                (None, _) if !whole => continue,
                (None, Some(initial)) => Ok(initial.map(str::to_owned)),
                (None, None) => Err("is required".to_owned()),
            };
            match read {
                Ok(value) => values.push((name, value)),
                Err(message) => details.push(Detail { field: name, message }),
            }
        }
        if details.is_empty() { Ok(values) } else { Err(details) }
    }
}

impl Rule {
    /// The value to keep, or what is wrong with the one that was given.
    fn read(&self, given: &Value) -> Result<Option<String>, String> {
        match (self, given) {
            (Self::Line, Value::String(text)) if text.chars().all(is_white_space) => {
                Err("must not be empty".to_owned())
            }
            (Self::Text | Self::Line, Value::String(text)) => Ok(Some(text.clone())),
            (Self::Text | Self::Line, _) => Err("must be a string".to_owned()),
            (Self::OneOf(allowed), Value::String(text)) if allowed.contains(&text.as_str()) => Ok(Some(text.clone())),
            (Self::OneOf(allowed), _) => Err(format!("must be one of {}", allowed.join(", "))),
            (Self::Reference, Value::Null) => Ok(None),
            (Self::Reference, given) => match given.as_str().and_then(uuid) {
                Some(id) => Ok(Some(id)),
                None => Err("must be a UUID or null".to_owned()),
            },
        }
    }
}

/// White space as the pattern `\S` of the description has it (ECMAScript): Unicode's, with the byte order mark and without the next-line
/// character.
fn is_white_space(character: char) -> bool {
    character == '\u{feff}' || (character.is_whitespace() && character != '\u{85}')
}

/// The id as it is kept, or `None` for what is not a UUID, which is the same in capitals (RFC 9562, section 4).
pub(crate) fn uuid(text: &str) -> Option<String> {
    let is_uuid = text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    is_uuid.then(|| text.to_ascii_lowercase())
}
