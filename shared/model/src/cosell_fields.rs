//! The fields that co-sell needs in a customer's CRM: one catalogue for both installers, the shipped package and the documents.
//!
//! Every field is wanted on each of [`OBJECTS`], under the same name.

/// What has the fields, in both CRMs. Dynamics writes them in lower case.
pub const OBJECTS: [&str; 2] = ["Opportunity", "Lead"];

/// One field, and what it is in each CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CosellField {
    /// What people read beside it.
    pub label: &'static str,
    /// What it is for, in a seller's words; at most 255 characters.
    pub help: &'static str,
    /// Who fills it in.
    pub filled_by: FilledBy,
    /// As a column in Dynamics; the schema name without the publisher's prefix.
    pub dynamics: Shape,
    /// As a field in Salesforce.
    pub salesforce: Shape,
}

/// Who fills a field in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilledBy {
    /// The seller; the sync may do so too.
    Seller,
    /// Only the sync: read-only for sellers.
    Sync,
}

/// A field's API name and type in one CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The API name.
    pub name: &'static str,
    /// The type.
    pub kind: Kind,
}

/// The types that the fields have. Lengths are in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no, no by default.
    YesNo,
    /// One line of text.
    Text {
        /// The most it takes.
        length: u32,
    },
    /// One line that finds its record and that no two records share: an alternate key in Dynamics, an External ID in Salesforce.
    Identifier {
        /// The most it takes.
        length: u32,
    },
    /// A web address.
    Link {
        /// The most it takes; Salesforce has a length of its own.
        length: u32,
    },
    /// Several lines of text.
    LongText {
        /// The most it takes.
        length: u32,
    },
    /// One of these and nothing else.
    Choice(&'static [Choice]),
}

/// One value of a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What people read; also the value in Salesforce.
    pub label: &'static str,
    /// The value in Dynamics: [`OPTION_PREFIX`] and four digits (contract dynamics365 5.1).
    pub option: u32,
    /// Partner Center's code for it, where it has one (contract partner-center 2.10).
    pub code: Option<&'static str>,
}

/// The choice value prefix of our publisher in Dynamics.
pub const OPTION_PREFIX: u32 = 41_200;

const fn choice(position: u32, label: &'static str, code: Option<&'static str>) -> Choice {
    Choice { label, option: OPTION_PREFIX * 10_000 + position, code }
}

const HELP: [Choice; 6] = [
    choice(0, "Workload specific value proposition", Some("WorkloadSpecificValueProposition")),
    choice(1, "Customer technical architecture", Some("CustomerTechnicalArchitecture")),
    choice(2, "Proof of concept or demo", Some("ProofOfConceptOrDemo")),
    choice(3, "Quotes or licensing", Some("QuotesOrLicensing")),
    choice(4, "Post sales customer success", Some("PostSalesCustomerSuccess")),
    choice(5, "General or other", Some("GeneralOrOther")),
];

const VISIBILITY: [Choice; 2] =
    [choice(0, "Only my organisation", None), choice(1, "Microsoft sellers", None)];

const fn shape(name: &'static str, kind: Kind) -> Shape {
    Shape { name, kind }
}

/// All fields, in the order of a form.
pub const FIELDS: [CosellField; 9] = [
    CosellField {
        label: "Sync with Partner Center",
        help: "Switch on to share this deal with Microsoft Partner Center and keep both in sync. Switched off, nothing is synced any more.",
        filled_by: FilledBy::Seller,
        dynamics: shape("SyncWithPartnerCenter", Kind::YesNo),
        salesforce: shape("Msp_Sync_With_Partner_Center__c", Kind::YesNo),
    },
    CosellField {
        label: "Referral Identifier",
        help: "The deal's number in Microsoft Partner Center. Filled in by the sync.",
        filled_by: FilledBy::Sync,
        dynamics: shape("ReferralId", Kind::Identifier { length: 100 }),
        salesforce: shape("Msp_Referral_Id__c", Kind::Identifier { length: 64 }),
    },
    CosellField {
        label: "Referral Link",
        help: "Opens the deal in Microsoft Partner Center. Filled in by the sync.",
        filled_by: FilledBy::Sync,
        dynamics: shape("ReferralLink", Kind::Link { length: 255 }),
        salesforce: shape("Msp_Referral_Link__c", Kind::Link { length: 255 }),
    },
    CosellField {
        label: "How can Microsoft help?",
        help: "Choose what you want from Microsoft's sellers: that makes it a co-sell deal. Left empty, Microsoft is not asked.",
        filled_by: FilledBy::Seller,
        dynamics: shape("HowCanMicrosoftHelp", Kind::Choice(&HELP)),
        salesforce: shape("Msp_How_Can_Microsoft_Help__c", Kind::Choice(&HELP)),
    },
    CosellField {
        label: "Products",
        help: "The co-sell-ready solutions in this deal: their ids, such as SOL-71402-QKD, separated by semicolons.",
        filled_by: FilledBy::Seller,
        dynamics: shape("Products", Kind::Text { length: 2000 }),
        salesforce: shape("Msp_Products__c", Kind::LongText { length: 2000 }),
    },
    CosellField {
        label: "Referral Visibility",
        help: "Whether Microsoft's sellers may see this deal. Once they can, it cannot be undone; asking Microsoft to help implies it.",
        filled_by: FilledBy::Seller,
        dynamics: shape("ReferralVisibility", Kind::Choice(&VISIBILITY)),
        salesforce: shape("Msp_Referral_Visibility__c", Kind::Choice(&VISIBILITY)),
    },
    CosellField {
        label: "Microsoft CRM Identifier",
        help: "Microsoft's own number of this deal, once Microsoft has accepted it. Filled in by the sync.",
        filled_by: FilledBy::Sync,
        dynamics: shape("MicrosoftCrmId", Kind::Text { length: 100 }),
        salesforce: shape("Msp_Microsoft_Crm_Id__c", Kind::Text { length: 100 }),
    },
    CosellField {
        label: "Sync status",
        help: "✔ when this deal and Microsoft Partner Center agree, otherwise ✘ or ⚠ with the reason. Filled in by the sync.",
        filled_by: FilledBy::Sync,
        dynamics: shape("SyncStatus", Kind::Text { length: 100 }),
        salesforce: shape("Msp_Sync_Status__c", Kind::Text { length: 255 }),
    },
    CosellField {
        label: "Audit",
        help: "What the sync did with this deal, newest first. Filled in by the sync.",
        filled_by: FilledBy::Sync,
        dynamics: shape("Audit", Kind::LongText { length: 4000 }),
        salesforce: shape("Msp_Audit__c", Kind::LongText { length: 32_768 }),
    },
];

impl CosellField {
    /// The schema name of its Dynamics column.
    pub fn schema_name(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.dynamics.name)
    }
}
