//! Invitations that nobody has accepted yet: their records are on hold.

use cosell_mapping::{ConflictRule, OnHoldEdits};
use cosell_model::audit::Side;

use super::*;

/// An invitation and its record on hold.
async fn invited() -> Stage {
    let stage = Stage::with_referral();
    stage.settle(&referral()).await;
    assert_eq!(stage.the_record().phase, Phase::OnHold);
    stage
}

impl Stage {
    fn seller(&self, edit: impl FnOnce(&mut CrmRecord)) {
        let id = self.the_record().key.id;
        self.world.edit_record(&id, edit);
    }

    fn seller_sets(&self, column: &str, value: Json) {
        self.seller(|record| drop(record.fields.insert(column.into(), value)));
    }

    fn seller_moves_to(&self, phase: Phase) {
        self.seller(|record| record.phase = phase);
    }

    fn record_subject(&self) -> Subject {
        Subject::Crm(self.the_record().key)
    }

    fn status(&self) -> (Json, Json) {
        let referral = &self.referrals()[0];
        (referral["status"].clone(), referral["substatus"].clone())
    }
}

fn edit_referral(stage: &Stage, edit: impl FnOnce(&mut Json)) {
    let mut body = stage.referrals()[0].clone();
    edit(&mut body);
    stage.world.put_referral(REFERRAL.parse().unwrap(), body);
}

#[tokio::test]
async fn taking_a_record_off_hold_accepts_the_referral() {
    let stage = invited().await;
    stage.seller_moves_to(Phase::Open);
    assert_eq!(stage.settle(&stage.record_subject()).await.kind, AuditKind::Updated);
    assert_eq!(stage.status(), (json!("Active"), json!("Accepted")));
    assert_eq!(stage.the_record().phase, Phase::Open);
}

#[tokio::test]
async fn edits_made_on_hold_wait_and_are_sent_with_the_acceptance() {
    let stage = invited().await;
    stage.seller_sets("estimatedvalue", json!(70_000));
    edit_referral(&stage, |body| body["details"]["notes"] = json!("50 lorries"));
    stage.settle(&stage.record_subject()).await;
    assert_eq!(stage.the_record().get("description"), "50 lorries", "the other way nothing waits");
    stage.seller_sets("name", json!("Renamed on hold"));
    stage.world.take_calls();
    for _ in 0..2 {
        assert_eq!(
            stage.look(&stage.record_subject(), "waits").await.unwrap().kind,
            AuditKind::Unchanged
        );
    }
    assert_eq!(stage.world.take_calls(), ["pc.get", "crm.get", "pc.get", "crm.get"]);
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 62_000);

    stage.seller_moves_to(Phase::Open);
    stage.world.take_calls();
    stage.look(&stage.record_subject(), "accepted").await.unwrap();
    let patches = stage.world.take_calls().into_iter().filter(|call| *call == "pc.patch").count();
    let referral = &stage.referrals()[0];
    assert_eq!(
        (&referral["details"]["dealValue"], &referral["name"]),
        (&json!(70_000), &json!("Renamed on hold"))
    );
    assert_eq!((stage.status().0, patches), (json!("Active"), 1));
}

#[tokio::test]
async fn edits_made_on_hold_are_sent_when_the_referral_is_accepted_in_partner_center() {
    let stage = invited().await;
    stage.seller_sets("estimatedvalue", json!(70_000));
    stage.settle(&stage.record_subject()).await;
    edit_referral(&stage, |body| {
        (body["status"], body["substatus"]) = (json!("Active"), json!("Accepted"));
    });
    stage.settle(&referral()).await;
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 70_000);
    assert_eq!(stage.the_record().phase, Phase::Open);
}

#[tokio::test]
async fn an_edit_made_on_hold_and_one_in_partner_center_are_a_conflict_like_any_other() {
    let stage = invited().await;
    stage.seller(|record| {
        record.fields.insert("estimatedvalue".into(), json!(70_000));
        record.modified = "2026-11-21T12:00:00Z".parse().unwrap();
    });
    edit_referral(&stage, |body| body["details"]["dealValue"] = json!(65_000));
    stage.settle(&referral()).await;
    assert_eq!(stage.the_record().get("estimatedvalue"), 70_000);
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 65_000, "the later edit waits");
    stage.seller_moves_to(Phase::Open);
    assert_eq!(stage.settle(&stage.record_subject()).await.kind, AuditKind::Conflict);
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 70_000);
}

