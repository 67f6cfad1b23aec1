//! A backend described in JSON: values of `backend:<id>` in the store, elements of the variable `extra_backends`.

use crate::backend::reference::{Location, is_valid_id};
use crate::backend::registry::Backend;
use crate::backend::url::BackendUrl;
use crate::json::Value;

/// The JSON form: `{"id","name","url","type"?,"healthEndpoint"?}`; further members are ignored.
pub(super) struct Description {
    pub(super) id: String,
    name: Option<String>,
    url: String,
    kind: Option<String>,
    health_endpoint: Option<String>,
}

/// Said of what stands where something else should. It is not shown: it may hold a credential.
const WRONG_TYPE: &str = "something in it has the wrong type";

impl Description {
    /// Reads the text of an object.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        Value::parse(text).map_err(|error| error.to_string()).and_then(Self::from_value)
    }

    /// The same for a value.
    pub(super) fn from_value(value: Value<'_>) -> Result<Self, String> {
        let Value::Object(mut object) = value else {
            return Err(WRONG_TYPE.to_owned());
        };
        let mut member = |name| object.take(name).map(|value| value.text().ok_or(WRONG_TYPE)).transpose();
        let missing = |name| format!("missing field `{name}`");
        Ok(Description {
            id: member("id")?.ok_or_else(|| missing("id"))?,
            name: member("name")?,
            url: member("url")?.ok_or_else(|| missing("url"))?,
            kind: member("type")?,
            health_endpoint: member("healthEndpoint")?,
        })
    }

    /// The name, or the id where it has none.
    pub(super) fn name(&self) -> String {
        match &self.name {
            Some(name) if !name.trim().is_empty() => name.clone(),
            _ => self.id.clone(),
        }
    }

    /// Checks every member. The error is the end of a sentence that begins with the entry's place.
    pub(super) fn into_backend(self, location: Location) -> Result<Backend, String> {
        if !is_valid_id(&self.id) {
            return Err("has an 'id' that is not made of 1 to 64 letters, digits, '-', '_' or '.'".into());
        }
        if let Some(kind) = &self.kind
            && kind != location.as_str()
        {
            return Err(format!("has the type '{kind}', but belongs to '{}'", location.as_str()));
        }
        let url = BackendUrl::parse(&self.url).map_err(|error| format!("has a 'url' that {error}"))?;
        if let Some(path) = &self.health_endpoint
            && !path.starts_with('/')
        {
            return Err("has a 'healthEndpoint' that does not start with '/'".into());
        }
        Ok(Backend { name: self.name(), id: self.id, url, location, health_endpoint: self.health_endpoint })
    }
}
