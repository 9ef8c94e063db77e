//! What is only a matter of time: wins that wait, registrations, and invitations that expire soon.

use cosell_mapping::RegisterWhen;
use cosell_model::link::Registering;

use super::*;

/// A partner-led deal, made an hour ago and in sync, of a partner that registers won deals.
async fn registering() -> Stage {
    let mut stage = Stage::with_opportunity();
    let mut mapping = Mapping::clone(&stage.engine.mapping);
    mapping.registration.as_mut().unwrap().when = RegisterWhen::Won;
    stage.engine.mapping = Arc::new(mapping);
    stage.until_quiet(&opportunity()).await;
    edit(&stage, stage.the_link().referral, |body| {
        body["createdDateTime"] = json!("2026-11-21T09:00:00Z");
        body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
        body["registrations"] = json!([]);
    });
    stage.until_quiet(&opportunity()).await;
    stage
}

fn edit(stage: &Stage, id: ReferralId, change: impl FnOnce(&mut Json)) {
    let mut body = stage.body(id);
    change(&mut body);
    stage.world.put_referral(id, body);
}

fn win(stage: &Stage) {
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.phase = Phase::Won;
        record.fields.insert("actualvalue".into(), json!(205_000));
        record.fields.insert("actualclosedate".into(), json!("2026-11-21"));
    });
}

fn body(stage: &Stage) -> Json {
    stage.body(stage.the_link().referral)
}

fn kinds(stage: &Stage, kind: AuditKind) -> usize {
    stage.audit_log().iter().filter(|entry| entry.kind == kind).count()
}

fn audit(stage: &Stage) -> String {
    stage.the_record().get("nwcs_audit").as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_win_within_72_hours_waits_is_notified_once_and_is_then_sent() {
    let mut stage = registering().await;
    stage.world.state().crm.closed_takes_notes = true;
    win(&stage);
    let outcome = stage.reconcile(&opportunity(), "won").await.unwrap();
    assert_eq!((outcome.kind, outcome.again), (AuditKind::WinDeferred, None));
    let due: Timestamp = "2026-11-24T09:05:00Z".parse().unwrap();
    let schedule = std::collections::BTreeSet::from([(due, stage.the_link().referral)]);
    assert_eq!(stage.world.state().schedule, schedule);
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "⚠ Won: sent on 2026-11-24 09:05 UTC");
    for _ in 0..2 {
        assert_eq!(
            stage.reconcile(&opportunity(), "again").await.unwrap().kind,
            AuditKind::Unchanged
        );
    }
    assert_eq!(audit(&stage).matches("sent as won on 2026-11-24 09:05 UTC").count(), 1);
    assert_eq!(
        (body(&stage)["status"].clone(), kinds(&stage, AuditKind::WinDeferred)),
        (json!("Active"), 1)
    );

    stage.now = due;
    stage.reconcile(&referral_of(&stage), "due").await.unwrap();
    assert_eq!(body(&stage)["substatus"], "Won");
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
    assert!(audit(&stage).lines().next().unwrap().contains("Sent to Partner Center: stage (Won)"));
    assert_eq!(stage.the_link().win_deferred_until, None);
}

fn referral_of(stage: &Stage) -> Subject {
    Subject::Referral(stage.the_link().referral)
}

#[tokio::test]
async fn where_a_closed_record_takes_no_note_a_win_waits_all_the_same_and_the_audit_log_says_it_once()
 {
    let mut stage = registering().await;
    win(&stage);
    for _ in 0..3 {
        stage.reconcile(&opportunity(), "won").await.unwrap();
    }
    assert_eq!(kinds(&stage, AuditKind::WinDeferred), 1);
    stage.script.take_calls();
    stage.reconcile(&opportunity(), "quiet").await.unwrap();
    assert_eq!(stage.script.take_calls(), ["pc.get", "crm.get"]);
    stage.now += SignedDuration::from_hours(73);
    stage.reconcile(&opportunity(), "due").await.unwrap();
    assert_eq!(body(&stage)["substatus"], "Won");
}

