//! Conflicts that wait, answers that are lost, automations that fight.

use cosell_mapping::ConflictRule;
use cosell_model::audit::Side;

use super::*;

/// A linked pair whose deal name an operator decides on, changed on both sides.
async fn contested() -> (Stage, ReferralId) {
    let mut stage = Stage::with_opportunity();
    let mut mapping = (*stage.engine.mapping).clone();
    mapping.rules.iter_mut().find(|rule| rule.name == "name").unwrap().conflict = ConflictRule::Ask;
    stage.engine.mapping = Arc::new(mapping);
    stage.settle(&opportunity()).await;
    let referral = stage.the_link().referral;
    rename_record(&stage, "Ours");
    rename_referral(&stage, "Theirs");
    (stage, referral)
}

fn rename_record(stage: &Stage, name: &str) {
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("name".into(), json!(name)));
    });
}

fn rename_referral(stage: &Stage, name: &str) {
    let mut body = stage.referrals()[0].clone();
    body["name"] = json!(name);
    stage.world.put_referral(stage.the_link().referral, body);
}

fn names(stage: &Stage) -> (Json, Json) {
    (stage.referrals()[0]["name"].clone(), stage.the_record().get("name").clone())
}

#[tokio::test]
async fn a_parked_conflict_keeps_both_values_while_other_fields_go_on() {
    let (stage, _) = contested().await;
    let outcome = stage.look(&opportunity(), "first").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::AwaitingDecision);
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "⚠ Conflict: Deal name");
    let parked = stage.world.trail.lock().unwrap().last().unwrap().undecided.clone();
    assert_eq!(
        (parked[0].partner_center.to_json(), parked[0].crm.to_json()),
        (json!("Theirs"), json!("Ours"))
    );

    let mut body = stage.referrals()[0].clone();
    body["details"]["notes"] = json!("call first");
    stage.world.put_referral(stage.the_link().referral, body);
    assert_eq!(
        stage.settle(&opportunity()).await.kind,
        AuditKind::Updated,
        "and the conflict is not told again"
    );
    assert_eq!(stage.the_record().get("description"), "call first");
    assert_eq!(names(&stage), (json!("Theirs"), json!("Ours")));
}

#[tokio::test]
async fn an_operators_decision_is_carried_out_and_the_other_value_kept_in_the_trail() {
    for (winner, name, lost) in
        [(Side::Crm, "Ours", "Theirs"), (Side::PartnerCenter, "Theirs", "Ours")]
    {
        let (stage, referral) = contested().await;
        stage.look(&opportunity(), "first").await.unwrap();
        let order = Order { now: stage.now, id: "order" };
        let outcome = stage.engine.settle(referral, "name", winner, order).await.unwrap();
        assert_eq!(outcome.kind, AuditKind::Conflict);
        assert!(outcome.noted.contains(&AuditKind::Resolved));
        assert_eq!(names(&stage), (json!(name), json!(name)));
        assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
        let overruled =
            stage.world.trail.lock().unwrap().last().unwrap().changes[0].overruled.clone();
        assert_eq!(overruled.unwrap().to_json(), json!(lost));
        let again = stage.engine.settle(referral, "name", winner, order).await.unwrap();
        assert_eq!(
            (again.kind, again.message.as_str()),
            (AuditKind::Rejected, "`name` does not wait for a decision; none does")
        );
    }
}

#[tokio::test]
async fn a_decision_on_values_that_changed_since_is_asked_anew() {
    let (stage, referral) = contested().await;
    stage.look(&opportunity(), "first").await.unwrap();
    rename_record(&stage, "Ours, corrected");
    let order = Order { now: stage.now, id: "order" };
    assert_eq!(
        stage.engine.settle(referral, "name", Side::Crm, order).await.unwrap().kind,
        AuditKind::AwaitingDecision
    );
    assert_eq!(names(&stage), (json!("Theirs"), json!("Ours, corrected")));
}

