use serde_json::json;

use super::*;
use crate::decide::fold;
use crate::fixtures::{Deal, now, record, referral, set};
use cosell_model::crm::Phase;
use cosell_model::notice::Refusal;
use cosell_model::state::DealState;

fn refused() -> End {
    End::Refused(Refusal { sentence: "Refused.".into(), code: None })
}

/// A deal whose notes and amount changed in the CRM.
fn edited() -> Deal {
    let mut deal = Deal::in_sync();
    deal.set("description", json!("new"));
    deal.set("estimatedvalue", json!(205_000));
    deal
}

/// What was last synced after each effect on these fields ended so.
fn synced(deal: &Deal, plan: &Plan, ends: &[(&str, End)]) -> BTreeMap<Field, LastSynced> {
    let mut progress = Progress::planned(plan, deal.link());
    for (field, end) in ends {
        progress.end(plan, end, |effect| effect.field == *field);
    }
    after(&deal.case(), plan, &progress)
}

#[test]
fn what_is_stored_is_synced_and_what_is_not_keeps_what_was_synced_before() {
    let deal = edited();
    let plan = deal.plan();
    for end in [refused(), End::Unknown, End::Skipped] {
        let synced = synced(&deal, &plan, &[("notes", End::Stored), ("deal_value", end.clone())]);
        assert_eq!(synced["notes"].partner_center, Value::text("new"));
        assert_eq!(synced["notes"].crm, Value::text("new"));
        assert_eq!(synced["deal_value"], deal.link().last_synced["deal_value"], "{end:?}");
    }
}

#[test]
fn what_a_service_left_out_of_its_answer_counts_as_it_was_asked_for() {
    let deal = edited();
    let plan = deal.plan();
    let shortened = referral(|body| drop(body.as_object_mut().unwrap().remove("details")));
    let mut progress = Progress::planned(&plan, deal.link());
    progress.end(&plan, &End::Stored, |_| true);
    progress.referral = Some(shortened);
    let synced = after(&deal.case(), &plan, &progress);
    assert_eq!(synced["notes"].partner_center, Value::text("new"));
    assert!(is_stored_as_asked(&deal.case(), &plan, &progress));
}

#[test]
fn stored_changes_are_what_was_really_kept() {
    let mut deal = Deal::in_sync();
    deal.edit_referral(|body| body["details"]["notes"] = json!("A long new note"));
    let plan = deal.plan();
    let mut progress = Progress::planned(&plan, deal.link());
    progress.end(&plan, &End::Stored, |_| true);
    progress.record = Some(record(|record| set(record, "description", json!("A long"))));
    let case = deal.case();
    let changes = fold::of(&case, &plan, &progress).changes;
    assert_eq!((changes[0].side, &changes[0].after), (Side::Crm, &Value::text("A long")));
    let synced = after(&case, &plan, &progress);
    assert_eq!(synced["notes"].crm, Value::text("A long"));
    assert_eq!(synced["notes"].partner_center, Value::text("A long new note"));
}

#[test]
fn a_value_that_partner_center_stored_otherwise_is_not_stored_as_asked() {
    let deal = edited();
    let plan = deal.plan();
    let stored = |notes: &str| {
        let mut progress = Progress::planned(&plan, deal.link());
        progress.end(&plan, &End::Stored, |_| true);
        progress.referral = Some(referral(|body| {
            body["details"]["notes"] = json!(notes);
            body["details"]["dealValue"] = json!(205_000);
        }));
        is_stored_as_asked(&deal.case(), &plan, &progress)
    };
    assert!(stored("new"));
    assert!(!stored("NEW"));
}

