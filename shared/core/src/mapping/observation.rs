//! What is seen of a pair: every rule's value on each side, and the stage.

use std::collections::BTreeMap;

use super::{Mapping, Rule};
use crate::crm::{CrmRecord, Phase};
use crate::life_cycle::Stage;
use crate::link::Seen;
use crate::referral::Referral;
use crate::value::Value;

/// The name under which stage and phase stand among the seen values.
pub const STAGE: &str = "stage";

impl Mapping {
    /// Both sides' values as they are now. A value that cannot be read is seen as nothing; deciding on it reports why.
    pub fn observe(&self, referral: &Referral, record: &CrmRecord) -> BTreeMap<String, Seen> {
        let mut seen: BTreeMap<String, Seen> = self
            .rules
            .iter()
            .map(|rule| (rule.name.clone(), rule.observe(referral, record)))
            .collect();
        seen.insert(
            STAGE.into(),
            Seen {
                partner_center: stage_value(referral.stage),
                crm: phase_value(record.phase),
            },
        );
        seen
    }
}

impl Rule {
    fn observe(&self, referral: &Referral, record: &CrmRecord) -> Seen {
        Seen {
            partner_center: self.read_partner_center(referral).unwrap_or_default(),
            crm: self.read_crm(record).unwrap_or_default(),
        }
    }
}

/// A stage among the seen values.
pub(crate) fn stage_value(stage: Stage) -> Value {
    Value::Text(stage.to_string())
}

/// A phase among the seen values.
pub(crate) fn phase_value(phase: Phase) -> Value {
    Value::Text(phase.to_string())
}
