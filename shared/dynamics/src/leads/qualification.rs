//! From a lead to its opportunity (contract dynamics365 2.8 "Lead").
//!
//! Any step may have been made by an earlier try, or by a seller: each looks first.

use cosell_crm::customer::{Named, found_or_made};
use cosell_crm::{CrmError, Write};
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::id::ReferralId;
use cosell_sync::FailureKind;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::DynamicsLeads;
use crate::address::Address;
use crate::bound::Bound;
use crate::customer;
use crate::dialect::DIALECT;
use crate::error::DynamicsError;
use crate::error_code::ErrorCode;
use crate::record::Stored;
use crate::row;
use crate::table::{BECAME, Table};
use crate::web_api::Call;

const ACCOUNT: &str = "parentaccountid";
const ACCOUNT_ID: &str = "_parentaccountid_value";
const CONTACT_ID: &str = "_parentcontactid_value";

/// A lead as it is now.
struct Standing {
    version: String,
    phase: Phase,
    /// The account that a seller chose for it, or an earlier try of ours.
    account: Option<Uuid>,
    has_contact: bool,
    opportunity: Option<Uuid>,
}

impl DynamicsLeads {
    pub(super) async fn qualified(
        &self,
        lead: &CrmRecord,
        referral: ReferralId,
        write: Write,
    ) -> Result<CrmRecord, DynamicsError> {
        let id = self.table.uuid(&lead.key.id)?;
        let standing = self.unchanged(id, lead).await?;
        if let Some(carrier) = self.carrier(referral).await? {
            return self.take_over(carrier, referral, write).await;
        }
        if standing.phase != Phase::Qualified {
            self.close(id, &standing, &write).await?;
        }
        let doing = format!("looking for what became of lead {id}");
        // Without an opportunity a seller has qualified it meanwhile: the next reconciliation
        // shows it.
        let opportunity = self
            .opportunity_of(id)
            .await?
            .ok_or_else(|| DynamicsError::Stale { doing: doing.clone() })?;
        let path = self.opportunities.schema.row(opportunity);
        let bound =
            self.opportunities.bound(&path, doing.clone(), ErrorCode::DOES_NOT_EXIST).await?;
        self.take_over(bound.ok_or(DynamicsError::Stale { doing })?, referral, write).await
    }

    /// The opportunity that has this Referral Identifier already.
    async fn carrier(&self, referral: ReferralId) -> Result<Option<Bound>, DynamicsError> {
        let path = self.opportunities.schema.row_of_referral(referral);
        let doing = format!("looking for the opportunity of referral {referral}");
        self.opportunities.bound(&path, doing, ErrorCode::UNKNOWN_KEY).await
    }

    /// The lead, if it is as it was read; `QualifyLead` knows no version, so it is compared here. One
    /// that somebody qualified meanwhile has an opportunity of theirs, which is to be read first.
    async fn unchanged(&self, id: Uuid, lead: &CrmRecord) -> Result<Standing, DynamicsError> {
        let doing = format!("qualifying lead {id}");
        let standing = self.standing(id).await?;
        match standing {
            Some(standing)
                if (standing.phase, lead.phase) == (Phase::Qualified, Phase::Qualified) =>
            {
                Ok(standing)
            }
            Some(standing) if standing.version != lead.version => {
                Err(DynamicsError::Stale { doing })
            }
            Some(standing) if standing.phase == Phase::Lost => Err(CrmError::unwritable(
                "statecode",
                format!(
                    "of lead {id} says that it is disqualified; reopen the lead in Dynamics to go \
                     on with the deal"
                ),
            )
            .into()),
            Some(standing) => Ok(standing),
            None => Err(DynamicsError::Stale { doing }),
        }
    }

    async fn standing(&self, id: Uuid) -> Result<Option<Standing>, DynamicsError> {
        let select = format!("statecode,statuscode,{ACCOUNT_ID},{CONTACT_ID},{BECAME}");
        let url = self.table.api.url(&self.table.schema.row(id), &[("$select", &select)]);
        let call = Call::get(url, format!("reading lead {id}"));
        let Some(answer) = self.table.api.send(&call).await?.unless(ErrorCode::DOES_NOT_EXIST)?
        else {
            return Ok(None);
        };
        let row = &answer.body;
        let phase = Table::Lead.phase(&self.table.settings, &row["statecode"], &row["statuscode"]);
        Ok(Some(Standing {
            version: row::version(row).ok_or_else(|| answer.lacks("the row's version"))?,
            phase: phase.ok_or_else(|| answer.lacks("a known state"))?,
            account: row::id(&row[ACCOUNT_ID]),
            has_contact: !row[CONTACT_ID].is_null(),
            opportunity: row::id(&row[BECAME]),
        }))
    }

