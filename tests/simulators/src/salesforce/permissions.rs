//! Field-level security by permission sets, and who may change the organisation (contract
//! salesforce 5.3, 5.5).

use axum::http::StatusCode;

use super::cell::Cell;
use super::organisation::Organisation;
use super::records::{Cells, Record};
use super::refusal::{Outcome, Problem, Refusal};
use super::schema::{Field, Object};

/// What only who may customise the application writes.
pub(crate) const OF_ADMINISTRATORS: [&str; 3] =
    ["PermissionSet", "FieldPermissions", "PermissionSetAssignment"];

impl Organisation {
    /// Whether the API user sees a field that nobody sees until it is granted.
    pub(crate) fn is_granted(&self, object: &Object, field: &Field) -> bool {
        self.has_grant(object, field, "PermissionsRead")
    }

    /// Whether the API user may write a field.
    pub(crate) fn is_editable(&self, object: &Object, field: &Field) -> bool {
        !field.by_grant || self.has_grant(object, field, "PermissionsEdit")
    }

    fn has_grant(&self, object: &Object, field: &Field, right: &str) -> bool {
        let name = format!("{}.{}", object.name, field.name);
        let assigned = |set: &str| {
            let mut assignments = self.records.living("PermissionSetAssignment");
            assignments.any(|record| {
                record.text("PermissionSetId") == Some(set)
                    && record.text("AssigneeId") == Some(&self.api_user)
            })
        };
        let grants =
            |record: &Record| record.get(right).as_bool() == Some(true) && is_about(record, &name);
        self.records
            .living("FieldPermissions")
            .any(|record| grants(record) && record.text("ParentId").is_some_and(assigned))
    }

    /// "Customize Application" is needed for fields, permission sets and their assignment.
    pub(crate) fn refuse_customising(&self, what: &str) -> Outcome<()> {
        if !self.switches.cannot_customise {
            return Ok(());
        }
        let text = format!("insufficient access rights on entity: {what}");
        Err(Refusal::new(StatusCode::FORBIDDEN, "INSUFFICIENT_ACCESS_OR_READONLY", text))
    }

    /// What a record of a permission must be, besides what its fields say.
    pub(crate) fn refuse_permission(
        &self,
        object: &Object,
        id: Option<&str>,
        cells: &Cells,
    ) -> Outcome<()> {
        if !OF_ADMINISTRATORS.contains(&object.name) {
            return Ok(());
        }
        self.refuse_customising(object.name)?;
        let text = |name: &str| cells.get(name).and_then(Cell::as_text).unwrap_or_default();
        match object.name {
            "FieldPermissions" => {
                self.refuse_unknown_field(text("SobjectType"), text("Field"))?;
                let has = |right: &str| cells.get(right) == Some(&Cell::Bool(true));
                if has("PermissionsEdit") && !has("PermissionsRead") {
                    let text = "Edit permission on a field requires read permission";
                    return Err(Refusal::bad("FIELD_INTEGRITY_EXCEPTION", text));
                }
                self.refuse_second(object, id, cells, ["ParentId", "Field"])
            }
            "PermissionSetAssignment" => {
                self.refuse_second(object, id, cells, ["PermissionSetId", "AssigneeId"])
            }
            _ => Ok(()),
        }
    }

    fn refuse_unknown_field(&self, object: &str, full: &str) -> Outcome<()> {
        let field = full.split_once('.').filter(|(of, _)| *of == object).map(|(_, field)| field);
        let known = self.objects.iter().find(|known| known.name == object);
        let field = known.zip(field).and_then(|(known, field)| known.field(field));
        if field.is_some_and(|field| field.is_custom() || field.nillable) {
            return Ok(());
        }
        let text = format!("Field Name: bad value for restricted picklist field: {full}");
        Err(Problem::new("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text).about(&["Field"]).into())
    }

    fn refuse_second(
        &self,
        object: &Object,
        id: Option<&str>,
        cells: &Cells,
        pair: [&str; 2],
    ) -> Outcome<()> {
        let same =
            |record: &Record| pair.iter().all(|name| cells.get(*name) == Some(record.get(name)));
        let mut others =
            self.records.living(object.name).filter(|record| Some(record.id.as_str()) != id);
        match others.find(|record| same(record)) {
            None => Ok(()),
            Some(other) => {
                let text = format!(
                    "duplicate value found: {} duplicates value on record with id: {}",
                    pair[1], other.id
                );
                Err(Refusal::bad("DUPLICATE_VALUE", text))
            }
        }
    }
}

fn is_about(record: &Record, name: &str) -> bool {
    record.text("Field").is_some_and(|field| field.eq_ignore_ascii_case(name))
}
