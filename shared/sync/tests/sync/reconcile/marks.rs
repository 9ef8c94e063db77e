//! ✔ and ✘ beside the deal's name, where that is wanted.

use cosell_mapping::ConflictRule;

use super::*;

const NAME: &str = "Cold-store rollout";

impl Stage {
    fn marking(mut self) -> Self {
        let mapping = Mapping::clone(&self.engine.mapping);
        self.engine.mapping = Arc::new(mapping.marking_names());
        self
    }

    fn name(&self) -> String {
        self.the_record().get("name").as_str().unwrap_or_default().to_owned()
    }

    fn edit(&self, column: &str, value: Json) {
        self.world
            .edit_record(OPPORTUNITY, |record| drop(record.fields.insert(column.into(), value)));
    }

    fn edit_referral(&self, pointer: &str, value: Json) {
        let mut body = self.referrals()[0].clone();
        *body.pointer_mut(pointer).unwrap() = value;
        self.world.put_referral(self.the_link().referral, body);
    }
}

async fn linked() -> Stage {
    let stage = Stage::with_opportunity().marking();
    stage.until_quiet(&opportunity()).await;
    stage
}

#[tokio::test]
async fn a_synced_deals_name_is_marked_in_the_crm_and_nowhere_else() {
    let stage = linked().await;
    assert_eq!(stage.name(), format!("✔ {NAME}"));
    assert_eq!(stage.referrals()[0]["name"], NAME);
    let stage = Stage::with_referral().marking();
    stage.until_quiet(&referral()).await;
    assert_eq!(stage.name(), "✔ Fleet telemetry pilot");
    assert_eq!(stage.referrals()[0]["name"], "Fleet telemetry pilot");
}

#[tokio::test]
async fn a_mark_costs_no_call() {
    let mut calls = Vec::new();
    for stage in [Stage::with_opportunity(), Stage::with_opportunity().marking()] {
        stage.until_quiet(&opportunity()).await;
        stage.edit("estimatedvalue", json!(205_000));
        stage.until_quiet(&opportunity()).await;
        stage.edit_referral("/name", json!("Renamed"));
        stage.until_quiet(&opportunity()).await;
        calls.push(stage.script.take_all_calls());
    }
    assert_eq!(calls[0], calls[1]);
}

#[tokio::test]
async fn a_seller_may_edit_the_name_with_or_without_its_mark() {
    let stage = linked().await;
    for text in ["✔ First", "Second", "✘ ✔\u{fe0f}Third", " ✔  Fourth"] {
        stage.edit("name", json!(text));
        assert_eq!(stage.until_quiet(&opportunity()).await.kind, AuditKind::Updated, "{text}");
        let name = text.trim_start_matches(['✔', '✘', ' ', '\u{fe0f}']);
        assert_eq!(stage.referrals()[0]["name"], name);
        assert_eq!(stage.name(), format!("✔ {name}"));
    }
}

#[tokio::test]
async fn a_mark_that_somebody_takes_off_is_no_edit_and_comes_back_with_the_next_write() {
    let stage = linked().await;
    stage.edit("name", json!(NAME));
    stage.script.take_calls();
    assert_eq!(stage.reconcile(&opportunity(), "echo").await.unwrap().kind, AuditKind::Unchanged);
    assert_eq!(stage.script.take_calls(), ["pc.get", "crm.get"]);
    stage.edit("description", json!("call before noon"));
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.name(), format!("✔ {NAME}"));
}

#[tokio::test]
async fn the_mark_follows_the_sync_status() {
    let stage = Stage::with_opportunity().marking();
    stage.edit("nwcs_products", Json::Null);
    stage.reconcile(&opportunity(), "lacks products").await.unwrap();
    assert_eq!(stage.name(), format!("✘ {NAME}"));
    stage.edit("nwcs_products", json!("SOL-71402-QKD"));
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.name(), format!("✔ {NAME}"));
    assert_eq!(stage.referrals()[0]["name"], NAME);

    stage.edit_referral("/details/currency", json!("CHF"));
    stage.crm_refuses(Some("transactioncurrencyid/isocurrencycode"));
    for _ in 0..3 {
        stage.reconcile(&opportunity(), "refused").await.unwrap();
        assert_eq!(stage.name(), format!("✘ {NAME}"));
    }
    stage.crm_refuses(None);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.name(), format!("✔ {NAME}"));
}