#[tokio::test]
async fn a_reconciliation_that_comes_a_little_too_soon_keeps_its_message_instead_of_the_schedule() {
    let mut stage = registering().await;
    win(&stage);
    stage.reconcile(&opportunity(), "won").await.unwrap();
    stage.now = "2026-11-24T09:04:00Z".parse().unwrap();
    let again = stage.reconcile(&opportunity(), "by a clock that is ahead").await.unwrap().again;
    assert_eq!(again, Some(std::time::Duration::from_mins(1)));
}

#[tokio::test]
async fn a_win_is_not_forgotten_when_the_schedule_or_the_link_cannot_be_written() {
    for call in ["schedule.note", "links.save"] {
        let stage = registering().await;
        win(&stage);
        stage.fault(call, Fault::Before(FailureKind::Transient));
        stage.reconcile(&opportunity(), "fails").await.unwrap_err();
        stage.reconcile(&opportunity(), "makes good").await.unwrap();
        assert_eq!(stage.world.state().schedule.len(), 1, "{call}");
        assert!(stage.the_link().win_deferred_until.is_some(), "{call}");
    }
}

#[tokio::test]
async fn a_win_that_is_taken_back_while_it_waits_is_never_sent() {
    let mut stage = registering().await;
    win(&stage);
    stage.reconcile(&opportunity(), "won").await.unwrap();
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Open);
    stage.reconcile(&opportunity(), "reopened").await.unwrap();
    assert_eq!(stage.the_link().win_deferred_until, None);
    stage.now += SignedDuration::from_hours(100);
    stage.reconcile(&referral_of(&stage), "due").await.unwrap();
    assert_eq!(body(&stage)["status"], "Active");
}

#[tokio::test]
async fn an_edit_is_synced_while_the_win_waits() {
    let stage = registering().await;
    win(&stage);
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("estimatedvalue".into(), json!(205_000));
    });
    stage.reconcile(&opportunity(), "won").await.unwrap();
    let body = body(&stage);
    assert_eq!(
        (&body["details"]["dealValue"], &body["status"]),
        (&json!(205_000), &json!("Active"))
    );
}

/// A deal that was won late enough, on both sides.
async fn won() -> Stage {
    let mut stage = registering().await;
    stage.now += SignedDuration::from_hours(73);
    win(&stage);
    stage.reconcile(&opportunity(), "won").await.unwrap();
    assert_eq!(body(&stage)["substatus"], "Won");
    stage
}

