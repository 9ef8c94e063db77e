//! Applying: the only place that writes outside. The plan is carried out and never edited.

mod help;
mod lead;
mod new_record;
mod new_referral;
mod notify;
mod patch;
mod record;

use cosell_model::audit::FieldChange;
use cosell_model::crm::{CrmRecord, CrmWrite};
use cosell_model::link::{Link, Registering, Step};
use cosell_model::notice::{Notice, Refusal};
use jiff::SignedDuration;

use crate::decide::case::Case;
use crate::decide::last_synced;
use crate::decide::progress::{End, Progress};
use crate::failure::{Failure, FailureKind, System};
use crate::pair::{Pair, Standing};
use crate::plan::{Action, Effect, Plan};
use crate::port::Claim;
use crate::reconciliation::Reconciliation;

/// How long a claim holds: longer than a consumer may run (120 s) and a request that hung at its
/// very end may still take effect (a gateway holds one for a minute or two), so that whoever takes
/// it over finds what was made.
const CLAIM_LASTS: SignedDuration = SignedDuration::from_mins(5);

/// What came of a plan.
#[expect(
    clippy::large_enum_variant,
    reason = "one is made for each reconciliation, and moved once"
)]
pub(crate) enum Applied {
    /// A plan for a linked deal, or one that was linked by it: the pair and the plan that it ended
    /// with.
    Linked(Box<LinkedApplied>),
    /// The seller of a deal that is not linked (any more) was notified, as far as the CRM let us.
    Notified {
        /// The record after the write.
        record: Option<CrmRecord>,
        /// Whether what was to be said stands there.
        delivered: bool,
    },
    /// What was to be made was found: the deal is looked for once more.
    Again,
    /// The link moved: the deal is reconciled with it.
    Moved(Box<Link>),
    /// Something contradicts the plan that only showed on the way.
    Contradicted(Notice),
}

/// A linked deal after its plan.
pub(crate) struct LinkedApplied {
    /// The pair; another one than was decided on where the plan made the link.
    pub(crate) pair: Option<Pair>,
    /// The plan; another one than was decided where the plan made the link.
    pub(crate) plan: Option<Plan>,
    pub(crate) progress: Progress,
    /// What kept the plan from being carried out to its end.
    pub(crate) failure: Option<Failure>,
}

impl Applied {
    /// A deal whose other side was made and linked. What failed after that ends its plan.
    fn made(pair: Pair, plan: Plan, mut progress: Progress, failure: Option<Failure>) -> Self {
        if failure.is_some() {
            progress.end(&plan, &End::Skipped, |_| true);
        }
        let (pair, plan) = (Some(pair), Some(plan));
        Self::Linked(Box::new(LinkedApplied { pair, plan, progress, failure }))
    }
}

