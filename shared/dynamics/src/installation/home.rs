//! Publisher and solution: what the columns' names begin with, and where they are kept (contract
//! dynamics365 5.1).

use cosell_crm::finding::{Finding, State};
use serde_json::{Value as Json, json};

use super::DynamicsInstallation;
use crate::error::DynamicsError;
use crate::fields::OPTION_PREFIX;
use crate::odata;
use crate::web_api::Call;

/// The solution that holds what we make.
pub(super) const SOLUTION: &str = "CosellSync";
/// A choice value outside of the publisher's range.
pub(super) const OUTSIDE_RANGE: &str = "0x80048402";

impl DynamicsInstallation {
    /// Finds or makes both; a finding when the solution cannot take columns.
    pub(super) async fn ready_home(&self) -> Result<Option<Finding>, DynamicsError> {
        let publisher = match self.publisher().await? {
            Some(id) => id,
            None => self.create_publisher().await?,
        };
        let query = [
            ("$select", "solutionid,ismanaged,_publisherid_value"),
            ("$filter", &format!("uniquename eq {}", odata::text(SOLUTION))),
        ];
        let Some(solution) = self.first("solutions", &query, "looking for the solution").await?
        else {
            self.create_solution(&publisher).await?;
            return Ok(None);
        };
        Ok(self.unfit(&solution, &publisher))
    }

    fn unfit(&self, solution: &Json, publisher: &str) -> Option<Finding> {
        let wrong = |is: &str, should: String, remedy: &str| State::Wrong {
            is: is.to_owned(),
            should,
            remedy: remedy.to_owned(),
        };
        let state = if solution["ismanaged"] == json!(true) {
            wrong(
                "a managed solution, which takes no columns",
                "the newest version, or not there".to_owned(),
                "import the newest version of the managed solution, or remove it after backing up \
                 its columns",
            )
        } else if solution["_publisherid_value"] != publisher {
            wrong(
                "of another publisher",
                format!("of the publisher with the prefix {}", self.prefix),
                "set PUBLISHER_PREFIX to that publisher's prefix, or delete the solution if it is \
                 empty",
            )
        } else {
            return None;
        };
        Some(Finding::new("the environment", "Solution", SOLUTION, state))
    }

    /// The id of the publisher with our prefix.
    async fn publisher(&self) -> Result<Option<String>, DynamicsError> {
        let query = [
            ("$select", "publisherid"),
            ("$filter", &format!("customizationprefix eq {}", odata::text(&self.prefix))),
        ];
        let found = self.first("publishers", &query, "looking for the publisher").await?;
        Ok(found.and_then(|row| row["publisherid"].as_str().map(str::to_owned)))
    }

    async fn create_publisher(&self) -> Result<String, DynamicsError> {
        let doing = format!("creating the publisher with the prefix {}", self.prefix);
        let body = json!({
            "uniquename": format!("cosellsync{}", self.prefix),
            "friendlyname": "Co-sell sync",
            "customizationprefix": self.prefix,
            "customizationoptionvalueprefix": OPTION_PREFIX,
        });
        let answer = self
            .api
            .send(&Call::post(self.api.url("publishers", &[]), body, doing))
            .await?
            .accepted()?;
        self.publisher().await?.ok_or_else(|| answer.lacks("the publisher just created"))
    }

    async fn create_solution(&self, publisher: &str) -> Result<(), DynamicsError> {
        let body = json!({
            "uniquename": SOLUTION,
            "friendlyname": "Co-sell sync",
            "version": "1.0.0.0",
            "publisherid@odata.bind": format!("/publishers({publisher})"),
        });
        let call = Call::post(
            self.api.url("solutions", &[]),
            body,
            format!("creating the solution {SOLUTION}"),
        );
        self.api.send(&call).await?.accepted().map(|_| ())
    }

    async fn first(
        &self,
        set: &str,
        query: &[(&str, &str)],
        doing: &str,
    ) -> Result<Option<Json>, DynamicsError> {
        let answer =
            self.api.send(&Call::get(self.api.url(set, query), doing)).await?.accepted()?;
        let rows = answer.body["value"].as_array().ok_or_else(|| answer.lacks("a list of rows"))?;
        Ok(rows.first().cloned())
    }
}
