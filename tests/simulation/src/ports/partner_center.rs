//! Partner Center.

use async_trait::async_trait;
use cosell_model::id::{ETag, EngagementId, ReferralId};
use cosell_model::life_cycle::Stage;
use cosell_model::patch::PatchOperation;
use cosell_model::referral::Referral;
use cosell_sync::port::{PartnerCenter, ReferralChange};
use cosell_sync::{Failure, FailureKind, System};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::refused;
use crate::seat::Seat;
use crate::world::{Protection, Request, State, Write, Written};

/// A stored body always parses; one that does not is a fault of the simulation.
fn referral(body: &Json) -> Result<Referral, Failure> {
    Referral::parse(body.clone(), None, None)
        .map_err(|error| refused(System::PartnerCenter, FailureKind::Rejected, &error.to_string()))
}

/// All referrals that our user can see.
fn visible(state: &State) -> Result<Vec<Referral>, Failure> {
    let visible = state.referrals.iter().filter(|(id, _)| !state.hidden.contains(id));
    visible.map(|(_, body)| referral(body)).collect()
}

#[async_trait]
impl PartnerCenter for Seat {
    async fn get(&self, id: ReferralId) -> Result<Option<Referral>, Failure> {
        self.call("reads the referral", System::PartnerCenter, FailureKind::Transient, |state| {
            let visible = state.referrals.get(&id).filter(|_| !state.hidden.contains(&id));
            visible.map(referral).transpose()
        })
        .await
    }

    async fn in_engagement(&self, id: EngagementId) -> Result<Vec<Referral>, Failure> {
        let known_until = self.known_until();
        self.call("reads the engagement", System::PartnerCenter, FailureKind::Transient, |state| {
            let mut referrals = visible(state)?;
            referrals.retain(|referral| {
                referral.engagement == Some(id) && state.born[&referral.id] <= known_until
            });
            Ok(referrals)
        })
        .await
    }

