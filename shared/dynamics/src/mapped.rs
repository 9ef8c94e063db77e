//! What a mapping and the checks of it must know of Dynamics 365. The build of this crate reads
//! this file by itself, so it needs nothing else of it.

use cosell_mapping::{ColumnNames, Crm};

/// The lookup of the deal's currency.
pub(crate) const CURRENCY: &str = "transactioncurrencyid";

/// The placeholder of the publisher's prefix.
pub(crate) const PREFIX: &str = "prefix";

pub(crate) const CRM: Crm = Crm {
    column_names: Some(ColumnNames {
        fits: |name| !name.bytes().any(|byte| byte.is_ascii_uppercase()),
        wrong: "has capital letters, and Dynamics has none in its logical names",
        remedy: "write the logical name, as the maker portal shows it beside the schema name",
    }),
    ..Crm::of_guids("dynamics").with_currency_lookup(CURRENCY)
};
