//! Which fields this installation reads and writes.

use std::collections::{BTreeMap, BTreeSet};

use cosell_model::id::ReferralId;
use cosell_model::path::ColumnPath;

use crate::dialect::{CURRENCY, DIALECT};
use crate::error::SalesforceError;
use crate::object::Object;
use crate::soql;

/// Always read, whatever the mapping and beside what tells the phase: they make identity, version
/// and who wrote last.
const OWN_FIELDS: [&str; 4] = ["Id", "LastModifiedDate", "LastModifiedById", "SystemModstamp"];

/// The relationship to the opportunity's customer.
pub(crate) const ACCOUNT: &str = "Account";
/// The primary contact role's contact; not a relationship of the opportunity itself.
pub(crate) const CONTACT: &str = "Contact";

/// The object and its mapped fields, checked: every name in it can stand in a query.
#[derive(Clone, Debug)]
pub struct Schema {
    pub(crate) object: Object,
    /// Fields of the record itself, without [`CURRENCY`].
    pub(crate) plain: BTreeSet<String>,
    /// Whether the currency is mapped.
    pub(crate) currency: bool,
    /// Fields of related records, by relationship.
    related: BTreeMap<String, BTreeSet<String>>,
    /// Fields of the primary contact.
    contact: BTreeSet<String>,
    pub(crate) sync_field: String,
    pub(crate) referral_id_field: String,
}

impl Schema {
    /// The opportunity object. `fields` are the mapped ones: plain (`Amount`), of a related record
    /// (`Account/Name`, `Owner/Email`), or of the primary contact (`Contact/Email`). `sync_field`
    /// is the checkbox "Sync with Partner Center"; `referral_id_field` is the unique External ID.
    ///
    /// Fails with [`CrmError::InvalidColumn`] on a name that no field can have.
    pub fn opportunities(
        fields: &BTreeSet<ColumnPath>,
        sync_field: &str,
        referral_id_field: &str,
    ) -> Result<Self, SalesforceError> {
        Self::of(Object::Opportunity, fields, sync_field, referral_id_field)
    }

    /// The lead object, otherwise as [`Schema::opportunities`]. A lead has company, name and
    /// address in fields of its own: [`SalesforceError::NotOfLeads`] on a field of an account or
    /// contact.
    pub fn leads(
        fields: &BTreeSet<ColumnPath>,
        sync_field: &str,
        referral_id_field: &str,
    ) -> Result<Self, SalesforceError> {
        Self::of(Object::Lead, fields, sync_field, referral_id_field)
    }

    fn of(
        object: Object,
        fields: &BTreeSet<ColumnPath>,
        sync_field: &str,
        referral_id_field: &str,
    ) -> Result<Self, SalesforceError> {
        let checked = |name: &str| DIALECT.checked(name);
        let mut schema = Self {
            object,
            plain: BTreeSet::from([checked(sync_field)?, checked(referral_id_field)?]),
            currency: false,
            related: BTreeMap::new(),
            contact: BTreeSet::new(),
            sync_field: sync_field.to_owned(),
            referral_id_field: referral_id_field.to_owned(),
        };
        for field in fields {
            if let Some(known) = misspelt(field) {
                return Err(SalesforceError::Misspelt { known });
            }
            match field.lookup() {
                None if *field == CURRENCY => schema.currency = true,
                None => drop(schema.plain.insert(checked(field.column())?)),
                Some(ACCOUNT | CONTACT) if object == Object::Lead => {
                    return Err(SalesforceError::NotOfLeads {
                        name: field.as_str().chars().take(64).collect(),
                    });
                }
                Some(CONTACT) => drop(schema.contact.insert(checked(field.column())?)),
                Some(relationship) => {
                    schema
                        .related
                        .entry(checked(relationship)?)
                        .or_default()
                        .insert(checked(field.column())?);
                }
            }
        }
        Ok(schema)
    }

