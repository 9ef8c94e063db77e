use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::*;
use crate::audit::Side;
use crate::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use crate::life_cycle::Stage;
use crate::link::Link;
use crate::mapping::Mapping;
use crate::mapping::tests::shipped;
use crate::patch::PatchVerb;
use crate::referral::Referral;

const RECORD: &str = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";

fn policy() -> Policy {
    Policy {
        sync_private: true,
        referral_link_base: "https://partner.example/referrals/".into(),
    }
}

fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn referral_body() -> Json {
    json!({
        "id": "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa", "engagementId": "0f6f2b57-7f4e-4c8d-8c0e-55c7a1d4e3b2", "eTag": "\"1\"",
        "name": "Cold-store rollout", "externalReferenceId": RECORD,
        "status": "Active", "substatus": "Accepted", "updatedDateTime": "2026-11-20T10:00:00.0000000Z",
        "type": "Independent", "qualification": "SalesQualified", "direction": "Outgoing", "target": [],
        "consent": { "consentToShareReferralWithMicrosoftSellers": false },
        "customerProfile": { "name": "Norrsken", "address": { "addressLine1": "Hamngatan 4", "city": "Umeå", "country": "SE", "postalCode": "90326" } },
        "details": {
            "dealValue": 184_000.0, "currency": "SEK", "closingDateTime": "2026-09-30T00:00:00Z", "notes": "Two warehouses.",
            "requirements": { "solutions": [{ "id": "SOL-71402-QKD", "type": "Name" }] }
        }
    })
}

fn referral(change: impl FnOnce(&mut Json)) -> Referral {
    let mut body = referral_body();
    change(&mut body);
    Referral::parse(body, None, None).unwrap()
}

fn record(change: impl FnOnce(&mut CrmRecord)) -> CrmRecord {
    let fields = json!({
        "nwcs_syncwithpartnercenter": true, "name": "Cold-store rollout", "estimatedvalue": 184_000, "estimatedclosedate": "2026-09-30",
        "transactioncurrencyid/isocurrencycode": "SEK", "description": "Two warehouses.", "nwcs_products": "SOL-71402-QKD",
        "customerid_account/name": "Norrsken", "customerid_account/address1_line1": "Hamngatan 4", "customerid_account/address1_city": "Umeå",
        "customerid_account/address1_country": "SE", "owninguser/firstname": "Omar", "owninguser/lastname": "Lind",
        "owninguser/internalemailaddress": "omar.lind@halcyon.example"
    });
    let mut record = CrmRecord {
        key: CrmKey {
            system: "dynamics".into(),
            entity: "opportunity".into(),
            id: RECORD.into(),
        },
        version: "W/\"1\"".into(),
        modified: "2026-11-20T10:00:00Z".parse().unwrap(),
        phase: Phase::Open,
        fields: serde_json::from_value(fields).unwrap(),
        request_id: None,
    };
    change(&mut record);
    record
}

fn linked(mapping: &Mapping, referral: &Referral, record: &CrmRecord) -> Link {
    Link {
        referral: referral.id,
        engagement: referral.engagement,
        microsoft_referral: None,
        crm: record.key.clone(),
        seen: mapping.observe(referral, record).into_new_link(),
        crm_version: record.version.clone(),
        referral_etag: referral.etag.as_str().into(),
        steps: BTreeSet::new(),
        problem: None,
        version: 1,
        created: now(),
        updated: now(),
    }
}

/// There is nothing to do or to say.
fn is_quiet(update: &Update) -> bool {
    untouched(update) && update.patch.is_empty() && update.held.is_empty() && update.notes(true, true).is_empty()
}

/// Nothing is written to the CRM.
fn untouched(update: &Update) -> bool {
    update.fields.is_empty() && update.phase.is_none()
}

/// Plans after both sides changed from a pair that was in step.
fn after(change_referral: impl FnOnce(&mut Json), change_record: impl FnOnce(&mut CrmRecord)) -> Update {
    let mapping = shipped();
    let link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    plan_update(&mapping, &link, &referral(change_referral), &record(change_record))
}

fn set(record: &mut CrmRecord, column: &str, value: Json) {
    record.fields.insert(column.into(), value);
}

#[test]
fn a_pair_in_step_needs_nothing() {
    assert!(is_quiet(&after(|_| {}, |_| {})));
}

