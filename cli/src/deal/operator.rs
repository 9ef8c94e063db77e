//! An operator's orders, each shown before it is given.

use anyhow::{Result, anyhow, bail, ensure};
use cosell_model::audit::{AuditKind, Side};
use cosell_model::crm::CrmKey;
use cosell_model::field::Field;
use cosell_model::id::ReferralId;
use cosell_model::link::{Link, OpenConflict};
use cosell_model::message::{Cause, Subject, SyncMessage};
use cosell_runtime::clock;
use cosell_sync::{Engine, Failure, FailureKind, Order, Outcome, Request};
use cosell_wiring::{Descriptor, EngineSettings};

use super::consent::Consent;
use super::{description, not_linked};
use crate::output;
use crate::record::link_of;

/// Gives orders to an engine in this process.
pub(super) struct Operator {
    engine: Engine,
    pub(super) crm: &'static Descriptor,
}

impl Operator {
    pub(super) async fn open() -> Result<Self> {
        let settings = cosell_wiring::read(EngineSettings::read)?;
        let crm = settings.systems.crm.crm;
        let engine = cosell_wiring::operators_engine(settings, &crate::aws().await?)?;
        Ok(Self { engine, crm })
    }

    pub(super) async fn reconcile(&self, subject: Subject) -> Result<Outcome> {
        let id = order_id();
        let message = SyncMessage { subject, cause: Cause::Operator, observed: id.clone() };
        let request =
            Request { message: &message, receives: 1, now: clock::now(), invocation: &id };
        verdict(self.engine.reconcile(request).await)
    }

    pub(super) async fn unlink(&self, referral: ReferralId, consent: &Consent) -> Result<Outcome> {
        let link = self.link(referral).await?;
        output::print_aside(&description::of_identity(&link))?;
        consent.obtain("Nothing will be synced between these two any more. Unlink them?")?;
        let id = order_id();
        verdict(self.engine.unlink(referral, order(&id)).await)
    }

    pub(super) async fn relink(
        &self,
        referral: ReferralId,
        key: &CrmKey,
        consent: &Consent,
    ) -> Result<Outcome> {
        for side in [Subject::Referral(referral), Subject::Crm(key.clone())] {
            let link = link_of(&*self.engine.links, &side).await?;
            output::print_aside(&description::of_side(&side, link.as_ref()))?;
        }
        consent.obtain(
            "Where they differ, each field's rule decides which value goes to the other side. Link \
             them?",
        )?;
        let id = order_id();
        verdict(self.engine.relink(referral, key, order(&id)).await)
    }

    pub(super) async fn resolve(
        &self,
        referral: ReferralId,
        field: &Field,
        winner: Side,
        consent: &Consent,
    ) -> Result<Outcome> {
        let link = self.link(referral).await?;
        let conflict = waiting(&link, field)?;
        let identity = description::of_identity(&link);
        let label = cosell_sync::render::label(&self.engine.mapping, field);
        let conflict_shown = description::of_conflict((label, field), conflict);
        output::print_aside(&format!("{identity}{conflict_shown}"))?;
        consent
            .obtain(&format!("The value in {winner} goes to {}. Resolve it so?", winner.other()))?;
        // A person may have thought for a while; meanwhile other values may await the decision.
        let now = self.link(referral).await?;
        ensure!(
            same_values(waiting(&now, field)?, conflict),
            "`{field}` has changed since you were asked: give the same order again to see the \
             values that wait now"
        );
        let id = order_id();
        verdict(self.engine.resolve(referral, field, winner, order(&id)).await)
    }

    async fn link(&self, referral: ReferralId) -> Result<Link> {
        let subject = Subject::Referral(referral);
        link_of(&*self.engine.links, &subject).await?.ok_or_else(|| not_linked(&subject))
    }
}

fn order_id() -> String {
    format!("cosell-{}", uuid::Uuid::new_v4())
}

fn order(id: &str) -> Order<'_> {
    Order { now: clock::now(), id }
}

