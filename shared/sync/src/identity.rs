//! What names a deal on each side.

use cosell_mapping::Mapping;
use cosell_model::crm::CrmRecord;
use cosell_model::life_cycle::Stage;
use cosell_model::referral::{Referral, ReferralKind};
use serde_json::Value as Json;

/// The Referral Identifier that a record carries.
pub(crate) fn identifier<'a>(mapping: &Mapping, record: &'a CrmRecord) -> Option<&'a str> {
    record.get(&mapping.columns.referral_id).as_str().filter(|id| !id.is_empty())
}

/// The partner's own referral among those with our reference; an open one before a closed one, the
/// latest first. One that was closed as entered by mistake is nobody's deal.
pub(crate) fn own(referrals: Vec<Referral>) -> Option<Referral> {
    let own = referrals.into_iter().filter(|referral| {
        referral.kind != ReferralKind::MicrosoftReferral && referral.stage != Stage::ClosedOtherwise
    });
    own.max_by_key(|referral| (!referral.stage.is_terminal(), referral.updated))
}

/// Whether *Sync with Partner Center* is set.
pub(crate) fn is_on(mapping: &Mapping, record: &CrmRecord) -> bool {
    record.get(&mapping.columns.sync) == &Json::Bool(true)
}
