//! Looking for referrals (contract partner-center 3.3).
//!
//! The rows of a list may be shortened: the contract's samples have neither `externalReferenceId`
//! nor `target` nor `details`. So a row only says where to look, and what is returned is whole.

use std::collections::BTreeSet;

use cosell_model::id::{EngagementId, ReferralId};
use cosell_model::record_id::RecordIds;
use cosell_model::referral::Referral;
use serde_json::Value as Json;

use crate::error::{Error, Operation, Problem};
use crate::listing::{Query, Rows, literal};
use crate::property::{named, text};
use crate::referrals::{Referrals, referral};

/// Rows never change place in this order while we page.
const OLDEST_FIRST: &str = "createdDateTime asc";

/// The blocks that decide what a referral is and what is copied from it.
const BLOCKS: [&str; 2] = ["target", "details"];

/// Ids of Partner Center itself.
const GUIDS: RecordIds = RecordIds::guids("partner-center");

/// The property that a referral is looked for by.
#[derive(Clone, Copy)]
struct Sought<'a> {
    property: &'static str,
    value: &'a str,
    ids: RecordIds,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Sought,
    Another,
    Nothing,
}

impl Sought<'_> {
    fn says(self, json: &Json) -> Says {
        match named(json, self.property) {
            None => Says::Nothing,
            Some(found) if found.as_str().is_some_and(|found| self.ids.same(found, self.value)) => {
                Says::Sought
            }
            Some(_) => Says::Another,
        }
    }
}

/// The filter for a reference: an id as the CRM and the connectors write it. One that a person
/// typed otherwise still is found only by a service that compares without case.
fn filter(ids: RecordIds, reference: &str) -> String {
    let spelt: Vec<String> = ids
        .spellings(reference)
        .iter()
        .map(|spelling| format!("externalReferenceId eq {}", literal(spelling)))
        .collect();
    spelt.join(" or ")
}

impl Referrals {
    /// All referrals of an engagement. Samples write its id bare and quoted; which one the service
    /// takes shows in its answer.
    pub(crate) async fn of_engagement(&self, id: EngagementId) -> Result<Vec<Referral>, Error> {
        let listed = match self.filtered(format!("engagementId eq {id}")).await {
            Err(error) if error.status() == Some(400) => {
                self.filtered(format!("engagementId eq '{id}'")).await?
            }
            other => other?,
        };
        let id = id.to_string();
        let sought = Sought { property: "engagementId", value: &id, ids: GUIDS };
        let mut found = Vec::new();
        for row in distinct(listed.rows) {
            let whole = BLOCKS.iter().all(|block| named(&row, block).is_some());
            if whole && sought.says(&row) == Says::Sought {
                found.push(parsed(row, listed.request_id.as_ref())?);
            } else {
                found.extend(self.whole(&row, sought, true).await?);
            }
        }
        Ok(found)
    }

    /// All referrals with this `externalReferenceId`, whole. That it can be filtered by is not
    /// documented, and a filter that is ignored must not make us adopt somebody else's referral:
    /// rows are compared in any case.
    pub(crate) async fn with_reference(&self, reference: &str) -> Result<Vec<Referral>, Error> {
        let sought =
            Sought { property: "externalReferenceId", value: reference, ids: self.record_ids };
        let rows = match self.filtered(filter(self.record_ids, reference)).await {
            Err(error) if matches!(error.status(), Some(400 | 422 | 501)) => {
                return self.among_all(sought).await;
            }
            listed => listed?.rows,
        };
        self.among(rows, sought, true).await
    }

    /// Looks at every referral there is, and reads each whose row does not say. That is slow, a
    /// call per hundred referrals and one more per shortened row; but a time bound, or a row passed
    /// over, would leave an older referral unfound, and what is not found is created a second time.
    async fn among_all(&self, sought: Sought<'_>) -> Result<Vec<Referral>, Error> {
        let all = Query { order: Some(OLDEST_FIRST), ..Query::default() };
        self.among(self.list(&all).await?.rows, sought, false).await
    }

    async fn among(
        &self,
        rows: Vec<Json>,
        sought: Sought<'_>,
        filtered: bool,
    ) -> Result<Vec<Referral>, Error> {
        let mut found = Vec::new();
        for row in distinct(rows) {
            found.extend(self.whole(&row, sought, filtered).await?);
        }
        Ok(found)
    }