#[test]
fn a_phase_that_the_crm_refused_is_not_tried_again_and_one_that_nobody_knows_of_is() {
    for (end, is_tried_again) in [(refused(), false), (End::Unknown, true)] {
        let mut deal = Deal::in_sync();
        deal.edit_referral(|body| {
            (body["status"], body["substatus"]) = (json!("Closed"), json!("Won"));
        });
        let plan = deal.plan();
        assert_eq!(plan.phase(), Some(Phase::Won));
        let state = deal.ended(&plan, |progress| {
            progress.end(&plan, &end, |effect| matches!(effect.action, Action::Phase(_)));
        });
        assert_eq!(deal.plan().phase().is_some(), is_tried_again);
        assert!(!matches!(state, DealState::InSync), "{state:?}");
    }
}

#[test]
fn a_deal_that_was_made_visible_is_shown_in_the_crm_by_the_next_reconciliation() {
    let mut deal = Deal::in_sync();
    deal.edit_record(|record| {
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
        for column in ["firstname", "lastname", "emailaddress1", "telephone1"] {
            set(record, &format!("parentcontactid/{column}"), json!("x"));
        }
    });
    let plan = deal.plan();
    let synced = synced(&deal, &plan, &[("visibility", End::Stored)]);
    assert!(!synced.contains_key("visibility"));
}

#[test]
fn an_entry_ahead_of_a_write_has_both_sides_as_they_will_be_and_keeps_what_it_gives_way_to() {
    let deal = edited();
    let plan = deal.plan();
    let mut link = deal.link().clone();
    link.last_synced.remove("notes");
    write_ahead(&deal.case(), &plan, &mut link);
    let entry = &link.write_ahead["notes"];
    assert_eq!((entry.side, entry.since), (Side::PartnerCenter, now()));
    assert_eq!(entry.values.partner_center, Value::text("new"));
    assert_eq!(entry.values.crm, Value::text("new"));
    assert_eq!(link.last_synced["notes"], deal.case().base["notes"]);
    assert_eq!(link.write_ahead.len(), 2);
}

#[test]
fn visibility_has_no_entry_ahead_since_it_only_goes_up() {
    let mut deal = Deal::in_sync();
    deal.set("nwcs_referralvisibility", json!(412_000_001));
    let plan = deal.plan();
    assert_eq!(plan.changes().count(), 1);
    let mut link = deal.link().clone();
    write_ahead(&deal.case(), &plan, &mut link);
    assert!(link.write_ahead.is_empty());
}

/// A deal whose notes were being sent when the answer was lost; the seller took the old ones again,
/// and nothing landed.
fn interrupted() -> Deal {
    let mut deal = Deal::in_sync();
    deal.set("description", json!("new"));
    let plan = deal.plan();
    let mut link = deal.link().clone();
    write_ahead(&deal.case(), &plan, &mut link);
    *deal.link_mut() = link;
    deal.set("description", json!("Two warehouses."));
    deal
}

#[test]
fn an_entry_outlives_a_reconciliation_that_knows_nothing_newer_until_the_write_cannot_land() {
    let deal = interrupted();
    let (plan, link) = (deal.plan(), deal.link());
    let progress = Progress::planned(&plan, link);
    let synced = after(&deal.case(), &plan, &progress);
    let left =
        |synced: &BTreeMap<Field, LastSynced>, at| still_ahead(&plan, &progress, link, synced, at);
    assert_eq!(left(&synced, now() + SignedDuration::from_mins(4)), link.write_ahead);
    assert!(left(&synced, now() + MAY_LAND).is_empty());
    let mut newer = synced.clone();
    newer.remove("notes");
    assert!(left(&newer, now()).is_empty());
}

#[test]
fn an_entry_goes_with_the_answer_to_its_own_write() {
    for (end, is_left) in [(End::Stored, false), (refused(), false), (End::Unknown, true)] {
        let deal = edited();
        let plan = deal.plan();
        let mut link = deal.link().clone();
        write_ahead(&deal.case(), &plan, &mut link);
        let mut progress = Progress::planned(&plan, &link);
        progress.end(&plan, &end, |_| true);
        let synced = after(&deal.case(), &plan, &progress);
        let left = still_ahead(&plan, &progress, &link, &synced, now());
        assert_eq!(!left.is_empty(), is_left, "{end:?}");
    }
}
