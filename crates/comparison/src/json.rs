//! JSON as it is compared: trees of where values stand in their text, numbers by exact value, strings by code point.

pub(crate) mod builder;
pub(crate) mod hash;
pub(crate) mod number;
pub(crate) mod string;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod tree;
