//! Asking Microsoft to help: the second POST, which makes its half of the engagement.
//!
//! It is asked once. The half is looked for before each POST that may be a repetition, under the claim of the record, and each finished
//! step is kept on the link. What Partner Center refused is not sent again while nothing of it has changed.

use crate::plan::{Invitation, NewReferral, Wish};
use cosell_model::crm::CrmRecord;
use cosell_model::life_cycle::Stage;
use cosell_model::link::{Link, Step};
use cosell_model::message::Cause;
use cosell_model::microsoft::{Refusal, asked_for};
use cosell_model::referral::{Referral, ReferralKind};
use serde_json::Value as Json;

use super::Attempt;
use super::new_referral::stale;
use super::trail::in_words;
use super::update::Problems;
use crate::failure::{Failure, FailureKind, System};

/// A pair whose seller may wish for Microsoft's help.
pub(super) struct Asking<'a> {
    /// As the patch left it.
    pub(super) referral: &'a Referral,
    /// What this look is about, if it is about Microsoft's half: an engagement's list may not show it yet.
    pub(super) half: Option<&'a Referral>,
}

/// What came of it.
pub(super) struct Asked {
    /// Microsoft was asked, and the seller is to be told.
    pub(super) now: bool,
    /// What was refused and is remembered.
    pub(super) refused: Option<Refusal>,
}

impl Attempt<'_> {
    /// Takes the record's claim where Microsoft is to be asked, before anything is written: whoever has it is not in the way for long.
    pub(super) async fn claim_to_ask(
        &mut self,
        link: &Link,
        wish: &Wish,
        record: &CrmRecord,
        referral: &Referral,
    ) -> Result<(), Failure> {
        if (matches!(wish, Wish::Ask(_)) || is_started(link)) && !referral.stage.is_terminal() {
            self.claim(record.key.to_string()).await?;
        }
        Ok(())
    }

    /// Asks Microsoft to help where the seller wishes it and nobody has asked yet. Looks first where an earlier attempt may have asked.
    /// `link` is as it was stored last, also after a failure.
    pub(super) async fn ask(
        &mut self,
        link: &mut Link,
        wish: &Wish,
        asking: Asking<'_>,
        problems: &mut Problems,
    ) -> Result<Asked, Failure> {
        let (invitation, refused) = match wish {
            Wish::None => (None, None),
            Wish::Rests => (None, link.microsoft.refused.clone()),
            Wish::Ask(invitation) => (Some(invitation.as_ref()), None),
            Wish::Lacks(refusal) => {
                problems.told.extend(refusal.told.iter().cloned());
                (None, Some(refusal.clone()))
            }
            Wish::Stands(refusal) => {
                problems.known.extend(refusal.told.iter().cloned());
                (None, Some(refusal.clone()))
            }
        };
        if (invitation.is_none() && !is_started(link)) || asking.referral.stage.is_terminal() {
            return Ok(Asked { now: false, refused });
        }
        let failure = match self.ask_once(link, invitation, asking).await {
            Ok(now) => return Ok(Asked { now, refused }),
            Err(failure) => failure,
        };
        let Some(invitation) = invitation.filter(|_| failure.kind == FailureKind::Rejected) else {
            return Err(failure);
        };
        let told =
            vec![format!("Microsoft could not be asked to help: {}. {ANEW}", in_words(&failure))];
        problems.told.extend(told.iter().cloned());
        let tried = invitation.digest.clone();
        Ok(Asked { now: false, refused: Some(Refusal { tried, told }) })
    }

    /// Says whether Microsoft is asked now; without an invitation only whether it was.
    async fn ask_once(
        &mut self,
        link: &mut Link,
        invitation: Option<&Invitation>,
        asking: Asking<'_>,
    ) -> Result<bool, Failure> {
        let help = invitation.map(|invitation| invitation.help.as_str());
        if let Some(half) = asking.half {
            *link = self.invited(link.clone(), half, help).await?;
            return Ok(true);
        }
        if invitation.is_some() && asking.referral.is_hidden_from_microsoft() {
            return Err(refused("Partner Center did not let its sellers see this deal"));
        }
        link.engagement = link.engagement.or(asking.referral.engagement);
        let Some(engagement) = link.engagement else {
            return Err(refused("the referral names no engagement"));
        };
        // Whoever had the claim may have asked since the link was read, and the engagement's list may not show it yet.
        if self
            .engine
            .links
            .by_referral(link.referral)
            .await?
            .is_none_or(|stored| stored.version != link.version)
        {
            return Err(stale("the link changed since it was read"));
        }
        let halves = self.engine.partner_center.in_engagement(engagement).await?;
        if let Some(half) =
            halves.into_iter().find(|referral| referral.kind == ReferralKind::MicrosoftReferral)
        {
            *link = self.invited(link.clone(), &half, help).await?;
            return Ok(true);
        }
        let Some(invitation) = invitation else {
            // Looked for, and not there: the seller took the wish back.
            link.steps.remove(&Step::MicrosoftInvitationStarted);
            return Ok(false);
        };
        self.intend("About to ask Microsoft to help.", Vec::new()).await?;
        if link.steps.insert(Step::MicrosoftInvitationStarted) {
            link.updated = self.look.now;
            *link = self.engine.links.save(link).await?;
        }
        *link = self.invite(link.clone(), &invitation.body, &invitation.help).await?;
        Ok(true)
    }

    /// The POST of Microsoft's half, in the engagement of the partner's own referral.
    pub(super) async fn invite(
        &mut self,
        link: Link,
        own: &Json,
        help: &str,
    ) -> Result<Link, Failure> {
        let engagement = link.engagement.ok_or_else(|| {
            refused("the new referral names no engagement, so Microsoft cannot be invited")
        })?;
        let half = self
            .engine
            .partner_center
            .create(&NewReferral::invitation(own, engagement, help))
            .await?;
        self.untold = true;
        self.trail.partner_center_request.clone_from(&half.request_id);
        self.invited(link, &half, Some(help)).await
    }

    async fn invited(
        &mut self,
        mut link: Link,
        half: &Referral,
        help: Option<&str>,
    ) -> Result<Link, Failure> {
        link.steps.insert(Step::MicrosoftInvitationStarted);
        link.steps.insert(Step::MicrosoftInvited);
        link.microsoft_referral = Some(half.id);
        if half.stage == Stage::New {
            // Nothing to tell of it; what it decides is news.
            link.microsoft.stage = Some(half.stage);
        }
        link.microsoft.asked = asked_for(half).or(help).map(str::to_owned);
        link.updated = self.look.now;
        let saved = self.engine.links.save(&link).await?;
        self.untold = false;
        Ok(saved)
    }

    /// An operator's look tries again what was refused.
    pub(super) fn forgetful(&self, mut link: Link) -> Link {
        if self.look.message.cause == Cause::Operator {
            link.microsoft.refused = None;
        }
        link
    }
}

/// Asked for, and not known to be done.
fn is_started(link: &Link) -> bool {
    link.steps.contains(&Step::MicrosoftInvitationStarted)
        && !link.steps.contains(&Step::MicrosoftInvited)
}

/// What a seller does about a refusal whose cause lies elsewhere.
const ANEW: &str = "It is tried again when the deal changes, or when you clear How can Microsoft help? for some minutes and choose anew.";

fn refused(message: &str) -> Failure {
    Failure::new(System::Aws, FailureKind::Rejected, message)
}
