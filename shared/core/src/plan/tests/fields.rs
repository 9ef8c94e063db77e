//! Fields that changed.

use super::*;

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
fn a_block_that_is_missing_from_the_answer_is_not_an_emptied_field() {
    let update = after(|body| drop(body.as_object_mut().unwrap().remove("details")), |_| {});
    assert!(is_quiet(&update), "{update:?}");
    let update = after(|body| body["details"]["dealValue"] = json!("a lot"), |_| {});
    assert!(is_quiet(&update), "{update:?}");
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
