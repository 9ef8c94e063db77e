//! Fields that changed.

use std::collections::BTreeMap;

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
    let update =
        after(|body| body["details"]["closingDateTime"] = json!("2026-10-15T00:00:00Z"), |_| {});
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
    assert_eq!(
        update.changes[0].overruled,
        Some(cosell_model::value::Value::text("from the seller"))
    );
    assert!(update.has_conflict());
}

#[test]
fn locked_fields_are_never_sent_and_the_seller_is_told_once() {
    let (mapping, referral) = (shipped(), referral(|_| {}));
    let mut link = linked(&mapping, &referral, &record(|_| {}));
    let renamed = record(|record| set(record, "customerid_account/name", json!("Renamed AB")));
    let update = plan_update(&mapping, &link, &referral, &renamed, now());
    assert!(untouched(&update) && update.patch.is_empty());
    let told =
        "Changed here and not sent, because Microsoft locks it once a deal exists: Customer.";
    assert_eq!(update.notes(true, true), [told]);
    link.last_synced = update.last_synced(&mapping, None, None);
    assert!(is_quiet(&plan_update(&mapping, &link, &referral, &renamed, now())));
}

#[test]
fn a_conflict_that_waits_is_told_once_and_holds_up_nothing_else() {
    let mut mapping = shipped();
    if let Some(rule) = mapping.rules.iter_mut().find(|rule| rule.name == "name") {
        rule.conflict = cosell_mapping::ConflictRule::Ask;
    }
    let mut link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    let there = referral(|body| {
        body["name"] = json!("Theirs");
        body["details"]["notes"] = json!("call first");
    });
    let here = record(|record| set(record, "name", json!("Ours")));
    let update = plan_update(&mapping, &link, &there, &here, now());
    assert_eq!(update.fields, BTreeMap::from([("description".into(), json!("call first"))]));
    assert!(update.patch.is_empty());
    assert_eq!((update.undecided.len(), update.notes(true, true).len()), (1, 2));

    let stored = record(|record| {
        set(record, "name", json!("Ours"));
        set(record, "description", json!("call first"));
    });
    link.last_synced = update.last_synced(&mapping, None, Some(&stored));
    link.conflicts = update.conflicts;
    let echo = plan_update(&mapping, &link, &there, &stored, now());
    assert!(is_quiet(&echo) && echo.conflicts == link.conflicts);

    link.conflicts.get_mut("name").unwrap().decision = Some(Side::Crm);
    let decided = plan_update(&mapping, &link, &there, &stored, now());
    assert_eq!(decided.patch[0].value, json!("Ours"));
    assert!(decided.conflicts.is_empty() && decided.has_conflict());
}

#[test]
fn stored_changes_tell_what_was_really_kept() {
    let mapping = shipped();
    let link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    let edited = referral(|body| body["details"]["notes"] = json!("A long new note"));
    let update = plan_update(&mapping, &link, &edited, &record(|_| {}), now());
    let kept = record(|record| set(record, "description", json!("A long")));
    let last_synced = update.last_synced(&mapping, Some(&edited), Some(&kept));
    let changes = update.stored_changes(&last_synced, true, true);
    assert_eq!(
        (changes[0].side, changes[0].after.clone()),
        (Side::Crm, cosell_model::value::Value::text("A long"))
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
    let update = plan_update(&mapping, &link, &noted, &record(|_| {}), now());
    let meanwhile = record(|record| {
        set(record, "description", json!("call before noon"));
        set(record, "estimatedvalue", json!(999));
        record.phase = Phase::Won;
    });
    link.last_synced = update.last_synced(&mapping, None, Some(&meanwhile));
    let next = plan_update(&mapping, &link, &noted, &meanwhile, now());
    let paths: Vec<&str> = next.patch.iter().map(|operation| operation.path.as_str()).collect();
    assert_eq!(paths, ["/details/dealValue", "/status", "/substatus"]);
}

#[test]
fn a_side_that_refused_is_tried_again() {
    let mapping = shipped();
    let mut link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    let edited = record(|record| set(record, "estimatedvalue", json!(205_000)));
    let update = plan_update(&mapping, &link, &referral(|_| {}), &edited, now());
    link.last_synced = update.last_synced(&mapping, None, None);
    assert_eq!(plan_update(&mapping, &link, &referral(|_| {}), &edited, now()).patch, update.patch);
}

/// The CRM refused the deal's currency, and the record that was made bare has the CRM's own.
#[test]
fn an_amount_does_not_cross_without_its_currency() {
    let mapping = shipped();
    let invitation = referral(|_| {});
    let bare = record(|record| {
        record.fields.remove("estimatedvalue");
        set(record, "transactioncurrencyid/isocurrencycode", json!("EUR"));
    });
    let mut link = linked(&mapping, &invitation, &bare);
    // As `create_record` keeps it: what is empty is yet to be filled.
    link.last_synced.retain(|name, last_synced| {
        mapping.rules.iter().all(|rule| rule.name != name.as_str()) || !last_synced.crm.is_nothing()
    });
    let update = plan_update(&mapping, &link, &invitation, &bare, now());
    assert_eq!(
        (update.fields.get("estimatedvalue"), update.held.len()),
        (None, 1),
        "184000 SEK must not become 184000 EUR without a word"
    );
}

/// Partner Center's names have no case, and a mapping may write them in any.
#[test]
fn an_amount_does_not_cross_without_its_currency_however_the_mapping_spells_the_paths() {
    let text = include_str!("../../../../../infra/mapping/dynamics.toml")
        .replace("\"details.dealValue\"", "\"Details.DealValue\"")
        .replace("\"details.currency\"", "\"Details.Currency\"");
    let placeholders = cosell_mapping::Placeholders::from([
        ("prefix", "nwcs".to_owned()),
        ("team_phone", "+46".to_owned()),
    ]);
    let mapping = cosell_mapping_check::parse(&text, &placeholders).unwrap();
    let euros = record(|record| set(record, "transactioncurrencyid/isocurrencycode", json!("EUR")));
    let link = linked(&mapping, &referral(|_| {}), &euros);
    let edited = referral(|body| body["details"]["dealValue"] = json!(205_000));
    let update = plan_update(&mapping, &link, &edited, &euros, now());
    assert_eq!(update.fields.get("estimatedvalue"), None, "205000 SEK must not become 205000 EUR");
}
