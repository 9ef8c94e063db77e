//! Where each rule of a merged mapping comes from.

use std::collections::BTreeMap;

use strum::Display;

use super::rules::KEY;
use crate::node::Node;
use crate::source::Source;
use cosell_model::field::RuleName;

/// Where a rule comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display)]
pub enum Origin {
    /// The shipped file.
    #[strum(serialize = "shipped")]
    Shipped,
    /// The shipped file, with keys that the override replaces.
    #[strum(serialize = "shipped, changed")]
    Changed,
    /// The override.
    #[strum(serialize = "own")]
    Own,
}

/// Where each rule of a merged table comes from, by name; `changes` is the same table of the
/// override.
pub(crate) fn origins(merged: Node<'_>, changes: Option<Node<'_>>) -> BTreeMap<RuleName, Origin> {
    let names = |table: Node<'_>| -> Vec<String> {
        named_rules(table).map(|(name, _)| name.to_owned()).collect()
    };
    let touched = changes.map(names).unwrap_or_default();
    named_rules(merged)
        .map(|(name, rule)| {
            let is_changed = touched.iter().any(|known| known == name);
            let origin = match (rule.place().source, is_changed) {
                (Source::Shipped, false) => Origin::Shipped,
                (Source::Shipped, true) => Origin::Changed,
                (Source::Override, _) => Origin::Own,
            };
            (name.into(), origin)
        })
        .collect()
}

fn named_rules(table: Node<'_>) -> impl Iterator<Item = (&str, Node<'_>)> {
    let rules = table.get(KEY).into_iter().flat_map(Node::items);
    rules.filter_map(|rule| Some((rule.get("name")?.text()?, rule)))
}
