//! Creating, changing and deleting records, with all that follows from it.

use std::sync::Arc;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::cell::Cell;
use super::organisation::Organisation;
use super::permissions::OF_ADMINISTRATORS;
use super::records::{Cells, Record};
use super::refusal::{Outcome, Problem, Refusal};
use super::schema::{Kind, Object};

/// Who writes, and with which liberties.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    pub(crate) user: String,
    /// `Sforce-Duplicate-Rule-Header: allowSave=true`.
    pub(crate) allow_save: bool,
    /// Not `Sforce-Auto-Assign: FALSE`.
    pub(crate) assigns: bool,
}

impl Organisation {
    /// The seller, played by the control port: the user interface lets a person save despite an
    /// alert.
    pub(crate) fn as_seller(&self) -> Writer {
        Writer { user: self.seller.clone(), allow_save: true, assigns: false }
    }

    pub(crate) fn create(
        &mut self,
        object: &Arc<Object>,
        writer: &Writer,
        body: &Map<String, Value>,
    ) -> Outcome<String> {
        require_writable(object)?;
        let given = self.payload(object, body, true)?;
        let mut cells = given.clone();
        for field in &object.fields {
            let empty = (field.kind == Kind::Bool).then_some(Cell::Bool(false));
            if let Some(default) = field.default.clone().or(empty) {
                cells.entry(field.name.clone()).or_insert(default);
            }
        }
        let now = Cell::moment(self.now());
        let user = Cell::Text(writer.user.clone());
        let owner = cells
            .get("OwnerId")
            .filter(|cell| !cell.is_null())
            .cloned()
            .unwrap_or_else(|| user.clone());
        if object.field("OwnerId").is_some() {
            cells.insert("OwnerId".into(), owner);
        }
        self.assign(object, writer, &mut cells);
        if self.switches.multi_currency && object.field("CurrencyIsoCode").is_some() {
            let code = cells.entry("CurrencyIsoCode".into()).or_insert(Cell::Null);
            if code.is_null() {
                *code = Cell::Text("USD".into());
            }
        }
        cells.extend([("CreatedDate".into(), now), ("CreatedById".into(), user)]);
        self.settle(object, &mut cells, &given, None);
        self.check(object, writer, None, &cells)?;
        let id = self.ids.next(object.prefix);
        cells.insert("Id".into(), Cell::Text(id.clone()));
        let contact = cells.get("ContactId").filter(|_| object.name == "Opportunity").cloned();
        self.store(object, &id, cells, None, writer);
        if let Some(contact) = contact {
            let role = [
                ("OpportunityId".into(), id.as_str().into()),
                ("ContactId".into(), contact.to_json()),
                ("IsPrimary".into(), true.into()),
            ];
            let roles = self.object("OpportunityContactRole")?;
            self.create(&roles, writer, &Map::from_iter(role))?;
        }
        Ok(id)
    }

    pub(crate) fn update(
        &mut self,
        object: &Arc<Object>,
        writer: &Writer,
        id: &str,
        body: &Map<String, Value>,
    ) -> Outcome<()> {
        require_writable(object)?;
        let given = self.payload(object, body, false)?;
        let before =
            self.records.get(object.name, id).ok_or_else(Refusal::not_found)?.cells.clone();
        if object.name == "Lead" && before.get("IsConverted") == Some(&Cell::Bool(true)) {
            return Err(Refusal::bad(
                "CANNOT_UPDATE_CONVERTED_LEAD",
                "cannot reference converted lead",
            ));
        }
        let mut cells = before.clone();
        cells.extend(given.clone());
        self.assign(object, writer, &mut cells);
        self.settle(object, &mut cells, &given, Some(&before));
        self.check(object, writer, Some(id), &cells)?;
        self.store(object, id, cells, Some(before), writer);
        Ok(())
    }

    /// The assignment rule gives a lead that is written through the API to the seller (contract
    /// salesforce 3.11).
    fn assign(&self, object: &Object, writer: &Writer, cells: &mut Cells) {
        if object.name == "Lead" && self.switches.lead_assignment_rule && writer.assigns {
            cells.insert("OwnerId".into(), Cell::Text(self.seller.clone()));
        }
    }