    async fn by_external_reference(&self, reference: &str) -> Result<Vec<Referral>, Failure> {
        let blind = self.world.lacks(Protection::Search);
        let known_until = self.known_until();
        self.call(
            "searches Partner Center",
            System::PartnerCenter,
            FailureKind::Transient,
            |state| {
                let mut referrals = visible(state)?;
                referrals.retain(|referral| {
                    !blind
                        && referral.external_reference.as_deref() == Some(reference)
                        && state.born[&referral.id] <= known_until
                });
                Ok(referrals)
            },
        )
        .await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<ReferralChange>, Failure> {
        let known_until = self.known_until();
        self.call(
            "lists changed referrals",
            System::PartnerCenter,
            FailureKind::Transient,
            |state| {
                let mut referrals = visible(state)?;
                // A change is stamped a little after the model's clock, so that no two are alike.
                let known_until = known_until + SignedDuration::from_secs(1);
                referrals.retain(|referral| {
                    referral.updated >= since && referral.updated <= known_until
                });
                let change = |referral: Referral| ReferralChange {
                    id: referral.id,
                    updated: referral.updated,
                };
                Ok(referrals.into_iter().map(change).collect())
            },
        )
        .await
    }

    async fn pending(&self) -> Result<Vec<Referral>, Failure> {
        let known_until = self.known_until();
        self.call(
            "lists waiting referrals",
            System::PartnerCenter,
            FailureKind::Transient,
            |state| {
                let mut referrals = visible(state)?;
                referrals.retain(|referral| {
                    referral.stage == Stage::New && state.born[&referral.id] <= known_until
                });
                Ok(referrals)
            },
        )
        .await
    }

    async fn create(&self, body: &Json) -> Result<Referral, Failure> {
        let unknown = FailureKind::OutcomeUnknown;
        self.hang("creates a referral", System::PartnerCenter, unknown, || {
            Request::Create(body.clone())
        })?;
        self.call("creates a referral", System::PartnerCenter, unknown, |state| {
            let id = create(state, &self.invocation, body.clone());
            referral(&state.referrals[&id])
        })
        .await
    }

    async fn patch(
        &self,
        id: ReferralId,
        etag: &ETag,
        operations: &[PatchOperation],
    ) -> Result<Referral, Failure> {
        let request = || Request::Patch(id, etag.clone(), operations.to_vec());
        self.hang("patches the referral", System::PartnerCenter, FailureKind::Transient, request)?;
        self.call("patches the referral", System::PartnerCenter, FailureKind::Transient, |state| {
            patch(state, &self.invocation, id, etag, operations)
        })
        .await
    }
}

pub(crate) fn patch(
    state: &mut State,
    invocation: &str,
    id: ReferralId,
    etag: &ETag,
    operations: &[PatchOperation],
) -> Result<Referral, Failure> {
    let refuse = |kind, why| Err(refused(System::PartnerCenter, kind, why));
    let Some(before) = state.referrals.get(&id).filter(|_| !state.hidden.contains(&id)).cloned()
    else {
        return refuse(FailureKind::Rejected, "the referral is not visible");
    };
    let mut body = before.clone();
    if body["eTag"] != json!(etag.as_str()) {
        return refuse(FailureKind::Stale, "the eTag does not match");
    }
    if body["status"] == "Closed" {
        state.violations.push(format!("the closed referral {id} was patched"));
        return refuse(FailureKind::Rejected, "a closed referral was patched");
    }
    for operation in operations {
        let parts: Vec<&str> = operation.path.trim_start_matches('/').split('/').collect();
        let locked = match operation.path.as_str() {
            "/customerProfile/team" => has_half(state, &before),
            SHARE => operation.value != json!(true),
            _ => ["customerProfile", "consent", "inviteContext", "type", "qualification", "mpnId"]
                .contains(&parts[0]),
        };
        if locked {
            state.violations.push(format!("the locked {} of {id} was sent", operation.path));
        }
        *parts.iter().fold(&mut body, |at, part| &mut at[*part]) = operation.value.clone();
    }
    state.put_referral(id, body);
    wrote(state, invocation, id, Some(before));
    referral(&state.referrals[&id])
}

/// The switch that goes one way.
const SHARE: &str = "/consent/consentToShareReferralWithMicrosoftSellers";

/// Whether Microsoft was asked to help in this referral's engagement.
fn has_half(state: &State, own: &Json) -> bool {
    let halves = state.referrals.values().filter(|body| body["target"][0]["id"] == "msft");
    halves.into_iter().any(|half| half["engagementId"] == own["engagementId"])
}

fn wrote(state: &mut State, invocation: &str, id: ReferralId, before: Option<Json>) {
    let write = Write {
        invocation: invocation.to_owned(),
        at: state.now,
        moment: state.moment,
        subject: id.to_string(),
        before: before.map(Written::Referral),
        after: Written::Referral(state.referrals[&id].clone()),
    };
    state.writes.push(write);
}

/// Creates a referral as the service does: the partner's own is born accepted, Microsoft's half waits.
pub(crate) fn create(state: &mut State, invocation: &str, mut body: Json) -> ReferralId {
    let half = body["engagementId"].is_string();
    (body["status"], body["substatus"]) =
        if half { (json!("New"), json!("Pending")) } else { (json!("Active"), json!("Accepted")) };
    body["direction"] = json!("Outgoing");
    if half {
        let own = |other: &&Json| {
            other["engagementId"] == body["engagementId"] && other["target"][0]["id"] != "msft"
        };
        let shared = state.referrals.values().find(own).and_then(|own| own.pointer(SHARE))
            == Some(&json!(true));
        if !shared {
            let engagement = body["engagementId"].clone();
            state.violations.push(format!(
                "Microsoft was asked to help with a deal that it cannot see: {engagement}"
            ));
        }
    } else {
        body["engagementId"] = json!(state.guid());
    }
    let id = ReferralId::new(state.guid());
    state.put_referral(id, body);
    wrote(state, invocation, id, None);
    id
}
