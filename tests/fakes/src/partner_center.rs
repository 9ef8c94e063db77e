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

use crate::ports::{Ports, reading, writing};
use crate::registration;
use crate::world::{Request, State, Write, Written};

const SYSTEM: System = System::PartnerCenter;

/// So long an invitation waits for its answer (contract partner-center 3.6).
const WINDOW: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The switch that goes one way.
pub(crate) const SHARE: &str = "/consent/consentToShareReferralWithMicrosoftSellers";

/// As it is answered. A stored body always parses; one that does not is a fault of the test.
fn referral(state: &State, body: &Json) -> Result<Referral, Failure> {
    let mut body = body.clone();
    if state.defects.deals_look_old {
        body["createdDateTime"] = json!("2020-01-01T00:00:00Z");
    }
    if state.defects.registrations_are_forgotten {
        (body["registrations"], body["registrationStatus"]) = (Json::Null, Json::Null);
    }
    Referral::parse(body, None, None)
        .map_err(|error| Failure::new(SYSTEM, FailureKind::Rejected, error.to_string()))
}

/// All referrals that the sync's service account can see.
fn visible(state: &State) -> Result<Vec<Referral>, Failure> {
    let visible = state.referrals.iter().filter(|(id, _)| !state.hidden.contains(id));
    visible.map(|(_, body)| referral(state, body)).collect()
}

/// Those of them that a search knows already.
fn indexed(state: &State, known_until: Timestamp) -> Result<Vec<Referral>, Failure> {
    let mut referrals = visible(state)?;
    let is_known = |id: &ReferralId| state.born.get(id).is_none_or(|since| *since <= known_until);
    referrals.retain(|referral| is_known(&referral.id));
    Ok(referrals)
}

#[async_trait]
impl PartnerCenter for Ports {
    async fn get(&self, id: ReferralId) -> Result<Option<Referral>, Failure> {
        self.call(reading("pc.get", SYSTEM, ""), |state| {
            let visible = state.referrals.get(&id).filter(|_| !state.hidden.contains(&id));
            visible.map(|body| referral(state, body)).transpose()
        })
        .await
    }

    async fn in_engagement(&self, id: EngagementId) -> Result<Vec<Referral>, Failure> {
        let known_until = self.known_until();
        self.call(reading("pc.in_engagement", SYSTEM, ""), |state| {
            let mut referrals = indexed(state, known_until)?;
            referrals.retain(|referral| referral.engagement == Some(id));
            Ok(referrals)
        })
        .await
    }

