//! The seller is notified of what Microsoft decided, once.

use super::Pair;

pub(super) fn check(pair: &Pair<'_>, wrong: &mut Vec<String>) {
    let Pair { end, link, referral, record, mapping } = pair;
    for line in [
        "Microsoft was asked to help.",
        "Microsoft accepted to help.",
        "Microsoft declined to help",
    ] {
        let count = pair.audit_column().matches(line).count();
        if count > 1 + pair.interrupted() {
            wrong.push(format!("the seller of {} reads {count} times: {line}", record.key.id));
        }
    }
    if record.phase.is_closed() || !pair.is_flagged() {
        return;
    }
    let microsofts = end.referrals.iter().find(|other| Some(other.id) == link.microsoft_referral);
    let Some(microsofts) = microsofts else { return };
    if link.microsoft.stage != Some(microsofts.stage) {
        wrong.push(format!(
            "Microsoft's referral of {} is {}, and nobody was notified",
            referral.id, microsofts.stage
        ));
    }
    let id = microsofts
        .get("trackingInfo.microsoftMsxId")
        .or(referral.get("trackingInfo.microsoftMsxId"));
    if id.is_some_and(|id| record.get(&mapping.columns.microsoft_crm_id) != id) {
        wrong.push(format!("Microsoft's id is missing on {}", record.key.id));
    }
}