#[tokio::test]
async fn a_conflict_that_waits_takes_the_check_mark_away() {
    let mut stage = linked().await;
    let mut mapping = Mapping::clone(&stage.engine.mapping);
    mapping.rules.iter_mut().find(|rule| rule.name == "name").unwrap().conflict = ConflictRule::Ask;
    stage.engine.mapping = Arc::new(mapping);
    stage.edit("name", json!("✔ Ours"));
    stage.edit_referral("/name", json!("Theirs"));
    assert_eq!(
        stage.reconcile(&opportunity(), "first").await.unwrap().kind,
        AuditKind::AwaitingDecision
    );
    assert_eq!(
        (stage.name().as_str(), &stage.referrals()[0]["name"]),
        ("Ours", &json!("Theirs")),
        "the two names do not agree"
    );
    assert_eq!(stage.until_quiet(&opportunity()).await.kind, AuditKind::Unchanged);
}

#[tokio::test]
async fn the_name_is_cut_for_its_mark_in_the_crm_only() {
    for fault in [None, Some(Fault::After(FailureKind::Transient))] {
        let stage = Stage::with_opportunity().marking();
        let long = "x".repeat(300);
        stage.edit("name", json!(long));
        if let Some(fault) = fault {
            stage.fault("crm.update", fault);
            stage.reconcile(&opportunity(), "loses the answer").await.unwrap_err();
        }
        stage.until_quiet(&opportunity()).await;
        assert_eq!(stage.name(), format!("✔ {}", "x".repeat(298)));
        assert_eq!(stage.referrals()[0]["name"], json!(long), "{fault:?}");

        let longer = "y".repeat(400);
        stage.edit_referral("/name", json!(longer));
        if let Some(fault) = fault {
            stage.fault("crm.update", fault);
            stage.reconcile(&opportunity(), "loses the answer").await.unwrap_err();
        }
        stage.until_quiet(&opportunity()).await;
        assert_eq!(stage.name(), format!("✔ {}", "y".repeat(298)));
        assert_eq!(stage.referrals()[0]["name"], json!(longer), "{fault:?}");
    }
}

#[tokio::test]
async fn a_name_that_was_cut_for_its_mark_is_no_edit_that_a_rename_could_lose_to() {
    for dies in [false, true] {
        let mut stage = Stage::with_opportunity().marking();
        let mut mapping = Mapping::clone(&stage.engine.mapping);
        mapping.rules.iter_mut().find(|rule| rule.name == "name").unwrap().conflict =
            ConflictRule::Crm;
        stage.engine.mapping = Arc::new(mapping);
        stage.edit("name", json!("x".repeat(300)));
        stage.reconcile(&opportunity(), "creates and cuts").await.unwrap();
        stage.edit_referral("/name", json!("Renamed"));
        if dies {
            stage.fault("crm.update", Fault::Before(FailureKind::Transient));
            stage.reconcile(&opportunity(), "dies").await.unwrap_err();
        }
        assert_eq!(stage.until_quiet(&opportunity()).await.kind, AuditKind::Updated);
        assert_eq!(
            (stage.name().as_str(), &stage.referrals()[0]["name"]),
            ("✔ Renamed", &json!("Renamed"))
        );
    }
}

#[tokio::test]
async fn a_long_name_that_partner_center_does_not_have_yet_is_left_as_its_seller_wrote_it() {
    let stage = linked().await;
    let long = "x".repeat(300);
    stage.edit("name", json!(long));
    stage.edit_referral("/details/dealValue", json!(205_000));
    stage.partner_center_refuses(Some("/name"));
    assert_eq!(stage.reconcile(&opportunity(), "refused").await.unwrap().kind, AuditKind::Rejected);
    assert_eq!(stage.the_record().get("estimatedvalue"), 205_000);
    assert_eq!(stage.name(), long);
    stage.partner_center_refuses(None);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.referrals()[0]["name"], json!(long));
    assert_eq!(stage.name(), format!("✔ {}", "x".repeat(298)));
}

#[tokio::test]
async fn a_pair_that_parts_loses_its_mark_and_gets_it_back() {
    let stage = linked().await;
    let id = stage.the_link().referral;
    let body = stage.world.state().referrals.remove(&id).unwrap();
    stage.reconcile(&opportunity(), "gone").await.unwrap();
    assert_eq!(stage.name(), NAME);
    stage.world.put_referral(id, body);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.name(), format!("✔ {NAME}"));

    let order = Order { now: stage.now, id: "order" };
    stage.engine.unlink(id, order).await.unwrap();
    assert_eq!(stage.name(), NAME);
    stage.engine.relink(id, &stage.the_record().key, order).await.unwrap();
    assert_eq!(stage.name(), format!("✔ {NAME}"));
    assert_eq!(stage.referrals()[0]["name"], NAME);
}

