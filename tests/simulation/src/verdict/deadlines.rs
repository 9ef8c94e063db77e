//! The seller is warned of an invitation that expires, once per threshold.

use std::collections::BTreeMap;

use cosell_model::audit::AuditKind;
use cosell_model::deadline::Deadlines;
use jiff::SignedDuration;

use super::Pair;

/// Invitations are listed every six hours.
const LISTED: SignedDuration = SignedDuration::from_hours(7);
/// An invocation that dies between the audit log and the link warns there once more; more than a
/// few do not.
const TIMES: usize = 4;

pub(super) fn check(pair: &Pair<'_>, wrong: &mut Vec<String>) {
    let Pair { end, link, referral, record, .. } = pair;
    if !end.weather.expires {
        return;
    }
    let log = pair.log();
    let warnings = end
        .state
        .audit
        .iter()
        .filter(|entry| entry.pair == log && entry.kind == AuditKind::DeadlineNear);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for warning in warnings {
        *counts.entry(&warning.message).or_default() += 1;
    }
    for (message, count) in &counts {
        let lines = pair.audit_column().matches(message).count();
        if *count > TIMES || lines > 1 + pair.interrupted() {
            wrong.push(format!("{log} was warned {count} times, in {lines} lines: {message}"));
        }
    }
    let Some(expires) = referral.expires() else { return };
    let before = end.state.now - LISTED;
    if let Some(days) = Deadlines::default().reached(expires, before)
        && pair.is_flagged()
        && !record.is_read_only()
        && expires > end.state.now
        && link.warned.get(&referral.id).is_none_or(|warned| warned.days > days)
    {
        wrong.push(format!("nobody was warned that {} expires at {expires}", referral.id));
    }
}
