//! The two halves of a linked pair, as far as they are still there.

use cosell_model::crm::CrmRecord;
use cosell_model::link::DisconnectReason;
use cosell_model::referral::Referral;

/// What was found of a linked pair.
#[derive(Clone, Debug, PartialEq)]
pub enum Halves {
    /// Both halves.
    Both(Box<Referral>, Box<CrmRecord>),
    /// Nothing can cross, and why; with the record, where a seller is left who can be told.
    Parted(DisconnectReason, Option<Box<CrmRecord>>),
}

impl Halves {
    /// Of what both systems answered.
    pub fn of(referral: Option<Referral>, record: Option<CrmRecord>) -> Self {
        match (referral, record) {
            (_, None) => Self::Parted(DisconnectReason::RecordDeleted, None),
            (_, Some(CrmRecord { merged_into: Some(into), .. })) => {
                Self::Parted(DisconnectReason::RecordMerged(into), None)
            }
            (None, Some(record)) => {
                Self::Parted(DisconnectReason::ReferralInvisible, Some(Box::new(record)))
            }
            (Some(referral), Some(record)) => Self::Both(Box::new(referral), Box::new(record)),
        }
    }
}
