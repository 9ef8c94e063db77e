//! `package.xml`: what the archive says it holds.

use super::element::{Element, Fault, document};

/// The types that can be deployed here.
pub(super) const TYPES: [&str; 5] =
    ["CustomField", "CustomObject", "Layout", "ListView", "PermissionSet"];

/// Type and full name of each member.
pub(super) fn read(text: &str) -> Result<Vec<(String, String)>, Fault> {
    let document = document(text, "Package")?;
    let package = Element::new(document.root_element(), "Package");
    package.allows(&["types", "version", "fullName", "apiAccessLevel", "description"])?;
    let version = package.required("version")?;
    if crate::salesforce::answer::major_version(version).is_none() {
        return Err(format!("Invalid version specified: {version}"));
    }
    let mut members = Vec::new();
    for types in package.children("types", "PackageTypeMembers") {
        types.allows(&["name", "members"])?;
        let name = types.required("name")?;
        if !TYPES.contains(&name) {
            return Err(format!(
                "Unknown type name '{name}' specified in package.xml (or not part of this \
                 simulator)"
            ));
        }
        for member in types.texts("members") {
            members.push((name.to_owned(), member.to_owned()));
        }
    }
    Ok(members)
}