    /// Moves a record into the recycle bin, and an account's or opportunity's children with it.
    pub(crate) fn delete(
        &mut self,
        object: &Arc<Object>,
        writer: &Writer,
        id: &str,
    ) -> Outcome<()> {
        require_writable(object)?;
        let record = self.records.get(object.name, id).ok_or_else(Refusal::not_found)?.clone();
        self.refuse_locked(&record.cells, Some(id))?;
        let mut cells = record.cells.clone();
        cells.insert("IsDeleted".into(), Cell::Bool(true));
        self.store(object, id, cells, Some(record.cells), writer);
        if object.name == "Opportunity" {
            for child in ["OpportunityLineItem", "OpportunityContactRole"] {
                let child = self.object(child)?;
                let children = self.records.living(child.name);
                let ids: Vec<String> = children
                    .filter(|record| record.text("OpportunityId") == Some(id))
                    .map(|record| record.id.clone())
                    .collect();
                for id in ids {
                    self.delete(&child, writer, &id)?;
                }
            }
        }
        Ok(())
    }

    /// Everything that can refuse a record as it would be stored.
    fn check(
        &mut self,
        object: &Object,
        writer: &Writer,
        id: Option<&str>,
        cells: &Cells,
    ) -> Outcome<()> {
        self.refuse_missing(object, cells)?;
        self.refuse_permission(object, id, cells)?;
        self.refuse_invalid(object, cells)?;
        self.refuse_taken(object, id, cells)?;
        self.refuse_duplicate(object, writer, id, cells)?;
        self.refuse_locked(cells, id)
    }

    fn refuse_missing(&self, object: &Object, cells: &Cells) -> Outcome<()> {
        let is_required =
            |name: &str| self.switches.required_fields.contains(&format!("{}.{name}", object.name));
        let is_empty = |name: &str| cells.get(name).is_none_or(Cell::is_null);
        let mut missing: Vec<&str> = object
            .fields
            .iter()
            .filter(|field| {
                (!field.nillable && field.default.is_none()) || is_required(&field.name)
            })
            .map(|field| field.name.as_str())
            .filter(|name| is_empty(name))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        missing.sort_unstable();
        let text = format!("Required fields are missing: [{}]", missing.join(", "));
        Err(Problem::new("REQUIRED_FIELD_MISSING", text).about(&missing).into())
    }

    /// Stores a record under the present second.
    pub(crate) fn store(
        &mut self,
        object: &Object,
        id: &str,
        mut cells: Cells,
        before: Option<Cells>,
        writer: &Writer,
    ) {
        let now = Cell::moment(self.now());
        cells.insert("LastModifiedDate".into(), now.clone());
        cells.insert("SystemModstamp".into(), now);
        cells.insert("LastModifiedById".into(), Cell::Text(writer.user.clone()));
        cells.retain(|_, cell| !cell.is_null());
        if OF_ADMINISTRATORS.contains(&object.name) {
            self.objects_changed = self.now();
        }
        let opportunity = cells.get("OpportunityId").and_then(Cell::as_text).map(str::to_owned);
        self.records.put(Record {
            id: id.to_owned(),
            object: object.name,
            cells,
            before,
            hidden_until: None,
        });
        if let Some(opportunity) = opportunity.filter(|_| object.name == "OpportunityLineItem") {
            self.sum_lines(&opportunity, &writer.user);
        }
    }

    /// Takes a record out of the recycle bin; 404 when it is not in it.
    pub(crate) fn undelete(&mut self, object: &Object, writer: &Writer, id: &str) -> Outcome<()> {
        let record = self.records.get(object.name, id).filter(|record| record.is_deleted());
        let before = record.ok_or_else(Refusal::not_found)?.cells.clone();
        let mut cells = before.clone();
        cells.insert("IsDeleted".into(), Cell::Bool(false));
        self.refuse_taken(object, Some(id), &cells)?;
        self.store(object, id, cells, Some(before), writer);
        Ok(())
    }

    /// The values an automated process leaves behind: `SystemModstamp` moves, `LastModifiedDate`
    /// does not.
    pub(crate) fn touch(&mut self, object: &Object, id: &str, at: Timestamp) -> Outcome<()> {
        let record = self.records.get_mut(object.name, id).ok_or_else(Refusal::not_found)?;
        record.cells.insert("SystemModstamp".into(), Cell::moment(at));
        Ok(())
    }
}

fn require_writable(object: &Object) -> Outcome<()> {
    if object.writable {
        return Ok(());
    }
    let text = format!("entity type {} does not support this operation", object.name);
    Err(Refusal::bad("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", text))
}

/// The 403 or 400 of a lock, depending on the switch.
pub(crate) fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::BAD_REQUEST)
}
