//! A CRM that takes a field without a word and does not keep it.

use super::*;

const AMOUNT: &str = "estimatedvalue";

/// A linked pair whose amount the CRM calculates itself.
async fn calculated() -> (Stage, Subject) {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    *stage.world.ignored_column.lock().unwrap() = Some(AMOUNT);
    let referral = Subject::Referral(stage.the_link().referral);
    (stage, referral)
}

fn edit_referral(stage: &Stage, pointer: &str, value: Json) {
    let mut body = stage.referrals()[0].clone();
    *body.pointer_mut(pointer).unwrap() = value;
    stage.world.put_referral(stage.the_link().referral, body);
}

fn edit(stage: &Stage, column: &str, value: Json) {
    stage.world.edit_record(OPPORTUNITY, |record| drop(record.fields.insert(column.into(), value)));
}

/// How often the seller reads that the amount was not taken over, with this value.
fn told(stage: &Stage, value: u32) -> usize {
    let record = stage.the_record();
    let audit = record.get("nwcs_audit").as_str().unwrap_or_default();
    audit
        .lines()
        .filter(|line| {
            line.contains("Deal value was not taken over by the CRM")
                && line.ends_with(&format!("Partner Center has {value}."))
        })
        .count()
}

fn entries(stage: &Stage) -> usize {
    let trail = stage.world.trail.lock().unwrap();
    trail.iter().filter(|entry| entry.kind == AuditKind::DroppedWrite).count()
}

#[tokio::test]
async fn it_is_told_once_in_the_crm_and_in_the_trail_until_partner_center_changes_again() {
    let (stage, referral) = calculated().await;
    for (turn, value) in [205_000, 210_000].into_iter().enumerate() {
        edit_referral(&stage, "/details/dealValue", json!(value));
        for subject in [&referral, &opportunity(), &referral, &opportunity()] {
            stage.look(subject, "look").await.unwrap();
        }
        assert_eq!((told(&stage, value), entries(&stage)), (1, turn + 1));
        assert_eq!(stage.the_record().get(AMOUNT), 184_000);
        assert_eq!(
            stage.referrals()[0]["details"]["dealValue"],
            value,
            "the CRM's own amount is not sent back"
        );
    }
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
    let entry = stage.world.trail.lock().unwrap();
    let entry = entry.iter().find(|entry| entry.kind == AuditKind::DroppedWrite).unwrap();
    assert_eq!(entry.message, "Not taken over by the CRM: Deal value.");
    assert_eq!(entry.changes[0].after.to_json(), json!(184_000), "what was really stored");
}

#[tokio::test]
async fn telling_it_costs_one_write_and_nothing_after() {
    let (stage, referral) = calculated().await;
    edit_referral(&stage, "/details/dealValue", json!(205_000));
    let mut calls = Vec::new();
    for _ in 0..3 {
        stage.world.take_calls();
        stage.look(&referral, "look").await.unwrap();
        calls.push(stage.world.take_calls());
    }
    let writes = ["pc.get", "crm.get", "crm.update"];
    assert_eq!(calls[0], ["pc.get", "crm.get", "links.save", "crm.update", "links.save"]);
    assert_eq!(calls[1], [&writes[..], &["links.save"]].concat());
    assert_eq!(calls[2], writes[..2]);
}

#[tokio::test]
async fn it_rides_on_a_write_that_is_made_anyway() {
    let (stage, referral) = calculated().await;
    edit_referral(&stage, "/details/dealValue", json!(205_000));
    stage.look(&referral, "not kept").await.unwrap();
    edit(&stage, "description", json!("call before noon"));
    stage.world.take_calls();
    stage.look(&opportunity(), "edit").await.unwrap();
    let writes = stage.world.take_calls().into_iter().filter(|call| *call == "crm.update").count();
    assert_eq!((writes, told(&stage, 205_000)), (1, 1));
    assert_eq!(stage.referrals()[0]["details"]["notes"], "call before noon");
}

#[tokio::test]
async fn what_the_crm_comes_to_later_is_an_edit_like_any_other() {
    let (stage, referral) = calculated().await;
    edit_referral(&stage, "/details/dealValue", json!(205_000));
    stage.settle(&referral).await;
    edit(&stage, AMOUNT, json!(190_000));
    stage.settle(&opportunity()).await;
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 190_000);
    assert_eq!(entries(&stage), 1);
}

#[tokio::test]
async fn a_new_record_that_does_not_keep_a_field_is_told_of_too() {
    let stage = Stage::with_referral();
    *stage.world.ignored_column.lock().unwrap() = Some(AMOUNT);
    assert_eq!(stage.look(&referral(), "created").await.unwrap().kind, AuditKind::Created);
    assert_eq!(entries(&stage), 1);
    for _ in 0..3 {
        stage.look(&referral(), "echo").await.unwrap();
    }
    assert_eq!((told(&stage, 62_000), entries(&stage)), (1, 1));
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 62_000);
}

#[tokio::test]
async fn it_waits_behind_what_the_seller_must_mend() {
    let (stage, referral) = calculated().await;
    edit_referral(&stage, "/details/dealValue", json!(205_000));
    stage.look(&referral, "not kept").await.unwrap();
    edit(&stage, "nwcs_products", json!("SOL-WRONG"));
    *stage.world.refused_path.lock().unwrap() = Some("/details/requirements/solutions");
    for _ in 0..2 {
        stage.look(&opportunity(), "refused").await.unwrap();
        assert_eq!(told(&stage, 205_000), 0);
    }
    *stage.world.refused_path.lock().unwrap() = None;
    stage.settle(&opportunity()).await;
    assert_eq!(told(&stage, 205_000), 1);
}

#[tokio::test]
async fn a_record_that_was_closed_meanwhile_is_told_once_it_is_reopened() {
    let (stage, referral) = calculated().await;
    let mut body = stage.referrals()[0].clone();
    body["details"]["dealValue"] = json!(205_000);
    (body["status"], body["substatus"]) = (json!("Closed"), json!("Won"));
    stage.world.put_referral(stage.the_link().referral, body);
    stage.settle(&referral).await;
    assert_eq!(
        (stage.the_record().phase, told(&stage, 205_000), entries(&stage)),
        (Phase::Won, 0, 1)
    );
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Open);
    stage.settle(&opportunity()).await;
    assert_eq!((told(&stage, 205_000), entries(&stage)), (1, 1));
}

#[tokio::test]
async fn a_look_that_dies_on_the_way_is_made_good() {
    for call in ["crm.update", "links.save"] {
        for fault in [Fault::Before(FailureKind::Transient), Fault::After(FailureKind::Transient)] {
            let (stage, referral) = calculated().await;
            edit_referral(&stage, "/details/dealValue", json!(205_000));
            stage.fault(call, Fault::Pass);
            stage.fault(call, fault);
            let mut failed = 0;
            for _ in 0..6 {
                failed += usize::from(stage.look(&referral, "look").await.is_err());
            }
            assert_eq!(failed, 1, "{call} {fault:?}");
            assert_eq!(told(&stage, 205_000), 1, "{call} {fault:?}");
            assert!(entries(&stage) >= 1, "{call} {fault:?}");
            assert_eq!(stage.referrals()[0]["details"]["dealValue"], 205_000);
        }
    }
}
