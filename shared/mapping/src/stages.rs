//! How a referral's stage and a CRM record's phase follow each other, and why a deal was lost.

use std::collections::BTreeMap;

use crate::code::Code;
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::life_cycle::Stage;
use cosell_model::path::ColumnPath;
use serde::{Deserialize, Serialize};

/// How a referral's stage and a CRM record's phase follow each other.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Stages {
    /// Where a referral's stage puts the CRM record; a stage that is not listed changes nothing.
    pub to_crm: BTreeMap<Stage, Phase>,
    /// Where a CRM record's phase puts the referral; a phase that is not listed changes nothing.
    pub to_partner_center: BTreeMap<Phase, Stage>,
    /// What a lost CRM record means for a referral nobody has accepted yet.
    pub lost_before_accepted: Stage,
    /// What becomes of a seller's edits while the record is on hold and nobody has accepted the
    /// referral.
    #[serde(default)]
    pub on_hold_edits: OnHoldEdits,
    /// What is sent as the reason with a stage; Partner Center's own pages ask for one with Lost
    /// and Declined.
    #[serde(default)]
    pub reasons: BTreeMap<Stage, String>,
    /// Where a seller says why a deal was lost or declined; it goes before `reasons`.
    #[serde(default)]
    pub reason: Option<ReasonColumn>,
}

/// What becomes of a seller's edits while the record is on hold and nobody has accepted the
/// referral.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnHoldEdits {
    /// They are sent when the record leaves that phase (contract partner-center 5.4).
    #[default]
    Wait,
    /// They are sent at once.
    Send,
}

/// The column in which a seller says why, in words of their own (contract partner-center 2.10).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReasonColumn {
    /// The CRM column.
    pub column: ColumnPath,
    /// For a list: Partner Center's reason and the CRM's value for it. Without it the column's text
    /// is sent as it is.
    #[serde(default)]
    pub values: BTreeMap<String, Code>,
}

impl Stages {
    /// What is sent as the reason with `stage`: the seller's own, or else the mapping's.
    pub fn reason_for(&self, stage: Stage, record: &CrmRecord) -> Option<String> {
        let of_seller =
            self.reason.as_ref().filter(|_| matches!(stage, Stage::Lost | Stage::Declined));
        let own = of_seller.and_then(|reason| reason.of(record));
        own.or_else(|| self.reasons.get(&stage).cloned())
    }
}

impl ReasonColumn {
    fn of(&self, record: &CrmRecord) -> Option<String> {
        let given = record.get(self.column.as_str());
        if self.values.is_empty() {
            let text = given.as_str().map(str::trim).filter(|text| !text.is_empty());
            return text.map(str::to_owned);
        }
        let known = self.values.iter().find(|(_, value)| value.is(given));
        known.map(|(reason, _)| reason.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::fixtures::{record, set};
    use crate::tests::shipped;

    fn reason(values: &Json, given: Json, stage: Stage) -> Option<String> {
        let mut stages = shipped().stages;
        stages.reason =
            serde_json::from_value(json!({ "column": "new_lostreason", "values": values })).ok();
        let record = record(|record| set(record, "new_lostreason", given));
        stages.reason_for(stage, &record)
    }

    #[test]
    fn a_sellers_reason_goes_before_the_mappings_with_lost_and_declined_only() {
        let values = json!({ "Customer did not respond": 2, "Not a customer": 5 });
        assert_eq!(reason(&values, json!(2), Stage::Lost).unwrap(), "Customer did not respond");
        assert_eq!(reason(&values, json!(5), Stage::Declined).unwrap(), "Not a customer");
        assert_eq!(reason(&values, json!(5), Stage::Won), None);
    }

    #[test]
    fn an_empty_reason_or_one_without_entry_leaves_the_mappings() {
        let values = json!({ "Customer did not respond": 2 });
        for given in [json!(9), Json::Null] {
            assert_eq!(reason(&values, given, Stage::Lost).unwrap(), "Others");
        }
        assert_eq!(reason(&json!({}), json!("  "), Stage::Lost).unwrap(), "Others");
    }

    #[test]
    fn a_column_without_a_list_is_sent_as_it_is() {
        assert_eq!(reason(&json!({}), json!("Too late"), Stage::Lost).unwrap(), "Too late");
    }
}
