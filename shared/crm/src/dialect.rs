//! What one CRM calls the things that every CRM has.

use cosell_model::record_id::RecordIds;

use crate::error::CrmError;

/// The names of one CRM.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// How its records' ids are written; the name in it is that of the descriptor.
    pub record_ids: RecordIds,
    /// What people call it.
    pub product: &'static str,
    /// Whether a text can be the name of a column or lookup. Only such text is ever put into an
    /// address, a query or a body's property name.
    pub is_name: fn(&str) -> bool,
    /// The code of a deal's currency, as a mapping writes it.
    pub currency: &'static str,
    /// The customer's account.
    pub account: AccountNames,
    /// The customer's contact.
    pub contact: ContactNames,
}

/// An account, and the columns that tell it from others.
#[derive(Clone, Copy, Debug)]
pub struct AccountNames {
    /// The opportunity's lookup of it.
    pub lookup: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The postal code of its address.
    pub postal_code: &'static str,
}

/// A contact, and the columns that tell it from others.
#[derive(Clone, Copy, Debug)]
pub struct ContactNames {
    /// The opportunity's lookup of it.
    pub lookup: &'static str,
    /// Its e-mail address.
    pub mail: &'static str,
    /// Its first name.
    pub first_name: &'static str,
    /// Its last name.
    pub last_name: &'static str,
}

impl Dialect {
    /// A column's or lookup's name, if it can be one.
    pub fn checked(&self, name: &str) -> Result<String, CrmError> {
        if (self.is_name)(name) {
            Ok(name.to_owned())
        } else {
            let name = name.chars().take(64).collect();
            Err(CrmError::InvalidColumn { name, product: self.product })
        }
    }
}