fn registrations(stage: &Stage) -> usize {
    body(stage)["registrations"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_won_deal_is_registered_once() {
    let stage = won().await;
    let outcome = stage.reconcile(&referral_of(&stage), "echo").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Registered);
    let registration = body(&stage)["registrations"][0].clone();
    assert_eq!(registration["contract"]["value"], json!(205_000));
    stage.script.take_calls();
    stage.until_quiet(&referral_of(&stage)).await;
    assert!(!stage.script.take_calls().contains(&"pc.patch"));
    assert_eq!((registrations(&stage), kinds(&stage, AuditKind::Registered)), (1, 1));
}

#[tokio::test]
async fn a_registration_whose_answer_was_lost_is_not_made_again() {
    for fault in
        [Fault::After(FailureKind::OutcomeUnknown), Fault::Before(FailureKind::OutcomeUnknown)]
    {
        let stage = won().await;
        stage.fault("pc.patch", fault);
        stage.reconcile(&referral_of(&stage), "lost").await.unwrap_err();
        assert_eq!(stage.the_link().registering, Some(Registering::Started));
        stage.until_quiet(&referral_of(&stage)).await;
        assert_eq!(
            (registrations(&stage), kinds(&stage, AuditKind::Registered)),
            (1, 1),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn two_reconciliations_side_by_side_register_a_deal_once() {
    let stage = won().await;
    let (referral, record) = (referral_of(&stage), opportunity());
    let (_, _) = futures::join!(stage.reconcile(&referral, "one"), stage.reconcile(&record, "two"));
    stage.until_quiet(&referral).await;
    assert_eq!(registrations(&stage), 1);
}

#[tokio::test]
async fn what_keeps_a_deal_from_being_registered_is_notified_once_and_fixed_by_the_next_reconciliation()
 {
    let stage = won().await;
    stage.world.state().crm.closed_takes_notes = true;
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("actualvalue".into(), Json::Null);
    });
    assert_eq!(
        stage.reconcile(&opportunity(), "lacks a value").await.unwrap().kind,
        AuditKind::Rejected
    );
    stage.reconcile(&opportunity(), "again").await.unwrap();
    assert_eq!(audit(&stage).matches("Contract value is missing").count(), 1);
    assert_eq!((registrations(&stage), kinds(&stage, AuditKind::Rejected)), (0, 1));
    win(&stage);
    stage.reconcile(&opportunity(), "fixed").await.unwrap();
    assert_eq!(registrations(&stage), 1);
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn a_registration_that_partner_center_refuses_is_notified_once_and_sent_again_only_when_it_changed()
 {
    let stage = won().await;
    stage.partner_center_refuses(Some("/registrations/-"));
    for _ in 0..3 {
        stage.reconcile(&opportunity(), "refused").await.unwrap();
    }
    assert_eq!(kinds(&stage, AuditKind::Rejected), 1);
    let patches = |stage: &Stage| {
        stage.script.take_calls().iter().filter(|call| **call == "pc.patch").count()
    };
    assert_eq!(patches(&stage), 2, "the win, and one registration");
    stage.partner_center_refuses(None);
    stage.reconcile(&opportunity(), "the same").await.unwrap();
    assert_eq!(patches(&stage), 0);
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.insert("actualvalue".into(), json!(210_000));
    });
    stage.reconcile(&opportunity(), "another").await.unwrap();
    assert_eq!(registrations(&stage), 1);
}

/// A co-sell deal that Microsoft was asked to help with, where won deals are registered.
async fn helped_where_won_deals_are_registered() -> (Stage, Link) {
    let mut stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    let mut mapping = Mapping::clone(&stage.engine.mapping);
    mapping.registration.as_mut().unwrap().when = RegisterWhen::Won;
    stage.engine.mapping = Arc::new(mapping);
    stage.until_quiet(&opportunity()).await;
    let link = stage.the_link();
    edit(&stage, link.referral, |body| body["registrations"] = json!([]));
    (stage, link)
}

#[tokio::test]
async fn a_co_sell_deal_is_registered_once_microsoft_has_accepted_it() {
    let (mut stage, link) = helped_where_won_deals_are_registered().await;
    stage.now += SignedDuration::from_hours(80);
    win(&stage);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(registrations(&stage), 0, "Microsoft has not answered");
    let microsoft = link.microsoft_referral.unwrap();
    edit(&stage, microsoft, |body| {
        (body["status"], body["substatus"]) = (json!("Active"), json!("Accepted"));
    });
    stage.reconcile(&Subject::Referral(microsoft), "accepted").await.unwrap();
    assert_eq!(registrations(&stage), 1);
}

/// An invitation that expires in four days, in sync.
async fn invited() -> Stage {
    let mut stage = Stage::with_referral();
    edit(&stage, REFERRAL.parse().unwrap(), |body| {
        body["expirationDateTime"] = json!("2026-12-05T09:00:00Z");
    });
    stage.until_quiet(&referral()).await;
    stage.now = "2026-12-01T09:00:00Z".parse().unwrap();
    stage
}

#[tokio::test]
async fn an_invitation_that_expires_soon_is_notified_once_for_each_threshold_and_until_it_is_answered()
 {
    let mut stage = invited().await;
    let outcome = stage.reconcile(&referral(), "five days").await.unwrap();
    assert_eq!(
        (outcome.kind, outcome.noted.contains(&AuditKind::DeadlineNear)),
        (AuditKind::DeadlineNear, true)
    );
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "⚠ Answer by 2026-12-05 09:00 UTC");
    stage.until_quiet(&referral()).await;
    assert_eq!(audit(&stage).matches("Answer by").count(), 1);
    stage.now = "2026-12-04T09:00:00Z".parse().unwrap();
    stage.until_quiet(&referral()).await;
    assert_eq!(
        (audit(&stage).matches("Answer by").count(), kinds(&stage, AuditKind::DeadlineNear)),
        (2, 2)
    );
    let id = stage.the_record().key.id;
    stage.world.edit_record(&id, |record| record.phase = Phase::Open);
    stage.until_quiet(&referral()).await;
    assert_eq!(body(&stage)["status"], "Active");
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
    assert!(stage.the_link().warned.is_empty());
}

