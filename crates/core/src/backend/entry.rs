//! A backend described in JSON: values of `backend:<id>` in the store, elements of the variable `extra_backends`.

use super::reference::{BackendRef, Location, is_valid_id};
use super::registry::Backend;
use super::url::BackendUrl;
use serde::{Deserialize, Serialize};

/// The JSON form. Further members are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BackendEntry {
    /// The id, which the key of the store repeats.
    pub id: String,
    /// For people; the id where it is absent or empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The URL, as [`BackendUrl`] takes it.
    pub url: String,
    /// The location it is meant for, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<String>,
    /// Path of its health endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_endpoint: Option<String>,
}

impl BackendEntry {
    /// Reads the text of an object.
    ///
    /// # Errors
    /// What is wrong with it, without repeating what stands there: it may hold a credential.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        // Derived readers take an array for an object, member by member.
        let is_array = text.trim_ascii_start().starts_with(b"[");
        let entry = match serde_json::from_slice::<Self>(text) {
            Ok(entry) if !is_array => entry,
            Err(error) if !error.is_data() => return Err(error.to_string()),
            _ => return Err("something in it has the wrong type".to_owned()),
        };
        for (name, value) in [("id", &entry.id), ("url", &entry.url)] {
            if value.is_empty() {
                return Err(format!("missing field `{name}`"));
            }
        }
        Ok(entry)
    }

    /// The name, or the id where it has none.
    pub(super) fn name(&self) -> String {
        match &self.name {
            Some(name) if !name.trim().is_empty() => name.clone(),
            _ => self.id.clone(),
        }
    }

    /// The backend, with every member checked.
    ///
    /// # Errors
    /// The end of a sentence that begins with the entry's place.
    pub(super) fn into_backend(self, location: Location) -> Result<Backend, String> {
        if !is_valid_id(&self.id) {
            return Err("has an 'id' that is not made of 1 to 64 letters, digits, '-', '_' or '.'".into());
        }
        if let Some(kind) = &self.r#type
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
        let name = self.name();
        Ok(Backend { reference: BackendRef::new(self.id, location), name, url, health_endpoint: self.health_endpoint })
    }
}
