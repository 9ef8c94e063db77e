//! Permission sets, what they grant of fields, and to whom (contract salesforce 5.3, 5.5).

use crate::salesforce::schema::{Kind, Object, Write};

pub(super) fn permission_set() -> Object {
    Object::new("PermissionSet", "PermissionSets", "0PS")
        .add("Name", Kind::Text(80), Write::Always)
        .required()
        .last(|field| field.unique = true)
        .add("Label", Kind::Text(80), Write::Always)
        .required()
        .add("Description", Kind::Text(255), Write::Always)
        .add("HasActivationRequired", Kind::Bool, Write::OnCreate)
}

pub(super) fn field_permissions() -> Object {
    Object::new("FieldPermissions", "FieldPermissions", "01k")
        .reference("ParentId", &["PermissionSet"], Write::OnCreate)
        .required()
        .add("SobjectType", Kind::Text(40), Write::OnCreate)
        .required()
        .add("Field", Kind::Text(255), Write::OnCreate)
        .required()
        .writes(&["PermissionsRead", "PermissionsEdit"], &Kind::Bool)
}

pub(super) fn assignment() -> Object {
    Object::new("PermissionSetAssignment", "PermissionSetAssignments", "0Pa")
        .reference("PermissionSetId", &["PermissionSet"], Write::OnCreate)
        .required()
        .reference("AssigneeId", &["User"], Write::OnCreate)
        .required()
}

/// What the Tooling API queries; no object of the data API.
pub(crate) fn custom_field() -> Object {
    let mut object = Object::new("CustomField", "CustomFields", "00N")
        .add("DeveloperName", Kind::Text(80), Write::Never)
        .add("TableEnumOrId", Kind::Text(80), Write::Never);
    object.writable = false;
    object
}
