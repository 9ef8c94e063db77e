//! *How can Microsoft help?* (contract partner-center 3.6, 6.36). What was chosen is compared with
//! what Microsoft was asked, not with what changed: until Microsoft was asked it stands, whatever
//! came between. Once asked, it can be neither changed nor taken back: another choice does not agree.

use cosell_model::audit::Side;
use cosell_model::digest::digest;
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::link::{Link, Step};
use cosell_model::message::Cause;
use cosell_model::microsoft::{RefusedRequest, requested_help};
use cosell_model::notice::Notice;
use cosell_model::patch::PatchOperation;
use cosell_model::value::Value;

use super::body::{Purpose, body_of, contact};
use super::case::Case;
use super::{adoption, stage};
use crate::plan::{Action, Effect, HelpRequest, Invitation, Plan};

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    plan.help = request(case, plan);
    let may_be_shared = is_started(case.link) || adoption::may_have_been_shared(case);
    if may_be_shared
        && plan.help != HelpRequest::Ready
        && case.microsoft().is_none()
        && !case.referral.stage.is_terminal()
    {
        plan.effects.push(effect(Value::Nothing, None));
    }
}

/// Asked for, and not known to be done.
pub(crate) fn is_started(link: &Link) -> bool {
    link.steps.contains(&Step::MicrosoftInvitationStarted)
        && !link.steps.contains(&Step::MicrosoftInvited)
}

/// Whether Microsoft was asked.
fn is_sent(case: &Case<'_>) -> bool {
    case.link.microsoft_referral.is_some()
        || case.microsoft().is_some()
        || case.link.steps.contains(&Step::MicrosoftInvited)
}

fn request(case: &Case<'_>, plan: &mut Plan) -> HelpRequest {
    let now = case.observed.get(&Field::Help);
    let before = case.link.last_synced.get(&Field::Help);
    let changed = now.zip(before).is_some_and(|(now, before)| before.crm != now.crm);
    let code = match case.mapping.help_code(case.record.get(&case.mapping.help.column)) {
        Ok(code) => code,
        Err(error) => {
            plan.notices.push(Notice::HelpUnreadable { reason: error.to_string() });
            return HelpRequest::Waiting;
        }
    };
    if is_sent(case) {
        let known = case.link.microsoft.requested.as_deref();
        let requested = known.or_else(|| case.microsoft().and_then(requested_help));
        if differs(code, requested, changed) {
            plan.withhold(Field::Help, Notice::HelpAlreadyRequested);
        }
        return HelpRequest::Sent;
    }
    let Some(code) = code else { return HelpRequest::None };
    if let Some(notice) = never(case, changed) {
        plan.withhold(Field::Help, notice);
        return HelpRequest::Waiting;
    }
    // A deal that nobody has accepted waits; one that is being closed needs no help any more.
    let open = case.referral.stage == Stage::Active
        && !case.record.phase.is_closed()
        && !stage::closes_referral(plan);
    if !open || !case.referral.is_outgoing() {
        return HelpRequest::Waiting;
    }
    ask(case, plan, code)
}

/// Whether the seller's choice is another than what Microsoft was asked. A deal that others asked
/// Microsoft about, and whose seller chose nothing, is none; taking a choice back is an edit.
fn differs(chosen: Option<&str>, requested: Option<&str>, changed: bool) -> bool {
    chosen != requested && (changed || (chosen.is_some() && requested.is_some()))
}

/// Why this choice is none that Microsoft can be asked for. A deal that ended before it could be
/// asked needs no help any more.
fn never(case: &Case<'_>, changed: bool) -> Option<Notice> {
    if case.referral.is_incoming() {
        return Some(Notice::HelpIncoming);
    }
    (case.referral.stage.is_terminal() && changed).then_some(Notice::HelpReferralClosed)
}

fn ask(case: &Case<'_>, plan: &mut Plan, code: &str) -> HelpRequest {
    // An operator's order tries again what was refused.
    let refused =
        case.link.microsoft.refused.as_ref().filter(|_| case.pair.cause != Cause::Operator);
    let purpose = Purpose { cosell: true, visible: true, known: Some(case.referral) };
    let body = match body_of(case.mapping, case.record, purpose) {
        Ok(body) => body,
        Err(mut reasons) => {
            reasons.insert(0, Notice::HelpBlocked);
            reasons.push(Notice::ChangeToRetry);
            let keys: Vec<String> = reasons.iter().map(Notice::key).collect();
            plan.notices.extend(reasons.iter().cloned());
            return HelpRequest::Blocked(RefusedRequest { tried: digest(&keys.concat()), reasons });
        }
    };
    let digest = digest(&format!("{code}{body}"));
    if let Some(known) = refused.filter(|refused| refused.tried == digest) {
        plan.notices.extend(known.reasons.iter().cloned());
        return HelpRequest::Blocked(known.clone());
    }
    if let Some(team) = contact(case.mapping, case.referral, &body) {
        let operation = PatchOperation::set(case.referral, "customerProfile.team", team);
        plan.effects.push(Effect {
            field: Field::Contact,
            side: Side::PartnerCenter,
            before: Value::Nothing,
            after: Value::Nothing,
            overruled: None,
            is_final: true,
            action: Action::Patch(vec![operation]),
        });
    }
    let after = Value::text(code);
    plan.effects.push(effect(after, Some(Invitation { help: code.to_owned(), body, digest })));
    HelpRequest::Ready
}

fn effect(after: Value, invitation: Option<Invitation>) -> Effect {
    Effect {
        field: Field::Help,
        side: Side::PartnerCenter,
        before: Value::Nothing,
        after,
        overruled: None,
        is_final: invitation.is_some(),
        action: invitation.map_or(Action::FindHelp, Action::RequestHelp),
    }
}
