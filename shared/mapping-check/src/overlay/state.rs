//! What the merge of two files needs to know, and what it finds.

use crate::diagnostic::Diagnostics;
use crate::node::{Node, Tree};
use crate::source::{Place, RemovedKeys, Sources};
use cosell_model::path::ReferralPath;

/// A path that a shipped rule mapped, and that it does not map any more because of the override.
#[derive(Clone, Debug)]
pub(crate) struct Unmapped {
    /// The table that has the rule; empty for the mapping itself.
    pub(crate) table: &'static str,
    pub(crate) partner_center: ReferralPath,
    /// Where that is said.
    pub(crate) place: Place,
}

/// What the merge of two files needs to know, and what it finds.
pub(crate) struct Overlay<'s, 'd> {
    pub(super) sources: &'s Sources<'s>,
    pub(crate) unmapped: Vec<Unmapped>,
    pub(crate) removed: RemovedKeys,
    pub(super) diagnostics: &'d mut Diagnostics,
}

impl<'s, 'd> Overlay<'s, 'd> {
    pub(crate) fn new(sources: &'s Sources<'s>, diagnostics: &'d mut Diagnostics) -> Self {
        Self { sources, unmapped: Vec::new(), removed: RemovedKeys::default(), diagnostics }
    }

    pub(super) fn node<'a>(&'a self, tree: &'a Tree<'a>) -> Node<'a> {
        Node::new(tree, self.sources)
    }
}
