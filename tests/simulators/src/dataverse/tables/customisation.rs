//! publisher and solution: whose customisations there are (contract dynamics365 5.1).

use super::table;
use crate::dataverse::schema::{AlternateKey, Kind, Preset, Table, Write};

pub(super) fn publisher() -> Table {
    let publisher = table("publisher", "publishers", "publisherid", "friendlyname", 7101)
        .texts(&["uniquename", "friendlyname"], 256)
        .add("customizationprefix", Kind::Text { max: 8, format: "Text" }, Write::OnCreate)
        .int("customizationoptionvalueprefix", 10_000, 99_999);
    unique_by_name(publisher)
}

pub(super) fn solution() -> Table {
    let solution = table("solution", "solutions", "solutionid", "friendlyname", 7100)
        .text("uniquename", 65)
        .text("friendlyname", 256)
        .text("version", 256)
        .add("ismanaged", Kind::Bool, Write::Never)
        .default_to(Preset::Bool(false))
        .lookup("publisherid", &[("publisherid", "publisher")], Write::Always);
    unique_by_name(solution)
}

/// Two cannot have the same unique name; the service keeps that as a key of its own.
fn unique_by_name(mut table: Table) -> Table {
    table.optimistic = false;
    table.change_tracking = false;
    table.keys.push(AlternateKey {
        schema_name: "UniqueName".into(),
        label: "Unique name".into(),
        columns: vec!["uniquename".into()],
    });
    table
}
