//! A record from a file.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use cosell_mapping::Mapping;
use cosell_model::crm::{CrmKey, CrmRecord, Phase};
use cosell_model::life_cycle::Stage;
use cosell_model::message::Cause;
use cosell_model::referral::{Referral, ReferralKind};
use cosell_sync::pair::{Pair, Standing};
use cosell_sync::policy::{Rules, Table};
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::Existing;

/// Columns that carry a record's own id.
const IDS: [&str; 2] = ["opportunityid", "Id"];

/// The JSON object of a file.
pub(super) fn read(path: &Path) -> Result<Map<String, Json>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let json: Json =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    match json {
        Json::Object(properties) => Ok(properties),
        _ => Err(anyhow!("{} must hold one JSON object: one record, not a list", path.display())),
    }
}

/// A referral; what identifies it and where it stands may be left out.
pub(super) fn referral(path: &Path, now: Timestamp) -> Result<Referral> {
    let mut body = read(path)?;
    let new = [
        ("id", json!("00000000-0000-0000-0000-000000000000")),
        ("eTag", json!("\"sample\"")),
        ("updatedDateTime", json!(now)),
    ];
    let has = |body: &Map<String, Json>, name: &str| {
        body.keys().any(|key| key.eq_ignore_ascii_case(name))
    };
    for (name, value) in new {
        if !has(&body, name) {
            body.insert(name.to_owned(), value);
        }
    }
    if !has(&body, "status") {
        body.insert("status".to_owned(), json!("New"));
        body.insert("substatus".to_owned(), json!("Pending"));
    }
    Referral::parse(Json::Object(body), None, None)
        .with_context(|| format!("{} cannot be used", path.display()))
}

/// A CRM record: an open one, whatever its columns say of that.
pub(super) fn record(mapping: &Mapping, json: &Map<String, Json>, now: Timestamp) -> CrmRecord {
    let fields = mapping.crm_columns().into_iter().filter_map(|column| {
        let value =
            json.get(column.as_str()).or_else(|| json.get(column.lookup()?)?.get(column.column()));
        value.cloned().map(|value| (column.to_string(), value))
    });
    let fields = fields.collect();
    let id = IDS.iter().find_map(|name| json.get(*name)?.as_str());
    let key = id.and_then(|id| mapping.record_ids.key(&mapping.entity, id));
    CrmRecord {
        key: key.unwrap_or_else(|| CrmKey {
            system: mapping.system.clone(),
            entity: mapping.entity.clone(),
            id: format!("the {}'s id", mapping.entity),
        }),
        version: String::new(),
        modified: now,
        phase: Phase::Open,
        fields,
        merged_into: None,
        converted_into: None,
        request_id: None,
    }
}

/// A deal of which there is this side alone.
pub(super) fn pair(rules: Rules<'_>, existing: Existing, now: Timestamp) -> Pair {
    let new = |standing| Pair::of(standing, Cause::Operator, now);
    match existing {
        Existing::Referral(referral) => Pair {
            table: table_of(rules, &referral),
            referral: Some(*referral),
            ..new(Standing::NewRecord)
        },
        Existing::Record(record) => Pair { record: Some(*record), ..new(Standing::NewReferral) },
    }
}

/// Where the record of this referral would be made.
pub(super) fn table_of(rules: Rules<'_>, referral: &Referral) -> Table {
    let is_lead = referral.kind == ReferralKind::Lead && referral.stage == Stage::New;
    if is_lead && rules.leads.is_some() { Table::Leads } else { Table::Opportunities }
}
