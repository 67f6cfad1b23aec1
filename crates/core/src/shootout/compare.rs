//! Answers against the reference: fields and bodies.

use super::body::Body;
use super::patch::{self, Patch};
use crate::fields::{Field, values};
use crate::headers::{has_prefix, is_hop_by_hop};
use serde_json::Value;

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
const MOST_DIFFERENCES: usize = 32;
const MOST_LINES: usize = 8;
/// The most characters of a value that are told.
const MOST_CHARACTERS: usize = 256;

/// A field that two answers do not have alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HeaderDifference {
    pub(super) name: String,
    /// The reference's values.
    pub(super) first: Vec<String>,
    /// The values of the row that this stands in.
    pub(super) this: Vec<String>,
}

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

    /// As the report says it.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Verdict::Same => "same",
            Verdict::Equal => "equal",
            Verdict::Json(_) | Verdict::Different => "different",
            Verdict::NotCompared => "not compared",
        }
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
    content: Content,
}

/// What is held of the reference's body: its bytes until they are parsed, which only a body that differs asks for.
enum Content {
    TooLarge,
    Bytes(Vec<u8>),
    Json(Value),
    Other,
}

impl Reference {
    pub(super) fn new(status: u16, fields: Vec<Field>, body: Option<Body>) -> Self {
        let body = body.map(|body| ReferenceBody {
            sha256: body.sha256(),
            content: body.into_kept().map_or(Content::TooLarge, Content::Bytes),
        });
        Reference { status, fields, body }
    }

    /// The fields that differ, sorted by name.
    pub(super) fn header_differences(&self, fields: &[Field]) -> Vec<HeaderDifference> {
        let mut differences: Vec<HeaderDifference> = Vec::new();
        for (name, _) in self.fields.iter().chain(fields) {
            if is_expected_to_differ(name) || values(&self.fields, name).eq(values(fields, name)) {
                continue;
            }
            let name = name.to_ascii_lowercase();
            let place = differences.partition_point(|other| other.name < name);
            if differences.get(place).is_none_or(|other| other.name != name) {
                let (first, this) = (lines(&self.fields, &name), lines(fields, &name));
                differences.insert(place, HeaderDifference { name, first, this });
                differences.truncate(MOST_DIFFERENCES);
            }
        }
        differences
    }

    /// Compares a body; `None` where neither answer has one.
    pub(super) fn compare(&mut self, body: Option<Body>) -> Option<Verdict> {
        let (reference, body) = match (&mut self.body, body) {
            (None, None) => return None,
            (Some(reference), Some(body)) => (reference, body),
            _ => return Some(Verdict::Different),
        };
        if reference.sha256 == body.sha256() {
            return Some(Verdict::Same);
        }
        let Some(bytes) = body.into_kept() else {
            return Some(Verdict::NotCompared);
        };
        if let Content::Bytes(first) = &reference.content {
            reference.content = match parse(first) {
                Parsed::Json(value) => Content::Json(value),
                Parsed::Other => Content::Other,
                Parsed::TooMuch => Content::TooLarge,
            };
        }
        let first = match &reference.content {
            Content::Json(first) => first,
            Content::TooLarge => return Some(Verdict::NotCompared),
            Content::Bytes(_) | Content::Other => return Some(Verdict::Different),
        };
        match parse(&bytes) {
            Parsed::TooMuch => Some(Verdict::NotCompared),
            Parsed::Other => Some(Verdict::Different),
            Parsed::Json(this) if *first == this => Some(Verdict::Equal),
            Parsed::Json(this) => Some(Verdict::Json(patch::diff(first, &this))),
        }
    }
}

/// What a body is as JSON.
enum Parsed {
    Json(Value),
    Other,
    /// It has more values than may be held.
    TooMuch,
}

/// The most values of a document that is parsed: each takes some 32 bytes, however few it takes in the body.
const MOST_VALUES: usize = 250_000;

fn parse(bytes: &[u8]) -> Parsed {
    // Each value but the first follows one of these; those within strings only make the bound safer.
    let values = bytes.iter().filter(|byte| matches!(byte, b',' | b'{' | b'[' | b':')).count();
    if values > MOST_VALUES {
        return Parsed::TooMuch;
    }
    // As text: the component has that parser already.
    let value = std::str::from_utf8(bytes).ok().and_then(|text| serde_json::from_str(text).ok());
    value.map_or(Parsed::Other, Parsed::Json)
}

fn is_expected_to_differ(name: &str) -> bool {
    EXPECTED.iter().any(|expected| name.eq_ignore_ascii_case(expected))
        || EXPECTED_PREFIXES.iter().any(|prefix| has_prefix(name, prefix))
        || is_hop_by_hop(name)
}

fn lines(fields: &[Field], name: &str) -> Vec<String> {
    values(fields, name).take(MOST_LINES).map(|value| bounded(&String::from_utf8_lossy(value))).collect()
}

/// `text`, cut where it is very long.
pub(super) fn bounded(text: &str) -> String {
    crate::error::shorten(text, MOST_CHARACTERS)
}
