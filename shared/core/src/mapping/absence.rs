//! What takes the place of a value that is not there.

use serde_json::Value as Json;

use super::{ConversionError, Expression, Rule};
use crate::crm::CrmRecord;
use crate::value::Value;

impl Rule {
    /// The CRM columns that the rule reads or writes, its own before those that stand in for it.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let own = Some(self.crm.as_str()).filter(|_| self.from_crm.is_none());
        let computed = self.from_crm.iter().flat_map(Expression::columns);
        own.into_iter().chain(computed).chain(self.fallback.iter().map(String::as_str))
    }

    /// The column that is read of this record: the first that has something, or else the rule's own.
    pub fn column_of(&self, record: &CrmRecord) -> &str {
        let is_filled = |column: &&str| match record.get(column) {
            Json::Null => false,
            Json::String(text) => !text.is_empty(),
            _ => true,
        };
        self.columns().find(is_filled).unwrap_or(&self.crm)
    }

    /// What a new referral gets in place of nothing, in the CRM's form; `None` where there is no default.
    pub(crate) fn default_value(&self) -> Option<Result<Value, ConversionError>> {
        Some(self.read_default(self.default.as_deref()?))
    }

    /// What a new CRM record gets in place of nothing, in the CRM's form; `None` where there is no default.
    pub(crate) fn default_to_crm(&self) -> Option<Result<Value, ConversionError>> {
        Some(self.read_default(self.default_to_crm.as_deref()?))
    }

    fn read_default(&self, text: &str) -> Result<Value, ConversionError> {
        Ok(Value::from_text(self.crm_kind(), text)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mapping::tests::shipped;
    use crate::plan::tests::{now, policy, record, referral, set};
    use crate::plan::{Carried, NewRecord, NewReferral, plan_record, plan_referral};

    #[test]
    fn the_first_column_that_has_something_is_read() {
        let mut mapping = shipped();
        let rule = mapping.rules.iter_mut().find(|rule| rule.name == "customer_city").unwrap();
        rule.fallback = vec!["customerid_account/address2_city".into(), "new_city".into()];
        let rule = rule.clone();
        let read = |change: fn(&mut CrmRecord)| rule.read_crm(&record(change)).unwrap();
        assert_eq!(read(|record| set(record, "new_city", json!("Luleå"))), Value::text("Umeå"));
        let other = |record: &mut CrmRecord| {
            set(record, "customerid_account/address1_city", json!(""));
            set(record, "customerid_account/address2_city", Json::Null);
            set(record, "new_city", json!("Luleå"));
        };
        assert_eq!(read(other), Value::text("Luleå"));
        let NewReferral::Create { body, .. } = plan_referral(&mapping, &policy(), &record(other))
        else {
            panic!("it is whole")
        };
        assert_eq!(body["customerProfile"]["address"]["city"], "Luleå");
        for column in ["customerid_account/address2_city", "new_city"] {
            assert!(mapping.crm_columns().contains(column), "{column} must be read");
        }
    }

    #[test]
    fn a_new_record_gets_the_default_where_partner_center_has_nothing() {
        let mut mapping = shipped();
        let rule = mapping.rules.iter_mut().find(|rule| rule.name == "contact_last_name").unwrap();
        rule.default_to_crm = Some("[not provided]".into());
        let rule = rule.clone();
        let inbound = |team: Json| referral(move |body| body["customerProfile"]["team"] = team);
        let NewRecord::Create(write) = plan_record(&mapping, &policy(), &inbound(json!([])), now())
        else {
            panic!("it is made")
        };
        assert_eq!(write.fields["parentcontactid/lastname"], "[not provided]");
        let Carried::Written { json, default, .. } =
            rule.carried_to_crm(&inbound(json!([{ "lastName": "Ek" }])))
        else {
            panic!("it is written")
        };
        assert_eq!((json, default), (json!("Ek"), false));
    }
}
