//! The customer's account and contact: found if possible, made otherwise.
//!
//! Neither has an identifier of ours, so making one is not idempotent: always look first, and after
//! an unknown outcome the next try looks again.

use async_trait::async_trait;

use crate::dialect::{AccountNames, ContactNames, Dialect};
use crate::write::{Fields, Write};

/// Columns, and the text that each must equal.
pub type Terms<'a> = Vec<(&'static str, &'a str)>;

/// One of the two records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Customer {
    /// The account.
    Account,
    /// The contact.
    Contact,
}

impl Customer {
    /// As sentences speak of it.
    pub fn what(self) -> &'static str {
        match self {
            Self::Account => "the customer's account",
            Self::Contact => "the customer's contact",
        }
    }
}

impl AccountNames {
    /// What an account is found by: its name, and the postal code where one is given. `None`
    /// without a name.
    pub fn terms<'a>(&self, account: &'a Fields) -> Option<Terms<'a>> {
        let name = (self.name, text(account, self.name)?);
        let code = text(account, self.postal_code).map(|code| (self.postal_code, code));
        Some([Some(name), code].into_iter().flatten().collect())
    }
}

impl ContactNames {
    /// What a contact is found by: its e-mail address; without one its name, which tells nobody
    /// apart beyond one account. `None` when nothing tells it from others.
    pub fn terms<'a>(&self, contact: &'a Fields, within_account: bool) -> Option<Terms<'a>> {
        if let Some(mail) = text(contact, self.mail) {
            return Some(vec![(self.mail, mail)]);
        }
        let last = text(contact, self.last_name).filter(|_| within_account)?;
        let first = text(contact, self.first_name).map(|first| (self.first_name, first));
        Some(first.into_iter().chain([(self.last_name, last)]).collect())
    }
}

fn text<'a>(fields: &'a Fields, column: &str) -> Option<&'a str> {
    fields.get(column)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// Whom a record names already; nobody of one that does not exist yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named<Id> {
    /// Whether it has a customer, be it an account or not.
    pub has_customer: bool,
    /// Its account.
    pub account: Option<Id>,
    /// Whether it has a contact.
    pub has_contact: bool,
}

/// Whom a record is to name, where it names nobody yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<Id> {
    /// The account.
    pub account: Option<Id>,
    /// The contact.
    pub contact: Option<Id>,
}

/// A CRM's accounts and contacts, where they are looked for and made one by one.
#[async_trait]
pub trait Customers: Sync {
    /// An id.
    type Id: Clone + Send + Sync;
    /// What can go wrong.
    type Error: Send;

    /// The oldest record in use that fits, so that every try finds the same one; a contact within
    /// `account`, where that is given.
    async fn find(
        &self,
        what: Customer,
        terms: &Terms<'_>,
        account: Option<&Self::Id>,
    ) -> Result<Option<Self::Id>, Self::Error>;

    /// Makes a record of these columns; a contact within `account`, where that is given.
    async fn make(
        &self,
        what: Customer,
        fields: &Fields,
        account: Option<&Self::Id>,
    ) -> Result<Self::Id, Self::Error>;
}

/// Finds or makes account and contact of a write, where the record names none. Whom a deal belongs
/// to is never changed: a repetition of a create finds its own choice in place. Either may be left
/// out: a deal may lack its customer, and is worth more than it.
pub async fn found_or_made<C: Customers>(
    customers: &C,
    dialect: &Dialect,
    write: &Write,
    named: Named<C::Id>,
) -> Result<Chosen<C::Id>, C::Error> {
    let mut account = None;
    if !write.account.is_empty() && !named.has_customer {
        match dialect.account.terms(&write.account) {
            None => tracing::info!(
                "left out {}: `{}/{}` is empty",
                Customer::Account.what(),
                dialect.account.lookup,
                dialect.account.name
            ),
            Some(terms) => {
                account = Some(match customers.find(Customer::Account, &terms, None).await? {
                    Some(found) => found,
                    None => customers.make(Customer::Account, &write.account, None).await?,
                });
            }
        }
    }
    let contact = if write.contact.is_empty() || named.has_contact {
        None
    } else {
        let within = account.as_ref().or(named.account.as_ref());
        contact(customers, dialect.contact, &write.contact, within).await?
    };
    Ok(Chosen { account, contact })
}

async fn contact<C: Customers>(
    customers: &C,
    names: ContactNames,
    fields: &Fields,
    account: Option<&C::Id>,
) -> Result<Option<C::Id>, C::Error> {
    let Some(terms) = names.terms(fields, account.is_some()) else {
        let ContactNames { lookup, mail, last_name, .. } = names;
        let missing = if account.is_some() {
            format!("`{lookup}/{mail}` and `{lookup}/{last_name}` are empty")
        } else {
            format!("`{lookup}/{mail}` is empty, and no account is known to look for a name in")
        };
        tracing::info!("left out {}: {missing}", Customer::Contact.what());
        return Ok(None);
    };
    match customers.find(Customer::Contact, &terms, account).await? {
        Some(found) => Ok(Some(found)),
        None => customers.make(Customer::Contact, fields, account).await.map(Some),
    }
}

#[cfg(test)]
mod tests;