#[tokio::test]
async fn an_adopted_pair_is_marked_and_its_referrals_name_stays() {
    let stage = linked().await;
    stage.world.state().links.clear();
    stage.edit("name", json!(NAME));
    stage.edit("nwcs_referralid", Json::Null);
    assert_eq!(stage.until_quiet(&opportunity()).await.kind, AuditKind::Adopted);
    assert_eq!((stage.name(), &stage.referrals()[0]["name"]), (format!("✔ {NAME}"), &json!(NAME)));
}

#[tokio::test]
async fn marks_that_are_not_wanted_any_more_are_no_edits_and_go_with_the_next_rename() {
    let mut stage = linked().await;
    let mut mapping = Mapping::clone(&stage.engine.mapping);
    mapping.rules.iter_mut().for_each(|rule| rule.marked = false);
    stage.engine.mapping = Arc::new(mapping);
    assert_eq!(
        stage.reconcile(&opportunity(), "switched off").await.unwrap().kind,
        AuditKind::Unchanged
    );
    stage.edit("description", json!("call before noon"));
    stage.until_quiet(&opportunity()).await;
    assert_eq!((stage.name(), &stage.referrals()[0]["name"]), (format!("✔ {NAME}"), &json!(NAME)));
    stage.edit_referral("/name", json!("Renamed"));
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.name(), "Renamed");
}

#[tokio::test]
async fn a_name_that_the_crm_refuses_keeps_nobody_from_reading_why() {
    let stage = linked().await;
    stage.edit_referral("/name", json!("Renamed"));
    stage.crm_refuses(Some("name"));
    for _ in 0..3 {
        stage.reconcile(&opportunity(), "refused").await.unwrap();
        let record = stage.the_record();
        let audit = record.get("nwcs_audit").as_str().unwrap();
        assert_eq!(audit.matches("Deal name was refused").count(), 1, "{audit}");
        assert!(record.get("nwcs_syncstatus").as_str().unwrap().starts_with('✘'));
    }
    stage.crm_refuses(None);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.name(), "✔ Renamed");
}

#[tokio::test]
async fn a_mark_that_the_crm_refuses_keeps_nobody_from_reading_the_status() {
    let stage = Stage::with_opportunity().marking();
    stage.crm_refuses(Some("name"));
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.name(), NAME);
    assert_eq!(stage.the_record().get("nwcs_syncstatus"), "✔ Synced");

    stage.edit("nwcs_products", Json::Null);
    stage.reconcile(&opportunity(), "lacks products").await.unwrap();
    let status = stage.the_record().get("nwcs_syncstatus").clone();
    assert!(status.as_str().unwrap().starts_with('✘'), "{status}");
}

#[tokio::test]
async fn a_mark_that_the_crm_refuses_keeps_nobody_from_reading_why_no_referral_was_made() {
    let stage = Stage::with_opportunity().marking();
    stage.edit("nwcs_products", Json::Null);
    stage.crm_refuses(Some("name"));
    stage.reconcile(&opportunity(), "lacks products").await.unwrap();
    assert_eq!(stage.name(), NAME);
    let status = stage.the_record().get("nwcs_syncstatus").clone();
    assert!(status.as_str().unwrap().starts_with('✘'), "{status}");
}

#[tokio::test]
async fn a_mark_that_the_crm_refuses_keeps_nobody_from_reading_that_partner_center_refused_the_deal()
 {
    let stage = Stage::with_opportunity().marking();
    stage.crm_refuses(Some("name"));
    let refusal = Refusal::of(Part::Create, "not taken today");
    stage.world.state().partner_center.refusals = vec![refusal];
    stage.reconcile(&opportunity(), "refused").await.unwrap();
    let status = stage.the_record().get("nwcs_syncstatus").clone();
    assert!(status.as_str().unwrap().contains("not taken today"), "{status}");
}

#[tokio::test]
async fn a_mark_that_the_crm_refuses_keeps_no_operator_from_unlinking() {
    let stage = linked().await;
    stage.crm_refuses(Some("name"));
    let order = Order { now: stage.now, id: "order" };
    stage.engine.unlink(stage.the_link().referral, order).await.unwrap();
    let record = stage.the_record();
    assert_eq!(record.get("nwcs_referralid"), &Json::Null);
    let status = record.get("nwcs_syncstatus").as_str().unwrap_or_default().to_owned();
    assert!(status.contains("an operator unlinked the deal"), "{status}");
}
