//! transactioncurrency and systemuser (contract dynamics365 2.7).

use super::table;
use crate::dataverse::schema::{Kind, Preset, Table, Write};

pub(super) fn transactioncurrency() -> Table {
    let mut currency = table(
        "transactioncurrency",
        "transactioncurrencies",
        "transactioncurrencyid",
        "currencyname",
        9105,
    )
    .text("isocurrencycode", 5)
    .text("currencyname", 100)
    .text("currencysymbol", 10)
    .int("currencyprecision", 0, 4)
    .add("exchangerate", Kind::Decimal { min: 1e-10, max: 1e11 }, Write::Always)
    .states(&[(0, "Active"), (1, "Inactive")], &[(1, "Active", 0), (2, "Inactive", 1)]);
    currency.optimistic = false;
    currency.change_tracking = false;
    currency
}

pub(super) fn systemuser() -> Table {
    let mut user = table("systemuser", "systemusers", "systemuserid", "fullname", 8)
        .add("fullname", Kind::Text { max: 200, format: "Text" }, Write::Never)
        .texts(&["firstname", "lastname"], 64)
        .emails(&["internalemailaddress"])
        .text("domainname", 1024)
        .add("isdisabled", Kind::Bool, Write::Never)
        .default_to(Preset::Bool(false))
        .add("azureactivedirectoryobjectid", Kind::Guid, Write::Always)
        .add("applicationid", Kind::Guid, Write::Always)
        .choice_defaulting(
            "accessmode",
            &[
                (0, "Read-Write"),
                (1, "Administrative"),
                (2, "Read"),
                (3, "Support User"),
                (4, "Non-interactive"),
                (5, "Delegated Admin"),
            ],
            0,
        )
        .add("businessunitid", Kind::Guid, Write::Never);
    user.optimistic = false;
    user.change_tracking = false;
    user
}
