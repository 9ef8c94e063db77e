//! The co-sell fields as custom fields (contract salesforce 5.2).

use cosell_crm::field::{CosellField, Kind, Names, fields};

/// What has the fields.
pub const OBJECTS: [&str; 2] = ["Opportunity", "Lead"];

/// All fields, by API name.
pub const FIELDS: [CosellField; 9] = fields(Names {
    sync: "Msp_Sync_With_Partner_Center__c",
    referral_id: ("Msp_Referral_Id__c", 64),
    referral_link: "Msp_Referral_Link__c",
    help: "Msp_How_Can_Microsoft_Help__c",
    products: ("Msp_Products__c", Kind::LongText { length: 2000 }),
    visibility: "Msp_Referral_Visibility__c",
    microsoft_crm_id: "Msp_Microsoft_Crm_Id__c",
    sync_status: ("Msp_Sync_Status__c", 255),
    audit: ("Msp_Audit__c", 32_768),
});
