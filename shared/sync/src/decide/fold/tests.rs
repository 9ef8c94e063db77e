use serde_json::Value as Json;
use serde_json::json;

use super::*;
use crate::fixtures::{Deal, now, record, set, shipped};
use cosell_mapping::{ConflictRule, RegisterWhen};

fn refusal(sentence: &str) -> Refusal {
    Refusal { sentence: sentence.into(), code: None }
}

/// A deal whose name and amount changed in the CRM, and whose notes in Partner Center.
fn edited() -> Deal {
    let mut deal = Deal::in_sync();
    deal.set("name", json!("Renamed"));
    deal.set("estimatedvalue", json!(205_000));
    deal.edit_referral(|body| body["details"]["notes"] = json!("Three."));
    deal
}

/// What the plan amounts to after the effects on these fields ended so, and all others were stored.
fn ended(deal: &Deal, plan: &Plan, ends: &[(&str, End)]) -> Folded {
    let mut progress = Progress::planned(plan, deal.link());
    for (field, end) in ends {
        progress.end(plan, end, |effect| {
            effect.field == *field && !matches!(effect.action, Action::Notify(_))
        });
    }
    progress.end(plan, &End::Stored, |_| true);
    of(&deal.case(), plan, &progress)
}

fn codes(folded: &Folded) -> Vec<&'static str> {
    folded.notices.iter().map(Notice::code).collect()
}

#[test]
fn what_is_stored_was_sent_and_received_and_the_deal_is_in_sync() {
    let deal = edited();
    let folded = ended(&deal, &deal.plan(), &[]);
    let fields = vec!["name".into(), "deal_value".into()];
    assert_eq!(
        folded.notices,
        [
            Notice::Sent { fields, stage: None },
            Notice::Received { fields: vec!["notes".into()], phase: None }
        ]
    );
    assert_eq!(folded.state, DealState::InSync);
    assert_eq!(folded.changes.len(), 3);
}

#[test]
fn what_is_refused_together_is_one_notice_that_comes_first() {
    let deal = edited();
    let refused = || End::Refused(refusal("Refused."));
    let plan = deal.plan();
    let folded = ended(&deal, &plan, &[("name", refused()), ("deal_value", refused())]);
    let fields = vec!["name".into(), "deal_value".into()];
    let notice = Notice::FieldRefused { fields, refusal: refusal("Refused.") };
    assert_eq!(folded.notices[0], notice);
    assert_eq!(codes(&folded), ["field-refused", "received"]);
    let DealState::PartlySynced { fields, blocked: true, reasons } = folded.state else {
        panic!("{:?}", folded.state);
    };
    assert_eq!(fields, ["deal_value".into(), "name".into()].into());
    assert_eq!(reasons, [notice]);
    let other = End::Refused(refusal("Refused otherwise."));
    let folded = ended(&deal, &plan, &[("name", refused()), ("deal_value", other)]);
    assert_eq!(codes(&folded)[..2], ["field-refused", "field-refused"]);
}

#[test]
fn what_was_not_tried_is_neither_sent_nor_synced() {
    let deal = edited();
    for end in [End::Skipped, End::Unknown] {
        let folded = ended(&deal, &deal.plan(), &[("notes", end)]);
        assert_eq!(codes(&folded), ["sent"]);
        assert_eq!(folded.changes.len(), 2);
        assert_eq!(
            folded.state,
            DealState::PartlySynced {
                fields: ["notes".into()].into(),
                blocked: false,
                reasons: Vec::new()
            }
        );
    }
}

#[test]
fn a_stage_is_sent_with_its_fields() {
    let mut deal = edited();
    deal.edit_record(|record| record.phase = Phase::Won);
    let folded = ended(&deal, &deal.plan(), &[]);
    let sent = folded.notices.iter().find(|notice| notice.code() == "sent");
    let Some(Notice::Sent { stage, .. }) = sent else { panic!("{:?}", folded.notices) };
    assert_eq!(*stage, Some(Stage::Won));
}

#[test]
fn a_write_that_the_crm_did_not_keep_is_found_in_its_answer() {
    let mut deal = Deal::in_sync();
    deal.edit_referral(|body| body["details"]["dealValue"] = json!(205_000));
    let plan = deal.plan();
    let mut progress = Progress::planned(&plan, deal.link());
    progress.end(&plan, &End::Stored, |_| true);
    progress.record = Some(record(|_| {}));
    let folded = of(&deal.case(), &plan, &progress);
    assert_eq!(codes(&folded), ["received", "dropped-write"]);
    assert!(folded.dropped_writes.contains_key("deal_value"));
    let DealState::PartlySynced { fields, blocked: false, reasons } = folded.state else {
        panic!("{:?}", folded.state);
    };
    assert_eq!(fields, ["deal_value".into()].into());
    assert_eq!(reasons.len(), 1);
}

