//! The content of a body: unpacked, without a byte order mark, as a tree where it is JSON. Read piece by piece.

use crate::gzip::{Unpackable, Unpacking};
use crate::ignore::Ignore;
use crate::json::builder::{Builder, NoTree};
use crate::json::tree::Tree;
use gateway_core::limits::MAX_KEPT_BODY;
use std::rc::Rc;

/// Bytes that are read at once: a few milliseconds at most.
const PIECE: usize = 64 * 1024;

/// How gzip begins.
const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// How a body is packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    /// Unknown here: its name.
    Other(String),
}

impl Coding {
    /// As the values of `content-encoding` say.
    pub(crate) fn read<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let codings: Vec<String> = values
            .flat_map(|value| value.split(','))
            .map(|coding| coding.trim().to_ascii_lowercase())
            .filter(|coding| !coding.is_empty() && coding != "identity")
            .collect();
        match codings.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] => Coding::Identity,
            ["gzip" | "x-gzip"] => Coding::Gzip,
            _ => Coding::Other(codings.join(", ")),
        }
    }
}

/// What a body holds.
#[derive(Clone)]
pub(crate) enum Content {
    Json(Rc<Tree>),
    /// No JSON.
    Text(Rc<Vec<u8>>),
    /// Why it cannot be compared.
    Unknown(String),
}

/// A body that is being read.
pub(crate) enum Reading {
    Unpacking(Unpacking),
    Building(Builder, Rc<Vec<u8>>, Option<String>),
    Done(Content),
}

impl Reading {
    pub(crate) fn new(bytes: Vec<u8>, coding: &Coding) -> Self {
        match coding {
            Coding::Gzip if bytes.starts_with(&MAGIC) => Reading::Unpacking(Unpacking::new(bytes, MAX_KEPT_BODY)),
            // Hosts like Cloudflare's unpack what they know, and leave the field.
            Coding::Identity | Coding::Gzip => Reading::of(bytes, None),
            Coding::Other(name) => Reading::of(bytes, Some(name.clone())),
        }
    }

    /// Of a text, which is JSON or, where a coding is named, unknown.
    fn of(bytes: Vec<u8>, coding: Option<String>) -> Self {
        let text = match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) => rest.to_vec(),
            None => bytes,
        };
        let text = Rc::new(text);
        Reading::Building(Builder::new(Rc::clone(&text)), text, coding)
    }

    /// Reads a piece; the content once it is whole.
    pub(crate) fn step(&mut self, ignore: &Ignore) -> Option<Content> {
        let next = match self {
            Reading::Done(content) => return Some(content.clone()),
            Reading::Unpacking(unpacking) => match unpacking.step() {
                Ok(None) => return None,
                Ok(Some(text)) => Reading::of(text, None),
                Err(Unpackable::Broken) => Reading::Done(Content::Unknown("its gzip coding is broken".to_owned())),
                Err(Unpackable::TooLarge) => Reading::Done(Content::Unknown("too large unpacked".to_owned())),
            },
            Reading::Building(builder, text, coding) => match builder.step(PIECE, ignore) {
                Ok(true) => return None,
                Ok(false) => {
                    let built = std::mem::replace(builder, Builder::new(Rc::clone(text)));
                    Reading::Done(Content::Json(Rc::new(built.finish())))
                }
                Err(NoTree::NotJson) => Reading::Done(match coding {
                    None => Content::Text(Rc::clone(text)),
                    Some(name) => Content::Unknown(format!("content coding '{name}'")),
                }),
                Err(NoTree::TooLarge) => Reading::Done(Content::Unknown("too many values".to_owned())),
                Err(NoTree::TooDeep) => Reading::Done(Content::Unknown("too deep".to_owned())),
            },
        };
        *self = next;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gzip::tests::packed;

    fn content(bytes: &[u8], coding: &[&str]) -> Content {
        let mut reading = Reading::new(bytes.to_vec(), &Coding::read(coding.iter().copied()));
        loop {
            if let Some(content) = reading.step(&Ignore::default()) {
                return content;
            }
        }
    }

    fn shown(content: &Content) -> String {
        match content {
            Content::Json(tree) => format!("json {}", String::from_utf8_lossy(tree.text(0))),
            Content::Text(text) => format!("text {}", String::from_utf8_lossy(text)),
            Content::Unknown(reason) => format!("unknown {reason}"),
        }
    }

    #[test]
    fn bodies_are_unpacked_and_read() {
        let two = [packed(b"[1"), packed(b",2]")].concat();
        for (bytes, coding, expected) in [
            (b"[1]".to_vec(), &[][..], "json [1]"),
            (b"\xef\xbb\xbf[1]".to_vec(), &["identity"], "json [1]"),
            (packed(b"\xef\xbb\xbf[1]"), &["gzip"], "json [1]"),
            (packed(b"[1]"), &["X-GZIP"], "json [1]"),
            (two, &["gzip"], "json [1,2]"),
            (packed(b"<p>"), &["gzip"], "text <p>"),
            (b"\x1f\x8b[1]".to_vec(), &["gzip"], "unknown its gzip coding is broken"),
            (b"[1]".to_vec(), &["gzip"], "json [1]"),
            (b"[1]".to_vec(), &["br"], "json [1]"),
            (b"\x0b".to_vec(), &["br"], "unknown content coding 'br'"),
            (packed(b"[1]"), &["gzip", "gzip"], "unknown content coding 'gzip, gzip'"),
            (packed(&vec![b' '; MAX_KEPT_BODY * 40]), &["gzip"], "unknown too large unpacked"),
            (Vec::new(), &[], "text "),
        ] {
            assert_eq!(shown(&content(&bytes, coding)), expected);
        }
        let cut = packed(b"[1,2,3,4,5,6,7,8]");
        assert_eq!(shown(&content(&cut[..cut.len() - 9], &["gzip"])), "unknown its gzip coding is broken");
    }
}
