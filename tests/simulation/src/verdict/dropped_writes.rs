//! A close date that the CRM did not keep: in the trail, told to the seller, and told once.

use cosell_mapping::Mapping;
use cosell_model::audit::{AuditEntry, AuditKind};

use super::edits::Pair;
use super::pairs::waits;

const FIELD: &str = "closing_date";
const TOLD: &str = "Estimated close date was not taken over by the CRM";

pub(super) fn check(pair: &Pair<'_>, mapping: &Mapping, wrong: &mut Vec<String>) {
    let id = pair.referral.id;
    let trail = format!("referral#{id}");
    // Of a new record the date is nothing, which is no change.
    let names = |entry: &AuditEntry| {
        entry.changes.is_empty() || entry.changes.iter().any(|change| change.field == FIELD)
    };
    let found = |entry: &&AuditEntry| {
        entry.pair == trail && entry.kind == AuditKind::DroppedWrite && names(entry)
    };
    let found = pair.state.audit.iter().filter(found).count();
    let (Some(rule), false) = (
        mapping.rules.iter().find(|rule| rule.name == FIELD),
        pair.record.is_read_only() || pair.referral.stage.is_terminal(),
    ) else {
        return;
    };
    if pair.record.get("nwcs_syncstatus") != "✔ Synced" {
        return;
    }
    if !pair.weather.ignores_date && found > 0 {
        wrong.push(format!("the CRM is said not to keep the close date of {id}"));
    }
    let apart = rule.read_partner_center(pair.referral).ok() != rule.read_crm(pair.record).ok()
        && !waits(mapping, rule, (pair.link, pair.referral, pair.record));
    if apart && found == 0 && pair.weather.ignores_date {
        wrong.push(format!("nobody was told that the CRM did not keep the close date of {id}"));
    }
    if !pair.link.dropped_writes.is_empty() {
        wrong.push(format!("the seller was never told what the CRM did not keep of {id}"));
    }
    let audit = pair.record.get("nwcs_audit").as_str().unwrap_or_default();
    let told = audit.matches(TOLD).count();
    // A full Audit field has let go of its oldest lines; the lead may have told it.
    let complete = !audit.ends_with('…') && pair.link.lead.is_none();
    if apart && told == 0 && complete && pair.weather.ignores_date {
        wrong.push(format!("no line tells that the CRM did not keep the close date of {id}"));
    }
    if told > found {
        wrong.push(format!(
            "{told} lines tell of {found} times that the CRM did not keep the close date of {id}"
        ));
    }
}