#[test]
fn an_edit_in_the_crm_is_one_patch_operation() {
    let update = after(|_| {}, |record| set(record, "estimatedvalue", json!(205_000)));
    assert_eq!(update.patch.len(), 1);
    assert_eq!(
        (update.patch[0].op, update.patch[0].path.as_str(), &update.patch[0].value),
        (PatchVerb::Replace, "/details/dealValue", &json!(205_000))
    );
    assert!(untouched(&update));
    assert_eq!(update.notes(true, true), ["Sent to Partner Center: Deal value."]);
}

#[test]
fn an_edit_in_partner_center_is_one_column() {
    let update = after(|body| body["details"]["closingDateTime"] = json!("2026-10-15T00:00:00Z"), |_| {});
    assert!(update.patch.is_empty());
    assert_eq!(update.fields, BTreeMap::from([("estimatedclosedate".into(), json!("2026-10-15"))]));
}

#[test]
fn edits_of_different_fields_on_both_sides_both_arrive() {
    let update = after(
        |body| body["details"]["notes"] = json!("Three."),
        |record| set(record, "name", json!("Renamed")),
    );
    assert_eq!(update.patch[0].path, "/name");
    assert_eq!(update.fields["description"], json!("Three."));
    assert!(!update.has_conflict());
}

#[test]
fn a_conflict_goes_to_the_newest_and_keeps_the_loser() {
    let update = after(
        |body| {
            body["details"]["notes"] = json!("from Microsoft");
            body["updatedDateTime"] = json!("2026-11-20T12:00:00Z");
        },
        |record| set(record, "description", json!("from the seller")),
    );
    assert_eq!(update.fields["description"], json!("from Microsoft"));
    assert_eq!(update.changes[0].overruled, Some(crate::value::Value::text("from the seller")));
    assert!(update.has_conflict());
}

#[test]
fn locked_fields_are_never_sent() {
    assert!(is_quiet(&after(
        |_| {},
        |record| set(record, "customerid_account/name", json!("Renamed AB"))
    )));
}

#[test]
fn a_win_in_the_crm_closes_the_referral_in_the_same_patch_as_the_fields() {
    let update = after(
        |_| {},
        |record| {
            record.phase = Phase::Won;
            set(record, "estimatedvalue", json!(205_000));
        },
    );
    let paths: Vec<&str> = update.patch.iter().map(|operation| operation.path.as_str()).collect();
    assert_eq!(paths, ["/details/dealValue", "/status", "/substatus"]);
    assert_eq!(update.patch[2].value, json!("Won"));
    assert!(untouched(&update));
}

#[test]
fn a_win_in_partner_center_wins_the_record() {
    let update = after(|body| (body["status"], body["substatus"]) = (json!("Closed"), json!("Won")), |_| {});
    assert_eq!(update.phase, Some(Phase::Won));
    assert!(update.patch.is_empty());
}

#[test]
fn a_closed_referral_is_never_patched_and_the_seller_is_told_once() {
    let mapping = shipped();
    let closed = referral(|body| (body["status"], body["substatus"]) = (json!("Closed"), json!("Won")));
    let won = record(|record| record.phase = Phase::Won);
    let mut link = linked(&mapping, &closed, &won);
    let edited = record(|record| set(record, "estimatedvalue", json!(1)));
    let update = plan_update(&mapping, &link, &closed, &edited);
    assert!(update.patch.is_empty() && untouched(&update));
    assert_eq!(update.held.len(), 2, "the reopened phase and the edit: {:?}", update.held);
    link.seen = update.seen(&mapping, &link, Some(&closed), Some(&edited));
    assert!(is_quiet(&plan_update(&mapping, &link, &closed, &edited)));
}

#[test]
fn a_change_for_a_closed_record_waits_until_it_is_reopened() {
    let mapping = shipped();
    let won = record(|record| record.phase = Phase::Won);
    let mut link = linked(&mapping, &referral(|_| {}), &won);
    let noted = referral(|body| body["details"]["notes"] = json!("late"));
    let update = plan_update(&mapping, &link, &noted, &won);
    assert!(untouched(&update));
    link.seen = update.seen(&mapping, &link, Some(&noted), Some(&won));
    let reopened = plan_update(&mapping, &link, &noted, &record(|_| {}));
    assert_eq!(reopened.fields["description"], json!("late"));
}

