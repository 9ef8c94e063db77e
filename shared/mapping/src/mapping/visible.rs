//! Whether Microsoft's sellers may see a deal, on both sides.

use serde_json::Value as Json;

use super::Mapping;
use crate::code::scalar_text;
use crate::conversion_error::ConversionError;
use cosell_model::crm::{CrmRecord, CrmWrite};
use cosell_model::field::Field;
use cosell_model::link::LastSynced;
use cosell_model::path::ColumnPath;
use cosell_model::referral::Referral;
use cosell_model::value::Value;

impl Mapping {
    /// Whether the record says that Microsoft's sellers may see the deal; `None` when it does not
    /// say, an error for a value the table lacks.
    pub fn visibility_of(&self, record: &CrmRecord) -> Result<Option<bool>, ConversionError> {
        let Some(visibility) = &self.visibility else {
            return Ok(None);
        };
        let present = record.get(visibility.column.as_str());
        match present {
            Json::Null => Ok(None),
            is if visibility.values.microsoft.is(is) => Ok(Some(true)),
            is if visibility.values.private.is(is) => Ok(Some(false)),
            other => Err(ConversionError::NoEntry { value: scalar_text(other) }),
        }
    }

    /// The column and the value of a deal that Microsoft's sellers may see; `None` where the
    /// mapping has no such column.
    pub fn visible(&self) -> Option<(&ColumnPath, &Json)> {
        let visibility = self.visibility.as_ref()?;
        Some((&visibility.column, visibility.values.microsoft.json()))
    }

    /// Has a new record say so, where Microsoft's sellers may see the referral.
    pub fn show_visibility(&self, referral: &Referral, write: &mut CrmWrite) {
        if let Some((column, value)) = self.visible().filter(|_| referral.is_visible_to_microsoft())
        {
            write.fields.insert(column.to_string(), value.clone());
        }
    }

    /// What counts as seen of a pair's visibility; `None` when there is nothing to remember yet.
    pub fn seen_visibility(
        &self,
        referral: &Referral,
        record: &CrmRecord,
    ) -> Option<(Field, LastSynced)> {
        let seen = self.observe_visibility(referral, record)?;
        self.is_visibility_settled(&seen).then_some((Field::Visibility, seen))
    }

    /// Both sides' values; `None` where there is no column, or Partner Center did not tell.
    pub(crate) fn observe_visibility(
        &self,
        referral: &Referral,
        record: &CrmRecord,
    ) -> Option<LastSynced> {
        let visibility = self.visibility.as_ref().filter(|_| referral.has("consent"))?;
        Some(LastSynced {
            partner_center: Value::Bool(referral.is_visible_to_microsoft()),
            crm: value_of(record.get(visibility.column.as_str())),
        })
    }

    /// The column's value among the seen values.
    pub fn visibility_in(&self, record: &CrmRecord) -> Value {
        let visibility = self.visibility.as_ref();
        visibility
            .map_or(Value::Nothing, |visibility| value_of(record.get(visibility.column.as_str())))
    }

    /// Whether what is seen of it counts as seen: what Partner Center shows is yet to be written to
    /// a column that does not say so.
    pub fn is_visibility_settled(&self, seen: &LastSynced) -> bool {
        let shown = |(_, value): (&ColumnPath, &Json)| seen.crm == value_of(value);
        seen.partner_center != Value::Bool(true) || self.visible().is_none_or(shown)
    }
}

fn value_of(json: &Json) -> Value {
    if json.is_null() { Value::Nothing } else { Value::text(scalar_text(json)) }
}