    /// All referrals that wait for an answer. One that cannot be read is passed over: nobody can be
    /// notified of it either.
    pub(crate) async fn waiting(&self) -> Result<Vec<Referral>, Error> {
        let listed = self.filtered("status eq 'New'".into()).await?;
        let sought = Sought { property: "status", value: "New", ids: GUIDS };
        let mut found = Vec::new();
        for row in distinct(listed.rows) {
            let whole = ["target", "expirationDateTime"]
                .iter()
                .all(|property| named(&row, property).is_some());
            if whole && sought.says(&row) == Says::Sought {
                found.push(parsed(row, listed.request_id.as_ref())?);
            } else {
                found.extend(self.whole(&row, sought, false).await?);
            }
        }
        Ok(found)
    }

    async fn filtered(&self, filter: String) -> Result<Rows, Error> {
        let filter = Some(filter);
        self.list(&Query { filter, ..Query::default() }).await
    }

    /// The referral of a row, read by itself, if it is one of those looked for. `filtered`: the
    /// service chose the row for us, so that it must not be overlooked even if it does not say why.
    async fn whole(
        &self,
        row: &Json,
        sought: Sought<'_>,
        filtered: bool,
    ) -> Result<Option<Referral>, Error> {
        let says = sought.says(row);
        if says == Says::Another {
            return Ok(None);
        }
        let id: ReferralId = text(row, "id").and_then(|id| id.parse().ok()).ok_or_else(|| {
            unusable(Operation::ListReferrals, "a listed referral has no usable id")
        })?;
        let operation = Operation::ReadReferral(id);
        match self.answer_of(id).await? {
            Some(answer) => match answer.json() {
                Some(body) if body.is_object() && sought.says(&body) != Says::Sought => Ok(None),
                _ => referral(operation, &answer).map(Some),
            },
            None if filtered || says == Says::Sought => {
                Err(unusable(operation, "it is listed, but cannot be read"))
            }
            None => {
                tracing::warn!(
                    referral.id = %id,
                    "a listed referral cannot be read and was passed over"
                );
                Ok(None)
            }
        }
    }
}

/// Each referral once: lists overlap, and a row may be listed twice while we page.
fn distinct(mut rows: Vec<Json>) -> Vec<Json> {
    let mut seen = BTreeSet::new();
    rows.retain(|row| text(row, "id").is_none_or(|id| seen.insert(id.to_ascii_lowercase())));
    rows
}

fn parsed(row: Json, request_id: Option<&String>) -> Result<Referral, Error> {
    Referral::parse(row, None, request_id.cloned()).map_err(|error| Error::Unusable {
        operation: Operation::ListReferrals,
        request_id: request_id.cloned(),
        problem: Problem::Referral(error),
    })
}

fn unusable(operation: Operation, shape: &'static str) -> Error {
    Error::Unusable { operation, request_id: None, problem: Problem::Shape(shape) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ID: &str = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";

    #[test]
    fn an_id_is_looked_for_as_its_crm_writes_it_and_a_text_as_it_is() {
        let by = |spelling: &str| format!("externalReferenceId eq '{spelling}'");
        assert_eq!(filter(GUIDS, "{6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77}"), by(ID));
        assert_eq!(
            filter(cosell_salesforce::RECORD_IDS, "006Kd00000AbC1xIAF"),
            [by("006Kd00000AbC1xIAF"), by("006Kd00000AbC1x")].join(" or ")
        );
        assert_eq!(filter(GUIDS, "OPP-1"), by("OPP-1"));
    }

    #[test]
    fn a_row_without_the_property_says_nothing_and_one_with_null_says_another() {
        let sought =
            Sought { property: "externalReferenceId", value: "OPP-1", ids: RecordIds::none() };
        assert!(sought.says(&json!({ "id": "x" })) == Says::Nothing);
        assert!(sought.says(&json!({ "externalReferenceId": null })) == Says::Another);
        assert!(sought.says(&json!({ "ExternalReferenceID": "OPP-1" })) == Says::Sought);
    }

    #[test]
    fn a_row_that_is_listed_twice_is_looked_at_once() {
        let rows = vec![json!({ "id": ID }), json!({ "id": ID.to_uppercase() }), json!({})];
        assert_eq!(distinct(rows).len(), 2);
    }
}
