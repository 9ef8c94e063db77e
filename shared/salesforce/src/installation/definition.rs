//! A field as the Tooling API wants it defined (contract salesforce 5.2, 5.5).

use cosell_crm::field::{Choice, CosellField, Kind};
use serde_json::{Value as Json, json};

pub(super) fn custom_field(object: &str, field: &CosellField) -> Json {
    let mut metadata = json!({"label": field.label, "inlineHelpText": field.help});
    let details = match field.kind {
        Kind::YesNo => json!({"type": "Checkbox", "defaultValue": "false"}),
        Kind::Text { length } => json!({"type": "Text", "length": length, "required": false}),
        Kind::Identifier { length } => {
            json!({
                "type": "Text", "length": length, "required": false, "externalId": true,
                "unique": true, "caseSensitive": false
            })
        }
        Kind::Link { .. } => json!({"type": "Url", "required": false}),
        Kind::LongText { length } => {
            json!({"type": "LongTextArea", "length": length, "visibleLines": 5})
        }
        Kind::Choice(choices) => {
            let values: Vec<Json> = choices.iter().map(value).collect();
            let set = json!({
                "restricted": true, "valueSetDefinition": {"sorted": false, "value": values}
            });
            json!({"type": "Picklist", "required": false, "valueSet": set})
        }
    };
    if let (Json::Object(metadata), Json::Object(details)) = (&mut metadata, details) {
        metadata.extend(details);
    }
    json!({"FullName": format!("{object}.{}", field.name), "Metadata": metadata})
}

fn value(choice: &Choice) -> Json {
    json!({"valueName": choice.label, "label": choice.label, "default": false})
}
