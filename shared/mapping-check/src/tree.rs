//! The tree of a mapping file: from its text, and with its placeholders filled.

use std::borrow::Cow;

use cosell_mapping::{Placeholders, filled};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::Diagnostics;
use crate::node::Tree;
use crate::source::Sources;

/// Reads TOML whose first characters, up to `start`, are blanks. Notes every syntax error.
pub(crate) fn parse<'i>(
    text: &'i str,
    start: usize,
    sources: &Sources<'_>,
    diagnostics: &mut Diagnostics,
) -> Tree<'i> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut noted_line = None;
    for error in errors {
        let place = sources.place(error.span().map_or(start, |span| span.start.max(start)));
        let (_, line, _) = sources.locate(place);
        // What the parser says of the rest of such a line follows from the first.
        if noted_line.replace(line) == Some(line) {
            continue;
        }
        diagnostics.error(
            place,
            format!("this is not TOML: {}", error.message()),
            "write it as docs/mapping.md shows",
        );
    }
    Spanned::new(start..text.len(), DeValue::Table(table.into_inner()))
}

/// Replaces the placeholders of every text, noting those that nothing fills. Whether all were
/// filled.
pub(crate) fn fill(
    tree: &mut Tree<'_>,
    placeholders: &Placeholders,
    sources: &Sources<'_>,
    diagnostics: &mut Diagnostics,
) -> bool {
    let place = sources.place(tree.span().start);
    let below: Vec<&mut Tree<'_>> = match tree.get_mut() {
        DeValue::String(text) => {
            let (whole, unfilled) = filled(text, placeholders);
            *text = Cow::Owned(whole);
            for name in &unfilled {
                let known: Vec<&str> = placeholders.keys().copied().collect();
                let remedy = format!("use one of {}, or write the text itself", known.join(", "));
                diagnostics.error(place, format!("no setting fills {{{name}}}"), remedy);
            }
            return unfilled.is_empty();
        }
        DeValue::Array(items) => items.iter_mut().collect(),
        DeValue::Table(entries) => entries.iter_mut().map(|(_, value)| value).collect(),
        _ => return true,
    };
    let mut all = true;
    for value in below {
        all &= fill(value, placeholders, sources, diagnostics);
    }
    all
}