    /// The query of the records that `condition` describes.
    pub(crate) fn select(&self, has_currency: bool, condition: &str) -> String {
        let own = OWN_FIELDS.iter().chain(self.object.phase_fields());
        let mut fields: BTreeSet<String> = own.map(|&name| name.to_owned()).collect();
        fields.extend(self.plain.iter().cloned());
        if self.currency && has_currency {
            fields.insert(CURRENCY.to_owned());
        }
        for (relationship, names) in &self.related {
            fields.extend(names.iter().map(|name| format!("{relationship}.{name}")));
        }
        let fields: Vec<String> = fields.into_iter().collect();
        // Two, so that a field that is not unique after all is found out.
        format!(
            "SELECT {} FROM {} WHERE {condition} ORDER BY Id LIMIT 2",
            fields.join(", "),
            self.object.name()
        )
    }

    /// The query of the primary contact; `None` when nothing of it is mapped.
    pub(crate) fn select_contact(&self, condition: &str) -> Option<String> {
        let fields: Vec<String> =
            self.contact.iter().map(|name| format!("{CONTACT}.{name}")).collect();
        (!fields.is_empty()).then(|| {
            format!(
                "SELECT {} FROM OpportunityContactRole WHERE IsPrimary = true AND \
                 Opportunity.{condition} LIMIT 1",
                fields.join(", ")
            )
        })
    }

    /// The record of a referral, as a condition.
    pub(crate) fn of_referral(&self, id: ReferralId) -> String {
        format!("{} = {}", self.referral_id_field, soql::text(&id.to_string()))
    }

    /// Paths of fields of other records, as the mapping writes them, with the relationship that
    /// leads there.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&str, &String)> {
        let related = self.related.iter().flat_map(|(relationship, names)| {
            names.iter().map(move |name| (relationship.as_str(), name))
        });
        related.chain(self.contact.iter().map(|name| (CONTACT, name)))
    }
}

/// The names that mean something of their own here: the service takes them in any case of letters,
/// we do not.
fn misspelt(field: &ColumnPath) -> Option<&'static str> {
    let (first, known): (_, &[&'static str]) = match field.lookup() {
        Some(relationship) => (relationship, &[ACCOUNT, CONTACT]),
        None => (field.column(), &[CURRENCY]),
    };
    known.iter().find(|known| **known != first && known.eq_ignore_ascii_case(first)).copied()
}

/// The record of an id, as a condition.
pub(crate) fn of_id(id: &str) -> String {
    format!("Id = {}", soql::text(id))
}

#[cfg(test)]
mod tests {
    use cosell_crm::CrmError;

    use super::*;

    fn schema(fields: &[&str]) -> Result<Schema, SalesforceError> {
        let fields = fields.iter().map(|&field| field.into()).collect();
        Schema::opportunities(&fields, "Sync__c", "Referral__c")
    }

    #[test]
    fn related_fields_become_paths_and_the_contact_a_query_of_its_own() {
        let schema = schema(&[
            "Name",
            "CurrencyIsoCode",
            "Account/BillingCity",
            "Contact/Email",
            "Owner/Email",
        ])
        .unwrap();
        let own = "Id, IsClosed, IsWon, LastModifiedById, LastModifiedDate, Name, Owner.Email, \
                   Referral__c, StageName, Sync__c, SystemModstamp";
        assert_eq!(
            schema.select(false, &of_id("006")),
            format!(
                "SELECT Account.BillingCity, {own} FROM Opportunity WHERE Id = '006' ORDER BY Id \
                 LIMIT 2"
            )
        );
        assert!(schema.select(true, &of_id("006")).contains("CurrencyIsoCode"));
        assert_eq!(
            schema.select_contact(&of_id("006")).unwrap(),
            "SELECT Contact.Email FROM OpportunityContactRole WHERE IsPrimary = true AND \
             Opportunity.Id = '006' LIMIT 1"
        );
    }

    #[test]
    fn a_name_that_could_change_the_query_is_refused() {
        for bad in ["Name FROM User", "a/b/c", "Account/", "/Name", "Name,Id", "Na'me"] {
            assert!(
                matches!(schema(&[bad]), Err(SalesforceError::Crm(CrmError::InvalidColumn { .. }))),
                "{bad}"
            );
        }
        assert!(Schema::opportunities(&BTreeSet::new(), "Sync c", "Referral__c").is_err());
        for bad in ["currencyisocode", "account/Name", "CONTACT/Email"] {
            assert!(matches!(schema(&[bad]), Err(SalesforceError::Misspelt { .. })), "{bad}");
        }
    }
}
