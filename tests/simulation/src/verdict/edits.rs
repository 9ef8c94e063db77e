//! No human edit vanishes: each side's last edit of a field stands there, or the audit says what took its place, and why.

use std::collections::BTreeMap;

use cosell_core::audit::Side;
use cosell_core::crm::CrmRecord;
use cosell_core::link::Link;
use cosell_core::mapping::Mapping;
use cosell_core::referral::Referral;
use cosell_core::value::Value;

use crate::world::{Edit, State};

/// `robots`: automations overwrite the name as they like.
pub(super) fn kept(
    state: &State,
    mapping: &Mapping,
    link: &Link,
    referral: &Referral,
    record: &CrmRecord,
    robots: bool,
    wrong: &mut Vec<String>,
) {
    let subjects = [link.crm.id.clone(), link.referral.to_string()];
    let mut last: BTreeMap<(&str, Side), &Edit> = BTreeMap::new();
    for edit in state.edits.iter().filter(|edit| subjects.contains(&edit.subject)) {
        last.insert((edit.field, edit.side), edit);
    }
    for ((field, side), edit) in &last {
        let Some(rule) = mapping.rules.iter().find(|rule| rule.name == *field) else {
            continue;
        };
        let Ok(value) = Value::from_json(rule.kind, &edit.value) else {
            continue;
        };
        let now = if *side == Side::Crm {
            rule.read_crm(record)
        } else {
            rule.read_partner_center(referral)
        };
        if now.as_ref() == Ok(&value) || (robots && *field == "name") {
            continue;
        }
        // What a later edit on the other side replaced must be named as what was there before; the latest edit of all may only
        // have lost a conflict.
        let later = last.get(&(*field, side.other())).is_some_and(|other| other.moment > edit.moment);
        let changes = || {
            state
                .audit
                .iter()
                .flat_map(|entry| &entry.changes)
                .filter(|change| change.field == *field)
        };
        let overruled = changes().any(|change| change.overruled.as_ref() == Some(&value));
        let replaced = later && changes().any(|change| change.before == value);
        if !overruled && !replaced {
            wrong.push(format!(
                "the edit of {field} to {} at {} ({side}, {}) vanished",
                edit.value, edit.moment, edit.subject
            ));
        }
    }
}
