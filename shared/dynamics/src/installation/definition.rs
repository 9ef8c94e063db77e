//! Columns and keys as the Web API wants them defined (contract dynamics365 5.2, 5.4, 5.5).

use cosell_crm::field::{Choice, CosellField, Kind};
use serde_json::{Value as Json, json};

use super::table::Table;
use crate::fields::{self, schema_name};

/// English: every label is given in it, and administrators translate.
const LANGUAGE: u32 = 1033;

pub(super) fn column(field: &CosellField, prefix: &str) -> Json {
    let mut definition = json!({
        "@odata.type": format!("Microsoft.Dynamics.CRM.{}AttributeMetadata", attribute_type(field.kind)),
        "SchemaName": schema_name(field, prefix),
        "DisplayName": label(field.label),
        "Description": label(field.help),
        "RequiredLevel": {"Value": "None"},
    });
    let details = match field.kind {
        Kind::YesNo => json!({"DefaultValue": false, "OptionSet": {
            "@odata.type": "Microsoft.Dynamics.CRM.BooleanOptionSetMetadata",
            "TrueOption": {"Value": 1, "Label": label("Yes")},
            "FalseOption": {"Value": 0, "Label": label("No")},
        }}),
        Kind::Text { length } | Kind::Identifier { length } => {
            json!({"MaxLength": length, "FormatName": {"Value": "Text"}})
        }
        Kind::Link { length } => json!({"MaxLength": length, "FormatName": {"Value": "Url"}}),
        Kind::LongText { length } => {
            json!({"MaxLength": length, "Format": "TextArea", "ImeMode": "Disabled"})
        }
        Kind::Choice(choices) => json!({"OptionSet": {
            "@odata.type": "Microsoft.Dynamics.CRM.OptionSetMetadata",
            "OptionSetType": "Picklist",
            "IsGlobal": false,
            "Options": choices.iter().map(option).collect::<Vec<_>>(),
        }}),
    };
    if let (Json::Object(definition), Json::Object(details)) = (&mut definition, details) {
        definition.extend(details);
    }
    definition
}

/// The alternate key over an identifier.
pub(super) fn key(field: &CosellField, prefix: &str) -> Json {
    json!({
        "SchemaName": key_name(prefix),
        "DisplayName": label("Referral key"),
        "KeyAttributes": [schema_name(field, prefix).to_lowercase()],
    })
}

pub(super) fn key_name(prefix: &str) -> String {
    format!("{prefix}_ReferralKey")
}

pub(super) fn publication(tables: &[Table]) -> Json {
    let tables: Vec<&str> = tables.iter().map(|table| table.name).collect();
    let tables = tables.join("</entity><entity>");
    let entities = format!("<entities><entity>{tables}</entity></entities>");
    json!({"ParameterXml": format!("<importexportxml>{entities}</importexportxml>")})
}

/// The `AttributeType` of a column of this kind.
pub(super) fn attribute_type(kind: Kind) -> &'static str {
    match kind {
        Kind::YesNo => "Boolean",
        Kind::Text { .. } | Kind::Identifier { .. } | Kind::Link { .. } => "String",
        Kind::LongText { .. } => "Memo",
        Kind::Choice(_) => "Picklist",
    }
}

fn option(choice: &Choice) -> Json {
    json!({"Value": fields::option(choice), "Label": label(choice.label)})
}

fn label(text: &str) -> Json {
    json!({"LocalizedLabels": [{"Label": text, "LanguageCode": LANGUAGE}]})
}
