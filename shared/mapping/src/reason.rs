//! Why a deal was lost or declined, in the seller's own words (contract partner-center 2.10).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::Stages;
use super::conversion::same_scalar;
use super::form::{Form, Key, needed, optional};
use cosell_model::crm::CrmRecord;
use cosell_model::life_cycle::Stage;

/// The column in which a seller says why.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReasonColumn {
    /// The CRM column.
    pub column: String,
    /// For a list: Partner Center's reason and the CRM's value for it. Without it the column's text
    /// is sent as it is.
    #[serde(default)]
    pub values: BTreeMap<String, Json>,
}

/// `[stages.reason]`.
pub(super) const REASON: &[Key] = &[needed("column", Form::Text), optional("values", Form::Codes)];

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
        let given = record.get(&self.column);
        if self.values.is_empty() {
            let text = given.as_str().map(str::trim).filter(|text| !text.is_empty());
            return text.map(str::to_owned);
        }
        let known = self.values.iter().find(|(_, value)| same_scalar(value, given));
        known.map(|(reason, _)| reason.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
