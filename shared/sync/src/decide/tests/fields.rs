//! Fields that changed.

use std::collections::BTreeMap;

use cosell_mapping::{ConflictRule, Placeholders};

use super::*;
use crate::decide::progress::End;

#[test]
fn a_deal_in_sync_needs_nothing() {
    let plan = Deal::in_sync().plan();
    assert!(plan.effects.is_empty() && plan.notices.is_empty(), "{plan:?}");
    assert!(plan.deferred.is_empty() && plan.differing.is_empty());
}

#[test]
fn an_edit_in_the_crm_is_one_patch_operation() {
    let mut deal = Deal::in_sync();
    deal.set("estimatedvalue", json!(205_000));
    let plan = deal.plan();
    let operations = plan.operations();
    assert_eq!(operations.len(), 1);
    assert_eq!(
        (operations[0].op, operations[0].path.as_str(), &operations[0].value),
        (PatchVerb::Replace, "/details/dealValue", &json!(205_000))
    );
    let effect = plan.effect("deal_value");
    assert_eq!((effect.side, effect.is_final), (Side::PartnerCenter, false));
    assert_eq!(
        (&effect.before, &effect.after),
        (&Value::Number(184_000.into()), &Value::Number(205_000.into()))
    );
    assert!(plan.columns().is_empty());
    let sent = Notice::Sent { fields: vec!["deal_value".into()], stage: None };
    assert_eq!(deal.unread(&plan), [sent]);
}

#[test]
fn an_edit_in_partner_center_is_one_column() {
    let plan =
        after(|body| body["details"]["closingDateTime"] = json!("2026-10-15T00:00:00Z"), |_| {});
    assert!(plan.operations().is_empty());
    assert_eq!(
        plan.columns(),
        BTreeMap::from([("estimatedclosedate".into(), json!("2026-10-15"))])
    );
    assert_eq!(plan.effect("closing_date").side, Side::Crm);
}

#[test]
fn edits_of_different_fields_on_both_sides_both_arrive() {
    let plan = after(
        |body| body["details"]["notes"] = json!("Three."),
        |record| set(record, "name", json!("Renamed")),
    );
    assert_eq!(plan.paths(), ["/name"]);
    assert_eq!(plan.columns()["description"], json!("Three."));
    assert!(plan.changes().all(|effect| effect.overruled.is_none()));
}

#[test]
fn a_conflict_goes_to_the_newest_and_keeps_the_loser() {
    let plan = after(
        |body| {
            body["details"]["notes"] = json!("from Microsoft");
            body["updatedDateTime"] = json!("2026-11-20T12:00:00Z");
        },
        |record| set(record, "description", json!("from the seller")),
    );
    assert_eq!(plan.columns()["description"], json!("from Microsoft"));
    assert_eq!(plan.effect("notes").overruled, Some(Value::text("from the seller")));
    let resolved = Notice::ConflictResolved { field: "notes".into(), rule: "newest".into() };
    assert!(plan.notices.contains(&resolved), "{:?}", plan.codes());
}

#[test]
fn locked_fields_are_never_sent_and_the_seller_is_notified_once() {
    let mut deal = Deal::in_sync();
    deal.set("customerid_account/name", json!("Renamed AB"));
    let plan = deal.plan();
    assert!(plan.changes_nothing());
    assert_eq!(deal.unread(&plan), [Notice::Locked { fields: vec!["customer_name".into()] }]);
    deal.carry_out(&plan);
    let again = deal.plan();
    assert!(again.effects.is_empty() && deal.unread(&again).is_empty(), "{again:?}");
}

#[test]
fn a_conflict_that_awaits_a_decision_is_notified_once_and_holds_up_nothing_else() {
    let mut mapping = shipped();
    rule_mut(&mut mapping, "name").conflict = ConflictRule::Ask;
    let mut deal = Deal::of(mapping, |_| {}, |_| {});
    deal.edit_referral(|body| {
        body["name"] = json!("Theirs");
        body["details"]["notes"] = json!("call first");
    });
    deal.set("name", json!("Ours"));
    let plan = deal.plan();
    assert_eq!(plan.columns(), BTreeMap::from([("description".into(), json!("call first"))]));
    assert!(plan.operations().is_empty());
    assert_eq!(plan.undecided[0].field, "name");
    assert_eq!(plan.undecided.len(), 1);
    assert_eq!(deal.says(&plan), ["received", "decision-needed"]);
    deal.carry_out(&plan);

    let echo = deal.plan();
    assert!(echo.effects.is_empty() && echo.undecided.is_empty(), "{echo:?}");
    assert_eq!(echo.conflicts, deal.link().conflicts);

    deal.link_mut().conflicts.get_mut("name").unwrap().decision = Some(Side::Crm);
    let decided = deal.plan();
    assert_eq!(decided.operations()[0].value, json!("Ours"));
    assert_eq!(decided.effect("name").overruled, Some(Value::text("Theirs")));
    assert!(decided.conflicts.is_empty());
}

