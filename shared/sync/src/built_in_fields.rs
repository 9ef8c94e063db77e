//! Names of the built-in fields, for what still knows fields by name.

use std::collections::BTreeMap;

use cosell_model::field::Field;
use cosell_model::link::LastSynced;

/// Values by the names of their fields, as the link has them.
pub(crate) fn by_name(
    values: impl IntoIterator<Item = (Field, LastSynced)>,
) -> BTreeMap<String, LastSynced> {
    values.into_iter().map(|(field, value)| (field.to_string(), value)).collect()
}

/// [`cosell_model::field::Field::Stage`].
pub(crate) const STAGE: &str = "stage";
/// [`cosell_model::field::Field::Help`].
pub(crate) const HELP: &str = "help";
/// [`cosell_model::field::Field::Visibility`].
pub(crate) const VISIBILITY: &str = "visibility";
/// [`cosell_model::field::Field::Contact`].
pub(crate) const CONTACT: &str = "customer_contact";
/// [`cosell_model::field::Field::Reference`].
pub(crate) const REFERENCE: &str = "crm_id";
