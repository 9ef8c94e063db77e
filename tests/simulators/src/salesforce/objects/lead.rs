//! Lead (contract salesforce 2.2).

use super::{INDUSTRIES, SOURCES};
use crate::salesforce::cell::Cell;
use crate::salesforce::schema::{Kind, Object, Write};

pub(super) fn lead() -> Object {
    Object::new("Lead", "Leads", "00Q")
        .texts(&[("LastName", 80)])
        .required()
        .texts(&[("FirstName", 40)])
        .picklist("Salutation", &["Mr.", "Ms.", "Mrs.", "Dr.", "Prof.", "Mx."])
        .add("Name", Kind::Text(121), Write::Never)
        .texts(&[("Company", 255)])
        .required()
        .texts(&[("Title", 128)])
        .add("Email", Kind::Email, Write::Always)
        .last(|field| field.id_lookup = true)
        .writes(&["Phone", "MobilePhone", "Fax"], &Kind::Phone)
        .writes(&["Website"], &Kind::Url)
        // Its values are the organisation's lead statuses.
        .picklist("Status", &[])
        .default(Cell::Null)
        .picklist("LeadSource", &SOURCES)
        .picklist("Industry", &INDUSTRIES)
        .picklist("Rating", &["Hot", "Warm", "Cold"])
        .writes(&["Street"], &Kind::Area(255))
        .texts(&[("City", 40), ("State", 80), ("PostalCode", 20), ("Country", 80)])
        .reads(&["Address"], &Kind::Address(""))
        .writes(&["AnnualRevenue"], &Kind::Currency(0))
        .writes(&["NumberOfEmployees"], &Kind::Int)
        .writes(&["Description"], &Kind::Area(32_000))
        .owned()
        .add("IsConverted", Kind::Bool, Write::OnCreate)
        .default(Cell::Bool(false))
        .add("ConvertedDate", Kind::Date, Write::OnCreate)
        .reference("ConvertedAccountId", &["Account"], Write::OnCreate)
        .reference("ConvertedContactId", &["Contact"], Write::OnCreate)
        .reference("ConvertedOpportunityId", &["Opportunity"], Write::OnCreate)
        .currency_code()
}

pub(super) fn status() -> Object {
    let mut status = Object::new("LeadStatus", "Lead Status", "01J")
        .texts(&[("MasterLabel", 255), ("ApiName", 255)])
        .reads(&["IsConverted", "IsDefault"], &Kind::Bool)
        .reads(&["SortOrder"], &Kind::Int);
    status.writable = false;
    status
}
