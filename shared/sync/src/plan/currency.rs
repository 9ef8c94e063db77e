//! An amount without its currency is another amount: 184,000 SEK must not become 184,000 EUR.
//!
//! Amounts are carried to a side only where its currency agrees with the other's, or is written there with them. Should that be
//! refused, both are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Update;
use crate::built_in_fields::VISIBILITY;
use cosell_mapping::{Mapping, Rule};
use cosell_model::audit::Side;
use cosell_model::link::LastSynced;
use cosell_model::patch::PatchOperation;

/// Where amounts may be written.
pub(super) struct Currency {
    /// Both sides have the same, or one of them does not tell.
    agrees: bool,
    /// The side that gets the other's currency now.
    written: Option<Side>,
}

impl Currency {
    /// `present` is what both sides have now, `written` the side that the currency is really written to.
    pub(super) fn of(rule: &Rule, present: &LastSynced, written: Option<Side>) -> Self {
        let agrees =
            rule.agrees(present) || present.crm.is_nothing() || present.partner_center.is_nothing();
        Self { agrees, written }
    }

    /// Nothing is known of a currency, so nothing is held for it.
    pub(super) fn unknown() -> Self {
        Self { agrees: true, written: None }
    }

    pub(super) fn lets(&self, rule: &Rule, side: Side) -> bool {
        !rule.is_amount() || self.agrees || self.written == Some(side)
    }
}

/// A part of a write that is taken or refused as one: the fields' names, or columns where no rule has them, and what is written.
pub type Part<T> = (Vec<String>, T);

impl Update {
    /// The patch in parts that can be refused one by one: each field, amounts together with their currency, then the stage.
    pub fn patch_in_parts(&self, mapping: &Mapping) -> Vec<Part<Vec<PatchOperation>>> {
        let (fields, stage) = self.patch.split_at(self.patch.len() - self.stage_operations);
        let named = self
            .patched
            .iter()
            .cloned()
            .zip(fields.iter().map(|operation| vec![operation.clone()]));
        let mut parts = coupled(mapping, named.collect(), Extend::extend);
        if !stage.is_empty() {
            parts.push((vec![crate::built_in_fields::STAGE.to_owned()], stage.to_vec()));
        }
        parts
    }

    /// The columns in parts that can be refused one by one: each, amounts together with their currency.
    pub fn fields_in_parts(&self, mapping: &Mapping) -> Vec<Part<BTreeMap<String, Json>>> {
        let name = |column: &String| {
            // Rules for different deals may share a column.
            let written = |rule: &&Rule| {
                self.changes
                    .iter()
                    .any(|change| change.side == Side::Crm && change.field == rule.name.as_str())
            };
            let mut rules = mapping.rules.iter().filter(|rule| rule.crm == column.as_str());
            match mapping.visible() {
                Some((visibility, _)) if visibility == column.as_str() => VISIBILITY.to_owned(),
                _ => {
                    rules.find(written).map_or_else(|| column.clone(), |rule| rule.name.to_string())
                }
            }
        };
        let single = |(column, value): (&String, &Json)| {
            (name(column), BTreeMap::from([(column.clone(), value.clone())]))
        };
        coupled(mapping, self.fields.iter().map(single).collect(), |all, mut one| {
            all.append(&mut one);
        })
    }
}

/// Puts amounts and currency into one part, where the first of them stands, if the currency is among them.
fn coupled<T>(
    mapping: &Mapping,
    single: Vec<(String, T)>,
    join: impl Fn(&mut T, T),
) -> Vec<Part<T>> {
    let of = |fits: fn(&Rule) -> bool| -> BTreeSet<&str> {
        let fitting = mapping.rules.iter().filter(|rule| fits(rule));
        fitting.map(|rule| rule.name.as_str()).collect()
    };
    let (currency, amounts) = (of(Rule::is_currency), of(Rule::is_amount));
    let is_coupled = single.iter().any(|(name, _)| currency.contains(name.as_str()));
    let mut parts: Vec<Part<T>> = Vec::new();
    let mut money = None;
    for (name, written) in single {
        let belongs =
            is_coupled && (currency.contains(name.as_str()) || amounts.contains(name.as_str()));
        if let Some(at) = money.filter(|_| belongs) {
            let (names, all): &mut Part<T> = &mut parts[at];
            names.push(name);
            join(all, written);
        } else {
            if belongs {
                money = Some(parts.len());
            }
            parts.push((vec![name], written));
        }
    }
    parts
}
