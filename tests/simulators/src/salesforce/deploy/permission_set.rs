//! Permission sets: field-level security and what an object allows (contract salesforce 5.3).

use std::collections::BTreeMap;

use super::element::{Element, Fault};
use super::report::Effect;
use crate::salesforce::cell::Cell;
use crate::salesforce::organisation::Organisation;
use crate::salesforce::records::Record;

/// What is listed is granted; what is not listed is switched off.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PermissionSet {
    pub(crate) label: String,
    /// By `Object.Field`: whether it may be edited, too.
    pub(crate) fields: BTreeMap<String, bool>,
    /// Objects that may be read.
    pub(crate) objects: Vec<String>,
}

const LABEL_LIMIT: usize = 80;
/// Reading these needs Account to be read (memory).
const BELOW_ACCOUNT: [&str; 3] = ["Opportunity", "Contact", "Contract"];

pub(super) fn deploy(
    organisation: &mut Organisation,
    name: &str,
    element: Element<'_, '_>,
) -> Result<Effect, Fault> {
    let wanted = read(organisation, element)?;
    let id = organisation.put_permission_set(name, &wanted);
    let known = organisation.granted(&id);
    let effect = match organisation.deployments.permission_sets.insert(name.into(), wanted.clone())
    {
        None => Effect::Created,
        Some(before) if before == wanted && known == wanted.fields => return Ok(Effect::Unchanged),
        Some(_) => Effect::Changed,
    };
    organisation.grant(&id, &wanted.fields);
    Ok(effect)
}

impl Organisation {
    /// Makes or relabels the record of a permission set; its id.
    fn put_permission_set(&mut self, name: &str, set: &PermissionSet) -> String {
        let known = self
            .records
            .living("PermissionSet")
            .find(|record| record.text("Name") == Some(name))
            .map(|record| record.id.clone());
        let id = known.unwrap_or_else(|| self.ids.next("0PS"));
        let text = |text: &str| Cell::Text(text.to_owned());
        self.plant(
            "PermissionSet",
            id.clone(),
            &[("Name", text(name)), ("Label", text(&set.label))],
        );
        id
    }

    /// The fields that a permission set grants, and which of them for writing.
    fn granted(&self, set: &str) -> BTreeMap<String, bool> {
        let records = self
            .records
            .living("FieldPermissions")
            .filter(|record| record.text("ParentId") == Some(set));
        let entry = |record: &Record| {
            let field = record.text("Field").unwrap_or_default().to_owned();
            (field, record.get("PermissionsEdit").as_bool() == Some(true))
        };
        records.map(entry).collect()
    }

    /// Grants these fields and takes away all others (contract salesforce 5.3: since version 40).
    fn grant(&mut self, set: &str, fields: &BTreeMap<String, bool>) {
        let old: Vec<String> = self
            .records
            .living("FieldPermissions")
            .filter(|record| record.text("ParentId") == Some(set))
            .map(|record| record.id.clone())
            .collect();
        for id in old {
            if let Some(record) = self.records.get_mut("FieldPermissions", &id) {
                record.cells.insert("IsDeleted".into(), Cell::Bool(true));
            }
        }
        for (full, editable) in fields {
            let id = self.ids.next("01k");
            let text = |text: &str| Cell::Text(text.to_owned());
            let object = full.split_once('.').map_or("", |(object, _)| object);
            let cells = [
                ("ParentId", text(set)),
                ("SobjectType", text(object)),
                ("Field", text(full)),
                ("PermissionsRead", Cell::Bool(true)),
                ("PermissionsEdit", Cell::Bool(*editable)),
            ];
            self.plant("FieldPermissions", id, &cells);
        }
        self.objects_changed = self.now();
    }
}

