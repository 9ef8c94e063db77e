//! One of each, nothing forgotten, both sides in sync.

use std::collections::BTreeMap;

use cosell_fakes::State;
use cosell_mapping::{Mapping, OnHoldEdits, Rule};
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::life_cycle::Stage;
use cosell_model::link::Link;
use cosell_model::referral::{Referral, ReferralKind};
use cosell_model::value::Value;
use serde_json::json;

use crate::world::{Book, LEAD, World};

pub(super) fn exactly_one(state: &State, referrals: &[Referral], wrong: &mut Vec<String>) {
    let mut own: BTreeMap<&str, usize> = BTreeMap::new();
    let mut halves: BTreeMap<String, usize> = BTreeMap::new();
    for referral in referrals {
        match (referral.kind, &referral.external_reference) {
            (ReferralKind::MicrosoftReferral, _) => {
                *halves.entry(format!("{:?}", referral.engagement)).or_default() += 1;
            }
            (_, Some(reference)) => *own.entry(reference).or_default() += 1,
            _ => {}
        }
    }
    let (mut records, mut leads): (BTreeMap<&str, usize>, BTreeMap<&str, usize>) =
        (BTreeMap::new(), BTreeMap::new());
    for record in state.records.values() {
        let of_its_table = if record.key.entity == LEAD { &mut leads } else { &mut records };
        if let Some(id) = record.get("nwcs_referralid").as_str() {
            *of_its_table.entry(id).or_default() += 1;
        }
    }
    let mut links: BTreeMap<&str, usize> = BTreeMap::new();
    for link in state.links.values() {
        *links.entry(&link.crm.id).or_default() += 1;
    }
    let mut twice = |counts: &mut dyn Iterator<Item = (String, usize)>, what: &str| {
        wrong.extend(
            counts
                .filter(|(_, count)| *count > 1)
                .map(|(id, count)| format!("{count} {what} {id}")),
        );
    };
    let owned = |counts: BTreeMap<&str, usize>| {
        counts.into_iter().map(|(id, count)| (id.to_owned(), count)).collect::<Vec<_>>()
    };
    twice(&mut owned(own).into_iter(), "referrals for opportunity");
    twice(&mut halves.into_iter(), "halves of Microsoft's in");
    twice(&mut owned(records).into_iter(), "records for referral");
    twice(&mut owned(leads).into_iter(), "leads for referral");
    twice(&mut owned(links).into_iter(), "links of opportunity");
}

/// Every open, flagged opportunity and every open invitation is linked, and asked help was asked.
pub(super) fn nothing_forgotten(
    (state, book): (&State, &Book),
    referrals: &[Referral],
    wrong: &mut Vec<String>,
) {
    let flagged = |record: &&CrmRecord| *record.get("nwcs_syncwithpartnercenter") == json!(true);
    let open = |record: &&CrmRecord| !record.phase.is_closed() && record.merged_into.is_none();
    for record in state.records.values().filter(flagged).filter(open) {
        let Some(link) = state.links.values().find(|link| link.crm == record.key) else {
            // Its referral was closed before the pair was linked: only a person can decide, and was
            // notified. So with an opportunity beside the one that its lead became, with one that
            // lacks what its lead's conversion did not copy, and with one whose lead an operator
            // unlinked.
            let status = record.get("nwcs_syncstatus").as_str().unwrap_or_default();
            let notified = ["already closed", "goes on as opportunity", "belongs to another"];
            let lead = state
                .records
                .values()
                .find(|lead| lead.converted_into.as_ref() == Some(&record.key));
            let apart = |lead: &CrmRecord| {
                let unlinked = |link: &&Link| link.crm == lead.key && link.disconnected.is_some();
                status.contains("is missing") || state.links.values().any(|link| unlinked(&link))
            };
            if !notified.iter().any(|notified| status.contains(notified))
                && !lead.is_some_and(apart)
            {
                wrong.push(format!("opportunity {} was never shared: {status}", record.key.id));
            }
            continue;
        };
        if link.disconnected.is_some() {
            continue;
        }
        let own = referrals.iter().find(|referral| referral.id == link.referral);
        let asked = !record.get("nwcs_howcanmicrosofthelp").is_null();
        let invited = referrals.iter().any(|other| {
            other.kind == ReferralKind::MicrosoftReferral && other.engagement == link.engagement
        });
        if asked
            && !invited
            && own.is_some_and(|own| own.stage == Stage::Active && own.is_outgoing())
        {
            wrong.push(format!("Microsoft was never asked to help with {}", record.key.id));
        }
        if record.get("nwcs_referralid") != &json!(link.referral.to_string()) {
            wrong.push(format!("opportunity {} does not carry its referral's id", record.key.id));
        }
    }
    let open = |referral: &&Referral| {
        !referral.stage.is_terminal() && referral.kind != ReferralKind::MicrosoftReferral
    };
    for referral in referrals.iter().filter(open) {
        // One whose record was deleted or merged before the pair was linked is a person's to
        // decide.
        let carried = json!(referral.id.to_string());
        let merged = state.records.values().any(|record| {
            record.merged_into.is_some() && *record.get("nwcs_referralid") == carried
        });
        // So is a lead that became an opportunity which was deleted.
        let deleted = state.records.values().any(|record| {
            *record.get("nwcs_referralid") == carried
                && record.converted_into.as_ref().is_some_and(|key| book.deleted.contains(&key.id))
        });
        let orphaned = merged
            || deleted
            || referral
                .external_reference
                .as_ref()
                .is_some_and(|reference| book.deleted.contains(reference));
        if !state.links.contains_key(&referral.id) && !orphaned {
            wrong.push(format!("referral {} has no record", referral.id));
        }
    }
}