#[test]
fn taking_a_record_off_hold_accepts_the_referral() {
    let mapping = shipped();
    let waiting = referral(|body| (body["status"], body["substatus"]) = (json!("New"), json!("Pending")));
    let link = linked(&mapping, &waiting, &record(|record| record.phase = Phase::OnHold));
    let update = plan_update(&mapping, &link, &waiting, &record(|_| {}));
    assert_eq!(
        update.patch.iter().map(|operation| operation.value.clone()).collect::<Vec<_>>(),
        [json!("Active"), json!("Accepted")]
    );
}

#[test]
fn losing_an_unaccepted_record_declines_the_referral() {
    let mapping = shipped();
    let waiting = referral(|body| (body["status"], body["substatus"]) = (json!("New"), json!("Pending")));
    let link = linked(&mapping, &waiting, &record(|record| record.phase = Phase::OnHold));
    let update = plan_update(&mapping, &link, &waiting, &record(|record| record.phase = Phase::Lost));
    assert_eq!(update.patch[1].value, json!("Declined"));
}

#[test]
fn a_new_referral_carries_every_create_rule() {
    let NewReferral::Create { body, help } = plan_referral(&shipped(), &policy(), &record(|_| {})) else {
        panic!("not created")
    };
    assert_eq!(help, None);
    assert_eq!(body["externalReferenceId"], RECORD);
    assert_eq!(body["type"], "Independent");
    assert_eq!(body["target"], json!([]));
    assert_eq!(body["customerProfile"]["address"]["country"], "SE");
    assert_eq!(body["details"]["closingDateTime"], "2026-09-30T00:00:00Z");
    assert_eq!(
        body["details"]["requirements"]["solutions"],
        json!([{ "type": "Name", "id": "SOL-71402-QKD" }])
    );
    assert_eq!(
        body["team"][0],
        json!({ "firstName": "Omar", "lastName": "Lind", "email": "omar.lind@halcyon.example", "phoneNumber": "+46700000002" })
    );
    assert_eq!(body["consent"]["consentToShareReferralWithMicrosoftSellers"], false);
}

#[test]
fn a_new_referral_that_lacks_fields_names_them_all_at_once() {
    let incomplete = record(|record| {
        record.fields.remove("estimatedclosedate");
        set(record, "nwcs_products", Json::Null);
        set(record, "customerid_account/address1_country", json!("Sweden"));
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
    });
    let NewReferral::Reject(problems) = plan_referral(&shipped(), &policy(), &incomplete) else {
        panic!("not rejected")
    };
    let text = problems.join("\n");
    for label in [
        "Estimated close date is missing",
        "Products is missing",
        "Customer country: it must be a two-letter",
        "Customer contact's e-mail is missing",
    ] {
        assert!(text.contains(label), "{text}");
    }
}

#[test]
fn asking_for_help_makes_a_shared_referral_and_an_invitation() {
    let asking = record(|record| {
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
        for (column, value) in [
            ("firstname", "Ida"),
            ("lastname", "Ek"),
            ("emailaddress1", "ida.ek@norrsken.example"),
            ("telephone1", "+4690"),
        ] {
            set(record, &format!("parentcontactid/{column}"), json!(value));
        }
    });
    let NewReferral::Create { body, help } = plan_referral(&shipped(), &policy(), &asking) else {
        panic!("not created")
    };
    assert_eq!(body["type"], "Shared");
    assert_eq!(body["target"], json!([{ "type": "SolutionProfile", "id": "SOL-71402-QKD" }]));
    let engagement = "0f6f2b57-7f4e-4c8d-8c0e-55c7a1d4e3b2".parse().unwrap();
    let invitation = NewReferral::invitation(&body, engagement, &help.unwrap());
    assert_eq!(invitation["inviteContext"]["assistanceRequestCode"], "ProofOfConceptOrDemo");
    assert_eq!(invitation["target"][0]["id"], "msft");
}

#[test]
fn an_unflagged_record_is_not_ours() {
    let unflagged = record(|record| set(record, "nwcs_syncwithpartnercenter", json!(false)));
    assert!(matches!(plan_referral(&shipped(), &policy(), &unflagged), NewReferral::Skip(_)));
}

