//! The custom co-sell columns a customer installs on opportunity and lead, and the alternate key
//! over the referral id.

use crate::dataverse::schema::{AlternateKey, Column, Table};

/// First value of a custom choice: option value prefix 41200 and four digits (contract dynamics365
/// 5.1).
const FIRST_OPTION: i64 = 412_000_000;

/// The six values of `assistanceRequestCode`, in the order of contract partner-center 2.10.
const HOW_CAN_MICROSOFT_HELP: [&str; 6] = [
    "Workload specific value proposition",
    "Customer technical architecture",
    "Proof of concept or demo",
    "Quotes or licensing",
    "Post sales customer success",
    "General or other",
];

const VISIBILITY: [&str; 2] = ["Only my organisation", "Microsoft sellers"];

pub(super) fn with_columns(table: Table, prefix: &str) -> Table {
    let lower = |name: &str| format!("{prefix}_{}", name.to_lowercase());
    let table = table
        .bool(&lower("SyncWithPartnerCenter"), false)
        .named(prefix, "SyncWithPartnerCenter", "Sync with Partner Center")
        .text(&lower("ReferralId"), 100)
        .named(prefix, "ReferralId", "Referral identifier")
        .url(&lower("ReferralLink"), 255)
        .named(prefix, "ReferralLink", "Referral link")
        .choice(&lower("HowCanMicrosoftHelp"), &numbered(&HOW_CAN_MICROSOFT_HELP))
        .named(prefix, "HowCanMicrosoftHelp", "How can Microsoft help?")
        .text(&lower("Products"), 2000)
        .named(prefix, "Products", "Products")
        .memos(&[&lower("Audit")], 4000)
        .named(prefix, "Audit", "Audit")
        .text(&lower("SyncStatus"), 100)
        .named(prefix, "SyncStatus", "Sync status")
        .choice(&lower("ReferralVisibility"), &numbered(&VISIBILITY))
        .named(prefix, "ReferralVisibility", "Referral visibility")
        .text(&lower("MicrosoftCrmId"), 100)
        .named(prefix, "MicrosoftCrmId", "Microsoft CRM identifier");
    with_key(table, prefix)
}

fn with_key(mut table: Table, prefix: &str) -> Table {
    table.keys.push(AlternateKey {
        schema_name: format!("{prefix}_ReferralKey"),
        label: "Referral key".into(),
        columns: vec![format!("{prefix}_referralid")],
    });
    table
}

fn numbered<'a>(labels: &[&'a str]) -> Vec<(i64, &'a str)> {
    (FIRST_OPTION..).zip(labels.iter().copied()).collect()
}

impl Table {
    /// Gives the column just added its schema name and label.
    fn named(mut self, prefix: &str, schema_name: &str, label: &str) -> Self {
        if let Some(Column { schema_name: name, label: text, .. }) = self.columns.last_mut() {
            *name = format!("{prefix}_{schema_name}");
            *text = label.into();
        }
        self
    }
}
