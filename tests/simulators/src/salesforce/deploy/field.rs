//! Custom fields (contract salesforce 5.2): read into the form of the Tooling API, whose rules are
//! the same.

use serde_json::{Map, Value, json};

use super::element::{Element, Fault};
use super::report::Effect;
use crate::salesforce::definition;
use crate::salesforce::organisation::Organisation;
use crate::salesforce::refusal::Refusal;
use crate::salesforce::schema::Field;

const TEXTS: [&str; 5] = ["label", "type", "description", "inlineHelpText", "defaultValue"];
const NUMBERS: [&str; 4] = ["length", "precision", "scale", "visibleLines"];
const FLAGS: [&str; 2] = ["required", "caseSensitive"];
/// Files have these for every type; only one that is true says something.
const MARKS: [&str; 2] = ["externalId", "unique"];
/// What else may stand there, and has no effect here.
const OTHERS: [&str; 9] = [
    "fullName",
    "valueSet",
    "businessStatus",
    "complianceGroup",
    "securityClassification",
    "trackFeedHistory",
    "trackHistory",
    "trackTrending",
    "displayFormat",
];

pub(super) fn deploy(
    organisation: &mut Organisation,
    object: &str,
    element: Element<'_, '_>,
) -> Result<Effect, Fault> {
    let field = read(element)?;
    organisation.put_field(object, field).map_err(|refusal| said(&refusal))
}

fn said(refusal: &Refusal) -> Fault {
    let problems = refusal.problems.iter().map(|problem| problem.message.as_str());
    problems.collect::<Vec<_>>().join("; ")
}

fn read(element: Element<'_, '_>) -> Result<Field, Fault> {
    let known: Vec<&str> = [&TEXTS[..], &NUMBERS, &FLAGS, &MARKS, &OTHERS].concat();
    element.allows(&known)?;
    let name = element.required("fullName")?;
    definition::refuse_name(name).map_err(|refusal| said(&refusal))?;
    let mut metadata = Map::new();
    for text in TEXTS {
        metadata.extend(element.text(text).map(|value| (text.to_owned(), value.into())));
    }
    for number in NUMBERS {
        metadata.extend(element.number(number)?.map(|value| (number.to_owned(), value.into())));
    }
    for flag in FLAGS {
        metadata.extend(element.flag(flag)?.map(|value| (flag.to_owned(), value.into())));
    }
    for mark in MARKS {
        let value = element.flag(mark)?.filter(|value| *value);
        metadata.extend(value.map(|value| (mark.to_owned(), value.into())));
    }
    if let Some(set) = element.children("valueSet", "ValueSet").first() {
        metadata.insert("valueSet".into(), value_set(*set)?);
    }
    let field = definition::field(name, &metadata).map_err(|refusal| said(&refusal))?;
    // Invisible to everybody until a permission set grants it (5.3).
    Ok(Field { by_grant: true, ..field })
}

fn value_set(set: Element<'_, '_>) -> Result<Value, Fault> {
    set.allows(&[
        "controllingField",
        "restricted",
        "valueSetDefinition",
        "valueSetName",
        "valueSettings",
    ])?;
    let definitions = set.children("valueSetDefinition", "ValueSetValuesDefinition");
    let (Some(definition), None) = (definitions.first(), set.text("valueSetName")) else {
        return Err(
            "A valueSet has either a valueSetDefinition or the name of a global value set that \
             exists, not both"
                .into(),
        );
    };
    definition.allows(&["sorted", "value"])?;
    let mut values: Vec<Value> = Vec::new();
    for value in definition.children("value", "CustomValue") {
        value.allows(&["fullName", "color", "default", "description", "isActive", "label"])?;
        let name = value.required("fullName")?;
        if values.iter().any(|known| known["valueName"] == name) {
            return Err(format!("Duplicate value: {name}"));
        }
        let label = value.text("label").unwrap_or(name);
        values.push(
            json!({"valueName": name, "label": label, "default": value.required_flag("default")?}),
        );
    }
    Ok(json!({
        "restricted": set.flag("restricted")?.unwrap_or(false),
        "valueSetDefinition": {
            "sorted": definition.flag("sorted")?.unwrap_or(false), "value": values
        },
    }))
}
