//! The Salesforce package in `infra/crm/salesforce` against the catalogue of fields: an edit of one
//! without the other fails here.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use cosell_crm::field::{Choice, CosellField, FilledBy, Kind};
use cosell_salesforce::{FIELDS, OBJECTS};

fn package(path: &str) -> PathBuf {
    let root =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/crm/salesforce/force-app/main/default");
    PathBuf::from(root).join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(package(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn files(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(package(folder)).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn element(name: &str, value: &str) -> String {
    format!("    <{name}>{value}</{name}>\n")
}

fn length(length: u32) -> String {
    element("length", &length.to_string())
}

fn value(choice: &Choice) -> String {
    let label = choice.label;
    let indent = "            ";
    format!(
        "{indent}<value>\n{indent}    <fullName>{label}</fullName>\n\
         {indent}    <default>false</default>\n\
         {indent}    <label>{label}</label>\n{indent}</value>\n"
    )
}

/// The field's file: elements in the order in which Salesforce itself writes them (contract
/// salesforce 5.2).
fn document(field: &CosellField) -> String {
    let kind = field.kind;
    let is_identifier = matches!(kind, Kind::Identifier { .. });
    let (type_name, details) = match kind {
        Kind::YesNo => ("Checkbox", String::new()),
        Kind::Text { length: most } | Kind::Identifier { length: most } => ("Text", length(most)),
        Kind::Link { .. } => ("Url", String::new()),
        Kind::LongText { length: most } => ("LongTextArea", length(most)),
        Kind::Choice(_) => ("Picklist", String::new()),
    };
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text += "<CustomField xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n";
    text += &element("fullName", field.name);
    if is_identifier {
        text += &element("caseSensitive", "false");
        text += &element("externalId", "true");
    }
    if kind == Kind::YesNo {
        text += &element("defaultValue", "false");
    }
    text += &element("inlineHelpText", field.help);
    text += &element("label", field.label);
    text += &details;
    if !matches!(kind, Kind::YesNo | Kind::LongText { .. }) {
        text += &element("required", "false");
    }
    text += &element("type", type_name);
    match kind {
        Kind::Identifier { .. } => text += &element("unique", "true"),
        Kind::LongText { .. } => text += &element("visibleLines", "5"),
        Kind::Choice(choices) => {
            text += "    <valueSet>\n        <restricted>true</restricted>\n        <valueSetDefinition>\n            <sorted>false</sorted>\n";
            text.extend(choices.iter().map(value));
            text += "        </valueSetDefinition>\n    </valueSet>\n";
        }
        _ => {}
    }
    text + "</CustomField>\n"
}

fn permission(field: &str, is_editable: bool) -> String {
    format!(
        "    <fieldPermissions>\n        <editable>{is_editable}</editable>\n        <field>{field}</field>\n        \
         <readable>true</readable>\n    </fieldPermissions>\n"
    )
}

#[test]
fn every_object_has_every_field_of_the_catalogue_and_no_other() {
    for object in OBJECTS {
        let folder = format!("objects/{object}/fields");
        let wanted = FIELDS.iter().map(|field| format!("{}.field-meta.xml", field.name));
        assert_eq!(files(&folder), wanted.collect::<BTreeSet<_>>());
        for field in &FIELDS {
            let path = format!("{folder}/{}.field-meta.xml", field.name);
            assert_eq!(text(&path), document(field), "{path}");
        }
    }
}

#[test]
fn the_sync_may_edit_every_field_and_a_seller_only_the_sellers() {
    let sync = text("permissionsets/Msp_Cosell_Sync.permissionset-meta.xml");
    let seller = text("permissionsets/Msp_Cosell_Seller.permissionset-meta.xml");
    for object in OBJECTS {
        for field in &FIELDS {
            let name = format!("{object}.{}", field.name);
            assert!(sync.contains(&permission(&name, true)), "{name}");
            assert!(
                seller.contains(&permission(&name, field.filled_by == FilledBy::Seller)),
                "{name}"
            );
        }
    }
    assert_eq!(seller.matches("<field>").count(), OBJECTS.len() * FIELDS.len());
}

#[test]
fn the_layouts_show_every_field_and_let_nobody_edit_what_the_sync_fills_in() {
    for object in OBJECTS {
        let layout = text(&format!("layouts/{object}-Microsoft Co-sell Layout.layout-meta.xml"));
        assert!(layout.contains("<label>Microsoft co-sell</label>"));
        for field in &FIELDS {
            let behaviour = if field.filled_by == FilledBy::Seller { "Edit" } else { "Readonly" };
            let item = format!(
                "<behavior>{behaviour}</behavior>\n                <field>{}</field>",
                field.name
            );
            assert!(layout.contains(&item), "{object} {}", field.label);
        }
    }
}

#[test]
fn nothing_stands_before_a_root_element() {
    let folders = OBJECTS.map(|object| format!("objects/{object}/fields"));
    let others = ["objects/Opportunity/listViews", "permissionsets", "layouts"].map(str::to_owned);
    for folder in folders.iter().chain(&others) {
        for file in files(folder) {
            let document = text(&format!("{folder}/{file}"));
            let body =
                document.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<").unwrap();
            assert!(body.starts_with(|first: char| first.is_ascii_uppercase()), "{file}");
        }
    }
}
