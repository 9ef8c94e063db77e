//! The fields that co-sell needs in a customer's CRM: one catalogue for all installers, the shipped
//! packages and the documents.
//!
//! Every field is wanted on opportunities and on leads, under the same name.

/// One field as one CRM has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CosellField {
    /// What people read beside it.
    pub label: &'static str,
    /// What it is for, in a seller's words; at most 255 characters.
    pub help: &'static str,
    /// Who fills it in.
    pub filled_by: FilledBy,
    /// The API name; where the CRM puts something before it, without that.
    pub name: &'static str,
    /// The type.
    pub kind: Kind,
}

/// Who fills a field in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilledBy {
    /// The seller; the sync may do so too.
    Seller,
    /// Only the sync: read-only for sellers.
    Sync,
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
    /// One line that finds its record and that no two records share.
    Identifier {
        /// The most it takes.
        length: u32,
    },
    /// A web address.
    Link {
        /// The most it takes, where a link has no length of its own.
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

impl Kind {
    /// The most it takes, where it has a length.
    pub fn length(self) -> Option<u32> {
        match self {
            Self::Text { length }
            | Self::Identifier { length }
            | Self::Link { length }
            | Self::LongText { length } => Some(length),
            Self::YesNo | Self::Choice(_) => None,
        }
    }
}

/// One value of a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its place in the list, from 0.
    pub position: u32,
    /// What people read.
    pub label: &'static str,
    /// Partner Center's code for it, where it has one (contract partner-center 2.10).
    pub code: Option<&'static str>,
}

const fn choice(position: u32, label: &'static str, code: Option<&'static str>) -> Choice {
    Choice { position, label, code }
}

/// The values of "How can Microsoft help?".
const HELP: Kind = Kind::Choice(&[
    choice(0, "Workload specific value proposition", Some("WorkloadSpecificValueProposition")),
    choice(1, "Customer technical architecture", Some("CustomerTechnicalArchitecture")),
    choice(2, "Proof of concept or demo", Some("ProofOfConceptOrDemo")),
    choice(3, "Quotes or licensing", Some("QuotesOrLicensing")),
    choice(4, "Post sales customer success", Some("PostSalesCustomerSuccess")),
    choice(5, "General or other", Some("GeneralOrOther")),
]);

/// The values of "Referral Visibility".
const VISIBILITY: Kind =
    Kind::Choice(&[choice(0, "Only my organisation", None), choice(1, "Microsoft sellers", None)]);

/// What one CRM calls the fields, and what they are there where CRMs differ.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// Sync with Partner Center.
    pub sync: &'static str,
    /// Referral Identifier, and its length.
    pub referral_id: (&'static str, u32),
    /// Referral Link.
    pub referral_link: &'static str,
    /// How can Microsoft help?
    pub help: &'static str,
    /// Products, and what holds the 2,000 characters of it.
    pub products: (&'static str, Kind),
    /// Referral Visibility.
    pub visibility: &'static str,
    /// Microsoft CRM Identifier.
    pub microsoft_crm_id: &'static str,
    /// Sync status, and its length.
    pub sync_status: (&'static str, u32),
    /// Audit, and its length.
    pub audit: (&'static str, u32),
}

/// All fields as a CRM of these names has them, in the order of a form.
pub const fn fields(names: Names) -> [CosellField; 9] {
    [
        CosellField {
            label: "Sync with Partner Center",
            help: "Switch on to share this deal with Microsoft Partner Center and keep both in \
                   sync. Switched off, sync is off for this deal.",
            filled_by: FilledBy::Seller,
            name: names.sync,
            kind: Kind::YesNo,
        },
        CosellField {
            label: "Referral Identifier",
            help: "The deal's number in Microsoft Partner Center. Filled in by the sync.",
            filled_by: FilledBy::Sync,
            name: names.referral_id.0,
            kind: Kind::Identifier { length: names.referral_id.1 },
        },
        CosellField {
            label: "Referral Link",
            help: "Opens the deal in Microsoft Partner Center. Filled in by the sync.",
            filled_by: FilledBy::Sync,
            name: names.referral_link,
            kind: Kind::Link { length: 255 },
        },
        CosellField {
            label: "How can Microsoft help?",
            help: "Choose what you want from Microsoft's sellers: that makes it a co-sell deal. \
                   Left empty, Microsoft is not asked.",
            filled_by: FilledBy::Seller,
            name: names.help,
            kind: HELP,
        },
        CosellField {
            label: "Products",
            help: "The co-sell-ready solutions in this deal: their ids, such as SOL-71402-QKD, \
                   separated by semicolons.",
            filled_by: FilledBy::Seller,
            name: names.products.0,
            kind: names.products.1,
        },
        CosellField {
            label: "Referral Visibility",
            help: "Whether Microsoft's sellers may see this deal. Once they can, it cannot be \
                   undone; asking Microsoft to help implies it.",
            filled_by: FilledBy::Seller,
            name: names.visibility,
            kind: VISIBILITY,
        },
        CosellField {
            label: "Microsoft CRM Identifier",
            help: "Microsoft's own number of this deal, once Microsoft has accepted it. Filled in \
                   by the sync.",
            filled_by: FilledBy::Sync,
            name: names.microsoft_crm_id,
            kind: Kind::Text { length: 100 },
        },
        CosellField {
            label: "Sync status",
            help: "✔ when this deal and Microsoft Partner Center agree, otherwise ✘ or ⚠ with the \
                   reason. Filled in by the sync.",
            filled_by: FilledBy::Sync,
            name: names.sync_status.0,
            kind: Kind::Text { length: names.sync_status.1 },
        },
        CosellField {
            label: "Audit",
            help: "What the sync did with this deal, newest first. Filled in by the sync.",
            filled_by: FilledBy::Sync,
            name: names.audit.0,
            kind: Kind::LongText { length: names.audit.1 },
        },
    ]
}