fn waiting<'a>(link: &'a Link, field: &Field) -> Result<&'a OpenConflict> {
    let Some(conflict) = link.conflicts.get(field) else {
        let others: Vec<&str> = link.conflicts.keys().map(Field::as_str).collect();
        let referral = link.referral;
        if others.is_empty() {
            bail!(
                "`{field}` of referral {referral} does not await a decision; no field of it does"
            );
        }
        let others = others.join(", ");
        bail!("`{field}` of referral {referral} does not await a decision; these do: {others}");
    };
    Ok(conflict)
}

fn same_values(a: &OpenConflict, b: &OpenConflict) -> bool {
    (&a.partner_center, &a.crm) == (&b.partner_center, &b.crm)
}

/// What came of an order: a rejection is an error for whoever gave it.
fn verdict(result: Result<Outcome, Failure>) -> Result<Outcome> {
    match result {
        Ok(outcome) if outcome.kind == AuditKind::Rejected => Err(anyhow!(outcome.message)),
        Ok(outcome) => Ok(outcome),
        Err(failure) => {
            let remedy = match failure.kind {
                FailureKind::Stale => {
                    "somebody else was writing at the same moment: give the same order again"
                        .to_owned()
                }
                FailureKind::Throttled { retry_after } | FailureKind::Postponed { retry_after } => {
                    format!("give the same order again in {} s", retry_after.as_secs().max(1))
                }
                _ => "whatever was done is not done twice: give the same order again when that is \
                      fixed"
                    .to_owned(),
            };
            Err(anyhow!("{failure}; {remedy}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cosell_sync::System;
    use serde_json::json;

    use super::*;

    fn link(conflicts: &serde_json::Value) -> Link {
        serde_json::from_value(json!({
            "referral": "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa",
            "crm": { "system": "dynamics", "entity": "opportunity", "id": "o1" },
            "version": 1, "created": "2026-09-01T08:00:00Z", "updated": "2026-09-01T08:00:00Z",
            "conflicts": conflicts
        }))
        .unwrap()
    }

    fn conflict(crm: &str) -> serde_json::Value {
        json!({
            "partner_center": "nothing", "crm": { "text": crm }, "since": "2026-09-01T08:00:00Z"
        })
    }

    #[test]
    fn a_field_that_does_not_await_a_decision_is_named_with_those_that_do() {
        let refused = |conflicts: serde_json::Value| {
            waiting(&link(&conflicts), &Field::from("value")).unwrap_err().to_string()
        };
        let text = refused(json!({ "name": conflict("a"), "close date": conflict("b") }));
        assert!(
            text.contains("`value` of referral c7c1e1f0")
                && text.ends_with("these do: close date, name"),
            "{text}"
        );
        assert!(refused(json!({})).ends_with("no field of it does"));
    }

    #[test]
    fn other_values_are_another_conflict() {
        let of = |crm, decision| {
            let mut conflict: OpenConflict = serde_json::from_value(conflict(crm)).unwrap();
            conflict.decision = decision;
            conflict
        };
        assert!(same_values(&of("a", None), &of("a", Some(Side::Crm))));
        assert!(!same_values(&of("a", None), &of("b", None)));
    }

    #[test]
    fn a_rejection_and_a_failure_end_as_errors_with_the_remedy() {
        let outcome = |kind| Outcome {
            kind,
            pair: "referral#1".into(),
            message: "Unlink that deal first.".into(),
            state: None,
            noted: vec![kind],
            new_notices: Vec::new(),
            again: None,
        };
        assert!(verdict(Ok(outcome(AuditKind::AwaitingDecision))).is_ok());
        let rejected = verdict(Ok(outcome(AuditKind::Rejected))).unwrap_err();
        assert_eq!(rejected.to_string(), "Unlink that deal first.");
        let failed = |kind| {
            verdict(Err(Failure::new(System::Crm, kind, "it broke"))).unwrap_err().to_string()
        };
        let retry_after = Duration::from_secs(7);
        assert!(failed(FailureKind::Throttled { retry_after }).ends_with("in 7 s"));
        assert!(failed(FailureKind::Stale).contains("same moment"));
        assert!(
            failed(FailureKind::Credentials).contains("it broke")
                && failed(FailureKind::Credentials).contains("fixed")
        );
    }
}
