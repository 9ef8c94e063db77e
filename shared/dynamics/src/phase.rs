//! Saving columns and changing state (contract dynamics365 2.8, 3.4, 3.5).

use cosell_model::crm::Phase;
use reqwest::StatusCode;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::address::Address;
use crate::error::DynamicsError;
use crate::error_code::ErrorCode;
use crate::row;
use crate::sales::Dynamics;
use crate::table::Table;
use crate::web_api::{Answer, Call, RETURN_ROW};

impl Dynamics {
    /// Saves columns and returns the row as stored. A closed opportunity may be locked: when it is
    /// to be brought to a phase anyway, it is reopened for that.
    pub(crate) async fn save_columns(
        &self,
        address: &Address,
        body: Map<String, Json>,
        phase: Option<Phase>,
    ) -> Result<Answer, DynamicsError> {
        let body = Json::Object(body);
        let answer = self.patch(address, address.version.as_deref(), body.clone()).await?;
        let reopens = phase.is_some() && self.schema.table == Table::Opportunity;
        if answer.code() != Some(ErrorCode::READ_ONLY_ROW) || !reopens {
            return missing_is_stale(address, address.version.as_deref(), answer);
        }
        // By referral the row exists, being locked, and must not be created anew if it vanishes
        // now.
        let version = address.version.as_deref().unwrap_or("*");
        let open = json!({"statecode": 0, "statuscode": self.settings.open_status});
        let reopened = missing_is_stale(
            address,
            Some(version),
            self.patch(address, Some(version), open).await?,
        )?;
        let version =
            row::version(&reopened.body).ok_or_else(|| reopened.lacks("the row's version"))?;
        missing_is_stale(address, Some(&version), self.patch(address, Some(&version), body).await?)
    }

    async fn patch(
        &self,
        address: &Address,
        version: Option<&str>,
        body: Json,
    ) -> Result<Answer, DynamicsError> {
        let url = self.api.url(&address.path, &[("$select", &self.schema.select())]);
        self.api
            .send(
                &Call::patch(url, body, address.doing.clone()).prefer(RETURN_ROW).if_match(version),
            )
            .await
    }

    /// Brings a row from one phase to another; `false` when it is there already. `version` is its
    /// version now.
    pub(crate) async fn bring_to(
        &self,
        id: Uuid,
        version: &str,
        from: Phase,
        to: Phase,
    ) -> Result<bool, DynamicsError> {
        let to = self.reachable(to);
        if from == to {
            return Ok(false);
        }
        if self.schema.table == Table::Lead {
            return self.bring_lead_to(id, version, from, to).await;
        }
        // Won and Lost are apart: between them lies Open.
        if from.is_closed() || !to.is_closed() {
            self.open(
                id,
                version,
                from,
                if to == Phase::OnHold { Phase::OnHold } else { Phase::Open },
            )
            .await?;
        }
        if to.is_closed() {
            self.close(id, to).await?;
        }
        Ok(true)
    }

    /// Whether the first write on the way from one phase to another is one that is refused when the
    /// row has changed.
    pub(crate) fn guards_itself(&self, from: Phase, to: Phase) -> bool {
        let to = self.reachable(to);
        from != to
            && match self.schema.table {
                Table::Lead => from != Phase::Qualified,
                Table::Opportunity => from.is_closed() || !to.is_closed(),
            }
    }

    /// The phase that the table can show for `phase`: without an on-hold status reason, on hold is
    /// open.
    pub(crate) fn reachable(&self, phase: Phase) -> Phase {
        let has_on_hold =
            self.schema.table == Table::Opportunity && self.settings.on_hold_status.is_some();
        if phase == Phase::OnHold && !has_on_hold { Phase::Open } else { phase }
    }

    async fn open(
        &self,
        id: Uuid,
        version: &str,
        from: Phase,
        to: Phase,
    ) -> Result<(), DynamicsError> {
        let status = match to {
            Phase::OnHold => self.settings.on_hold_status.unwrap_or(self.settings.open_status),
            _ => self.settings.open_status,
        };
        // Setting the state that a row has already can be refused, so an open row gets the status
        // reason alone.
        let body = if from.is_closed() {
            json!({"statecode": 0, "statuscode": status})
        } else {
            json!({"statuscode": status})
        };
        let mut address = Address::of_version(&self.schema, id, version);
        address.doing = format!("bringing opportunity {id} to the phase {to}");
        self.amend(&address, version, body).await
    }

    /// Changes the row that still has `version`.
    pub(crate) async fn amend(
        &self,
        address: &Address,
        version: &str,
        body: Json,
    ) -> Result<(), DynamicsError> {
        let answer = self.patch(address, Some(version), body).await?;
        missing_is_stale(address, Some(version), answer).map(drop)
    }

    /// The subject holds no customer's name: close rows are activities that more people may read
    /// than the deal.
    async fn close(&self, id: Uuid, to: Phase) -> Result<(), DynamicsError> {
        let (action, status, subject) = match to {
            Phase::Won => ("WinOpportunity", self.settings.won_status, "Won in Partner Center"),
            _ => ("LoseOpportunity", self.settings.lost_status, "Lost in Partner Center"),
        };
        let close = json!({
            "subject": subject, "opportunityid@odata.bind": format!("/{}", self.schema.row(id))
        });
        let body = json!({"Status": status, "OpportunityClose": close});
        let call = Call::post(
            self.api.url(action, &[]),
            body,
            format!("closing opportunity {id} as {to}"),
        );
        // Closed already, by an earlier try of ours or by a seller: reading it back shows which.
        self.api.send(&call).await?.unless(ErrorCode::CLOSED_ALREADY).map(drop)
    }
}

/// A conditional write to a row that is gone: it changed since it was read. By key, being gone has
/// a code of its own; the documentation's sample has none, and the address is known to be right
/// since the row was read there.
fn missing_is_stale(
    address: &Address,
    version: Option<&str>,
    answer: Answer,
) -> Result<Answer, DynamicsError> {
    let missing = match answer.code() {
        Some(code) => code == ErrorCode::DOES_NOT_EXIST || code == ErrorCode::UNKNOWN_KEY,
        None => answer.status == StatusCode::NOT_FOUND,
    };
    if missing && version.is_some() {
        return Err(DynamicsError::Stale { doing: address.doing.clone() });
    }
    answer.accepted()
}
