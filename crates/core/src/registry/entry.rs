//! A backend described in JSON: values of `backend:<id>` in the store, elements of the variable `extra_backends`.

use crate::backend::{Backend, Location, is_valid_id};
use crate::backend_url::BackendUrl;
use serde::Deserialize;

/// The JSON form: `{"id","name","url","type"?,"healthEndpoint"?}`; further members are ignored.
#[derive(Deserialize)]
pub(super) struct Description {
    pub(super) id: String,
    #[serde(default)]
    name: Option<String>,
    url: String,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default, rename = "healthEndpoint")]
    health_endpoint: Option<String>,
}

/// What is wrong with a JSON text. Where it does not say what is expected but what stands there, that is left out: it may hold a credential.
pub(super) fn problem(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let repeats_the_value =
        ["invalid type", "invalid value", "invalid length"].iter().any(|start| text.starts_with(start));
    if repeats_the_value { "something in it has the wrong type".to_owned() } else { text }
}

impl Description {
    /// Reads the text of an object. An array of the members' values, which serde would take as well, is refused.
    pub(super) fn from_slice(text: &[u8]) -> Result<Self, serde_json::Error> {
        if text.trim_ascii_start().starts_with(b"[") {
            return Err(serde::de::Error::custom("it is an array"));
        }
        serde_json::from_slice(text)
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
