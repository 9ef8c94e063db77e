//! Nothing is forgotten: every open, flagged opportunity and every open invitation is linked, and
//! the help that was asked for was asked for.

use cosell_mapping::Required;
use cosell_model::crm::CrmRecord;
use cosell_model::life_cycle::Stage;
use cosell_model::link::Link;
use cosell_model::referral::{Referral, ReferralKind};
use serde_json::json;

use super::End;
use super::status::refuses_for_good;

pub(super) fn check(end: &End<'_>, wrong: &mut Vec<String>) {
    let flagged = |record: &&CrmRecord| *record.get(end.names.sync()) == json!(true);
    let open = |record: &&CrmRecord| !record.phase.is_closed() && record.merged_into.is_none();
    for record in end.state.records.values().filter(flagged).filter(open) {
        match end.state.links.values().find(|link| link.crm == record.key) {
            Some(link) if link.disconnected.is_none() => linked(end, record, link, wrong),
            Some(_) => {}
            None => unlinked(end, record, wrong),
        }
    }
    for referral in &end.referrals {
        without_record(end, referral, wrong);
    }
}

fn unlinked(end: &End<'_>, record: &CrmRecord, wrong: &mut Vec<String>) {
    let status = record.get(&end.names.deals.columns.sync_status).as_str().unwrap_or_default();
    // Its referral was closed before the pair was linked: only a person can decide, and was
    // notified. So with an opportunity beside the one that its lead became, with one that lacks
    // what its lead's conversion did not copy, and with one whose lead an operator unlinked.
    let known = ["already closed", "goes on as opportunity", "belongs to another"];
    let lead =
        end.state.records.values().find(|lead| lead.converted_into.as_ref() == Some(&record.key));
    let apart = |lead: &CrmRecord| {
        let unlinked = |link: &Link| link.crm == lead.key && link.disconnected.is_some();
        status.contains("is missing") || end.state.links.values().any(unlinked)
    };
    let refused =
        || status.starts_with('✘') && refuses_for_good(&end.state.partner_center.refusals);
    let is_known = known.iter().any(|known| status.contains(known));
    if !is_known && !lead.is_some_and(apart) && !lacks(end, record, status) && !refused() {
        wrong.push(format!("opportunity {} was never shared: {status}", record.key.id));
    }
}

/// Whether the record lacks something that a referral needs, and its status names it.
pub(super) fn lacks(end: &End<'_>, record: &CrmRecord, status: &str) -> bool {
    let mut required =
        end.names.deals.rules.iter().filter(|rule| rule.required == Required::Always);
    let missing = required.find(|rule| rule.read_crm(record).is_ok_and(|value| value.is_nothing()));
    missing.is_some_and(|rule| status.contains(&rule.label))
}

fn linked(end: &End<'_>, record: &CrmRecord, link: &Link, wrong: &mut Vec<String>) {
    let own = end.referrals.iter().find(|referral| referral.id == link.referral);
    let asked = !record.get(end.names.help().0).is_null();
    let invited = end.referrals.iter().any(|other| {
        other.kind == ReferralKind::MicrosoftReferral && other.engagement == link.engagement
    });
    let status = record.get(&end.names.deals.columns.sync_status).as_str().unwrap_or_default();
    let refused = status.starts_with('✘') && refuses_for_good(&end.state.partner_center.refusals);
    let open = own.is_some_and(|own| own.stage == Stage::Active && own.is_outgoing());
    let refused = refused || lacks(end, record, status);
    if asked && !invited && open && !refused {
        wrong.push(format!("Microsoft was never asked to help with {}", record.key.id));
    }
    let column = &end.names.deals.columns.referral_id;
    if record.get(column) != &json!(link.referral.to_string()) {
        wrong.push(format!("opportunity {} does not carry its referral's id", record.key.id));
    }
}

fn without_record(end: &End<'_>, referral: &Referral, wrong: &mut Vec<String>) {
    if referral.stage.is_terminal()
        || referral.kind == ReferralKind::MicrosoftReferral
        || end.state.links.contains_key(&referral.id)
    {
        return;
    }
    // One whose record was deleted or merged before the pair was linked is a person's to decide.
    let (carried, column) = (json!(referral.id.to_string()), &end.names.deals.columns.referral_id);
    let merged = end
        .state
        .records
        .values()
        .any(|record| record.merged_into.is_some() && *record.get(column) == carried);
    // So is a lead that became an opportunity which was deleted.
    let deleted = end.state.records.values().any(|record| {
        let into = record.converted_into.as_ref();
        *record.get(column) == carried && into.is_some_and(|key| end.book.deleted.contains(&key.id))
    });
    let reference = referral.external_reference.as_ref();
    let orphaned = merged
        || deleted
        || reference.is_some_and(|reference| end.book.deleted.contains(reference));
    if !orphaned && !refuses_for_good(&end.state.crm.refusals) {
        wrong.push(format!("referral {} has no record", referral.id));
    }
}
