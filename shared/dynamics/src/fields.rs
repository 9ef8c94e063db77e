//! The co-sell fields as columns (contract dynamics365 5.1).

use cosell_crm::field::{Choice, CosellField, Kind, Names, fields};

/// All fields; their names are schema names without the publisher's prefix.
pub const FIELDS: [CosellField; 9] = fields(Names {
    sync: "SyncWithPartnerCenter",
    referral_id: ("ReferralId", 100),
    referral_link: "ReferralLink",
    help: "HowCanMicrosoftHelp",
    products: ("Products", Kind::Text { length: 2000 }),
    visibility: "ReferralVisibility",
    microsoft_crm_id: "MicrosoftCrmId",
    sync_status: ("SyncStatus", 100),
    audit: ("Audit", 4000),
});

/// The choice value prefix of our publisher.
pub(crate) const OPTION_PREFIX: u32 = 41_200;

/// The schema name of a field's column.
pub fn schema_name(field: &CosellField, prefix: &str) -> String {
    format!("{prefix}_{}", field.name)
}

/// The value of a choice: [`OPTION_PREFIX`] and four digits.
pub fn option(choice: &Choice) -> u32 {
    OPTION_PREFIX * 10_000 + choice.position
}
