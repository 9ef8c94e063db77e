//! People who enter what the sync was about to write, or take back what it just wrote.

use super::*;

fn notes_of(stage: &Stage) -> (Json, Json) {
    let body = stage.body(stage.the_link().referral);
    (body["details"]["notes"].clone(), stage.the_record().get("description").clone())
}

/// What lost a conflict, by the audit log.
fn overruled(stage: &Stage) -> Vec<Json> {
    let entries = stage.audit_log();
    let done = entries.iter().filter(|entry| entry.kind != AuditKind::WriteAhead);
    let changes = done.flat_map(|entry| &entry.changes);
    changes.filter_map(|change| Some(change.overruled.as_ref()?.to_json())).collect()
}

#[tokio::test]
async fn a_value_that_was_never_sent_is_the_sellers_who_enters_it() {
    let stage = in_sync().await;
    stage.seller_edits(|record| {
        record.fields.insert("description".into(), json!("as agreed"));
    });
    stage.until_quiet(&opportunity()).await;
    // An edit in Partner Center is on its way to the CRM; what goes the other way fails before it.
    stage.partner_center_edits(|body| body["details"]["notes"] = Json::Null);
    stage.seller_edits(|record| {
        record.fields.insert("name".into(), json!("Another name"));
    });
    stage.fault("pc.patch", Fault::Before(FailureKind::Throttled { retry_after: SECOND }));
    stage.reconcile(&opportunity(), "throttled").await.unwrap_err();
    stage.partner_center_edits(|body| body["details"]["notes"] = json!("call before noon"));
    stage.seller_edits(|record| {
        record.fields.insert("description".into(), Json::Null);
    });
    stage.until_quiet(&opportunity()).await;
    let (there, here) = notes_of(&stage);
    assert_eq!(there, here);
    let lost = if here.is_null() { json!("call before noon") } else { Json::Null };
    assert_eq!(overruled(&stage), [lost], "both had changed");
}

#[tokio::test]
async fn a_value_that_landed_though_its_call_was_throttled_is_ours() {
    // A call may be several requests: the columns are stored, and what follows is refused.
    for kind in [
        FailureKind::Throttled { retry_after: SECOND },
        FailureKind::Stale,
        FailureKind::Credentials,
    ] {
        let stage = in_sync().await;
        stage.partner_center_edits(|body| body["details"]["notes"] = json!("call before noon"));
        stage.fault("crm.update", Fault::After(kind));
        stage.reconcile(&opportunity(), "half-way").await.unwrap_err();
        stage.partner_center_edits(|body| body["details"]["notes"] = json!("call after noon"));
        stage.until_quiet(&opportunity()).await;
        assert_eq!(notes_of(&stage), (json!("call after noon"), json!("call after noon")));
        assert_eq!(overruled(&stage), [] as [Json; 0], "nobody else edited it");
    }
}

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

#[tokio::test]
async fn what_was_written_is_known_though_another_run_saved_the_link_meanwhile() {
    let stage = in_sync().await;
    stage.partner_center_edits(|body| {
        body["details"]["notes"] = json!("call before noon");
        body["status"] = json!("Closed");
        body["substatus"] = json!("Lost");
    });
    // The columns are written; before the phase is, the seller takes them back, and another run
    // notes that it is about to write.
    let (world, script) = (stage.world.clone(), stage.script.clone());
    stage.script.before("crm.update", move || {
        let world = world.clone();
        script.before("crm.update", move || {
            world.edit_record(OPPORTUNITY, |record| {
                drop(record.fields.insert("description".into(), Json::Null));
            });
            world.state().links.values_mut().for_each(|link| link.version += 1);
            true
        });
        true
    });
    stage.reconcile(&opportunity(), "overtaken").await.unwrap_err();
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.the_record().phase, Phase::Lost);
    let notice = stage.the_link().state;
    assert_eq!(notes_of(&stage), (json!("call before noon"), Json::Null), "{notice:?}");
}

#[tokio::test]
async fn a_run_that_waits_for_another_saves_nothing() {
    let stage = in_sync().await;
    stage.seller_edits(ask_for_help);
    let key = stage.the_record().key.to_string();
    let until = "2026-11-21T10:05:00Z".parse().unwrap();
    stage.world.state().claims.insert(key, ("another".into(), until));
    let before = stage.the_link();
    let failure = stage.reconcile(&opportunity(), "waits").await.unwrap_err();
    assert!(matches!(failure.kind, FailureKind::Postponed { .. }), "{failure}");
    assert_eq!(stage.the_link(), before);
}