fn read(organisation: &Organisation, element: Element<'_, '_>) -> Result<PermissionSet, Fault> {
    element.allows(&[
        "description",
        "fieldPermissions",
        "hasActivationRequired",
        "label",
        "license",
        "objectPermissions",
        "userPermissions",
    ])?;
    let label = element.required("label")?;
    if label.chars().count() > LABEL_LIMIT {
        return Err(format!("Value too long for field: Label maximum length is:{LABEL_LIMIT}"));
    }
    element.flag("hasActivationRequired")?;
    let mut set =
        PermissionSet { label: label.into(), fields: BTreeMap::new(), objects: Vec::new() };
    for permission in element.children("fieldPermissions", "PermissionSetFieldPermissions") {
        let Some((field, editable)) = field_permission(organisation, permission)? else {
            continue;
        };
        if set.fields.insert(field.clone(), editable).is_some() {
            return Err(format!("Duplicate fieldPermissions: {field}"));
        }
    }
    for permission in element.children("objectPermissions", "PermissionSetObjectPermissions") {
        set.objects.extend(object_permission(organisation, permission)?);
    }
    let reads = |object: &str| set.objects.iter().any(|known| known == object);
    if let Some(object) =
        BELOW_ACCOUNT.iter().find(|object| reads(object)).filter(|_| !reads("Account"))
    {
        return Err(format!("Permission Read {object} depends on permission(s): Read Account"));
    }
    for permission in element.children("userPermissions", "PermissionSetUserPermission") {
        permission.allows(&["enabled", "name"])?;
        permission.required("name")?;
        permission.required_flag("enabled")?;
    }
    Ok(set)
}

/// The field and whether it may be edited; nothing when it may not even be read.
fn field_permission(
    organisation: &Organisation,
    permission: Element<'_, '_>,
) -> Result<Option<(String, bool)>, Fault> {
    permission.allows(&["editable", "field", "readable"])?;
    let full = permission.required("field")?;
    let (editable, readable) =
        (permission.required_flag("editable")?, permission.flag("readable")? == Some(true));
    let unknown = || format!("In field: field - no CustomField named {full} found");
    let (object, name) = full.split_once('.').ok_or_else(unknown)?;
    let object = organisation.object(object).map_err(|_| unknown())?;
    let field = object.fields.iter().find(|field| field.name == name).ok_or_else(unknown)?;
    if !field.nillable && field.default.is_none() {
        return Err(format!("You cannot deploy to a required field: {full}"));
    }
    if editable && !readable {
        return Err(format!("Field {full}: editing needs reading"));
    }
    Ok(readable.then(|| (full.to_owned(), editable)))
}

/// The object when it may be read.
fn object_permission(
    organisation: &Organisation,
    permission: Element<'_, '_>,
) -> Result<Option<String>, Fault> {
    permission.allows(&[
        "allowCreate",
        "allowDelete",
        "allowEdit",
        "allowRead",
        "modifyAllRecords",
        "object",
        "viewAllFields",
        "viewAllRecords",
    ])?;
    let name = permission.required("object")?;
    organisation
        .object(name)
        .map_err(|_| format!("In field: object - no CustomObject named {name} found"))?;
    let flag = |flag: &str| permission.required_flag(flag);
    let read = flag("allowRead")?;
    let (create, edit, delete) = (flag("allowCreate")?, flag("allowEdit")?, flag("allowDelete")?);
    let (view_all, modify_all) = (flag("viewAllRecords")?, flag("modifyAllRecords")?);
    let depends = [
        (create, "Create", read, "Read"),
        (edit, "Edit", read, "Read"),
        (delete, "Delete", read && edit, "Read, Edit"),
        (view_all, "View All", read, "Read"),
        (
            modify_all,
            "Modify All",
            read && edit && delete && view_all,
            "Read, Edit, Delete, View All",
        ),
    ];
    match depends.iter().find(|(wanted, _, given, _)| *wanted && !*given) {
        Some((_, wanted, _, needed)) => {
            Err(format!("Permission {wanted} {name} depends on permission(s): {needed} {name}"))
        }
        None => Ok(read.then(|| name.to_owned())),
    }
}