#[test]
fn an_unanswered_referral_becomes_a_record_on_hold_that_shows_its_sync() {
    let inbound = referral(|body| (body["status"], body["substatus"]) = (json!("New"), json!("Pending")));
    let NewRecord::Create(write) = plan_record(&shipped(), &policy(), &inbound, now()) else {
        panic!("not created")
    };
    assert_eq!(write.phase, Some(Phase::OnHold));
    assert_eq!(write.fields["nwcs_syncstatus"], "✔ Synced");
    assert_eq!(write.fields["nwcs_syncwithpartnercenter"], true);
    assert_eq!(
        write.fields["nwcs_referrallink"],
        "https://partner.example/referrals/c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa"
    );
    assert_eq!(write.fields["nwcs_audit"], "2026-11-21 10:00 UTC  Created from Partner Center.");
    assert_eq!(write.fields["estimatedvalue"], 184_000);
    assert!(!write.fields.contains_key("nwcs_referralid"), "the identifier is the upsert's key");
}

#[test]
fn leads_private_deals_and_closed_referrals_follow_the_policy() {
    let skipped =
        |policy: &Policy, change: fn(&mut Json)| matches!(plan_record(&shipped(), policy, &referral(change), now()), NewRecord::Skip(_));
    assert!(skipped(&policy(), |body| {
        body["direction"] = json!("Incoming");
        body["qualification"] = json!("Direct");
    }));
    assert!(skipped(&policy(), |body| (body["status"], body["substatus"]) =
        (json!("Closed"), json!("Lost"))));
    let mut shared_only = policy();
    shared_only.sync_private = false;
    assert!(skipped(&shared_only, |_| {}));
    assert!(!skipped(&policy(), |_| {}));
}

#[test]
fn a_failure_is_told_once_and_success_clears_it() {
    let (mapping, policy) = (shipped(), policy());
    let told = Told {
        mapping: &mapping,
        policy: &policy,
        referral: None,
        microsoft_crm_id: None,
        now: now(),
    };
    let failed = Note::Failed(vec!["Products is missing.".into()]);
    let mut write = CrmWrite::default();
    told.add_to(&mut write, Some(&record(|_| {})), &failed);
    assert_eq!(write.fields["nwcs_syncstatus"], "✘ Products is missing.");
    let failing = record(|record| record.fields.extend(write.fields.clone()));
    let mut again = CrmWrite::default();
    told.add_to(&mut again, Some(&failing), &failed);
    assert!(again.is_empty(), "{again:?}");
    let mut mended = CrmWrite::default();
    told.add_to(
        &mut mended,
        Some(&failing),
        &Note::Synced(vec!["Created in Partner Center.".into()]),
    );
    assert_eq!(mended.fields["nwcs_syncstatus"], "✔ Synced");
    let audit = mended.fields["nwcs_audit"].as_str().unwrap();
    assert!(
        audit.starts_with("2026-11-21 10:00 UTC  Created in Partner Center.\n") && audit.ends_with("Products is missing."),
        "{audit}"
    );
}

#[test]
fn stored_changes_tell_what_was_really_kept() {
    let mapping = shipped();
    let link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    let edited = referral(|body| body["details"]["notes"] = json!("A long new note"));
    let update = plan_update(&mapping, &link, &edited, &record(|_| {}));
    let kept = record(|record| set(record, "description", json!("A long")));
    let seen = update.seen(&mapping, &link, Some(&edited), Some(&kept));
    let changes = update.stored_changes(&seen, true, true);
    assert_eq!(
        (changes[0].side, changes[0].after.clone()),
        (Side::Crm, crate::value::Value::text("A long"))
    );
    assert_eq!(Stage::Active.to_string(), "Active");
}

#[test]
fn a_won_record_is_never_lost_nor_reopened_because_of_partner_center() {
    let mapping = shipped();
    let won = record(|record| record.phase = Phase::Won);
    let waiting = referral(|body| (body["status"], body["substatus"]) = (json!("New"), json!("Pending")));
    let link = linked(&mapping, &waiting, &won);
    let expired = plan_update(
        &mapping,
        &link,
        &referral(|body| (body["status"], body["substatus"]) = (json!("Closed"), json!("Expired"))),
        &won,
    );
    assert!(untouched(&expired));
    assert!(expired.held[0].reason.contains("The record is won"), "{:?}", expired.held);
    assert!(untouched(&plan_update(&mapping, &link, &referral(|_| {}), &won)));
}

