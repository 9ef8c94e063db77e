//! Conflicts that wait, answers that are lost, automations that keep changing a deal.

use cosell_mapping::ConflictRule;
use cosell_model::audit::Side;

use super::*;

/// A linked pair whose deal name an operator decides on, changed on both sides.
async fn contested() -> (Stage, ReferralId) {
    let mut stage = Stage::with_opportunity();
    let mut mapping = (*stage.engine.mapping).clone();
    mapping.rules.iter_mut().find(|rule| rule.name == "name").unwrap().conflict = ConflictRule::Ask;
    stage.engine.mapping = Arc::new(mapping);
    stage.until_quiet(&opportunity()).await;
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
async fn a_conflict_that_awaits_a_decision_keeps_both_values_while_other_fields_go_on() {
    let (stage, _) = contested().await;
    let outcome = stage.reconcile(&opportunity(), "first").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::AwaitingDecision);
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "⚠ Needs a decision: Deal name");
    let undecided = stage.audit_log().last().unwrap().undecided.clone();
    assert_eq!(
        (undecided[0].partner_center.to_json(), undecided[0].crm.to_json()),
        (json!("Theirs"), json!("Ours"))
    );

    let mut body = stage.referrals()[0].clone();
    body["details"]["notes"] = json!("call first");
    stage.world.put_referral(stage.the_link().referral, body);
    assert_eq!(
        stage.until_quiet(&opportunity()).await.kind,
        AuditKind::Updated,
        "and the conflict is not notified again"
    );
    assert_eq!(stage.the_record().get("description"), "call first");
    assert_eq!(names(&stage), (json!("Theirs"), json!("Ours")));
}

#[tokio::test]
async fn an_operators_decision_is_carried_out_and_the_other_value_kept_in_the_audit_log() {
    for (winner, name, lost) in
        [(Side::Crm, "Ours", "Theirs"), (Side::PartnerCenter, "Theirs", "Ours")]
    {
        let (stage, referral) = contested().await;
        stage.reconcile(&opportunity(), "first").await.unwrap();
        let order = Order { now: stage.now, id: "order" };
        let outcome = stage.engine.resolve(referral, &"name".into(), winner, order).await.unwrap();
        assert_eq!(outcome.kind, AuditKind::Conflict);
        assert!(outcome.noted.contains(&AuditKind::Resolved));
        assert_eq!(names(&stage), (json!(name), json!(name)));
        assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
        let overruled = stage.audit_log().last().unwrap().changes[0].overruled.clone();
        assert_eq!(overruled.unwrap().to_json(), json!(lost));
        let again = stage.engine.resolve(referral, &"name".into(), winner, order).await.unwrap();
        assert_eq!(
            (again.kind, again.message.as_str()),
            (AuditKind::Rejected, "`name` does not await a decision; none does")
        );
    }
}

#[tokio::test]
async fn a_decision_on_values_that_changed_since_is_asked_anew() {
    let (stage, referral) = contested().await;
    stage.reconcile(&opportunity(), "first").await.unwrap();
    rename_record(&stage, "Ours, corrected");
    let order = Order { now: stage.now, id: "order" };
    assert_eq!(
        stage.engine.resolve(referral, &"name".into(), Side::Crm, order).await.unwrap().kind,
        AuditKind::AwaitingDecision
    );
    assert_eq!(names(&stage), (json!("Theirs"), json!("Ours, corrected")));
}

#[tokio::test]
async fn an_edit_back_to_the_old_value_wins_over_a_patch_whose_answer_was_lost() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    rename_record(&stage, "Renamed");
    stage.fault("pc.patch", Fault::After(FailureKind::Transient));
    stage.reconcile(&opportunity(), "loses the answer").await.unwrap_err();
    rename_record(&stage, "Cold-store rollout");
    stage.until_quiet(&opportunity()).await;
    assert_eq!(names(&stage), (json!("Cold-store rollout"), json!("Cold-store rollout")));
}