#[tokio::test]
async fn what_an_operator_decides_does_not_wait() {
    let mut stage = invited().await;
    let mut mapping = Mapping::clone(&stage.engine.mapping);
    mapping.rules.iter_mut().find(|rule| rule.name == "name").unwrap().conflict = ConflictRule::Ask;
    stage.engine.mapping = Arc::new(mapping);
    stage.seller_sets("name", json!("Ours"));
    edit_referral(&stage, |body| body["name"] = json!("Theirs"));
    stage.settle(&referral()).await;
    let order = Order { now: stage.now, id: "order" };
    stage.engine.settle(REFERRAL.parse().unwrap(), "name", Side::Crm, order).await.unwrap();
    assert_eq!(stage.referrals()[0]["name"], "Ours");
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn a_conflict_that_partner_center_takes_back_leaves_an_edit_that_waits() {
    let mut stage = invited().await;
    let mut mapping = Mapping::clone(&stage.engine.mapping);
    mapping.rules.iter_mut().find(|rule| rule.name == "name").unwrap().conflict = ConflictRule::Ask;
    stage.engine.mapping = Arc::new(mapping);
    let before = stage.referrals()[0]["name"].clone();
    stage.seller_sets("name", json!("Ours"));
    edit_referral(&stage, |body| body["name"] = json!("Theirs"));
    stage.settle(&referral()).await;
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "⚠ Conflict: Deal name");
    edit_referral(&stage, |body| body["name"] = before);
    stage.settle(&referral()).await;
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
    stage.seller_moves_to(Phase::Open);
    stage.settle(&stage.record_subject()).await;
    assert_eq!(stage.referrals()[0]["name"], "Ours");
}

#[tokio::test]
async fn losing_a_record_on_hold_declines_the_referral_and_loses_no_edit() {
    let stage = invited().await;
    stage.seller_sets("description", json!("no capacity"));
    stage.settle(&stage.record_subject()).await;
    stage.seller_moves_to(Phase::Lost);
    stage.settle(&stage.record_subject()).await;
    assert_eq!(stage.status(), (json!("Closed"), json!("Declined")));
    assert_eq!(stage.referrals()[0]["details"]["notes"], "no capacity");
}

#[tokio::test]
async fn a_mapping_may_send_edits_made_on_hold_at_once() {
    let mut stage = invited().await;
    let mut mapping = Mapping::clone(&stage.engine.mapping);
    mapping.stages.on_hold_edits = OnHoldEdits::Send;
    stage.engine.mapping = Arc::new(mapping);
    stage.seller_sets("estimatedvalue", json!(70_000));
    stage.settle(&stage.record_subject()).await;
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 70_000);
    assert_eq!(stage.status().0, "New");
}

#[tokio::test]
async fn a_deal_put_on_hold_after_it_was_accepted_goes_on_sending() {
    let stage = invited().await;
    stage.seller_moves_to(Phase::Open);
    stage.settle(&stage.record_subject()).await;
    stage.seller(|record| {
        record.phase = Phase::OnHold;
        record.fields.insert("estimatedvalue".into(), json!(70_000));
    });
    stage.settle(&stage.record_subject()).await;
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 70_000);
    assert_eq!((stage.the_record().phase, stage.status().0), (Phase::OnHold, json!("Active")));
}

#[tokio::test]
async fn a_crm_without_an_on_hold_stage_never_accepts_by_itself() {
    let stage = Stage::with_referral();
    *stage.world.lacks_on_hold.lock().unwrap() = true;
    stage.settle(&referral()).await;
    assert_eq!(stage.the_record().phase, Phase::Open);
    stage.seller_sets("estimatedvalue", json!(70_000));
    stage.settle(&stage.record_subject()).await;
    assert_eq!(stage.referrals()[0]["details"]["dealValue"], 70_000, "what is open is not on hold");
    edit_referral(&stage, |body| body["details"]["notes"] = json!("50 lorries"));
    stage.settle(&referral()).await;
    // A link that was lost: the pair is adopted, and nothing is known of its stage.
    stage.world.links.lock().unwrap().clear();
    stage.settle(&stage.record_subject()).await;
    assert_eq!(stage.status(), (json!("New"), json!("Pending")));
    assert_eq!(stage.the_record().phase, Phase::Open);
}
