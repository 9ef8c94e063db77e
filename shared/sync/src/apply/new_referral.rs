//! Making a referral. Partner Center's create cannot be made idempotent, so it is guarded: a claim
//! before the POST, a search for our `externalReferenceId` before every create, on takeover of an
//! expired claim, and after an unknown outcome; what is found is adopted. A co-sell deal is two
//! POSTs; each finished step is kept on the link.

use cosell_model::crm::CrmRecord;
use cosell_model::link::{Link, Step};
use cosell_model::referral::Referral;
use serde_json::Value as Json;

use super::{Applied, end_of};
use crate::decide::new_referral;
use crate::decide::progress::{End, Progress};
use crate::failure::linked_meanwhile;
use crate::failure::{Failure, FailureKind, System};
use crate::identity::own;
use crate::pair::{Pair, Standing};
use crate::plan::{Action, Invitation, Plan};
use crate::port::Claim;
use crate::reconciliation::Reconciliation;

impl Reconciliation<'_> {
    /// Makes the referral, and the Microsoft referral when help is asked, links it, and notifies
    /// the seller.
    pub(super) async fn create_referral(
        &mut self,
        pair: &Pair,
        plan: &Plan,
    ) -> Result<Applied, Failure> {
        let Some(record) = &pair.record else { return Ok(Applied::Again) };
        self.journal.answered(System::Crm, record.request_id.as_ref());
        let takes_over = self.take_claim(record.key.to_string()).await? == Claim::TakenOver;
        let found = if takes_over { self.search(record).await? } else { None };
        if self.engine.links.by_crm(&record.key).await?.link().is_some() {
            // Another function finished between our read and our claim.
            return Err(linked_meanwhile());
        }
        if found.is_some() {
            return Ok(Applied::Again);
        }
        self.journal
            .ahead("About to create the referral, and to notify the seller.", Vec::new())
            .await?;
        let (referral, answered) = self.post(plan, record).await?;
        self.claim.covers_unlinked = true;
        self.claim.made = Some(referral.id);
        self.journal.is_of(referral.id);
        self.journal.answered(System::PartnerCenter, referral.request_id.as_ref());
        let link = self.link_created(pair, plan, (&referral, answered)).await?;
        self.finish_creation(pair, plan, link, referral).await
    }

    async fn link_created(
        &mut self,
        pair: &Pair,
        plan: &Plan,
        (referral, answered): (&Referral, bool),
    ) -> Result<Link, Failure> {
        let Some(record) = &pair.record else { return Err(linked_meanwhile()) };
        let mapping = self.engine.mapping_of(pair.table);
        let mut link = Link::new(referral, record, pair.now);
        link.last_synced = new_referral::start(mapping, referral, record, answered);
        link.steps.extend(invitation(plan).map(|_| Step::MicrosoftInvitationStarted));
        self.create_link(&mut link).await?;
        self.claim.covers_unlinked = false;
        self.claim.made = None;
        Ok(link)
    }

    /// From here on it is a linked deal.
    async fn finish_creation(
        &mut self,
        pair: &Pair,
        plan: &Plan,
        link: Link,
        referral: Referral,
    ) -> Result<Applied, Failure> {
        let linked = Pair {
            standing: Standing::Linked,
            link: Some(link.clone()),
            referral: Some(referral),
            ..pair.clone()
        };
        let Ok(case) = self.engine.rules().case(&linked) else { return Ok(Applied::Again) };
        let plan = crate::decide::created(&case, plan);
        let mut progress = Progress { is_creation: true, ..Progress::planned(&plan, &link) };
        progress
            .end(&plan, &End::Stored, |effect| matches!(effect.action, Action::CreateReferral(_)));
        let failure = match self.invite_created(&plan, &mut progress).await {
            Ok(()) => self.write_record(&case, &plan, &mut progress).await.err(),
            Err(failure) => Some(failure),
        };
        Ok(Applied::made(linked, plan, progress, failure))
    }

    async fn invite_created(
        &mut self,
        plan: &Plan,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let Some((at, invitation)) = invitation(plan) else { return Ok(()) };
        let made = if let Some(engagement) = progress.link.engagement {
            self.invite(invitation, engagement).await
        } else {
            let message = "the new referral names no engagement, so Microsoft cannot be invited";
            Err(Failure::new(System::Internal, FailureKind::Rejected, message))
        };
        match made {
            Ok(made) => {
                progress.makes_help = true;
                self.invited(progress, made, Some(&invitation.help)).await?;
                progress.ends[at] = End::Stored;
                Ok(())
            }
            Err(failure) => {
                progress.ends[at] = end_of(&failure);
                if failure.kind == FailureKind::Rejected { Ok(()) } else { Err(failure) }
            }
        }
    }

    /// The POST, with the search that an unknown outcome asks for. When even the search finds
    /// nothing the claim is kept: whoever takes it over searches again. Says whether the referral
    /// was answered or found.
    async fn post(&mut self, plan: &Plan, record: &CrmRecord) -> Result<(Referral, bool), Failure> {
        let body = plan.effects.iter().find_map(|effect| match &effect.action {
            Action::CreateReferral(body) => Some(body),
            _ => None,
        });
        match self.engine.partner_center.create(body.unwrap_or(&Json::Null)).await {
            Err(failure) if failure.kind == FailureKind::OutcomeUnknown => {
                match self.search(record).await {
                    Ok(Some(found)) => Ok((found, false)),
                    // A search that fails leaves the outcome as unknown as one that finds nothing.
                    _ => Err(failure),
                }
            }
            answer => Ok((answer?, true)),
        }
    }

    async fn search(&self, record: &CrmRecord) -> Result<Option<Referral>, Failure> {
        let port = &self.engine.partner_center;
        Ok(own(port.by_external_reference(&record.key.id).await?))
    }
}

fn invitation(plan: &Plan) -> Option<(usize, &Invitation)> {
    plan.effects.iter().enumerate().find_map(|(at, effect)| match &effect.action {
        Action::RequestHelp(invitation) => Some((at, invitation)),
        _ => None,
    })
}
