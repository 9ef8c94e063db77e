//! The lists of codes (contract partner-center 2.10, 2.11).

use super::property::Codes;

/// `assistanceRequestCode`: How can Microsoft help?
pub const HELP: Codes = Codes {
    current: &[
        "WorkloadSpecificValueProposition",
        "CustomerTechnicalArchitecture",
        "ProofOfConceptOrDemo",
        "QuotesOrLicensing",
        "PostSalesCustomerSuccess",
        "GeneralOrOther",
    ],
    old: &["Unknown"],
    closed: true,
};

/// What Partner Center's own pages offer as `statusReason`. It is free text, so that others are
/// taken, too.
pub const REASONS: &[&str] = &[
    "Project budget not adequate",
    "Customer did not respond",
    "Customer chose another vendor",
    "Customer requirement not met",
    "Not a customer",
    "Proposed timeline too short",
    "Report as abuse, spam or phishing",
    "Others",
];

pub(super) const SIZE: Codes = Codes {
    current: &[
        "1to9employees",
        "10to50employees",
        "51to250employees",
        "251to1000employees",
        "1001to5000employees",
        "5001to10000employees",
        "10001to20000employees",
        "Morethan20000employees",
    ],
    old: &["1to50employees", "51to500employees", "Morethan500employees"],
    closed: true,
};

/// The documents have the words; live referrals carry percentages, and others are mapped to these.
pub(super) const SALES_STAGE: Codes = Codes {
    current: &["Qualify", "Develop", "Propose", "Close"],
    old: &["10", "20", "40", "60", "80", "100"],
    closed: false,
};

pub(super) const STATUS: Codes = closed(&["New", "Active", "Closed"], &["None"]);
pub(super) const SUBSTATUS: Codes = closed(
    &["Pending", "Received", "Accepted", "Won", "Lost", "Declined", "Expired", "Error"],
    &["None"],
);
pub(super) const QUALIFICATION: Codes =
    closed(&["Direct", "MarketingQualified", "SalesQualified"], &["None"]);
pub(super) const TYPE: Codes = closed(&["Independent", "Shared"], &[]);
pub(super) const DIRECTION: Codes = closed(&["Incoming", "Outgoing"], &[]);
pub(super) const TARGET: Codes = closed(&["BusinessProfileLocation", "SolutionProfile"], &["None"]);
pub(super) const SOLUTION: Codes = closed(&["Category", "Name"], &["None"]);
pub(super) const TERM: Codes = closed(&["Perpetual", "Finite"], &[]);
pub(super) const DEPLOYMENT: Codes = closed(&["Customer", "Partner"], &[]);
pub(super) const PRICING: Codes = closed(&["PayAsYouGo", "Other"], &[]);

const fn closed(current: &'static [&'static str], old: &'static [&'static str]) -> Codes {
    Codes { current, old, closed: true }
}
