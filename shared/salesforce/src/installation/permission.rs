//! The permission sets that show the fields to the sync's user and to sellers (contract salesforce
//! 5.3, 5.5).

use std::collections::BTreeMap;

use cosell_crm::field::{CosellField, FilledBy};
use cosell_crm::finding::{Finding, State};
use cosell_crm::installation::{Progress, Tries};
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::{SalesforceInstallation, refused};
use crate::error::SalesforceError;
use crate::fields::{FIELDS, OBJECTS};
use crate::rest_api::{Answer, Call, RestApi, query};
use crate::soql;

/// What the findings call one.
const WHAT: &str = "Permission set";

/// A permission set of ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Set {
    pub(super) name: &'static str,
    label: &'static str,
    description: &'static str,
    /// Whether it lets edit what the sync fills in.
    edits_all: bool,
}

/// The first is that of the sync's own user.
pub(super) const SETS: [Set; 2] = [
    Set {
        name: "Msp_Cosell_Sync",
        label: "Microsoft co-sell: sync",
        description: "For the user that the co-sell sync signs in as.",
        edits_all: true,
    },
    Set {
        name: "Msp_Cosell_Seller",
        label: "Microsoft co-sell: seller",
        description: "For sellers: sees the co-sell fields and fills in those that are theirs.",
        edits_all: false,
    },
];

/// One and what it grants now.
#[derive(Clone, Debug)]
pub(super) struct FoundSet {
    set: Set,
    /// `None` when there is no such set.
    id: Option<String>,
    /// By `Object.Field`: whether it lets edit; to read is granted with every row.
    grants: BTreeMap<String, bool>,
}

/// One right that a set must give.
struct Grant {
    object: &'static str,
    field: String,
    edit: bool,
}

impl Set {
    fn grants(self) -> impl Iterator<Item = Grant> {
        let grant = move |object: &'static str, field: &CosellField| Grant {
            object,
            field: format!("{object}.{}", field.name),
            edit: self.edits_all || field.filled_by == FilledBy::Seller,
        };
        OBJECTS
            .into_iter()
            .flat_map(move |object| FIELDS.iter().map(move |field| grant(object, field)))
    }
}

impl FoundSet {
    pub(super) async fn read(api: &RestApi, set: Set) -> Result<Self, SalesforceError> {
        let mut found = Self {
            set,
            id: first_id(
                api,
                &format!("SELECT Id FROM PermissionSet WHERE Name = {}", soql::text(set.name)),
            )
            .await?,
            grants: BTreeMap::new(),
        };
        if let Some(id) = &found.id {
            let soql = format!(
                "SELECT Field, PermissionsRead, PermissionsEdit FROM FieldPermissions WHERE \
                 ParentId = {}",
                soql::text(id)
            );
            for row in rows(api, &soql).await? {
                if let (Some(field), Some(true)) =
                    (row["Field"].as_str(), row["PermissionsRead"].as_bool())
                {
                    found.grants.insert(
                        field.to_owned(),
                        row["PermissionsEdit"].as_bool().unwrap_or(false),
                    );
                }
            }
        }
        Ok(found)
    }

    pub(super) fn finding(&self) -> Finding {
        Finding::new("permissions", WHAT, self.set.name, self.state())
    }

    /// Whether it is there and no right is missing. One that is there and grants less is left to
    /// the administrator.
    pub(super) fn is_complete(&self) -> bool {
        self.id.is_some() && self.set.grants().all(|grant| self.grants.contains_key(&grant.field))
    }

    fn state(&self) -> State {
        let remedy = "`cosell crm install` creates what is missing".to_owned();
        if self.id.is_none() {
            return State::Missing { remedy };
        }
        let absent: Vec<String> = self
            .set
            .grants()
            .map(|grant| grant.field)
            .filter(|field| !self.grants.contains_key(field))
            .collect();
        if !absent.is_empty() {
            let is = format!("without {}", absent.join(", "));
            let should = "granting all co-sell fields".to_owned();
            return State::Wrong { is, should, remedy };
        }
        let narrow: Vec<String> = self
            .set
            .grants()
            .filter(|grant| grant.edit && self.grants.get(&grant.field) == Some(&false))
            .map(|grant| grant.field)
            .collect();
        if narrow.is_empty() {
            return State::Right;
        }
        State::Wrong {
            is: format!("read-only for {}", narrow.join(", ")),
            should: "letting edit them".to_owned(),
            remedy: "add Edit Access to these fields in the permission set".to_owned(),
        }
    }
}

