//! A creation tried out: what it would write, field by field. Nothing here decides; the plan and its fields do.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{NewRecord, NewReferral, Policy, plan_record, plan_referral};
use cosell_mapping::Carried;
use cosell_mapping::{Mapping, Rule};
use cosell_model::crm::CrmRecord;
use cosell_model::referral::Referral;

/// What making a deal's other half would write, and why.
#[derive(Clone, Debug)]
pub struct Trial<'a, Plan> {
    /// What is decided on the whole.
    pub plan: Plan,
    /// Every rule, in the mapping's order.
    pub fields: Vec<FieldTrial<'a>>,
    /// What is written besides the rules, by column or path; empty when nothing is made.
    pub besides: BTreeMap<String, Json>,
}

/// One field of a [`Trial`].
#[derive(Clone, Debug)]
pub struct FieldTrial<'a> {
    /// Its rule.
    pub rule: &'a Rule,
    /// The path or column that it is read from.
    pub from: String,
    /// The value as it is there, null when there is none.
    pub there: Json,
    /// What becomes of it.
    pub carried: Carried,
}

/// Tries what a new CRM record for this referral would be.
pub fn try_record<'a>(
    mapping: &'a Mapping,
    policy: &Policy,
    referral: &Referral,
    now: Timestamp,
) -> Trial<'a, NewRecord> {
    let plan = plan_record(mapping, policy, referral, now);
    let mut besides = match &plan {
        NewRecord::Create(write) => write.fields.clone(),
        NewRecord::Skip(_) => BTreeMap::new(),
    };
    let field = |rule: &'a Rule| {
        let mut carried = rule.carried_to_crm(referral);
        // The name may have got its mark meanwhile.
        if let (Carried::Written { json, .. }, Some(written)) =
            (&mut carried, besides.remove(rule.crm.as_str()))
        {
            *json = written;
        }
        let there = match &rule.from_partner_center {
            Some(_) => {
                rule.read_partner_center(referral).map(|value| value.to_json()).unwrap_or_default()
            }
            None => referral.get(rule.partner_center.as_str()).cloned().unwrap_or_default(),
        };
        FieldTrial {
            rule,
            from: rule
                .from_partner_center
                .as_ref()
                .map_or_else(|| rule.partner_center.to_string(), ToString::to_string),
            there,
            carried,
        }
    };
    let fields = mapping.rules.iter().map(field).collect();
    Trial { plan, fields, besides }
}

/// Tries what a new referral for this CRM record would be.
pub fn try_referral<'a>(
    mapping: &'a Mapping,
    policy: &Policy,
    record: &CrmRecord,
) -> Trial<'a, NewReferral> {
    let plan = plan_referral(mapping, policy, record);
    let cosell = matches!(mapping.help_code(record.get(mapping.help.column.as_str())), Ok(Some(_)));
    let situation = mapping.situation_of_new(record);
    let field = |rule: &'a Rule| {
        let column = rule.column_of(record);
        let there = match &rule.from_crm {
            Some(_) => rule.read_crm(record).map(|value| value.to_json()).unwrap_or_default(),
            None => record.get(column.as_str()).clone(),
        };
        FieldTrial {
            rule,
            from: rule.from_crm.as_ref().map_or_else(|| column.to_string(), ToString::to_string),
            there,
            carried: if rule.applies(situation) {
                rule.carried_to_partner_center(record, cosell)
            } else {
                Carried::Inapplicable
            },
        }
    };
    let fields: Vec<FieldTrial<'a>> = mapping.rules.iter().map(field).collect();
    let mut besides = BTreeMap::new();
    if let NewReferral::Create { body, .. } = &plan {
        leaves(body, String::new(), &mut besides);
        let written: Vec<&FieldTrial<'_>> = fields
            .iter()
            .filter(|field| matches!(field.carried, Carried::Written { .. }))
            .collect();
        besides.retain(|path, _| {
            !written.iter().any(|field| is_at(path, field.rule.partner_center.as_str()))
        });
    }
    Trial { plan, fields, besides }
}

/// Every single value of a body by its dotted path; what is empty counts as one.
fn leaves(json: &Json, path: String, found: &mut BTreeMap<String, Json>) {
    let below = |name: &str| {
        if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
    };
    match json {
        Json::Object(properties) if !properties.is_empty() => {
            for (name, value) in properties {
                leaves(value, below(name), found);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                leaves(value, below(&index.to_string()), found);
            }
        }
        single => drop(found.insert(path, single.clone())),
    }
}

fn is_at(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
