//! Page layouts (contract salesforce 5.4): checked and remembered; nothing here has pages.

use super::element::{Element, Fault};
use super::report::Effect;
use crate::salesforce::organisation::Organisation;

const BEHAVIOURS: [&str; 3] = ["Edit", "Required", "Readonly"];
const STYLES: [&str; 4] =
    ["TwoColumnsTopToBottom", "TwoColumnsLeftToRight", "OneColumn", "CustomLinks"];

pub(super) fn deploy(
    organisation: &mut Organisation,
    name: &str,
    element: Element<'_, '_>,
) -> Result<Effect, Fault> {
    let object = name.split_once('-').map_or("", |(object, _)| object);
    let object = organisation
        .object(object)
        .map_err(|_| format!("Parent entity failed to deploy: no object for the layout {name}"))?;
    let mut shown: Vec<&str> = Vec::new();
    for section in element.children("layoutSections", "LayoutSection") {
        section.allows(&[
            "customLabel",
            "detailHeading",
            "editHeading",
            "label",
            "layoutColumns",
            "style",
        ])?;
        section
            .one_of("style", &STYLES, "LayoutSectionStyle")?
            .ok_or("Required field is missing: style")?;
        for column in section.children("layoutColumns", "LayoutColumn") {
            column.allows(&["layoutItems", "reserved"])?;
            for item in column.children("layoutItems", "LayoutItem") {
                item.allows(&["behavior", "emptySpace", "field"])?;
                item.one_of("behavior", &BEHAVIOURS, "UiBehavior")?;
                let Some(field) = item.text("field") else {
                    continue;
                };
                if !object.fields.iter().any(|known| known.name == field) {
                    return Err(format!(
                        "In field: field - no CustomField named {}.{field} found",
                        object.name
                    ));
                }
                if shown.contains(&field) {
                    return Err(format!("Duplicate field on layout: {field}"));
                }
                shown.push(field);
            }
        }
    }
    // A person's name is one item.
    let has = |name: &str| shown.contains(&name) || (name == "LastName" && shown.contains(&"Name"));
    let mut required =
        object.fields.iter().filter(|field| !field.nillable && field.default.is_none());
    if let Some(missing) = required.find(|field| !has(&field.name)) {
        return Err(format!(
            "Layout must contain an item for required layout field: {}",
            missing.name
        ));
    }
    Ok(organisation.remember("Layout", name, shown.join(", ")))
}