#[test]
fn a_block_that_is_missing_from_the_answer_is_not_an_emptied_field() {
    let update = after(|body| drop(body.as_object_mut().unwrap().remove("details")), |_| {});
    assert!(is_quiet(&update), "{update:?}");
    let update = after(|body| body["details"]["dealValue"] = json!("a lot"), |_| {});
    assert!(is_quiet(&update), "{update:?}");
}

#[test]
fn a_lost_deal_carries_a_reason() {
    let update = after(|_| {}, |record| record.phase = Phase::Lost);
    assert_eq!(
        update.patch.iter().map(|operation| operation.path.as_str()).collect::<Vec<_>>(),
        ["/status", "/substatus", "/statusReason"]
    );
}

#[test]
fn help_that_is_chosen_later_is_told_once_not_to_be_sent() {
    let mapping = shipped();
    let mut link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    let asking = record(|record| set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002)));
    let update = plan_update(&mapping, &link, &referral(|_| {}), &asking);
    assert!(
        update.notes(true, true)[0].contains("was not sent"),
        "{:?}",
        update.notes(true, true)
    );
    link.seen = update.seen(&mapping, &link, None, None);
    assert!(is_quiet(&plan_update(&mapping, &link, &referral(|_| {}), &asking)));
}

#[test]
fn an_edit_between_the_decision_and_the_read_back_is_found_by_the_next_look() {
    let mapping = shipped();
    let mut link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    let noted = referral(|body| body["details"]["notes"] = json!("call before noon"));
    let update = plan_update(&mapping, &link, &noted, &record(|_| {}));
    let meanwhile = record(|record| {
        set(record, "description", json!("call before noon"));
        set(record, "estimatedvalue", json!(999));
        record.phase = Phase::Won;
    });
    link.seen = update.seen(&mapping, &link, None, Some(&meanwhile));
    let next = plan_update(&mapping, &link, &noted, &meanwhile);
    let paths: Vec<&str> = next.patch.iter().map(|operation| operation.path.as_str()).collect();
    assert_eq!(paths, ["/details/dealValue", "/status", "/substatus"]);
}

#[test]
fn a_side_that_refused_is_tried_again() {
    let mapping = shipped();
    let mut link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    let edited = record(|record| set(record, "estimatedvalue", json!(205_000)));
    let update = plan_update(&mapping, &link, &referral(|_| {}), &edited);
    link.seen = update.seen(&mapping, &link, None, None);
    assert_eq!(plan_update(&mapping, &link, &referral(|_| {}), &edited).patch, update.patch);
}

#[test]
fn only_an_open_flagged_pair_is_adopted() {
    let adopt = |referral: &Referral, record: &CrmRecord| plan_adoption(&shipped(), &policy(), referral, record);
    assert_eq!(adopt(&referral(|_| {}), &record(|_| {})), Adoption::Link { invite: false });
    let unflagged = record(|record| set(record, "nwcs_syncwithpartnercenter", json!(false)));
    assert!(matches!(adopt(&referral(|_| {}), &unflagged), Adoption::Skip(_)));
    let lost = referral(|body| (body["status"], body["substatus"]) = (json!("Closed"), json!("Lost")));
    assert!(matches!(adopt(&lost, &record(|_| {})), Adoption::Tell(_)));
    assert!(matches!(
        adopt(&lost, &record(|record| record.phase = Phase::Lost)),
        Adoption::Skip(_)
    ));
    let shared = referral(|body| body["type"] = json!("Shared"));
    let asking = record(|record| set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002)));
    assert_eq!(adopt(&shared, &asking), Adoption::Link { invite: true });
}

#[test]
fn a_second_different_failure_is_told_though_the_status_is_cut_alike() {
    let (mapping, policy) = (shipped(), policy());
    let told = Told {
        mapping: &mapping,
        policy: &policy,
        referral: None,
        microsoft_crm_id: None,
        now: now(),
    };
    let long = |end: &str| Note::Failed(vec![format!("{} {end}", "x".repeat(120))]);
    let mut write = CrmWrite::default();
    told.add_to(&mut write, Some(&record(|_| {})), &long("first"));
    let failing = record(|record| record.fields.extend(write.fields.clone()));
    let mut second = CrmWrite::default();
    told.add_to(&mut second, Some(&failing), &long("second"));
    assert!(second.fields["nwcs_audit"].as_str().unwrap().contains("second"));
    let mut again = CrmWrite::default();
    told.add_to(&mut again, Some(&failing), &long("first"));
    assert!(again.is_empty());
}
