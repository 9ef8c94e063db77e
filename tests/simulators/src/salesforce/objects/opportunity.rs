//! Opportunity, its product lines, its contact roles and the stages (contract salesforce 2.1 and
//! 2.5).

use super::SOURCES;
use crate::salesforce::cell::Cell;
use crate::salesforce::schema::{Kind, Object, Write, choices};

/// `Type` of one current developer organisation (contract salesforce 2.1).
const TYPES: [&str; 4] = [
    "Existing Customer - Upgrade",
    "Existing Customer - Replacement",
    "Existing Customer - Downgrade",
    "New Customer",
];

const FORECASTS: [&str; 6] =
    ["Best Case", "Closed", "Commit", "Most Likely", "Omitted", "Pipeline"];

pub(super) fn opportunity() -> Object {
    Object::new("Opportunity", "Opportunities", "006")
        .texts(&[("Name", 120)])
        .required()
        .add("StageName", choices(&[], false), Write::Always)
        .required()
        .add("CloseDate", Kind::Date, Write::Always)
        .required()
        .add("Amount", Kind::Currency(2), Write::Always)
        .add("Probability", Kind::Percent, Write::Always)
        .last(|field| field.default = Some(Cell::Null))
        .reads(&["ExpectedRevenue"], &Kind::Currency(2))
        .reference("AccountId", &["Account"], Write::Always)
        .reference("ContactId", &["Contact"], Write::OnCreate)
        .owned()
        .writes(&["Description"], &Kind::Area(32_000))
        .texts(&[("NextStep", 255)])
        .picklist("Type", &TYPES)
        .last(|field| field.label = "Opportunity Type".into())
        .picklist("LeadSource", &SOURCES)
        .restricted("ForecastCategoryName", &FORECASTS)
        .last(|field| field.default = Some(Cell::Null))
        .add("ForecastCategory", choices(&[], false), Write::Never)
        .reads(
            &["IsClosed", "IsWon", "HasOpportunityLineItem", "HasOpenActivity", "HasOverdueTask"],
            &Kind::Bool,
        )
        .add("IsPrivate", Kind::Bool, Write::Always)
        .default(Cell::Bool(false))
        .add("TotalOpportunityQuantity", Kind::Double(2), Write::Always)
        .currency_code()
        .add("Fiscal", Kind::Text(6), Write::Never)
        .reads(&["FiscalQuarter", "FiscalYear", "PushCount"], &Kind::Int)
        .reads(&["LastActivityDate"], &Kind::Date)
        .reads(&["LastStageChangeDate", "LastViewedDate", "LastReferencedDate"], &Kind::Moment)
}

/// As much of the product lines as changes the opportunity: their sum is its amount.
pub(super) fn line_item() -> Object {
    Object::new("OpportunityLineItem", "Opportunity Product", "00k")
        .reference("OpportunityId", &["Opportunity"], Write::OnCreate)
        .required()
        .add("Quantity", Kind::Double(2), Write::Always)
        .required()
        .add("UnitPrice", Kind::Currency(2), Write::Always)
        .required()
        .reads(&["TotalPrice"], &Kind::Currency(2))
        .texts(&[("Description", 255)])
}

pub(super) fn contact_role() -> Object {
    Object::new("OpportunityContactRole", "Opportunity Contact Role", "00K")
        .reference("OpportunityId", &["Opportunity"], Write::OnCreate)
        .required()
        .reference("ContactId", &["Contact"], Write::Always)
        .required()
        .picklist("Role", &["Business User", "Decision Maker", "Economic Buyer"])
        .add("IsPrimary", Kind::Bool, Write::Always)
        .default(Cell::Bool(false))
        .currency_code()
}

pub(super) fn stage() -> Object {
    let mut stage = Object::new("OpportunityStage", "Opportunity Stage", "01J")
        .texts(&[("MasterLabel", 255), ("ApiName", 255)])
        .reads(&["IsActive", "IsClosed", "IsWon"], &Kind::Bool)
        .reads(&["DefaultProbability"], &Kind::Percent)
        .texts(&[("ForecastCategory", 40), ("ForecastCategoryName", 255), ("Description", 255)])
        .reads(&["SortOrder"], &Kind::Int);
    stage.writable = false;
    stage
}