#[test]
fn a_person_is_asked_for_before_what_comes_by_itself() {
    let mut mapping = shipped();
    mapping.rules.iter_mut().find(|rule| rule.name == "name").unwrap().conflict = ConflictRule::Ask;
    let mut deal = Deal::of(mapping, |_| {}, |_| {});
    deal.edit_referral(|body| body["name"] = json!("Theirs"));
    deal.set("name", json!("Ours"));
    deal.set("estimatedvalue", json!(205_000));
    let plan = deal.plan();
    let decision = DealState::NeedsDecision { fields: ["name".into()].into() };
    assert_eq!(ended(&deal, &plan, &[]).state, decision);
    assert_eq!(ended(&deal, &plan, &[("deal_value", End::Skipped)]).state, decision);
    let refused = End::Refused(refusal("Refused."));
    let state = ended(&deal, &plan, &[("deal_value", refused)]).state;
    assert!(matches!(state, DealState::PartlySynced { blocked: true, .. }), "{state:?}");
}

#[test]
fn help_was_requested_only_once_microsoft_was_asked() {
    let mut deal = Deal::in_sync();
    deal.edit_record(|record| {
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
        for column in ["firstname", "lastname", "emailaddress1", "telephone1"] {
            set(record, &format!("parentcontactid/{column}"), json!("x"));
        }
    });
    let plan = deal.plan();
    let planned = of(&deal.case(), &plan, &Progress::planned(&plan, deal.link()));
    assert!(codes(&planned).contains(&"help-requested"));
    assert!(!codes(&ended(&deal, &plan, &[])).contains(&"help-requested"), "it was found");
    let refused = ended(&deal, &plan, &[("help", End::Refused(refusal("Refused.")))]);
    assert_eq!(codes(&refused)[0], "help-refused");
    assert!(!codes(&refused).contains(&"help-requested"));
    let DealState::PartlySynced { fields, blocked: true, .. } = refused.state else {
        panic!("{:?}", refused.state);
    };
    assert!(fields.contains("help"));
}

#[test]
fn what_was_to_happen_is_not_said_when_it_did_not() {
    let mut mapping = shipped();
    mapping.registration.as_mut().unwrap().when = RegisterWhen::Won;
    let won = |body: &mut Json| {
        body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
        (body["status"], body["substatus"]) = (json!("Closed"), json!("Won"));
    };
    let deal = Deal::of(mapping, won, |record| {
        record.phase = Phase::Won;
        set(record, "actualvalue", json!(205_000));
        set(record, "actualclosedate", json!("2026-11-20"));
    });
    let plan = deal.plan();
    assert!(codes(&ended(&deal, &plan, &[])).contains(&"registered"));
    for end in [End::Unknown, End::Refused(refusal("Refused."))] {
        let folded = ended(&deal, &plan, &[("registration", end)]);
        assert!(!codes(&folded).contains(&"registered"), "{:?}", codes(&folded));
    }
}

#[test]
fn a_seller_reads_the_same_reasons_in_the_same_order() {
    let mut deal = edited();
    let refused = [
        ("name", End::Refused(refusal("Too long."))),
        ("deal_value", End::Refused(refusal("Too much."))),
    ];
    let plan = deal.plan();
    let first = ended(&deal, &plan, &refused).state;
    let DealState::PartlySynced { fields, blocked, mut reasons } = first.clone() else {
        panic!("{first:?}")
    };
    reasons.reverse();
    let known = DealState::PartlySynced { fields, blocked, reasons };
    assert_ne!(known, first);
    deal.link_mut().state = known.clone();
    assert_eq!(ended(&deal, &plan, &refused).state, known);
    assert_ne!(ended(&deal, &plan, &refused[..1]).state, known, "one reason less");
}

#[test]
fn a_deal_that_waits_says_for_what() {
    let pending = |body: &mut Json| {
        (body["status"], body["substatus"]) = (json!("New"), json!("Pending"));
        body["direction"] = json!("Incoming");
    };
    let mut deal = Deal::of(shipped(), pending, |record| record.phase = Phase::OnHold);
    deal.set("description", json!("call first"));
    let plan = deal.plan();
    let acceptance = DealState::Waiting {
        for_what: WaitingFor::Acceptance,
        until: None,
        fields: ["notes".into()].into(),
    };
    assert_eq!(ended(&deal, &plan, &[]).state, acceptance);
    let expires = now() + jiff::SignedDuration::from_hours(30);
    deal.edit_referral(|body| body["expirationDateTime"] = json!(expires.to_string()));
    let answer = DealState::Waiting {
        for_what: WaitingFor::Answer,
        until: Some(expires),
        fields: ["notes".into()].into(),
    };
    assert_eq!(ended(&deal, &deal.plan(), &[]).state, answer);
}

#[test]
fn what_waits_is_named_beside_what_does_not_agree() {
    let pending = |body: &mut Json| {
        (body["status"], body["substatus"]) = (json!("New"), json!("Pending"));
        body["direction"] = json!("Incoming");
    };
    let mut deal = Deal::of(shipped(), pending, |record| record.phase = Phase::OnHold);
    deal.set("description", json!("call first"));
    deal.edit_referral(|body| body["details"]["dealValue"] = json!(205_000));
    let state = ended(&deal, &deal.plan(), &[("deal_value", End::Skipped)]).state;
    let DealState::PartlySynced { fields, blocked: false, .. } = state else {
        panic!("{state:?}");
    };
    assert_eq!(fields, ["deal_value".into(), "notes".into()].into());
}
