//! Account and Contact (contract salesforce 2.3 and 2.4).

use super::{INDUSTRIES, SOURCES};
use crate::salesforce::schema::{Kind, Object, Write};

pub(super) fn account() -> Object {
    let account = Object::new("Account", "Accounts", "001")
        .texts(&[("Name", 255)])
        .required()
        .texts(&[("AccountNumber", 40), ("Site", 80)])
        .picklist("Type", &["Prospect", "Customer - Direct", "Channel Partner / Reseller", "Other"])
        .picklist("Industry", &INDUSTRIES)
        .picklist("Rating", &["Hot", "Warm", "Cold"])
        .picklist("Ownership", &["Public", "Private", "Subsidiary", "Other"])
        .picklist("AccountSource", &SOURCES)
        .writes(&["Website"], &Kind::Url)
        .writes(&["Phone", "Fax"], &Kind::Phone)
        .writes(&["AnnualRevenue"], &Kind::Currency(0))
        .writes(&["NumberOfEmployees"], &Kind::Int)
        .texts(&[
            ("DunsNumber", 9),
            ("NaicsCode", 8),
            ("Sic", 20),
            ("TickerSymbol", 20),
            ("YearStarted", 4),
        ])
        .reference("ParentId", &["Account"], Write::Always)
        .owned()
        .writes(&["Description"], &Kind::Area(32_000))
        .reference("MasterRecordId", &["Account"], Write::Never)
        .currency_code();
    let account = address(account, "Billing").reads(&["BillingAddress"], &Kind::Address("Billing"));
    address(account, "Shipping").reads(&["ShippingAddress"], &Kind::Address("Shipping"))
}

pub(super) fn contact() -> Object {
    let contact = Object::new("Contact", "Contacts", "003")
        .texts(&[("LastName", 80)])
        .required()
        .texts(&[("FirstName", 40)])
        .add("Name", Kind::Text(121), Write::Never)
        .reference("AccountId", &["Account"], Write::Always)
        .add("Email", Kind::Email, Write::Always)
        .last(|field| field.id_lookup = true)
        .writes(&["Phone", "MobilePhone", "HomePhone", "OtherPhone", "Fax"], &Kind::Phone)
        .texts(&[("Title", 128), ("Department", 80)])
        .picklist("LeadSource", &SOURCES)
        .writes(&["Description"], &Kind::Area(32_000))
        .owned()
        .reference("ReportsToId", &["Contact"], Write::Always)
        .reads(&["IsEmailBounced"], &Kind::Bool)
        .reference("MasterRecordId", &["Contact"], Write::Never)
        .currency_code();
    let contact = address(contact, "Mailing").reads(&["MailingAddress"], &Kind::Address("Mailing"));
    address(contact, "Other").reads(&["OtherAddress"], &Kind::Address("Other"))
}

fn address(object: Object, prefix: &str) -> Object {
    let parts = [("City", 40), ("State", 80), ("PostalCode", 20), ("Country", 80)];
    let object = object.add(&format!("{prefix}Street"), Kind::Area(255), Write::Always);
    parts.iter().fold(object, |object, (name, length)| {
        object.add(&format!("{prefix}{name}"), Kind::Text(*length), Write::Always)
    })
}