#[tokio::test]
async fn an_edit_back_to_the_old_value_wins_over_a_patch_whose_answer_was_lost() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    rename_record(&stage, "Renamed");
    stage.fault("pc.patch", Fault::After(FailureKind::Transient));
    stage.look(&opportunity(), "loses the answer").await.unwrap_err();
    rename_record(&stage, "Cold-store rollout");
    stage.settle(&opportunity()).await;
    assert_eq!(names(&stage), (json!("Cold-store rollout"), json!("Cold-store rollout")));
}

#[tokio::test]
async fn a_pair_that_two_automations_fight_over_is_slowed_told_and_taken_up_again() {
    let mut stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let mut looks = 0;
    let postponed = loop {
        looks += 1;
        assert!(looks < 20, "nobody stops the fight");
        stage.now += SignedDuration::from_mins(1);
        let (there, here) = names(&stage);
        if there == here && here == "BY THE WORKFLOW" {
            rename_referral(&stage, "by the integration");
        } else {
            rename_record(&stage, "BY THE WORKFLOW");
        }
        match stage.look(&opportunity(), &format!("look {looks}")).await {
            Ok(_) => {}
            Err(failure) => break failure,
        }
    };
    assert_eq!(looks, 7, "six writes pass");
    let FailureKind::Postponed { retry_after } = postponed.kind else { panic!("{postponed}") };
    assert_eq!(retry_after.as_secs(), 14 * 60);
    assert!(
        stage
            .the_record()
            .get("nwcs_audit")
            .as_str()
            .unwrap()
            .contains("keeps changing back and forth")
    );
    let slowed = stage
        .world
        .trail
        .lock()
        .unwrap()
        .iter()
        .filter(|entry| entry.kind == AuditKind::Flapping)
        .count();
    assert_eq!(slowed, 1);

    stage.now += SignedDuration::from_mins(15);
    stage.look(&opportunity(), "after the pause").await.unwrap();
    assert_eq!(names(&stage).0, names(&stage).1, "nothing is lost by a pause");
}

#[tokio::test]
async fn writes_that_fail_are_no_fight() {
    let mut stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    rename_record(&stage, "Renamed");
    for look in 0..25 {
        stage.now += SignedDuration::from_mins(2);
        stage.fault("pc.patch", Fault::Before(FailureKind::Transient));
        let failure = stage.look(&opportunity(), &format!("look {look}")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Transient);
    }
    stage.settle(&opportunity()).await;
    assert_eq!(names(&stage).0, "Renamed");
}

#[tokio::test]
async fn a_patch_that_was_answered_is_remembered_though_the_crms_half_fails_again_and_again() {
    let stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    let fails = async |invocation: &str| {
        stage.fault("crm.update", Fault::Before(FailureKind::Stale));
        stage.look(&opportunity(), invocation).await.unwrap_err();
    };
    rename_record(&stage, "Renamed");
    fails("sends it, and cannot tell").await;
    rename_referral(&stage, "Theirs");
    rename_record(&stage, "Ours");
    fails("settles it, and cannot tell").await;
    // Back to what it was before all this: that is an edit, for Partner Center has had another name from here.
    rename_record(&stage, "Cold-store rollout");
    rename_referral(&stage, "Theirs, later");
    assert_eq!(stage.look(&opportunity(), "last").await.unwrap().kind, AuditKind::Conflict);
}

#[tokio::test]
async fn patches_that_land_count_towards_a_fight_though_the_crms_half_fails_each_time() {
    let mut stage = Stage::with_opportunity();
    stage.settle(&opportunity()).await;
    for write in 0..20 {
        stage.now += SignedDuration::from_mins(1);
        rename_record(&stage, &format!("Name {write}"));
        stage.fault("crm.update", Fault::Before(FailureKind::Stale));
        let failure = stage.look(&opportunity(), &format!("write {write}")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Stale);
    }
    rename_record(&stage, "one too many");
    let paused = stage.look(&opportunity(), "paused").await.unwrap_err();
    assert!(matches!(paused.kind, FailureKind::Postponed { .. }), "{paused}");
}
