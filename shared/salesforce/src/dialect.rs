//! What Salesforce calls the things that every CRM has (contract salesforce 2).

use cosell_crm::{AccountNames, ContactNames, Dialect};

use crate::record_id::RECORD_IDS;
use crate::soql;

/// Exists only in organisations with several currencies (contract salesforce 2.1).
pub(crate) const CURRENCY: &str = "CurrencyIsoCode";

/// The names. A contact is that of the primary contact role, not of a relationship of the
/// opportunity itself.
pub(crate) static DIALECT: Dialect = Dialect {
    record_ids: RECORD_IDS,
    product: "Salesforce",
    is_name: soql::is_name,
    currency: CURRENCY,
    account: AccountNames { lookup: "Account", name: "Name", postal_code: "BillingPostalCode" },
    contact: ContactNames {
        lookup: "Contact",
        mail: "Email",
        first_name: "FirstName",
        last_name: "LastName",
    },
};
