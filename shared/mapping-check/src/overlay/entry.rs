//! One entry of the override over a table.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::node::Tree;

/// Puts an entry into a table: what both have as tables is merged, and `false` takes out what is
/// neither true nor false.
pub(super) fn put<'i>(table: &mut DeTable<'i>, key: Spanned<Cow<'i, str>>, value: Tree<'i>) {
    let Some(present) = table.get_mut(key.get_ref().as_ref()) else {
        table.insert(key, value);
        return;
    };
    let removes = matches!(value.get_ref(), DeValue::Boolean(false));
    match (present.get_mut(), value.get_ref()) {
        (DeValue::Table(inner), DeValue::Table(_)) => {
            let DeValue::Table(changes) = value.into_inner() else { return };
            let mut span = None;
            for (key, value) in changes {
                let (key_span, before) = (key.span(), inner.len());
                put(inner, key, value);
                if inner.len() < before {
                    // What is missed here now is missed because of this line.
                    span = Some(key_span);
                }
            }
            if let Some(span) = span {
                let inner = std::mem::take(inner);
                *present = Spanned::new(span, DeValue::Table(inner));
            }
        }
        (there, _) if removes && !there.is_bool() => {
            table.remove(key.get_ref().as_ref());
        }
        _ => {
            // The key's place is the override's, too.
            table.remove(key.get_ref().as_ref());
            table.insert(key, value);
        }
    }
}
