//! What Dynamics 365 Sales calls the things that every CRM has (contract dynamics365 2.2, 2.6,
//! 2.7).

use cosell_crm::{AccountNames, ContactNames, Dialect};

use crate::mapped::CRM;
use crate::odata;

/// The names.
pub(crate) static DIALECT: Dialect = Dialect {
    record_ids: CRM.record_ids,
    product: "Dynamics",
    is_name: odata::is_name,
    currency: "transactioncurrencyid/isocurrencycode",
    account: AccountNames {
        lookup: "customerid_account",
        name: "name",
        postal_code: "address1_postalcode",
    },
    contact: ContactNames {
        lookup: "parentcontactid",
        mail: "emailaddress1",
        first_name: "firstname",
        last_name: "lastname",
    },
};
