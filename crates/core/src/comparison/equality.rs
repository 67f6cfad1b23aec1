//! Answers against the reference: fields and bodies.

use super::body::Body;
use super::document::document;
use super::patch::{self, Patch};
use super::report::HeaderDifference;
use crate::fields::{Field, values};
use crate::request::headers::{belongs_to_hop, lower};
use crate::text::shorten;

/// Fields that differ between implementations, or from moment to moment, without meaning anything. Beside them: hop-by-hop fields and those
/// with one of [`EXPECTED_PREFIXES`].
const EXPECTED: [&str; 16] = [
    "age",
    "alt-svc",
    "content-length",
    "date",
    "etag",
    "expires",
    "last-modified",
    "nel",
    "report-to",
    "server",
    "server-timing",
    "timing-allow-origin",
    "via",
    "x-powered-by",
    "x-request-id",
    "x-runtime",
];
const EXPECTED_PREFIXES: [&str; 2] = ["access-control-", "cf-"];

/// The most differences that are told, and the most lines of each.
const MAX_DIFFERENCES: usize = 32;
const MAX_LINES: usize = 8;
/// The most characters of a value that are told.
const MAX_CHARACTERS: usize = 256;

/// What a body is compared with the reference's.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Byte for byte the same.
    Same,
    /// JSON of the same value.
    Equal,
    /// JSON that differs, with the patch from the reference to it.
    Json(Patch),
    /// Anything else that differs.
    Different,
    /// Not the same bytes, and too large to look closer.
    NotCompared,
}

impl Verdict {
    /// Whether the bodies say the same.
    pub(super) fn agrees(&self) -> bool {
        matches!(self, Verdict::Same | Verdict::Equal)
    }
}

/// The answer that the others are compared with.
pub(super) struct Reference {
    pub(super) status: u16,
    fields: Vec<Field>,
    body: Option<ReferenceBody>,
}

struct ReferenceBody {
    sha256: String,
    /// Its bytes, where they are few enough.
    kept: Option<Vec<u8>>,
}

impl Reference {
    pub(super) fn new(status: u16, fields: Vec<Field>, body: Option<Body>) -> Self {
        let body = body.map(|body| ReferenceBody { sha256: body.sha256(), kept: body.into_kept() });
        Reference { status, fields, body }
    }

    /// The fields that differ, sorted by name.
    pub(super) fn header_differences(&self, fields: &[Field]) -> Vec<HeaderDifference> {
        let mut differences: Vec<HeaderDifference> = Vec::new();
        for (name, _) in self.fields.iter().chain(fields) {
            let name = lower(name);
            if is_expected_to_differ(&name) || values(&self.fields, &name).eq(values(fields, &name)) {
                continue;
            }
            let place = differences.partition_point(|other| *other.name < *name);
            if differences.get(place).is_none_or(|other| other.name != name) {
                let (first, this) = (lines(&self.fields, &name), lines(fields, &name));
                differences.insert(place, HeaderDifference { name: name.into_owned(), first, this });
                differences.truncate(MAX_DIFFERENCES);
            }
        }
        differences
    }

    /// Compares a body; `None` where neither answer has one.
    pub(super) fn compare(&self, body: Option<Body>) -> Option<Verdict> {
        let (reference, body) = match (&self.body, body) {
            (None, None) => return None,
            (Some(reference), Some(body)) => (reference, body),
            _ => return Some(Verdict::Different),
        };
        if reference.sha256 == body.sha256() {
            return Some(Verdict::Same);
        }
        let (Some(first), Some(this)) = (&reference.kept, body.into_kept()) else {
            return Some(Verdict::NotCompared);
        };
        let (Some(first), Some(this)) = (document(first), document(&this)) else {
            return Some(Verdict::Different);
        };
        Some(match patch::diff(first, this) {
            None => Verdict::NotCompared,
            Some(patch) if patch.complete && patch.operations.is_empty() => Verdict::Equal,
            Some(patch) => Verdict::Json(patch),
        })
    }
}

fn is_expected_to_differ(lower: &str) -> bool {
    EXPECTED.contains(&lower)
        || EXPECTED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix))
        || belongs_to_hop(lower)
}

fn lines(fields: &[Field], name: &str) -> Vec<String> {
    values(fields, name).take(MAX_LINES).map(|value| bounded(&String::from_utf8_lossy(value))).collect()
}

/// `text`, cut where it is very long.
pub(super) fn bounded(text: &str) -> String {
    shorten(text, MAX_CHARACTERS)
}