    async fn by_external_reference(&self, reference: &str) -> Result<Vec<Referral>, Failure> {
        let known_until = self.known_until();
        self.call(reading("pc.search", SYSTEM, ""), |state| {
            let blind = state.defects.searches_find_nothing;
            let mut referrals = indexed(state, known_until)?;
            referrals.retain(|referral| {
                !blind && referral.external_reference.as_deref() == Some(reference)
            });
            Ok(referrals)
        })
        .await
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<ReferralChange>, Failure> {
        // A change is stamped a little after the clock, so that no two are alike.
        let known_until = self.known_until() + SignedDuration::from_secs(1);
        self.call(reading("pc.changed", SYSTEM, ""), |state| {
            let mut referrals = visible(state)?;
            referrals
                .retain(|referral| referral.updated >= since && referral.updated <= known_until);
            let change =
                |referral: Referral| ReferralChange { id: referral.id, updated: referral.updated };
            Ok(referrals.into_iter().map(change).collect())
        })
        .await
    }

    async fn pending(&self) -> Result<Vec<Referral>, Failure> {
        let known_until = self.known_until();
        self.call(reading("pc.pending", SYSTEM, ""), |state| {
            let mut referrals = indexed(state, known_until)?;
            referrals.retain(|referral| referral.stage == Stage::New);
            Ok(referrals)
        })
        .await
    }

    async fn create(&self, body: &Json) -> Result<Referral, Failure> {
        let call = writing("pc.create", SYSTEM, "", FailureKind::OutcomeUnknown);
        self.write(call, Some(|| Request::Create(body.clone())), |state| {
            let id = create(state, &self.invocation, body.clone())?;
            referral(state, &state.referrals[&id])
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
        let call = writing("pc.patch", SYSTEM, "", FailureKind::Transient);
        self.write(call, Some(request), |state| {
            patch(state, &self.invocation, id, etag, operations)
        })
        .await
    }
}

/// Changes a referral as the service does: what is locked may not be sent.
pub(crate) fn patch(
    state: &mut State,
    invocation: &str,
    id: ReferralId,
    etag: &ETag,
    operations: &[PatchOperation],
) -> Result<Referral, Failure> {
    let refuse = |kind, why: &str| Err(Failure::new(SYSTEM, kind, why));
    let Some(before) = state.referrals.get(&id).filter(|_| !state.hidden.contains(&id)).cloned()
    else {
        return refuse(FailureKind::Stale, "the referral is not visible");
    };
    let mut body = before.clone();
    if body["eTag"] != json!(etag.as_str()) {
        return refuse(FailureKind::Stale, "the eTag does not match");
    }
    let registers = |operation: &PatchOperation| operation.path == "/registrations/-";
    if body["status"] == "Closed" && !operations.iter().all(registers) {
        state.violations.push(format!("the closed referral {id} was patched"));
        return refuse(FailureKind::Rejected, "a closed referral was patched");
    }
    let now = state.now;
    state.partner_center.accept_patch(&id.to_string(), operations, now)?;
    if operations.iter().any(registers) {
        registration::check(state, &before)?;
    }
    for operation in operations {
        if is_locked(state, &before, operation) {
            state.violations.push(format!("the locked {} of {id} was sent", operation.path));
        }
        apply(&mut body, operation);
    }
    if operations.iter().any(registers) {
        body["registrationStatus"] = json!("ReviewPending");
    }
    if body["status"] == "Closed" && before["status"] != "Closed" {
        body["closedDateTime"] = json!(state.now.to_string());
    }
    state.change_referral(id, body);
    let request = Request::Patch(id, etag.clone(), operations.to_vec());
    state.note(|| {
        let set = |operation: &PatchOperation| format!("{} {}", operation.path, operation.value);
        format!("        {id} gets {}", operations.iter().map(set).collect::<Vec<_>>().join(", "))
    });
    wrote(state, invocation, id, (request, Some(before)));
    referral(state, &state.referrals[&id])
}

fn is_locked(state: &State, before: &Json, operation: &PatchOperation) -> bool {
    let first = operation.path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match operation.path.as_str() {
        "/customerProfile/team" => is_with_microsoft(state, before),
        SHARE => operation.value != json!(true),
        _ => ["customerProfile", "consent", "inviteContext", "type", "qualification", "mpnId"]
            .contains(&first),
    }
}

/// Sets a property, or appends to a list.
fn apply(body: &mut Json, operation: &PatchOperation) {
    let (parents, last) = operation.path.rsplit_once('/').unwrap_or_default();
    let parts = parents.split('/').filter(|part| !part.is_empty());
    let parent = parts.fold(body, |at, part| match part.parse::<usize>() {
        Ok(index) if at.is_array() => &mut at[index],
        _ => &mut at[part],
    });
    match (last, last.parse::<usize>()) {
        ("-", _) => {
            if parent.is_null() {
                *parent = json!([]);
            }
            if let Some(list) = parent.as_array_mut() {
                list.push(operation.value.clone());
            }
        }
        (_, Ok(index)) if parent.is_array() => parent[index] = operation.value.clone(),
        (name, _) => parent[name] = operation.value.clone(),
    }
}

/// Whether Microsoft was asked to help in this referral's engagement.
fn is_with_microsoft(state: &State, own: &Json) -> bool {
    let mut microsofts = state.referrals.values().filter(|body| body["target"][0]["id"] == "msft");
    microsofts.any(|other| other["engagementId"] == own["engagementId"])
}

fn wrote(
    state: &mut State,
    invocation: &str,
    id: ReferralId,
    (request, before): (Request, Option<Json>),
) {
    let write = Write {
        request,
        invocation: invocation.to_owned(),
        at: state.now,
        moment: state.moment,
        audited: state.audit.len(),
        subject: id.to_string(),
        before: before.map(Written::Referral),
        after: Written::Referral(state.referrals[&id].clone()),
    };
    state.writes.push(write);
}

/// Creates a referral as the service does: the partner's own is born accepted, Microsoft's waits
/// for its answer.
pub(crate) fn create(
    state: &mut State,
    invocation: &str,
    mut body: Json,
) -> Result<ReferralId, Failure> {
    let now = state.now;
    state.partner_center.accept_creation(&body, now)?;
    let request = Request::Create(body.clone());
    let asks_microsoft = body["engagementId"].is_string();
    (body["status"], body["substatus"]) = if asks_microsoft {
        (json!("New"), json!("Pending"))
    } else {
        (json!("Active"), json!("Accepted"))
    };
    body["direction"] = json!("Outgoing");
    body["createdDateTime"] = json!(state.now.to_string());
    if asks_microsoft {
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
        body["expirationDateTime"] = json!((state.now + WINDOW).to_string());
    } else {
        body["engagementId"] = json!(state.guid());
    }
    let id = ReferralId::new(state.guid());
    state.change_referral(id, body);
    wrote(state, invocation, id, (request, None));
    Ok(id)
}
