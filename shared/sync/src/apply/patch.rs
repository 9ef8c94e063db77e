//! Patching the referral. What Partner Center refuses must not keep the rest from being written:
//! then it is patched in parts, each of which is taken or refused by itself; an amount goes only
//! together with its currency.

use cosell_model::field::Field;
use cosell_model::link::Link;
use cosell_model::patch::PatchOperation;
use cosell_model::referral::Referral;

use super::{end_of, last_synced};
use crate::decide::case::Case;
use crate::decide::go_together;
use crate::decide::progress::{End, Progress};
use crate::failure::{Failure, FailureKind, System};
use crate::plan::{Action, Effect, Plan};
use crate::reconciliation::Reconciliation;

impl Reconciliation<'_> {
    /// Registers, then patches. What was stored otherwise than it was asked for is kept at once:
    /// should the CRM's side fail, our own value must not look like somebody's edit to the next
    /// reconciliation.
    pub(super) async fn patch_referral(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        self.register(case, plan, progress).await?;
        let patches = indices(plan, |effect| matches!(effect.action, Action::Patch(_)));
        if patches.is_empty() {
            return Ok(());
        }
        match self.patch(case, plan, progress, &patches).await {
            Err(failure) if failure.kind == FailureKind::Rejected => {
                self.patch_in_parts(case, plan, progress, (&patches, &failure)).await?;
            }
            done => done?,
        }
        if progress.referral.is_some() && !last_synced::is_stored_as_asked(case, plan, progress) {
            let last_synced = last_synced::after(case, plan, progress);
            let etag = progress.referral.as_ref().map(|referral| referral.etag.as_str().to_owned());
            let link = Link {
                last_synced,
                referral_etag: etag.unwrap_or_default(),
                updated: case.now,
                ..progress.link.clone()
            };
            progress.link = self.engine.links.save(&link).await?;
        }
        Ok(())
    }

    async fn register(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let registers = indices(plan, |effect| matches!(effect.action, Action::Register(_)));
        if registers.is_empty() {
            return Ok(());
        }
        match self.patch(case, plan, progress, &registers).await {
            Err(failure) if failure.kind != FailureKind::Rejected => Err(failure),
            _ => Ok(()),
        }
    }

    /// One PATCH with the operations of these effects; ends them.
    async fn patch(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &mut Progress,
        effects: &[usize],
    ) -> Result<(), Failure> {
        let present = progress.referral.as_ref().unwrap_or(case.referral);
        let operations: Vec<PatchOperation> =
            effects.iter().flat_map(|at| operations(&plan.effects[*at])).collect();
        let patched = self.send(present, &operations).await;
        let end = match &patched {
            Ok(_) => End::Stored,
            Err(failure) => end_of(failure),
        };
        for at in effects {
            progress.ends[*at] = end.clone();
        }
        progress.referral = Some(patched?);
        Ok(())
    }

    async fn send(
        &mut self,
        present: &Referral,
        operations: &[PatchOperation],
    ) -> Result<Referral, Failure> {
        let port = &self.engine.partner_center;
        let patched = port.patch(present.id, &present.etag, operations).await;
        let request = match &patched {
            Ok(stored) => stored.request_id.as_ref(),
            Err(failure) => failure.request_id.as_ref(),
        };
        self.journal.answered(System::PartnerCenter, request);
        patched
    }

    async fn patch_in_parts(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &mut Progress,
        (patches, refused): (&[usize], &Failure),
    ) -> Result<(), Failure> {
        let parts = parts(case, plan, patches);
        if parts.len() < 2 {
            return Ok(());
        }
        for part in parts {
            match self.patch(case, plan, progress, &part).await {
                Err(failure) if failure.kind == FailureKind::Rejected => {}
                Err(failure) => {
                    // What was refused as a whole and not tried again is not known to be refused.
                    let whole = end_of(refused);
                    for (at, end) in progress.ends.iter_mut().enumerate() {
                        if patches.contains(&at) && *end == whole {
                            *end = End::Skipped;
                        }
                    }
                    return Err(failure);
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }
}

fn operations(effect: &Effect) -> Vec<PatchOperation> {
    match &effect.action {
        Action::Patch(operations) => operations.clone(),
        Action::Register(operation) => vec![operation.clone()],
        _ => Vec::new(),
    }
}

/// The places of the effects that fit.
pub(super) fn indices(plan: &Plan, fits: impl Fn(&Effect) -> bool) -> Vec<usize> {
    let fitting = plan.effects.iter().enumerate().filter(|(_, effect)| fits(effect));
    fitting.map(|(at, _)| at).collect()
}

/// These effects in parts that can be refused one by one.
pub(super) fn parts(case: &Case<'_>, plan: &Plan, effects: &[usize]) -> Vec<Vec<usize>> {
    let fields: Vec<&Field> = effects.iter().map(|at| &plan.effects[*at].field).collect();
    let together = go_together(&case.mapping.rules, &fields);
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut money: Option<usize> = None;
    for (at, is_money) in effects.iter().zip(together) {
        if let Some(part) = money.filter(|_| is_money) {
            parts[part].push(*at);
        } else {
            if is_money {
                money = Some(parts.len());
            }
            parts.push(vec![*at]);
        }
    }
    parts
}
