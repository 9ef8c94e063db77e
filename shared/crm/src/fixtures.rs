//! A made-up CRM for tests.

use cosell_model::record_id::RecordIds;

use crate::dialect::{AccountNames, ContactNames, Dialect};

pub(crate) const DIALECT: Dialect = Dialect {
    record_ids: RecordIds::guids("example"),
    product: "Example",
    is_name: |name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()),
    currency: "currency/code",
    account: AccountNames { lookup: "company", name: "name", postal_code: "code" },
    contact: ContactNames {
        lookup: "person",
        mail: "mail",
        first_name: "first",
        last_name: "last",
    },
};
