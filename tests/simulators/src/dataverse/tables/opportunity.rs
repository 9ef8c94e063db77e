//! opportunity (contract dynamics365 2.3) and opportunityclose (2.4).

use super::{MONEY_LIMIT, table};
use crate::dataverse::schema::{Kind, Table, Write};

pub(super) fn opportunity() -> Table {
    let base = table("opportunity", "opportunities", "opportunityid", "name", 3)
        .text("name", 300)
        .memos(&["description"], 2000)
        .dates(&["estimatedclosedate", "actualclosedate", "finaldecisiondate"])
        .int("closeprobability", 0, 100)
        .bool("isrevenuesystemcalculated", false)
        .lookup(
            "customerid",
            &[("customerid_account", "account"), ("customerid_contact", "contact")],
            Write::Always,
        )
        .account_and_contact()
        .lookup("originatingleadid", &[("originatingleadid", "lead")], Write::OnCreate)
        .owned()
        .currency()
        .text("stepname", 200)
        .memos(
            &[
                "customerneed",
                "currentsituation",
                "customerpainpoints",
                "proposedsolution",
                "qualificationcomments",
                "quotecomments",
            ],
            2000,
        )
        .emails(&["emailaddress"])
        .add("discountpercentage", Kind::Decimal { min: 0.0, max: 100.0 }, Write::Always)
        .states(
            &[(0, "Open"), (1, "Won"), (2, "Lost")],
            &[
                (1, "In Progress", 0),
                (2, "On Hold", 0),
                (3, "Won", 1),
                (4, "Canceled", 2),
                (5, "Out-Sold", 2),
            ],
        );
    with_choices(with_money(base))
}

fn with_money(table: Table) -> Table {
    let table = table
        .money("estimatedvalue", -MONEY_LIMIT, MONEY_LIMIT)
        .money("actualvalue", -MONEY_LIMIT, MONEY_LIMIT)
        .money("budgetamount", 0.0, MONEY_LIMIT)
        .money("discountamount", 0.0, MONEY_LIMIT)
        .money("freightamount", 0.0, MONEY_LIMIT);
    // Computed from the lines; this environment has none, so they stay empty.
    [
        "totalamount",
        "totallineitemamount",
        "totaltax",
        "totaldiscountamount",
        "totalamountlessfreight",
    ]
    .iter()
    .fold(table, |table, name| table.money_written(name, -MONEY_LIMIT, MONEY_LIMIT, Write::Never))
}

fn with_choices(table: Table) -> Table {
    table
        .choice("salesstage", &[(0, "Qualify"), (1, "Develop"), (2, "Propose"), (3, "Close")])
        .choice_defaulting("salesstagecode", &[(1, "Default Value")], 1)
        .choice_defaulting("prioritycode", &[(1, "Default Value")], 1)
        .choice_defaulting("opportunityratingcode", &[(1, "Hot"), (2, "Warm"), (3, "Cold")], 2)
        .choice(
            "budgetstatus",
            &[(0, "No Committed Budget"), (1, "May Buy"), (2, "Can Buy"), (3, "Will Buy")],
        )
        .choice(
            "purchasetimeframe",
            &[
                (0, "Immediate"),
                (1, "This Quarter"),
                (2, "Next Quarter"),
                (3, "This Year"),
                (4, "Unknown"),
            ],
        )
        .choice("purchaseprocess", &[(0, "Individual"), (1, "Committee"), (2, "Unknown")])
        .choice(
            "need",
            &[(0, "Must have"), (1, "Should have"), (2, "Good to have"), (3, "No need")],
        )
        .choice(
            "timeline",
            &[
                (0, "Immediate"),
                (1, "This Quarter"),
                (2, "Next Quarter"),
                (3, "This Year"),
                (4, "Not known"),
            ],
        )
}

pub(super) fn opportunityclose() -> Table {
    let mut close = table("opportunityclose", "opportunitycloses", "activityid", "subject", 4208)
        .text("subject", 200)
        .memos(&["description"], 2000)
        .money("actualrevenue", -922_337_203_685_477.0, 922_337_203_685_477.0)
        .currency()
        .add("actualend", Kind::Moment, Write::Always)
        .add("actualstart", Kind::Moment, Write::Always)
        .lookup("opportunityid", &[("opportunityid", "opportunity")], Write::Always)
        .text("category", 250)
        .owned()
        .states(
            &[(0, "Open"), (1, "Completed"), (2, "Canceled")],
            &[(1, "Open", 0), (2, "Completed", 1), (3, "Canceled", 2)],
        );
    close.optimistic = false;
    close.change_tracking = false;
    close
}