    /// The opportunity that a qualified lead became, whichever side names it.
    async fn opportunity_of(&self, lead: Uuid) -> Result<Option<Uuid>, DynamicsError> {
        match self.standing(lead).await?.and_then(|standing| standing.opportunity) {
            Some(opportunity) => Ok(Some(opportunity)),
            None => self.opportunity_from(lead).await,
        }
    }

    /// Qualifies an open lead. Account and contact are found or made as for any opportunity, so the
    /// action makes neither.
    async fn close(
        &self,
        id: Uuid,
        standing: &Standing,
        write: &Write,
    ) -> Result<(), DynamicsError> {
        let mut body = json!({
            "CreateAccount": false,
            "CreateContact": false,
            "CreateOpportunity": true,
            "Status": self.table.settings.qualified_status,
        });
        let code = write.currency.as_ref().unwrap_or(&Json::Null);
        if let Some(currency) = self.table.currencies.id(&self.table.api, code).await? {
            body["OpportunityCurrencyId"] = entity("transactioncurrency", currency);
        }
        if let Some(account) = self.bind_customer(id, standing, write).await? {
            body["OpportunityCustomerId"] = entity("account", account);
        }
        let path = format!("{}/Microsoft.Dynamics.CRM.QualifyLead", self.table.schema.row(id));
        let call =
            Call::post(self.table.api.url(&path, &[]), body, format!("qualifying lead {id}"));
        match self.table.api.send(&call).await?.accepted() {
            Ok(_) => {
                tracing::info!(crm.id = %id, "qualified a lead");
                Ok(())
            }
            Err(refusal) if refusal.kind() == FailureKind::Rejected => {
                match self.standing(id).await? {
                    Some(standing) if standing.phase == Phase::Qualified => {
                        Err(DynamicsError::Stale { doing: format!("qualifying lead {id}") })
                    }
                    _ => Err(refusal),
                }
            }
            Err(failure) => Err(failure),
        }
    }

    /// Binds the lead to account and contact where it has none, as the action would with what it
    /// makes: should we end after it, the opportunity has them. Returns the account. The write is
    /// also what tells that nobody has changed the lead meanwhile.
    async fn bind_customer(
        &self,
        id: Uuid,
        standing: &Standing,
        write: &Write,
    ) -> Result<Option<Uuid>, DynamicsError> {
        let named = Named {
            has_customer: standing.account.is_some(),
            account: standing.account,
            has_contact: standing.has_contact,
        };
        let chosen = found_or_made(self.table.api.as_ref(), &DIALECT, write, named).await?;
        let lookups = [
            (ACCOUNT, chosen.account.map(|id| customer::bind("accounts", id))),
            (DIALECT.contact.lookup, chosen.contact.map(|id| customer::bind("contacts", id))),
        ];
        let bound = lookups.into_iter().filter_map(|(lookup, bind)| Some((lookup, bind?)));
        let body: Map<String, Json> =
            bound.map(|(lookup, bind)| (format!("{lookup}@odata.bind"), bind)).collect();
        if !body.is_empty() {
            let address = Address::of_version(&self.table.schema, id, &standing.version);
            self.table.amend(&address, &standing.version, Json::Object(body)).await?;
        }
        Ok(standing.account.or(chosen.account))
    }

    /// Writes the referral's columns into an opportunity that exists. One that is closed stays so.
    async fn take_over(
        &self,
        bound: Bound,
        referral: ReferralId,
        mut write: Write,
    ) -> Result<CrmRecord, DynamicsError> {
        let (table, identifier) =
            (&self.opportunities, &self.opportunities.schema.referral_id_column);
        if bound
            .referral
            .is_some_and(|carried| !carried.eq_ignore_ascii_case(&referral.to_string()))
        {
            let reason = format!(
                "of opportunity {} has another deal's identifier already; clear it there if the \
                 deal is this lead's",
                bound.id
            );
            return Err(CrmError::unwritable(identifier, reason).into());
        }
        let phase = if bound.phase.is_closed() { Some(bound.phase) } else { write.phase };
        let mut body: Map<String, Json> = std::mem::take(&mut write.own);
        body.insert(identifier.clone(), referral.to_string().into());
        table
            .bind_currency(&mut body, write.currency.as_ref().filter(|code| !code.is_null()))
            .await?;
        table.bind_customer(&mut body, bound.named, &write).await?;
        let address = Address::of_version(&table.schema, bound.id, &bound.version);
        let answer = table.save_columns(&address, body, phase).await?;
        let stored = Stored::read(&table.schema, &table.settings, &answer)?;
        table.finish(stored, phase, None).await
    }
}

fn entity(name: &str, id: Uuid) -> Json {
    let mut entity = Map::from_iter([(
        "@odata.type".to_owned(),
        format!("Microsoft.Dynamics.CRM.{name}").into(),
    )]);
    entity.insert(format!("{name}id"), id.to_string().into());
    Json::Object(entity)
}
