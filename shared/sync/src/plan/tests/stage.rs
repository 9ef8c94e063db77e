//! Stage and phase.

use super::*;

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
    let update =
        after(|body| (body["status"], body["substatus"]) = (json!("Closed"), json!("Won")), |_| {});
    assert_eq!(update.phase, Some(Phase::Won));
    assert!(update.patch.is_empty());
}

#[test]
fn a_closed_referral_is_never_patched_and_the_seller_is_told_once() {
    let mapping = shipped();
    let closed =
        referral(|body| (body["status"], body["substatus"]) = (json!("Closed"), json!("Won")));
    let won = record(|record| record.phase = Phase::Won);
    let mut link = linked(&mapping, &closed, &won);
    let edited = record(|record| set(record, "estimatedvalue", json!(1)));
    let update = plan_update(&mapping, &link, &closed, &edited, now());
    assert!(update.patch.is_empty() && untouched(&update));
    assert_eq!(update.held.len(), 2, "the reopened phase and the edit: {:?}", update.held);
    link.last_synced = update.last_synced(&mapping, Some(&closed), Some(&edited));
    assert!(is_quiet(&plan_update(&mapping, &link, &closed, &edited, now())));
}

#[test]
fn a_change_for_a_closed_record_waits_until_it_is_reopened() {
    let mapping = shipped();
    let won = record(|record| record.phase = Phase::Won);
    let mut link = linked(&mapping, &referral(|_| {}), &won);
    let noted = referral(|body| body["details"]["notes"] = json!("late"));
    let update = plan_update(&mapping, &link, &noted, &won, now());
    assert!(untouched(&update));
    link.last_synced = update.last_synced(&mapping, Some(&noted), Some(&won));
    let reopened = plan_update(&mapping, &link, &noted, &record(|_| {}), now());
    assert_eq!(reopened.fields["description"], json!("late"));
}

#[test]
fn taking_a_record_off_hold_accepts_the_referral() {
    let mapping = shipped();
    let waiting =
        referral(|body| (body["status"], body["substatus"]) = (json!("New"), json!("Pending")));
    let link = linked(&mapping, &waiting, &record(|record| record.phase = Phase::OnHold));
    let update = plan_update(&mapping, &link, &waiting, &record(|_| {}), now());
    assert_eq!(
        update.patch.iter().map(|operation| operation.value.clone()).collect::<Vec<_>>(),
        [json!("Active"), json!("Accepted")]
    );
}

#[test]
fn losing_an_unaccepted_record_declines_the_referral() {
    let mapping = shipped();
    let waiting =
        referral(|body| (body["status"], body["substatus"]) = (json!("New"), json!("Pending")));
    let link = linked(&mapping, &waiting, &record(|record| record.phase = Phase::OnHold));
    let update =
        plan_update(&mapping, &link, &waiting, &record(|record| record.phase = Phase::Lost), now());
    assert_eq!(update.patch[1].value, json!("Declined"));
}

#[test]
fn a_won_record_is_never_lost_nor_reopened_because_of_partner_center() {
    let mapping = shipped();
    let won = record(|record| record.phase = Phase::Won);
    let waiting =
        referral(|body| (body["status"], body["substatus"]) = (json!("New"), json!("Pending")));
    let link = linked(&mapping, &waiting, &won);
    let expired = plan_update(
        &mapping,
        &link,
        &referral(|body| (body["status"], body["substatus"]) = (json!("Closed"), json!("Expired"))),
        &won,
        now(),
    );
    assert!(untouched(&expired));
    assert!(expired.held[0].reason.contains("The record is won"), "{:?}", expired.held);
    assert!(untouched(&plan_update(&mapping, &link, &referral(|_| {}), &won, now())));
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
fn the_reason_that_a_deal_was_declined_or_expired_for_is_told_in_the_audit_field_alone() {
    let update = after(
        |body| {
            (body["status"], body["substatus"]) = (json!("Closed"), json!("Expired"));
            body["statusReason"] = json!("Customer did not respond");
        },
        |_| {},
    );
    assert_eq!(update.phase, Some(Phase::Lost));
    assert_eq!(update.asides, ["Reason given in Partner Center: Customer did not respond."]);
    assert!(update.notes(true, true).iter().all(|note| !note.contains("respond")));
    let unexplained = after(
        |body| (body["status"], body["substatus"]) = (json!("Closed"), json!("Lost")),
        |_| {},
    );
    assert_eq!(unexplained.asides, [""; 0]);
}

#[test]
fn a_seller_who_says_why_a_deal_is_lost_is_quoted() {
    let mut mapping = shipped();
    mapping.stages.reason = serde_json::from_value(json!({ "column": "new_lostreason" })).unwrap();
    assert!(mapping.crm_columns().contains("new_lostreason"));
    let link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    let lost = record(|record| {
        record.phase = Phase::Lost;
        set(record, "new_lostreason", json!("Customer chose another vendor"));
    });
    let update = plan_update(&mapping, &link, &referral(|_| {}), &lost, now());
    assert_eq!(update.patch[2].value, json!("Customer chose another vendor"));
}
