//! The custom co-sell fields a customer installs on Opportunity and Lead (contract salesforce 5.2).

use crate::salesforce::cell::Cell;
use crate::salesforce::schema::{Field, Kind, Write, choices};

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

/// The fields of the co-sell sync, and one of each further kind of contract salesforce 5.2: a
/// multi-select, a date and time.
pub(crate) fn fields() -> Vec<Field> {
    let text = |name: &str, length| Field::new(name, Kind::Text(length), Write::Always);
    let solutions = Kind::Multi {
        restricted: true,
        values: ["Azure", "Dynamics 365", "Microsoft 365", "Security"].map(str::to_owned).into(),
    };
    let mut sync = Field::new("Msp_Sync_With_Partner_Center__c", Kind::Bool, Write::Always);
    sync.nillable = false;
    sync.default = Some(Cell::Bool(false));
    let mut referral = text("Msp_Referral_Id__c", 64);
    referral.external_id = true;
    referral.unique = true;
    referral.id_lookup = true;
    vec![
        sync,
        referral,
        Field::new("Msp_Referral_Link__c", Kind::Url, Write::Always),
        Field::new(
            "Msp_How_Can_Microsoft_Help__c",
            choices(&HOW_CAN_MICROSOFT_HELP, true),
            Write::Always,
        ),
        Field::new("Msp_Products__c", Kind::Area(2000), Write::Always),
        Field::new("Msp_Referral_Visibility__c", choices(&VISIBILITY, true), Write::Always),
        text("Msp_Microsoft_Crm_Id__c", 100),
        text("Msp_Sync_Status__c", 255),
        Field::new("Msp_Audit__c", Kind::Area(32_768), Write::Always),
        Field::new("Msp_Solutions__c", solutions, Write::Always),
        Field::new("Msp_Synced_At__c", Kind::Moment, Write::Always),
    ]
}
