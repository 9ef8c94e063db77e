//! Asking Microsoft to help: the second POST, which makes the Microsoft referral of the engagement.
//!
//! It is asked once. The referral is looked for before each POST that may be a repetition, under
//! the claim of the record, and each finished step is kept on the link.

use cosell_model::id::EngagementId;
use cosell_model::life_cycle::Stage;
use cosell_model::link::{Link, Step};
use cosell_model::microsoft::requested_help;
use cosell_model::referral::{Referral, ReferralKind};

use super::end_of;
use crate::decide::case::Case;
use crate::decide::new_referral;
use crate::decide::progress::{End, Progress};
use crate::failure::{Failure, FailureKind, System};
use crate::plan::{Action, Invitation, Plan};
use crate::reconciliation::Reconciliation;

impl Reconciliation<'_> {
    /// Takes the record's claim where Microsoft is to be asked, before anything is written.
    pub(super) async fn claim_for_help(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
    ) -> Result<(), Failure> {
        let asks = plan
            .effects
            .iter()
            .any(|effect| matches!(effect.action, Action::RequestHelp(_) | Action::FindHelp));
        if asks {
            self.take_claim(case.record.key.to_string()).await?;
        }
        Ok(())
    }

    /// Asks Microsoft, or searches whether it was asked.
    pub(super) async fn request_help(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        for (at, effect) in plan.effects.iter().enumerate() {
            let invitation = match &effect.action {
                Action::RequestHelp(invitation) => Some(invitation),
                Action::FindHelp => None,
                _ => continue,
            };
            let end = match self.ask_once(case, progress, invitation).await {
                Ok(()) => End::Stored,
                Err(failure) if failure.kind == FailureKind::Rejected => end_of(&failure),
                Err(failure) => {
                    progress.ends[at] = end_of(&failure);
                    return Err(failure);
                }
            };
            progress.ends[at] = end;
        }
        Ok(())
    }

    async fn ask_once(
        &mut self,
        case: &Case<'_>,
        progress: &mut Progress,
        invitation: Option<&Invitation>,
    ) -> Result<(), Failure> {
        let referral = progress.referral.as_ref().unwrap_or(case.referral);
        if invitation.is_some() && referral.is_hidden_from_microsoft() {
            return Err(refused("Partner Center did not let its sellers see this deal"));
        }
        let link = &mut progress.link;
        link.engagement = link.engagement.or(referral.engagement);
        let Some(engagement) = link.engagement else {
            return Err(refused("the referral names no engagement"));
        };
        // Whoever had the claim may have asked since the link was read, and the engagement's list
        // may not show it yet.
        let stored = self.engine.links.by_referral(link.referral).await?.link();
        if stored.is_none_or(|stored| stored.version != link.version) {
            let message = "the link changed since it was read";
            return Err(Failure::new(System::Aws, FailureKind::Stale, message));
        }
        let known = self.engine.partner_center.in_engagement(engagement).await?;
        let is_microsofts = |referral: &Referral| referral.kind == ReferralKind::MicrosoftReferral;
        let help = invitation.map(|invitation| invitation.help.as_str());
        let made = match (known.into_iter().find(is_microsofts), invitation) {
            (Some(found), _) => found,
            (None, None) => return Ok(()),
            (None, Some(invitation)) => {
                let made = self.invite(invitation, engagement).await?;
                progress.makes_help = true;
                made
            }
        };
        self.invited(progress, made, help).await
    }

    /// The POST of the Microsoft referral.
    pub(super) async fn invite(
        &mut self,
        invitation: &Invitation,
        engagement: EngagementId,
    ) -> Result<Referral, Failure> {
        self.journal.ahead("About to ask Microsoft to help.", Vec::new()).await?;
        let body = new_referral::microsoft_body(invitation, engagement);
        let made = self.engine.partner_center.create(&body).await?;
        self.claim.covers_unlinked = true;
        self.journal.answered(System::PartnerCenter, made.request_id.as_ref());
        Ok(made)
    }

    /// Keeps on the link that Microsoft was asked.
    pub(super) async fn invited(
        &mut self,
        progress: &mut Progress,
        microsoft: Referral,
        help: Option<&str>,
    ) -> Result<(), Failure> {
        let mut link = Link { updated: self.request.now, ..progress.link.clone() };
        with_microsoft(&mut link, &microsoft, help);
        progress.microsoft = Some(microsoft);
        progress.link = self.engine.links.save(&link).await?;
        self.claim.covers_unlinked = false;
        Ok(())
    }
}

/// The link knows the Microsoft referral.
pub(crate) fn with_microsoft(link: &mut Link, microsoft: &Referral, help: Option<&str>) {
    link.steps.insert(Step::MicrosoftInvitationStarted);
    link.steps.insert(Step::MicrosoftInvited);
    link.microsoft_referral = Some(microsoft.id);
    if microsoft.stage == Stage::New {
        // Nothing to say of it; what it decides is new.
        link.microsoft.stage = Some(microsoft.stage);
    }
    link.microsoft.requested = requested_help(microsoft).or(help).map(str::to_owned);
}

fn refused(message: &str) -> Failure {
    Failure::new(System::Internal, FailureKind::Rejected, message)
}