#[test]
fn a_block_that_is_missing_from_the_answer_is_not_an_emptied_field() {
    let plan = after(|body| drop(body.as_object_mut().unwrap().remove("details")), |_| {});
    assert!(plan.effects.is_empty(), "{plan:?}");
}

#[test]
fn an_edit_between_the_decision_and_the_answer_is_found_by_the_next_reconciliation() {
    let mut deal = Deal::in_sync();
    deal.edit_referral(|body| body["details"]["notes"] = json!("call before noon"));
    let plan = deal.plan();
    let meanwhile = CrmRecord {
        phase: Phase::Won,
        ..record(|record| {
            set(record, "description", json!("call before noon"));
            set(record, "estimatedvalue", json!(999));
        })
    };
    deal.stored(&plan, None, Some(meanwhile));
    assert_eq!(deal.plan().paths(), ["/details/dealValue", "/status", "/substatus"]);
}

#[test]
fn a_change_that_was_refused_is_tried_again() {
    let mut deal = Deal::in_sync();
    deal.set("estimatedvalue", json!(205_000));
    let plan = deal.plan();
    let refusal = cosell_model::notice::Refusal { sentence: "Refused.".into(), code: None };
    deal.ended(&plan, |progress| progress.end(&plan, &End::Refused(refusal), |_| true));
    assert_eq!(deal.plan().operations(), plan.operations());
}

/// The CRM refused the deal's currency, and the record that was made bare has the CRM's own.
#[test]
fn an_amount_is_not_written_without_its_currency() {
    let bare = |record: &mut CrmRecord| {
        record.fields.remove("estimatedvalue");
        set(record, "transactioncurrencyid/isocurrencycode", json!("EUR"));
    };
    let mut deal = Deal::of(shipped(), |_| {}, bare);
    // As a bare record's link starts: what is empty is yet to be filled.
    let synced = std::mem::take(&mut deal.link_mut().last_synced);
    let mapping = shipped();
    let is_yet_empty = |field: &Field, crm: &Value| {
        crm.is_nothing() && mapping.rules.iter().any(|rule| rule.name == field.as_str())
    };
    let kept = synced.into_iter().filter(|(field, values)| !is_yet_empty(field, &values.crm));
    deal.link_mut().last_synced = kept.collect();
    let plan = deal.plan();
    assert_eq!(plan.columns().get("estimatedvalue"), None, "184,000 SEK are not 184,000 EUR");
    assert_eq!(plan.fields_of("currency-differs"), ["deal_value"].into());
    assert!(plan.deferred.contains("deal_value"));
}

/// Partner Center's names have no case, and a mapping may write them in any.
#[test]
fn an_amount_is_not_written_without_its_currency_however_the_mapping_spells_the_paths() {
    let text = include_str!("../../../../../infra/mapping/dynamics.toml")
        .replace("\"details.dealValue\"", "\"Details.DealValue\"")
        .replace("\"details.currency\"", "\"Details.Currency\"");
    let placeholders =
        Placeholders::from([("prefix", "nwcs".to_owned()), ("team_phone", "+46".to_owned())]);
    let crm =
        cosell_mapping::Crm::of_guids("dynamics").with_currency_lookup("transactioncurrencyid");
    let mapping = cosell_mapping_check::parse(&crm, &text, &placeholders).unwrap();
    let euros = |record: &mut CrmRecord| {
        set(record, "transactioncurrencyid/isocurrencycode", json!("EUR"));
    };
    let mut deal = Deal::of(mapping, |_| {}, euros);
    deal.edit_referral(|body| body["details"]["dealValue"] = json!(205_000));
    let plan = deal.plan();
    assert_eq!(plan.columns().get("estimatedvalue"), None, "205,000 SEK are not 205,000 EUR");
}