#[tokio::test]
async fn a_deal_that_two_automations_keep_changing_is_paused_notified_and_taken_up_again() {
    let mut stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let mut turns = 0;
    let postponed = loop {
        turns += 1;
        assert!(turns < 20, "nobody stops them");
        stage.now += SignedDuration::from_mins(1);
        let (there, here) = names(&stage);
        if there == here && here == "BY THE WORKFLOW" {
            rename_referral(&stage, "by the integration");
        } else {
            rename_record(&stage, "BY THE WORKFLOW");
        }
        match stage.reconcile(&opportunity(), &format!("turn {turns}")).await {
            Ok(_) => {}
            Err(failure) => break failure,
        }
    };
    assert_eq!(turns, 7, "six writes pass");
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
    let flapping =
        stage.audit_log().iter().filter(|entry| entry.kind == AuditKind::Flapping).count();
    assert_eq!(flapping, 1);

    stage.now += SignedDuration::from_mins(15);
    stage.reconcile(&opportunity(), "after the pause").await.unwrap();
    assert_eq!(names(&stage).0, names(&stage).1, "nothing is lost by a pause");
}

#[tokio::test]
async fn writes_that_fail_are_no_fight() {
    let mut stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    rename_record(&stage, "Renamed");
    for turn in 0..25 {
        stage.now += SignedDuration::from_mins(2);
        stage.fault("pc.patch", Fault::Before(FailureKind::Transient));
        let failure = stage.reconcile(&opportunity(), &format!("turn {turn}")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Transient);
    }
    stage.until_quiet(&opportunity()).await;
    assert_eq!(names(&stage).0, "Renamed");
}

#[tokio::test]
async fn a_patch_that_was_answered_is_kept_though_the_crms_side_fails_again_and_again() {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let fails = async |invocation: &str| {
        stage.fault("crm.update", Fault::Before(FailureKind::Stale));
        stage.reconcile(&opportunity(), invocation).await.unwrap_err();
    };
    rename_record(&stage, "Renamed");
    fails("sends it, and cannot tell").await;
    rename_referral(&stage, "Theirs");
    rename_record(&stage, "Ours");
    fails("settles it, and cannot tell").await;
    // Back to what it was before all this: that is an edit, for Partner Center has had another name
    // from here.
    rename_record(&stage, "Cold-store rollout");
    rename_referral(&stage, "Theirs, later");
    assert_eq!(stage.reconcile(&opportunity(), "last").await.unwrap().kind, AuditKind::Conflict);
}

#[tokio::test]
async fn patches_that_land_count_as_flapping_though_the_crms_side_fails_each_time() {
    let mut stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    for write in 0..20 {
        stage.now += SignedDuration::from_mins(1);
        rename_record(&stage, &format!("Name {write}"));
        stage.fault("crm.update", Fault::Before(FailureKind::Stale));
        let failure = stage.reconcile(&opportunity(), &format!("write {write}")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Stale);
    }
    rename_record(&stage, "one too many");
    let paused = stage.reconcile(&opportunity(), "paused").await.unwrap_err();
    assert!(matches!(paused.kind, FailureKind::Postponed { .. }), "{paused}");
}

#[tokio::test]
async fn a_field_that_its_seller_empties_after_a_write_that_nobody_answered_is_a_conflict() {
    for fault in [Fault::Before, Fault::After] {
        let stage = Stage::with_opportunity();
        stage.seller_edits(|record| {
            drop(record.fields.insert("description".into(), json!("two warehouses")));
        });
        stage.until_quiet(&opportunity()).await;
        stage.partner_center_edits(|body| body["details"]["notes"] = json!("three warehouses"));
        stage.fault("crm.update", fault(FailureKind::OutcomeUnknown));
        assert!(stage.reconcile(&opportunity(), "no answer").await.is_err());
        stage.seller_edits(|record| drop(record.fields.insert("description".into(), Json::Null)));
        stage.until_quiet(&opportunity()).await;
        let log = stage.audit_log();
        let mut changes = log.iter().flat_map(|entry| &entry.changes);
        assert!(
            changes.any(|change| change.field == "notes" && change.overruled.is_some()),
            "neither value may vanish without a word"
        );
    }
}

#[tokio::test]
async fn a_decision_that_a_service_refuses_stands_until_it_is_taken() {
    let (stage, referral) = contested().await;
    stage.until_quiet(&opportunity()).await;
    stage.crm_refuses(Some("name"));
    let order = Order { now: stage.now, id: "order" };
    stage.engine.resolve(referral, &"name".into(), Side::PartnerCenter, order).await.unwrap();
    for _ in 0..3 {
        stage.reconcile(&opportunity(), "refused").await.unwrap();
        let status = stage.the_record().get("nwcs_syncstatus").clone();
        assert!(status.as_str().unwrap().contains("Deal name was refused"), "{status}");
    }
    stage.crm_refuses(None);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(names(&stage), (json!("Theirs"), json!("Theirs")));
}