impl Reconciliation<'_> {
    /// Carries a plan out. `Err` is a failure before anything was written that a link knows of.
    pub(crate) async fn apply(&mut self, pair: &Pair, plan: &Plan) -> Result<Applied, Failure> {
        let creates =
            |fits: fn(&Action) -> bool| plan.effects.iter().any(|effect| fits(&effect.action));
        if creates(|action| matches!(action, Action::ConvertLead(_))) {
            return self.convert_lead(pair, plan).await;
        }
        if creates(|action| matches!(action, Action::ReleaseLead { .. })) {
            return self.release_former_lead(pair).await;
        }
        if creates(|action| matches!(action, Action::CreateReferral(_))) {
            return self.create_referral(pair, plan).await;
        }
        if creates(|action| matches!(action, Action::CreateRecord { .. })) {
            return self.create_record(pair, plan).await;
        }
        let is_linked = matches!(pair.standing, Standing::Linked | Standing::Adopt) && !plan.ends;
        match self.engine.rules().case(pair) {
            Ok(case) if is_linked => Ok(self.apply_linked(&case, plan).await),
            _ => self.notify(pair, plan).await,
        }
    }

    async fn apply_linked(&mut self, case: &Case<'_>, plan: &Plan) -> Applied {
        self.journal.answered(System::PartnerCenter, case.referral.request_id.as_ref());
        self.journal.answered(System::Crm, case.record.request_id.as_ref());
        let mut progress = Progress::planned(plan, case.link);
        let failure = self.carry_out(case, plan, &mut progress).await.err();
        if failure.is_some() {
            progress.end(plan, &End::Skipped, |_| true);
        }
        Applied::Linked(Box::new(LinkedApplied { pair: None, plan: None, progress, failure }))
    }

    /// Partner Center first, so that the seller is notified of what really happened there.
    async fn carry_out(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        self.claim_for_help(case, plan).await?;
        self.write_ahead(case, plan, progress).await?;
        self.patch_referral(case, plan, progress).await?;
        self.request_help(case, plan, progress).await?;
        self.write_record(case, plan, progress).await
    }

    /// Says what is about to be written: in the audit log, and on the link.
    async fn write_ahead(
        &mut self,
        case: &Case<'_>,
        plan: &Plan,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        if plan.writes() {
            let changes = plan.changes().map(change).collect();
            self.journal.ahead("About to bring both sides in sync.", changes).await?;
        }
        let mut link = progress.link.clone();
        last_synced::write_ahead(case, plan, &mut link);
        let does =
            |fits: fn(&Action) -> bool| plan.effects.iter().any(|effect| fits(&effect.action));
        if does(|action| matches!(action, Action::Register(_))) {
            link.registering = Some(Registering::Started);
        }
        if does(|action| matches!(action, Action::RequestHelp(_) | Action::FindHelp)) {
            link.steps.insert(Step::MicrosoftInvitationStarted);
        }
        // Whoever writes lines saves the link first, so that nobody else writes them side by side;
        // and so with the status of a closed record, which nobody would correct.
        let notifies = plan.effects.iter().any(|effect| matches!(effect.action, Action::Notify(_)));
        let says = !record::unread(case, plan, progress).is_empty()
            || (notifies && case.record.is_read_only());
        if link.version == 0 {
            self.create_link(&mut link).await?;
        } else if says || link != progress.link {
            link.updated = case.now;
            link = self.engine.links.save(&link).await?;
        }
        progress.link = link;
        Ok(())
    }

    /// Links two sides.
    async fn create_link(&mut self, link: &mut Link) -> Result<(), Failure> {
        self.engine.links.create(link).await?;
        link.version = 1;
        self.journal.is_of(link.referral);
        Ok(())
    }

    /// Takes a claim; whoever else has it is not in the way for long.
    pub(super) async fn take_claim(&mut self, name: String) -> Result<Claim, Failure> {
        let (now, holder) = (self.request.now, self.claim.holder.clone());
        match self.engine.claims.claim(&name, &holder, now, CLAIM_LASTS).await? {
            Claim::Held { until } => {
                let message = "another reconciliation is creating this deal; its link will appear";
                Err(Failure::postponed(now, until, message))
            }
            claim => {
                self.claim.name = Some(name);
                Ok(claim)
            }
        }
    }

    /// Writes a record.
    pub(super) async fn update(
        &mut self,
        table: crate::policy::Table,
        record: &CrmRecord,
        write: &CrmWrite,
    ) -> Result<CrmRecord, Failure> {
        self.journal.ahead("About to notify the seller.", Vec::new()).await?;
        let stored = self.engine.port(table).update(record, write).await?;
        self.journal.answered(System::Crm, stored.request_id.as_ref());
        Ok(stored)
    }
}

/// A planned change, for the audit log.
fn change(effect: &Effect) -> FieldChange {
    FieldChange {
        field: effect.field.clone(),
        side: effect.side,
        before: effect.before.clone(),
        after: effect.after.clone(),
        overruled: effect.overruled.clone(),
    }
}

/// A refusal as a notice has it. One of ours speaks for itself; one of a service is quoted with its
/// name and code.
pub(crate) fn refusal(failure: &Failure) -> Refusal {
    let sentence = match failure.system {
        System::Aws | System::Internal => failure.message.clone(),
        System::PartnerCenter | System::Crm => failure.to_string(),
    };
    Refusal { sentence, code: failure.code.clone() }
}

/// How an effect ended whose call failed. One call may be several requests: whatever the last one
/// was answered, the first may have stored it.
fn end_of(failure: &Failure) -> End {
    match failure.kind {
        FailureKind::Rejected => End::Refused(refusal(failure)),
        _ => End::Unknown,
    }
}
