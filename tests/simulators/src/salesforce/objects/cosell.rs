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

/// The fields of contract salesforce 5.2, and those the co-sell columns in Dataverse have besides.
pub(crate) fn fields() -> Vec<Field> {
    let text = |name: &str, length| Field::new(name, Kind::Text(length), Write::Always);
    let solutions = Kind::Multi {
        restricted: true,
        values: ["Azure", "Dynamics 365", "Microsoft 365", "Security"].map(str::to_owned).into(),
    };
    let mut sync = Field::new("Msp_Cosell__c", Kind::Bool, Write::Always);
    sync.nillable = false;
    sync.default = Some(Cell::Bool(false));
    let mut referral = text("Msp_Referral_Id__c", 64);
    referral.external_id = true;
    referral.unique = true;
    referral.id_lookup = true;
    vec![
        sync,
        referral,
        Field::new("Msp_Portal_Link__c", Kind::Url, Write::Always),
        Field::new("Msp_Solutions__c", solutions, Write::Always),
        Field::new("Msp_Notes__c", Kind::Area(32_768), Write::Always),
        Field::new(
            "Msp_How_Can_Microsoft_Help__c",
            choices(&HOW_CAN_MICROSOFT_HELP, true),
            Write::Always,
        ),
        Field::new("Msp_Products__c", Kind::Area(2000), Write::Always),
        Field::new("Msp_Audit__c", Kind::Area(32_768), Write::Always),
        text("Msp_Sync_Status__c", 100),
        Field::new("Msp_Referral_Visibility__c", choices(&VISIBILITY, true), Write::Always),
        text("Msp_Microsoft_Crm_Id__c", 100),
        Field::new("Msp_Synced_At__c", Kind::Moment, Write::Always),
    ]
}
