//! The base of the merge: what both sides had when they were last synced.

use std::collections::{BTreeMap, BTreeSet};

use cosell_mapping::{Mapping, Rule};
use cosell_model::field::Field;
use cosell_model::link::{LastSynced, Link};

/// The field of a rule.
pub(crate) fn field(rule: &Rule) -> Field {
    Field::rule(&rule.name)
}

/// What was last synced, and the fields in doubt. A write that was under way took effect if its side
/// has the very value that was asked for. If that side has a third value, nobody can say what was
/// synced last: then both sides count as changed, so that the field's rule decides and the audit log
/// keeps both values. That a side has nothing may be an edit, too.
pub(super) fn of(
    mapping: &Mapping,
    link: &Link,
    observed: &BTreeMap<Field, LastSynced>,
) -> (BTreeMap<Field, LastSynced>, BTreeSet<Field>) {
    let mut base = link.last_synced.clone();
    let mut in_doubt = link.in_doubt.clone();
    in_doubt.retain(|field| !base.contains_key(field));
    for (field, values) in &mut base {
        cut_for_mark(mapping, field, values, observed);
    }
    for (field, write) in &link.write_ahead {
        let Some(now) = observed.get(field) else { continue };
        let side = write.side;
        if now.on(side) == write.values.on(side) {
            let mut values = write.values.clone();
            cut_for_mark(mapping, field, &mut values, observed);
            base.insert(field.clone(), values);
            in_doubt.remove(field);
        } else if base.get(field).is_some_and(|before| now.on(side) != before.on(side)) {
            base.remove(field);
            in_doubt.insert(field.clone());
        }
    }
    (base, in_doubt)
}

/// A name that was cut since, to make room for its mark, is no edit.
fn cut_for_mark(
    mapping: &Mapping,
    field: &Field,
    values: &mut LastSynced,
    observed: &BTreeMap<Field, LastSynced>,
) {
    let (Some(rule), Some(now)) = (mapping.marked_name(), observed.get(field)) else { return };
    if self::field(rule) == *field && rule.fitted(values.crm.clone()) == now.crm {
        values.crm.clone_from(&now.crm);
    }
}
