//! Creation, one field at a time: what a new referral or record gets. A creation is planned from
//! it, and a trial shows it.

use serde_json::Value as Json;

use super::{Required, Rule, When};
use crate::condition::Situation;
use crate::conversion_error::ConversionError;
use cosell_model::crm::CrmRecord;
use cosell_model::referral::Referral;
use cosell_model::value::Value;

/// What becomes of a field. Values are customer data.
#[derive(Clone, Debug, PartialEq)]
pub enum Carried {
    /// It is written.
    Written {
        /// As it is sent.
        json: Json,
        /// How many characters at its end are left out, because the column has no room for them.
        cut: usize,
        /// Whether it is the rule's default, since there is nothing.
        default: bool,
    },
    /// The rule is not there for such a deal.
    Inapplicable,
    /// The rule does not write it on creation, but then.
    Elsewhen(When),
    /// There is nothing.
    Empty,
    /// There is nothing, and a new referral cannot do without it.
    Missing,
    /// The value cannot be carried.
    Unfit(ConversionError),
}

impl Rule {
    /// What becomes of the field when a CRM record is made for this referral.
    pub fn carried_to_crm(&self, referral: &Referral) -> Carried {
        if !self.applies(Situation::of(referral, false)) {
            return Carried::Inapplicable;
        }
        if !self.to_crm.on_create() {
            return Carried::Elsewhen(self.to_crm);
        }
        let crossed = || {
            let value = self.read_partner_center(referral)?;
            Ok((self.uncut_to_crm(&value)?, self.across_to_crm(&value)?))
        };
        match crossed() {
            Ok((_, Value::Nothing)) => match self.default_to_crm() {
                Some(Ok(value)) if !value.is_nothing() => {
                    Carried::Written { json: self.crm_json(&value), cut: 0, default: true }
                }
                Some(Err(error)) => Carried::Unfit(error),
                _ => Carried::Empty,
            },
            Ok((whole, value)) => Carried::Written {
                json: self.crm_json(&value),
                cut: length(&whole).saturating_sub(length(&value)),
                default: false,
            },
            Err(error) => Carried::Unfit(error),
        }
    }

    /// What becomes of the field when such a referral is made for this CRM record; `cosell` when
    /// Microsoft's help is asked.
    pub fn carried_to_partner_center(&self, record: &CrmRecord, cosell: bool) -> Carried {
        if !self.to_partner_center.on_create() {
            return Carried::Elsewhen(self.to_partner_center);
        }
        let there = match self.read_crm(record) {
            Ok(there) => there,
            Err(error) => return Carried::Unfit(error),
        };
        let instead = self.default_value().filter(|_| there.is_nothing());
        let default = instead.is_some();
        let crossed =
            instead.unwrap_or(Ok(there)).and_then(|value| self.across_to_partner_center(&value));
        match crossed.and_then(|value| self.check_for_partner_center(&value, None).map(|()| value))
        {
            Ok(Value::Nothing) if self.is_required(cosell) => Carried::Missing,
            Ok(Value::Nothing) => Carried::Empty,
            Ok(value) => {
                Carried::Written { json: self.partner_center_json(&value, None), cut: 0, default }
            }
            Err(error) => Carried::Unfit(error),
        }
    }

    fn is_required(&self, cosell: bool) -> bool {
        match self.required {
            Required::Never => false,
            Required::Cosell => cosell,
            Required::Always => true,
        }
    }
}

fn length(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.chars().count(),
        _ => 0,
    }
}