/// Whether a seller's edit of this field waits for the record to leave hold.
pub(super) fn waits(
    mapping: &Mapping,
    rule: &Rule,
    (link, referral, record): (&Link, &Referral, &CrmRecord),
) -> bool {
    let on_hold =
        record.phase == Phase::OnHold || (mapping.is_of_leads && record.phase == Phase::Open);
    let on_hold = on_hold && referral.stage == Stage::New;
    let edited = link
        .last_synced
        .get(rule.name.as_str())
        .is_none_or(|last_synced| rule.read_crm(record).as_ref() != Ok(&last_synced.crm));
    on_hold && edited && mapping.stages.on_hold_edits == OnHoldEdits::Wait
}

/// The seller is notified of what Microsoft decided, once.
pub(super) fn microsofts_answer(
    referrals: &[Referral],
    (link, referral, record): (&Link, &Referral, &CrmRecord),
    wrong: &mut Vec<String>,
) {
    let audit = record.get("nwcs_audit").as_str().unwrap_or_default();
    for notified in [
        "Microsoft was asked to help.",
        "Microsoft accepted to help.",
        "Microsoft declined to help.",
    ] {
        let count = audit.matches(notified).count();
        if count > 1 {
            wrong.push(format!("the seller of {} reads {count} times: {notified}", record.key.id));
        }
    }
    let half = referrals.iter().find(|half| Some(half.id) == link.microsoft_referral);
    let Some(half) = half.filter(|_| {
        !record.phase.is_closed() && *record.get("nwcs_syncwithpartnercenter") == json!(true)
    }) else {
        return;
    };
    if link.microsoft.stage != Some(half.stage) {
        wrong.push(format!(
            "Microsoft's half of {} is {}, and nobody was notified",
            referral.id, half.stage
        ));
    }
    let id =
        half.get("trackingInfo.microsoftMsxId").or(referral.get("trackingInfo.microsoftMsxId"));
    if id.is_some_and(|id| record.get("nwcs_microsoftcrmid") != id) {
        wrong.push(format!("Microsoft's id is missing on {}", record.key.id));
    }
}

pub(super) fn in_sync(
    (world, state): (&World, &State),
    mapping: &Mapping,
    pair: (&Link, &Referral, &CrmRecord),
    wrong: &mut Vec<String>,
) {
    let (link, referral, record) = pair;
    if *record.get("nwcs_syncwithpartnercenter") != json!(true) {
        return;
    }
    let expected = match referral.stage {
        Stage::New if mapping.is_of_leads => &[Phase::Open][..],
        // An accepted one is no lead any more.
        Stage::Active if mapping.is_of_leads => &[],
        Stage::Won => &[Phase::Won, Phase::Lost],
        Stage::Lost | Stage::Declined => &[Phase::Lost, Phase::Won],
        Stage::New => &[Phase::OnHold],
        _ => &[Phase::Open],
    };
    if !expected.contains(&record.phase) {
        wrong.push(format!(
            "referral {} is {} but its record is {}",
            referral.id, referral.stage, record.phase
        ));
    }
    if referral.stage.is_terminal() || record.phase.is_closed() {
        return;
    }
    let status = record.get("nwcs_syncstatus").as_str().unwrap_or_default();
    let synced = mapping
        .rules
        .iter()
        .filter(|rule| rule.to_crm.on_update() || rule.to_partner_center.on_update());
    // A text that is cut to what stood there before looks as if it was ignored.
    let all_agree = link.dropped_writes.is_empty()
        && synced.into_iter().all(|rule| agree(state, rule, referral, record));
    // Of a lossy copy, nobody can say that it is no edit that waits.
    let some_wait = mapping.rules.iter().any(|rule| waits(mapping, rule, pair));
    // ✔ means that every synced field agrees, and nothing else.
    if (status == "✔ Synced") != all_agree && !(all_agree && some_wait) {
        let what = if all_agree { "is in sync" } else { "is not in sync" };
        wrong.push(format!("referral {} {what}, but the seller reads: {status}", referral.id));
    }
    let shown = mapping.visibility_of(record) == Ok(Some(true));
    if referral.has("consent") && shown != referral.is_visible_to_microsoft() {
        wrong.push(format!("the CRM and referral {} disagree on who sees the deal", referral.id));
    }
    let both_ways = |rule: &&Rule| rule.to_crm.on_update() && rule.to_partner_center.on_update();
    let ignored = |rule: &&Rule| world.weather.ignores_date && rule.name == "closing_date";
    for rule in mapping.rules.iter().filter(both_ways).filter(|rule| !ignored(rule)) {
        if !waits(mapping, rule, pair) && !agree(state, rule, referral, record) {
            let (there, here) = (rule.read_partner_center(referral), rule.read_crm(record));
            wrong.push(format!(
                "{} differs for referral {}: {there:?} there, {here:?} here",
                rule.name, referral.id
            ));
        }
    }
}

/// Equal, or as equal as a lossy CRM can be.
fn agree(state: &State, rule: &Rule, referral: &Referral, record: &CrmRecord) -> bool {
    let (Ok(there), Ok(here)) = (rule.read_partner_center(referral), rule.read_crm(record)) else {
        return false;
    };
    let asked = rule
        .across_to_crm(&there)
        .map(|value| state.crm.kept(rule.crm.as_str(), &rule.crm_json(&value)));
    asked.is_ok_and(|json| Value::from_json(rule.kind, &json).is_ok_and(|value| value == here))
        || rule.across_to_partner_center(&here).is_ok_and(|value| value == there)
}