impl SalesforceInstallation {
    /// Makes the sets and rights that are missing. A field that nobody could make gets none.
    pub(super) async fn grant_missing(
        &self,
        progress: &mut Progress,
    ) -> Result<(), SalesforceError> {
        for set in SETS {
            if progress.is_over() {
                return Ok(());
            }
            if let Err(error) = self.complete(set, progress).await {
                progress.refused(refused("permissions", WHAT, set.name, &error));
            }
        }
        Ok(())
    }

    async fn complete(&self, set: Set, progress: &mut Progress) -> Result<(), SalesforceError> {
        let mut found = FoundSet::read(&self.api, set).await?;
        if found.id.is_none() {
            let body =
                json!({"Name": set.name, "Label": set.label, "Description": set.description});
            self.post("PermissionSet", body, format!("creating the permission set {}", set.name))
                .await?;
            progress.created("permissions", set.name);
            found = FoundSet::read(&self.api, set).await?;
        }
        let id = found.id.unwrap_or_default();
        for grant in set.grants().filter(|grant| !found.grants.contains_key(&grant.field)) {
            let body = json!({
                "ParentId": id, "SobjectType": grant.object, "Field": grant.field,
                "PermissionsRead": true, "PermissionsEdit": grant.edit
            });
            let doing = format!("granting {} in the permission set {}", grant.field, set.name);
            self.post("FieldPermissions", body, doing).await?;
        }
        Ok(())
    }

    /// Assigns the sync's set to the signed-in user.
    pub(super) async fn assign(&self) -> Result<(), SalesforceError> {
        let call = Call::get("/services/oauth2/userinfo", "asking who is signed in");
        let answer = self.api.send(&call).await?.accepted()?;
        let user =
            answer.body["user_id"].as_str().ok_or_else(|| answer.lacks("a user"))?.to_owned();
        let doing = format!("assigning the permission set {} to the signed-in user", SETS[0].name);
        let Some(set) = FoundSet::read(&self.api, SETS[0]).await?.id else {
            return Err(answer.lacks("a permission set"));
        };
        let soql = format!(
            "SELECT Id FROM PermissionSetAssignment WHERE PermissionSetId = {} AND AssigneeId = {}",
            soql::text(&set),
            soql::text(&user)
        );
        if first_id(&self.api, &soql).await?.is_some() {
            return Ok(());
        }
        let body = json!({"PermissionSetId": set, "AssigneeId": user});
        self.post("PermissionSetAssignment", body, doing).await
    }

    /// Creates a record of which there can be only one: a repetition whose first try took effect is
    /// refused as a duplicate.
    async fn post(&self, object: &str, body: Json, doing: String) -> Result<(), SalesforceError> {
        let call = Call::new(Method::POST, format!("sobjects/{object}"), doing).body(body);
        let mut tries = Tries::new(self.pause);
        loop {
            let error = match self.api.send(&call).await.and_then(Answer::accepted) {
                Ok(_) => return Ok(()),
                Err(SalesforceError::Refused(refused)) if is_duplicate(refused.code.as_deref()) => {
                    return Ok(());
                }
                Err(error) => error,
            };
            if !tries.again(error.kind()).await {
                return Err(error);
            }
        }
    }
}

/// The contract names no code for a permission that is there already; a unique index and a taken
/// name have these.
fn is_duplicate(code: Option<&str>) -> bool {
    matches!(code, Some("DUPLICATE_VALUE" | "DUPLICATE_DEVELOPER_NAME"))
}

async fn first_id(api: &RestApi, soql: &str) -> Result<Option<String>, SalesforceError> {
    let rows = rows(api, soql).await?;
    Ok(rows.first().and_then(|row| row["Id"].as_str()).map(str::to_owned))
}

async fn rows(api: &RestApi, soql: &str) -> Result<Vec<Json>, SalesforceError> {
    let answer = api.send(&Call::get(query(soql), "reading permission sets")).await?.accepted()?;
    answer.rows().map(<[Json]>::to_vec)
}
