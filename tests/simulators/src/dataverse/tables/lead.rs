//! lead (contract dynamics365 2.5).

use super::{MONEY_LIMIT, REVENUE_LIMIT, table};
use crate::dataverse::schema::{Kind, Preset, Table, Write};

pub(super) fn lead() -> Table {
    let base = table("lead", "leads", "leadid", "fullname", 4)
        .text("subject", 300)
        .texts(&["firstname", "lastname", "middlename"], 50)
        .add("fullname", Kind::Text { max: 160, format: "Text" }, Write::Never)
        .texts(&["companyname", "jobtitle"], 100)
        .emails(&["emailaddress1", "emailaddress2", "emailaddress3"])
        .texts(&["telephone1", "telephone2", "telephone3", "fax"], 50)
        .text("mobilephone", 20)
        .url("websiteurl", 200)
        .memos(&["description"], 2000)
        .address("address1", 100)
        .address("address2", 100)
        .money("estimatedamount", 0.0, MONEY_LIMIT)
        .add("estimatedvalue", Kind::Double { min: 0.0, max: 1e9 }, Write::Always)
        .dates(&["estimatedclosedate"])
        .money("budgetamount", 0.0, MONEY_LIMIT)
        .money("revenue", 0.0, REVENUE_LIMIT)
        .currency()
        .int("numberofemployees", 0, 1_000_000)
        .lookup(
            "customerid",
            &[("customerid_account", "account"), ("customerid_contact", "contact")],
            Write::Always,
        )
        .account_and_contact()
        .lookup(
            "qualifyingopportunityid",
            &[("qualifyingopportunityid", "opportunity")],
            Write::Always,
        )
        .lookup("masterid", &[("masterid", "lead")], Write::Never)
        .add("merged", Kind::Bool, Write::Never)
        .default_to(Preset::Bool(false))
        .owned();
    with_choices(base).states(
        &[(0, "Open"), (1, "Qualified"), (2, "Disqualified")],
        &[
            (1, "New", 0),
            (2, "Contacted", 0),
            (3, "Qualified", 1),
            (4, "Lost", 2),
            (5, "Cannot Contact", 2),
            (6, "No Longer Interested", 2),
            (7, "Canceled", 2),
        ],
    )
}

fn with_choices(table: Table) -> Table {
    table
        .choice_defaulting("leadqualitycode", &[(1, "Hot"), (2, "Warm"), (3, "Cold")], 2)
        .choice(
            "leadsourcecode",
            &[
                (1, "Advertisement"),
                (2, "Employee Referral"),
                (3, "External Referral"),
                (4, "Partner"),
                (5, "Public Relations"),
                (6, "Seminar"),
                (7, "Trade Show"),
                (8, "Web"),
                (9, "Word of Mouth"),
                (10, "Other"),
            ],
        )
        .choice("industrycode", super::customers::INDUSTRIES)
        .choice("salesstage", &[(0, "Qualify")])
        .choice_defaulting(
            "preferredcontactmethodcode",
            &[(1, "Any"), (2, "Email"), (3, "Phone"), (4, "Fax"), (5, "Mail")],
            1,
        )
}
