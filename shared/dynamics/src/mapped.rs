//! What the checks of a mapping must know of Dynamics 365. The build of the programs reads this
//! file by itself, so it needs nothing of this crate.

use cosell_mapping::ColumnNames;

/// The placeholder of the publisher's prefix.
pub(crate) const PREFIX: &str = "prefix";

/// The lookup of the deal's currency.
pub(crate) const CURRENCY: &str = "transactioncurrencyid";

pub(crate) const COLUMN_NAMES: ColumnNames = ColumnNames {
    fits: |name| !name.bytes().any(|byte| byte.is_ascii_uppercase()),
    wrong: "has capital letters, and Dynamics has none in its logical names",
    remedy: "write the logical name, as the maker portal shows it beside the schema name",
};
