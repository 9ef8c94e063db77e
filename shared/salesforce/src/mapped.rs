//! What the checks of a mapping must know of Salesforce. The build of this crate reads this file by
//! itself, so it needs nothing else of it.

use cosell_mapping::Crm;

/// The `system` of every key of ours.
pub(crate) const SYSTEM: &str = "salesforce";

/// No check asks what ids look like: the descriptor has their form.
pub(crate) const CRM: Crm = Crm::of_guids(SYSTEM);
