//! account and contact (contract dynamics365 2.6).

use super::{REVENUE_LIMIT, table};
use crate::dataverse::schema::{Kind, Table, Write};

/// The 33 industry values of account and lead.
pub(super) const INDUSTRIES: &[(i64, &str)] = &[
    (1, "Accounting"),
    (2, "Agriculture and Non-petrol Natural Resource Extraction"),
    (3, "Broadcasting Printing and Publishing"),
    (4, "Brokers"),
    (5, "Building Supply Retail"),
    (6, "Business Services"),
    (7, "Consulting"),
    (8, "Consumer Services"),
    (9, "Design, Direction and Creative Management"),
    (10, "Distributors, Dispatchers and Processors"),
    (11, "Doctor's Offices and Clinics"),
    (12, "Durable Manufacturing"),
    (13, "Eating and Drinking Places"),
    (14, "Entertainment Retail"),
    (15, "Equipment Rental and Leasing"),
    (16, "Financial"),
    (17, "Food and Tobacco Processing"),
    (18, "Inbound Capital Intensive Processing"),
    (19, "Inbound Repair and Services"),
    (20, "Insurance"),
    (21, "Legal Services"),
    (22, "Non-Durable Merchandise Retail"),
    (23, "Outbound Consumer Service"),
    (24, "Petrochemical Extraction and Distribution"),
    (25, "Service Retail"),
    (26, "SIG Affiliations"),
    (27, "Social Services"),
    (28, "Special Outbound Trade Contractors"),
    (29, "Specialty Realty"),
    (30, "Transportation"),
    (31, "Utility Creation and Distribution"),
    (32, "Vehicle Retail"),
    (33, "Wholesale"),
];

const ACTIVE_STATES: &[(i64, &str)] = &[(0, "Active"), (1, "Inactive")];
const ACTIVE_STATUSES: &[(i64, &str, i64)] = &[(1, "Active", 0), (2, "Inactive", 1)];

pub(super) fn account() -> Table {
    table("account", "accounts", "accountid", "name", 1)
        .text("name", 160)
        .text("accountnumber", 20)
        .memos(&["description"], 2000)
        .emails(&["emailaddress1", "emailaddress2", "emailaddress3"])
        .texts(&["telephone1", "telephone2", "telephone3", "fax"], 50)
        .url("websiteurl", 200)
        .money("revenue", 0.0, REVENUE_LIMIT)
        .currency()
        .int("numberofemployees", 0, 1_000_000_000)
        .choice("industrycode", INDUSTRIES)
        .choice(
            "customertypecode",
            &[
                (1, "Competitor"),
                (2, "Consultant"),
                (3, "Customer"),
                (4, "Investor"),
                (5, "Partner"),
                (6, "Influencer"),
                (7, "Press"),
                (8, "Prospect"),
                (9, "Reseller"),
                (10, "Supplier"),
                (11, "Vendor"),
                (12, "Other"),
            ],
        )
        .choice("ownershipcode", &[(1, "Public"), (2, "Private"), (3, "Subsidiary"), (4, "Other")])
        .lookup("primarycontactid", &[("primarycontactid", "contact")], Write::Always)
        .lookup("parentaccountid", &[("parentaccountid", "account")], Write::Always)
        .address("address1", 200)
        .address("address2", 200)
        .texts(&["address1_primarycontactname", "address2_primarycontactname"], 100)
        .choice(
            "address1_addresstypecode",
            &[(1, "Bill To"), (2, "Ship To"), (3, "Primary"), (4, "Other")],
        )
        .owned()
        .states(ACTIVE_STATES, ACTIVE_STATUSES)
}

pub(super) fn contact() -> Table {
    table("contact", "contacts", "contactid", "fullname", 2)
        .texts(&["firstname", "lastname"], 50)
        .add("fullname", Kind::Text { max: 160, format: "Text" }, Write::Never)
        .text("jobtitle", 100)
        .emails(&["emailaddress1", "emailaddress2", "emailaddress3"])
        .texts(&["telephone1", "mobilephone", "fax"], 50)
        .url("websiteurl", 200)
        .memos(&["description"], 2000)
        .lookup(
            "parentcustomerid",
            &[("parentcustomerid_account", "account"), ("parentcustomerid_contact", "contact")],
            Write::Always,
        )
        .address("address1", 200)
        .address("address2", 200)
        .owned()
        .states(ACTIVE_STATES, ACTIVE_STATUSES)
}
