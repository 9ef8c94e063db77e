//! A lead's states: open, disqualified, qualified (contract dynamics365 2.8 "Lead").

use cosell_crm::CrmError;
use cosell_model::crm::Phase;
use serde_json::json;
use uuid::Uuid;

use crate::address::Address;
use crate::error::DynamicsError;
use crate::sales::Dynamics;

/// New: the status reason that the contract's reopening of a lead has.
const NEW: i32 = 1;

impl Dynamics {
    /// As [`Self::bring_to`], of a lead. One that became an opportunity stays as it is: reopening
    /// it would leave the opportunity behind.
    pub(crate) async fn bring_lead_to(
        &self,
        id: Uuid,
        version: &str,
        from: Phase,
        to: Phase,
    ) -> Result<bool, DynamicsError> {
        let body = match (from, to) {
            (Phase::Qualified, Phase::Open) => return Ok(false),
            (Phase::Qualified, _) => {
                return Err(CrmError::unwritable(
                    "statecode",
                    format!(
                        "of lead {id} cannot be changed: it is qualified, and its opportunity has \
                         the deal now"
                    ),
                )
                .into());
            }
            (_, Phase::Open) => json!({"statecode": 0, "statuscode": NEW}),
            (_, Phase::Lost) => {
                json!({"statecode": 2, "statuscode": self.settings.disqualified_status})
            }
            _ => {
                return Err(CrmError::unwritable(
                    "statecode",
                    format!(
                        "of lead {id} cannot be {to}; correct the stages of the mapping's leads"
                    ),
                )
                .into());
            }
        };
        let mut address = Address::of_version(&self.schema, id, version);
        address.doing = format!("bringing lead {id} to the phase {to}");
        self.amend(&address, version, body).await?;
        Ok(true)
    }
}
