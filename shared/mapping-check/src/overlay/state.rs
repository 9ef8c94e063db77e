//! What the merge of two files needs to know, and what it finds.

use crate::diagnostic::Diagnostics;
use crate::node::{Node, Tree};
use crate::source::{Place, Sources};
use cosell_model::path::ReferralPath;

/// A shipped rule that the override takes out.
#[derive(Clone, Debug)]
pub(crate) struct TakenOut {
    /// What it mapped.
    pub(crate) partner_center: ReferralPath,
    /// Where that is said.
    pub(crate) place: Place,
}

/// What the merge of two files needs to know, and what it finds.
pub(crate) struct Overlay<'s, 'd> {
    pub(super) sources: &'s Sources<'s>,
    pub(crate) taken_out: Vec<TakenOut>,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl<'s, 'd> Overlay<'s, 'd> {
    pub(crate) fn new(sources: &'s Sources<'s>, diagnostics: &'d mut Diagnostics) -> Self {
        Self { sources, taken_out: Vec::new(), diagnostics }
    }

    pub(super) fn node<'a>(&'a self, tree: &'a Tree<'a>) -> Node<'a> {
        Node::new(tree, self.sources)
    }
}
