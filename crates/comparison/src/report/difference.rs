//! In what answers differ, and how one becomes the other.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Something in which an answer differs from the reference's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Within the body a JSON Pointer (RFC 6901), empty for all of it, into the reference's document; of an extra item, into this one. A field's name in lower case, or
    /// `status`, where it is neither empty nor begins with a slash.
    pub path: String,
    /// What is different, or why it does not count.
    pub kind: Kind,
    /// The reference's value as raw JSON text, or the text of its field or status; `None` where it has none. Long ones are cut, with an ellipsis.
    pub reference: Option<String>,
    /// This backend's, in the same way.
    pub this: Option<String>,
}

/// What a difference consists in. Those from [`Kind::Varying`] on are set aside: they say nothing about the implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Another status.
    Status,
    /// A field of the response.
    Header,
    /// Another value of the same type.
    Value,
    /// Another type, null included.
    Type,
    /// The reference has it, this one does not.
    Missing,
    /// This one has it, the reference does not.
    Extra,
    /// The same items in another order.
    Order,
    /// It differs between rounds of one backend, too.
    Varying,
    /// UUIDs that map one to one throughout the body, or RFC 3339 times.
    Generated,
    /// The same thing, written in another way.
    Notation,
    /// The client asked not to compare it.
    Ignored,
}

impl Kind {
    /// Whether it is set aside.
    pub fn is_set_aside(self) -> bool {
        self >= Kind::Varying
    }

    /// As the report says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Status => "status",
            Kind::Header => "header",
            Kind::Value => "value",
            Kind::Type => "type",
            Kind::Missing => "missing",
            Kind::Extra => "extra",
            Kind::Order => "order",
            Kind::Varying => "varying",
            Kind::Generated => "generated",
            Kind::Notation => "notation",
            Kind::Ignored => "ignored",
        }
    }
}

/// One operation of a patch (RFC 6902 §4).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Operation {
    /// What it does.
    pub op: Op,
    /// Where a value is moved from, as a JSON Pointer (RFC 6901).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where, as a JSON Pointer.
    pub path: String,
    /// The value to put there, as it is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Puts a value where none is.
    Add,
    /// Takes the value away.
    Remove,
    /// Puts another value in the place of one.
    Replace,
    /// Takes a value away and puts it elsewhere.
    Move,
}
