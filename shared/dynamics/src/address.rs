//! The address of a row that is written to.

use cosell_model::id::ReferralId;
use uuid::Uuid;

use crate::schema::Schema;

/// A row to write to: by referral, creating it when it is missing, or by id and version, never
/// creating it.
pub(crate) struct Address {
    pub(crate) path: String,
    pub(crate) version: Option<String>,
    pub(crate) doing: String,
}

impl Address {
    pub(crate) fn of_referral(schema: &Schema, id: ReferralId) -> Self {
        Self {
            path: schema.row_of_referral(id),
            version: None,
            doing: format!("saving the {} of referral {id}", schema.row_name()),
        }
    }

    pub(crate) fn of_version(schema: &Schema, id: Uuid, version: &str) -> Self {
        Self {
            path: schema.row(id),
            version: Some(version.to_owned()),
            doing: format!("updating {} {id}", schema.row_name()),
        }
    }
}
