//! Fields an administrator adds while the organisation runs.

use std::mem::discriminant;
use std::sync::Arc;

use serde::Deserialize;

use super::cell::Cell;
use super::deploy::Effect;
use super::organisation::Organisation;
use super::refusal::{Outcome, Refusal};
use super::schema::{Field, Kind, Write};

/// A new field, in the words of contract salesforce 5.2.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomField {
    object: String,
    /// With `__c` at its end.
    name: String,
    /// `Text`, `LongTextArea`, `Url`, `Checkbox`, `Picklist`, `MultiselectPicklist`, `DateTime`,
    /// `Date`, `Number`, `Currency`.
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    length: Option<usize>,
    #[serde(default)]
    external_id: bool,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    restricted: bool,
    #[serde(default)]
    values: Vec<String>,
}

impl CustomField {
    fn kind(&self) -> Option<Kind> {
        let (restricted, values) = (self.restricted, self.values.clone());
        Some(match self.kind.as_str() {
            "Text" => Kind::Text(self.length.unwrap_or(255)),
            "LongTextArea" => Kind::Area(self.length.unwrap_or(32_768)),
            "Url" => Kind::Url,
            "Checkbox" => Kind::Bool,
            "Picklist" => Kind::Picklist { length: 255, restricted, values },
            "MultiselectPicklist" => Kind::Multi { restricted, values },
            "DateTime" => Kind::Moment,
            "Date" => Kind::Date,
            "Number" => Kind::Double(0),
            "Currency" => Kind::Currency(2),
            _ => return None,
        })
    }
}

impl Organisation {
    pub(crate) fn add_field(&mut self, wanted: CustomField) -> Outcome<()> {
        let invalid = |text: String| Refusal::bad("FIELD_INTEGRITY_EXCEPTION", text);
        let kind = wanted
            .kind()
            .ok_or_else(|| invalid(format!("type {} is not known here", wanted.kind)))?;
        if !wanted.name.ends_with("__c") {
            return Err(invalid(format!("the name {} does not end with __c", wanted.name)));
        }
        let mut field = Field::new(&wanted.name, kind, Write::Always);
        field.external_id = wanted.external_id;
        field.id_lookup = wanted.external_id;
        field.unique = wanted.unique;
        if let Some(label) = wanted.label {
            field.label = label;
        }
        if field.kind == Kind::Bool {
            field.nillable = false;
            field.default = Some(Cell::Bool(false));
        }
        self.install_field(&wanted.object, &field).map(drop)
    }

    /// Adds a field and gives its id; refuses a name that is taken.
    pub(crate) fn install_field(&mut self, object: &str, field: &Field) -> Outcome<String> {
        let object = self.object(object)?;
        if object.field(&field.name).is_some() {
            let text = format!("There is already a field named {} on {}.", field.name, object.name);
            return Err(Refusal::bad("DUPLICATE_DEVELOPER_NAME", text));
        }
        let id = self.note_custom_field(object.name, &field.name);
        for stored in &mut self.objects {
            if stored.name == object.name {
                Arc::make_mut(stored).fields.push(field.clone());
            }
        }
        self.objects_changed = self.now();
        Ok(id)
    }

    /// Adds a field or changes the one of that name, whose type and visibility stay what they are.
    pub(crate) fn put_field(&mut self, object: &str, field: Field) -> Outcome<Effect> {
        let object = self.object(object)?;
        let Some(known) = object.field(&field.name) else {
            return self.install_field(object.name, &field).map(|_| Effect::Created);
        };
        let field = Field { by_grant: known.by_grant, ..field };
        if *known == field {
            return Ok(Effect::Unchanged);
        }
        // Which types may become which is not in the contract: none may.
        if discriminant(&known.kind) != discriminant(&field.kind) {
            let text = format!("Cannot change field type of {}.{}", object.name, field.name);
            return Err(Refusal::bad("FIELD_INTEGRITY_EXCEPTION", text));
        }
        for stored in self.objects.iter_mut().filter(|stored| stored.name == object.name) {
            for known in &mut Arc::make_mut(stored).fields {
                if known.name == field.name {
                    *known = field.clone();
                }
            }
        }
        self.objects_changed = self.now();
        Ok(Effect::Changed)
    }
}
