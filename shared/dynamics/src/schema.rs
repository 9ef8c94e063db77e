//! Which columns this installation reads and writes.

use std::collections::{BTreeMap, BTreeSet};

use cosell_crm::CrmError;
use cosell_model::id::ReferralId;
use cosell_model::path::ColumnPath;
use uuid::Uuid;

use crate::dialect::DIALECT;
use crate::odata;
use crate::table::Table;

/// The table and its mapped columns, checked: every name in it can stand in a URL.
#[derive(Clone, Debug)]
pub struct Schema {
    pub(crate) table: Table,
    /// Columns of the row itself.
    pub(crate) plain: BTreeSet<String>,
    /// Columns of related rows, by navigation name.
    pub(crate) related: BTreeMap<String, BTreeSet<String>>,
    pub(crate) sync_column: String,
    pub(crate) referral_id_column: String,
}

impl Schema {
    /// The opportunity table. `columns` are the mapped ones: plain (`estimatedvalue`) or
    /// `lookup/column` with the navigation name of `$expand` first (`customerid_account/name`; it
    /// is case-sensitive, contract dynamics365 2.2). `sync_column` is the Yes/No column "Sync with
    /// Partner Center"; `referral_id_column` is the text column that carries the alternate key.
    ///
    /// Fails with [`CrmError::InvalidColumn`] on a name that no Dataverse column can have.
    pub fn opportunities(
        columns: &BTreeSet<ColumnPath>,
        sync_column: &str,
        referral_id_column: &str,
    ) -> Result<Self, CrmError> {
        Self::of(Table::Opportunity, columns, sync_column, referral_id_column)
    }

    /// The lead table, as [`Self::opportunities`]; its co-sell columns have the same names there.
    pub fn leads(
        columns: &BTreeSet<ColumnPath>,
        sync_column: &str,
        referral_id_column: &str,
    ) -> Result<Self, CrmError> {
        Self::of(Table::Lead, columns, sync_column, referral_id_column)
    }

    fn of(
        table: Table,
        columns: &BTreeSet<ColumnPath>,
        sync_column: &str,
        referral_id_column: &str,
    ) -> Result<Self, CrmError> {
        let checked = |name: &str| DIALECT.checked(name);
        let mut plain: BTreeSet<String> = table.own_columns().map(str::to_owned).collect();
        plain.insert(checked(sync_column)?);
        plain.insert(checked(referral_id_column)?);
        let mut related: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for path in columns {
            let column = checked(path.column())?;
            match path.lookup() {
                None => plain.insert(column),
                Some(lookup) => related.entry(checked(lookup)?).or_default().insert(column),
            };
        }
        Ok(Self {
            table,
            plain,
            related,
            sync_column: sync_column.to_owned(),
            referral_id_column: referral_id_column.to_owned(),
        })
    }

    /// What people call one row.
    pub(crate) fn row_name(&self) -> &'static str {
        self.table.entity()
    }

    /// The name of the primary key column.
    pub(crate) fn id_column(&self) -> String {
        format!("{}id", self.table.entity())
    }

    pub(crate) fn row(&self, id: Uuid) -> String {
        odata::row(self.table.entity_set(), id)
    }

    /// A row's address by the alternate key. A GUID has none of the characters that break such a
    /// key (contract dynamics365 3.5).
    pub(crate) fn row_of_referral(&self, id: ReferralId) -> String {
        format!(
            "{}({}={})",
            self.table.entity_set(),
            self.referral_id_column,
            odata::text(&id.to_string())
        )
    }

    pub(crate) fn select(&self) -> String {
        comma(&self.plain)
    }

    /// `None` when no column of a related row is mapped.
    pub(crate) fn expand(&self) -> Option<String> {
        let parts: Vec<String> = self
            .related
            .iter()
            .map(|(lookup, columns)| format!("{lookup}($select={})", comma(columns)))
            .collect();
        (!parts.is_empty()).then(|| parts.join(","))
    }
}

fn comma(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[&str]) -> BTreeSet<ColumnPath> {
        names.iter().map(|&name| name.into()).collect()
    }

    #[test]
    fn paths_become_an_expand_with_its_own_select() {
        let names = columns(&[
            "name",
            "customerid_account/name",
            "customerid_account/address1_city",
            "owninguser/internalemailaddress",
        ]);
        let schema = Schema::opportunities(&names, "nwcs_sync", "nwcs_referralid").unwrap();
        assert_eq!(
            schema.select(),
            "modifiedon,name,nwcs_referralid,nwcs_sync,statecode,statuscode,versionnumber"
        );
        assert_eq!(
            schema.expand().unwrap(),
            "customerid_account($select=address1_city,name),\
             owninguser($select=internalemailaddress)"
        );
    }

    #[test]
    fn a_name_that_could_change_the_query_is_refused() {
        for bad in ["name)&$top=1", "a/b/c", "customerid_account/", "/name", "name desc"] {
            let refused = Schema::opportunities(&columns(&[bad]), "nwcs_sync", "nwcs_referralid");
            assert!(matches!(refused, Err(CrmError::InvalidColumn { .. })), "{bad}");
        }
        assert!(Schema::opportunities(&columns(&[]), "nwcs sync", "nwcs_referralid").is_err());
    }

    #[test]
    fn a_lead_is_read_with_what_it_became() {
        let schema = Schema::leads(&columns(&["subject"]), "nwcs_sync", "nwcs_referralid").unwrap();
        assert_eq!(
            schema.select(),
            "_masterid_value,_qualifyingopportunityid_value,modifiedon,nwcs_referralid,nwcs_sync,\
             statecode,statuscode,subject,versionnumber"
        );
        assert_eq!(
            (schema.id_column().as_str(), schema.row(Uuid::nil()).as_str()),
            ("leadid", "leads(00000000-0000-0000-0000-000000000000)")
        );
    }

    #[test]
    fn a_row_is_addressed_by_referral_id_through_the_alternate_key() {
        let schema = Schema::opportunities(&columns(&[]), "nwcs_sync", "nwcs_referralid").unwrap();
        let id = ReferralId::new(Uuid::from_u128(0xb9d6));
        assert_eq!(
            schema.row_of_referral(id),
            "opportunities(nwcs_referralid='00000000-0000-0000-0000-00000000b9d6')"
        );
    }
}