#[tokio::test]
async fn a_warning_is_not_notified_twice_when_the_reconciliation_fails_after_it() {
    let stage = invited().await;
    stage.fault("links.save", Fault::Before(FailureKind::Transient));
    stage.reconcile(&referral(), "fails").await.unwrap_err();
    stage.until_quiet(&referral()).await;
    assert_eq!(audit(&stage).matches("Answer by").count(), 1);
}

#[tokio::test]
async fn the_time_that_microsoft_has_to_answer_is_notified_when_its_referral_is_reconciled() {
    let mut stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.until_quiet(&opportunity()).await;
    let microsoft = stage.the_link().microsoft_referral.unwrap();
    edit(&stage, microsoft, |body| body["expirationDateTime"] = json!("2026-12-05T09:00:00Z"));
    stage.now = "2026-12-01T09:00:00Z".parse().unwrap();
    for _ in 0..2 {
        stage.reconcile(&Subject::Referral(microsoft), "due").await.unwrap();
    }
    stage.until_quiet(&opportunity()).await;
    assert_eq!(
        audit(&stage).matches("Microsoft has until 2026-12-05 09:00 UTC to answer").count(),
        1
    );
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn a_refused_registration_of_a_deal_that_microsoft_helps_with_is_not_sent_again_at_every_reconciliation()
 {
    let (mut stage, link) = helped_where_won_deals_are_registered().await;
    edit(&stage, link.microsoft_referral.unwrap(), |body| {
        (body["status"], body["substatus"]) = (json!("Active"), json!("Accepted"));
    });
    stage.now += SignedDuration::from_hours(80);
    stage.partner_center_refuses(Some("/registrations/-"));
    win(&stage);
    stage.until_quiet(&opportunity()).await;
    stage.script.take_calls();
    let refused = kinds(&stage, AuditKind::Rejected);
    for _ in 0..3 {
        stage.reconcile(&opportunity(), "quiet").await.unwrap();
    }
    assert!(!stage.script.take_calls().contains(&"pc.patch"));
    assert_eq!((refused, kinds(&stage, AuditKind::Rejected)), (1, 1));
}

#[tokio::test]
async fn an_operators_order_sends_a_refused_registration_once_more_and_leaves_it_refused() {
    let stage = won().await;
    stage.partner_center_refuses(Some("/registrations/-"));
    stage.reconcile(&opportunity(), "refused").await.unwrap();
    let refused = stage.the_link().registering;
    let message =
        SyncMessage { subject: opportunity(), cause: Cause::Operator, observed: "test".into() };
    let request =
        Request { message: &message, receives: 1, now: stage.now, invocation: "operator" };
    stage.script.take_calls();
    stage.engine.reconcile(request).await.unwrap();
    assert!(stage.script.take_calls().contains(&"pc.patch"));
    assert_eq!(stage.the_link().registering, refused);
    stage.reconcile(&opportunity(), "echo").await.unwrap();
    assert_eq!(kinds(&stage, AuditKind::Rejected), 1);
}

#[tokio::test]
async fn a_warning_reaches_the_seller_though_the_crm_refuses_a_field_of_the_same_write() {
    let stage = invited().await;
    stage.crm_refuses(Some("name"));
    edit(&stage, REFERRAL.parse().unwrap(), |body| body["name"] = json!("Another name"));
    for _ in 0..3 {
        stage.reconcile(&referral(), "refused").await.unwrap();
    }
    assert_eq!(audit(&stage).matches("Answer by").count(), 1);
}
