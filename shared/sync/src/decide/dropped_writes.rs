//! What the CRM took without a word and did not keep: an amount that it calculates itself, such as
//! the sum of product lines (contracts salesforce 2.1, dynamics365 2.3).
//!
//! It shows only in the record that a write gives back. It stands as long as the sides differ for
//! it; a cut text and a rounded number are as good as kept.

use std::collections::BTreeMap;

use cosell_mapping::Mapping;
use cosell_model::audit::Side;
use cosell_model::crm::CrmRecord;
use cosell_model::field::Field;
use cosell_model::link::{DroppedWrite, LastSynced};
use cosell_model::notice::Notice;
use cosell_model::value::Value;
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::base;
use super::case::Case;
use crate::plan::{Action, Effect, Plan};

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    for (field, dropped) in &case.link.dropped_writes {
        let mut rules = case.mapping.rules.iter();
        let rule = rules.find(|rule| base::field(rule) == *field);
        let stands = rule.zip(case.observed.get(field)).is_some_and(|(rule, now)| {
            now.partner_center == dropped.partner_center && !rule.agrees(now)
        });
        if stands && !plan.effects.iter().any(|effect| effect.field == *field) {
            plan.notices.push(notice(field, dropped));
            plan.memory.dropped_writes.insert(field.clone(), dropped.clone());
        }
    }
}

/// What the seller is notified of.
pub(crate) fn notice(field: &Field, dropped: &DroppedWrite) -> Notice {
    let value = dropped.partner_center.clone();
    Notice::DroppedWrite { field: field.clone(), at: dropped.at, value }
}

/// What a write of these effects asked for and `stored` does not have.
pub(crate) fn dropped_by<'a>(
    effects: impl Iterator<Item = &'a Effect>,
    mapping: &Mapping,
    observed: &BTreeMap<Field, LastSynced>,
    stored: &CrmRecord,
    at: Timestamp,
) -> BTreeMap<Field, DroppedWrite> {
    let columns = effects
        .filter(|effect| effect.side == Side::Crm && matches!(effect.action, Action::Columns(_)));
    let dropped = columns.filter_map(|effect| {
        let rule = mapping.rules.iter().find(|rule| base::field(rule) == effect.field)?;
        let now = rule.read_crm(stored).ok()?;
        let partner_center = observed.get(&effect.field)?.partner_center.clone();
        (!is_kept(&effect.before, &effect.after, &now))
            .then(|| (effect.field.clone(), DroppedWrite { partner_center, at }))
    });
    dropped.collect()
}

/// Whether `now` is what was `asked` for, or what a column makes of it: a number is rounded to the
/// currency's scale, at most to whole units; a text is cut, or its blanks and letters are evened
/// out. A text that is just as it was `before` was ignored.
pub(crate) fn is_kept(before: &Value, asked: &Value, now: &Value) -> bool {
    match (asked, now) {
        _ if asked == now => true,
        (Value::Number(asked), Value::Number(now)) => (asked - now).abs() < Decimal::ONE,
        (Value::Text(asked), Value::Text(kept)) => {
            now != before && even(asked).starts_with(&even(kept))
        }
        _ => false,
    }
}

fn even(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}
