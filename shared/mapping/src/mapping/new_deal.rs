//! What a referral for a record would be.

use super::Mapping;
use crate::condition::Situation;
use cosell_model::crm::CrmRecord;
use cosell_model::deal::DealKind;

impl Mapping {
    /// What a referral for this record would be.
    pub fn situation_of_new(&self, record: &CrmRecord) -> Situation {
        let asks = matches!(self.help_code(record.get(self.help.column.as_str())), Ok(Some(_)));
        Situation::of_new(match self.visibility_of(record) {
            _ if asks => DealKind::Cosell,
            Ok(Some(true)) => DealKind::PartnerLed,
            _ => DealKind::Private,
        })
    }
}
