//! One entry of the override over a table.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::node::Tree;
use crate::source::RemovedKeys;

/// Puts an entry into the table of this span: what both have as tables is merged, and `false` takes
/// out what is neither true nor false.
pub(super) fn put<'i>(
    table: &mut DeTable<'i>,
    span: &Range<usize>,
    key: Spanned<Cow<'i, str>>,
    value: Tree<'i>,
    removed: &mut RemovedKeys,
) {
    let name = key.get_ref().clone();
    let Some(present) = table.get_mut(name.as_ref()) else {
        table.insert(key, value);
        return;
    };
    let takes_out = matches!(value.get_ref(), DeValue::Boolean(false));
    let inner_span = present.span();
    match (present.get_mut(), value.get_ref()) {
        (DeValue::Table(inner), DeValue::Table(_)) => {
            let DeValue::Table(changes) = value.into_inner() else { return };
            for (key, value) in changes {
                put(inner, &inner_span, key, value, removed);
            }
        }
        (there, _) if takes_out && !there.is_bool() => {
            table.remove(name.as_ref());
            removed.note(span, &name, key.span().start);
        }
        _ => {
            // The key's place is the override's, too.
            table.remove(name.as_ref());
            table.insert(key, value);
        }
    }
}
