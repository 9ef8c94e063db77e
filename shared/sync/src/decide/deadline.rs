//! Invitations that expire soon (contract partner-center 3.6): a warning once per threshold. A
//! closed record's seller has nothing to answer.

use cosell_model::deal::DealKind;
use cosell_model::link::Warned;
use cosell_model::notice::{Inviter, Notice};
use cosell_model::referral::Referral;

use super::case::Case;
use crate::plan::Plan;

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    let open = !case.referral.stage.is_terminal();
    let sides = [Some(case.referral), case.microsoft().filter(|_| open)];
    for referral in sides.into_iter().flatten() {
        if let Some(due) = due(case, referral) {
            let (by, days) = (due.expires, due.days);
            let inviter = inviter(case, referral);
            plan.notices.push(Notice::DeadlineNear { by, days, inviter });
            plan.memory.warned.insert(referral.id, due);
        }
    }
    if open {
        keep_warned(case, plan);
    }
}

/// The Microsoft referral is not read each time: what was warned of it stands until our own is
/// closed.
fn keep_warned(case: &Case<'_>, plan: &mut Plan) {
    for (id, warned) in case.link.warned.iter().filter(|(id, _)| **id != case.referral.id) {
        if plan.memory.warned.contains_key(id) {
            continue;
        }
        plan.memory.warned.insert(*id, warned.clone());
        if case.now < warned.expires && !case.link.microsoft.is_over() {
            let (by, days, inviter) = (warned.expires, warned.days, Inviter::Us);
            plan.notices.push(Notice::DeadlineNear { by, days, inviter });
        }
    }
}

/// The threshold that is passed. One that was passed by a run whose clock is ahead stays.
fn due(case: &Case<'_>, referral: &Referral) -> Option<Warned> {
    let expires = referral.expires().filter(|_| !case.record.is_read_only())?;
    let days = case.policy.deadlines.reached(expires, case.now)?;
    let warned = case.link.warned.get(&referral.id).filter(|warned| warned.expires == expires);
    Some(Warned { expires, days: warned.map_or(days, |warned| warned.days.min(days)) })
}

fn inviter(case: &Case<'_>, referral: &Referral) -> Inviter {
    if referral.id != case.referral.id {
        Inviter::Us
    } else if referral.deal(false) == DealKind::PartnerToPartner {
        Inviter::Partner
    } else {
        Inviter::Microsoft
    }
}
