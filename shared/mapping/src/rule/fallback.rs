//! What takes the place of a value that is not there.

use serde_json::Value as Json;

use super::Rule;
use crate::conversion_error::ConversionError;
use crate::expression::Expression;
use cosell_model::crm::CrmRecord;
use cosell_model::path::ColumnPath;
use cosell_model::value::Value;

impl Rule {
    /// The CRM columns that the rule reads or writes, its own before those that stand in for it.
    pub fn columns(&self) -> impl Iterator<Item = &ColumnPath> {
        let own = Some(&self.crm).filter(|_| self.from_crm.is_none());
        let computed = self.from_crm.iter().flat_map(Expression::columns);
        own.into_iter().chain(computed).chain(&self.fallback)
    }

    /// The column that is read of this record: the first that has something, or else the rule's
    /// own.
    pub fn column_of(&self, record: &CrmRecord) -> &ColumnPath {
        let is_filled = |column: &&ColumnPath| match record.get(column.as_str()) {
            Json::Null => false,
            Json::String(text) => !text.is_empty(),
            _ => true,
        };
        self.columns().find(is_filled).unwrap_or(&self.crm)
    }

    /// What a new referral gets in place of nothing, in the CRM's form; `None` where there is no
    /// default.
    pub fn default_value(&self) -> Option<Result<Value, ConversionError>> {
        Some(self.read_default(self.default.as_deref()?))
    }

    /// What a new CRM record gets in place of nothing, in the CRM's form; `None` where there is no
    /// default.
    pub fn default_to_crm(&self) -> Option<Result<Value, ConversionError>> {
        Some(self.read_default(self.default_to_crm.as_deref()?))
    }

    fn read_default(&self, text: &str) -> Result<Value, ConversionError> {
        Ok(Value::from_text(self.crm_kind(), text)?)
    }
}
