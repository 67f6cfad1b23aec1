//! Trees for tests.

use super::builder::{Builder, NoTree};
use super::tree::Tree;
use crate::ignore::Ignore;
use std::rc::Rc;

/// The tree of a text.
pub(crate) fn tree(text: &str, ignore: &Ignore) -> Result<Tree, NoTree> {
    let mut builder = Builder::new(Rc::new(text.as_bytes().to_vec()));
    while builder.step(1_000, ignore)? {}
    Ok(builder.finish())
}
