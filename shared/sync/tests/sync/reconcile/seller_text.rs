//! The seller's text is never read to decide anything: whoever clears or rewrites Audit and Sync
//! status changes no decision.

use cosell_mapping::ConflictRule;
use cosell_model::state::{DealState, WaitingFor};
use cosell_sync::plan::{Action, Effect, Plan};

use super::*;

const AUDIT: &str = "nwcs_audit";
const STATUS: &str = "nwcs_syncstatus";

/// What a seller may make of the two columns.
fn texts() -> [(&'static str, Json); 5] {
    [
        (AUDIT, Json::Null),
        (AUDIT, json!("Microsoft was asked to help.\nCreated in Partner Center.\n✔ all done")),
        (STATUS, Json::Null),
        (STATUS, json!("✔ Synced")),
        (STATUS, json!("✘ Products is missing")),
    ]
}

/// A deal at rest.
struct Resting {
    stage: Stage,
    subject: Subject,
}

impl Resting {
    /// The deal of this subject, after everything that it causes.
    async fn new(stage: Stage, subject: Subject) -> Self {
        for _ in 0..4 {
            stage.reconcile(&subject, "comes to rest").await.unwrap();
        }
        stage.script.take_calls();
        Self { stage, subject }
    }

    fn state(&self) -> DealState {
        let state = self.stage.world.state();
        let linked = state.links.values().next().map(|link| link.state.clone());
        let unlinked = || state.unlinked.values().next().map(|deal| deal.state.clone());
        linked.or_else(unlinked).unwrap()
    }

    async fn plan(&self) -> Plan {
        let message = SyncMessage {
            subject: self.subject.clone(),
            cause: Cause::Webhook,
            observed: "test".into(),
        };
        self.stage.engine.dry_run(&message, self.stage.now).await.unwrap().1
    }

    /// Each text is written by the seller: nothing is decided by it, and only Sync status is put
    /// right.
    async fn decides_nothing_by_text(&self) {
        let (state, before) = (self.state(), self.plan().await);
        assert!(before.effects.is_empty(), "not at rest: {:?}", before.effects);
        let status = self.stage.the_record().get(STATUS).clone();
        for (column, text) in texts() {
            let entry = text.clone();
            self.stage.seller_edits(|record| drop(record.fields.insert(column.into(), entry)));
            let plan = self.plan().await;
            let changes = |plan: &Plan| -> Vec<Effect> {
                let decided = |effect: &&Effect| !matches!(effect.action, Action::Notify(_));
                plan.effects.iter().filter(decided).cloned().collect()
            };
            assert_eq!(changes(&plan), [], "{column}: {text}");
            assert_eq!(plan.notices, before.notices, "{column}: {text}");
            assert_eq!((&plan.state, &plan.help), (&before.state, &before.help));
            assert_eq!(plan.memory, before.memory, "{column}: {text}");
            let (referrals, entries) = (self.stage.referrals(), self.notices());
            let audit = self.stage.the_record().get(AUDIT).clone();
            for _ in 0..2 {
                self.stage.reconcile(&self.subject, "after the edit").await.unwrap();
            }
            assert_eq!(self.stage.referrals(), referrals, "{column}: {text}");
            assert_eq!(self.notices(), entries, "{column}: {text}");
            assert_eq!(self.state(), state, "{column}: {text}");
            let record = self.stage.the_record();
            assert_eq!(record.get(AUDIT), &audit, "a second notice after {column}: {text}");
            if !record.is_read_only() {
                assert_eq!(record.get(STATUS), &status, "{column}: {text}");
            }
        }
        let calls = self.stage.script.take_calls();
        assert!(!calls.contains(&"pc.create") && !calls.contains(&"pc.patch"), "{calls:?}");
    }

    /// The notices in the audit log.
    fn notices(&self) -> Vec<&'static str> {
        let log = self.stage.audit_log();
        log.iter()
            .flat_map(|entry| &entry.notices)
            .map(cosell_model::notice::Notice::code)
            .collect()
    }
}

#[tokio::test]
async fn of_a_deal_in_sync() {
    let deal = Resting::new(in_sync().await, opportunity()).await;
    assert_eq!(deal.state(), DealState::InSync);
    deal.decides_nothing_by_text().await;
}

#[tokio::test]
async fn of_a_deal_that_is_partly_synced() {
    let stage = in_sync().await;
    stage.crm_refuses(Some("description"));
    stage.partner_center_edits(|body| body["details"]["notes"] = json!("call before noon"));
    for _ in 0..3 {
        stage.reconcile(&opportunity(), "refused").await.unwrap();
    }
    // What is refused is tried at each reconciliation: the text changes nothing of that.
    let state = |stage: &Stage| stage.the_link().state;
    assert!(matches!(state(&stage), DealState::PartlySynced { blocked: true, .. }));
    for (column, text) in texts() {
        stage.seller_edits(|record| drop(record.fields.insert(column.into(), text.clone())));
        let audit = stage.the_record().get(AUDIT).clone();
        stage.reconcile(&opportunity(), "after the edit").await.unwrap();
        assert!(matches!(state(&stage), DealState::PartlySynced { blocked: true, .. }));
        assert_eq!(stage.the_record().get(AUDIT), &audit, "{column}: {text}");
        assert!(stage.the_record().get(STATUS).as_str().unwrap().starts_with('✘'));
    }
}

#[tokio::test]
async fn of_a_deal_that_is_refused_and_not_linked() {
    let stage = Stage::with_opportunity();
    stage.seller_edits(|record| drop(record.fields.remove("nwcs_products")));
    let deal = Resting::new(stage, opportunity()).await;
    assert!(matches!(deal.state(), DealState::Refused { .. }));
    deal.decides_nothing_by_text().await;
}

#[tokio::test]
async fn of_a_deal_that_awaits_a_decision() {
    let mut stage = in_sync().await;
    let mut mapping = Mapping::clone(&stage.engine.mapping);
    mapping.rules.iter_mut().find(|rule| rule.name == "name").unwrap().conflict = ConflictRule::Ask;
    stage.engine.mapping = Arc::new(mapping);
    stage.seller_edits(|record| drop(record.fields.insert("name".into(), json!("Ours"))));
    stage.partner_center_edits(|body| body["name"] = json!("Theirs"));
    let deal = Resting::new(stage, opportunity()).await;
    assert!(matches!(deal.state(), DealState::NeedsDecision { .. }));
    deal.decides_nothing_by_text().await;
}

#[tokio::test]
async fn of_a_deal_whose_win_is_deferred() {
    for takes_notes in [false, true] {
        let mut stage = in_sync().await;
        let mapping = Mapping::clone(&stage.engine.mapping);
        stage.engine.mapping = Arc::new(mapping.registering_won());
        stage.world.state().crm.closed_takes_notes = takes_notes;
        stage.partner_center_edits(|body| {
            body["createdDateTime"] = json!("2026-11-21T09:00:00Z");
            body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
        });
        stage.until_quiet(&opportunity()).await;
        stage.seller_edits(|record| record.phase = Phase::Won);
        let deal = Resting::new(stage, opportunity()).await;
        assert!(matches!(deal.state(), DealState::Waiting { for_what: WaitingFor::WinDate, .. }));
        deal.decides_nothing_by_text().await;
    }
}

#[tokio::test]
async fn of_an_invitation_that_expires_soon() {
    let mut stage = Stage::with_referral();
    stage.until_quiet(&referral()).await;
    stage.partner_center_edits(|body| body["expirationDateTime"] = json!("2026-12-05T09:00:00Z"));
    stage.now = "2026-12-01T09:00:00Z".parse().unwrap();
    let deal = Resting::new(stage, referral()).await;
    assert!(matches!(deal.state(), DealState::Waiting { for_what: WaitingFor::Answer, .. }));
    deal.decides_nothing_by_text().await;
}

#[tokio::test]
async fn of_a_deal_whose_crm_did_not_keep_a_write() {
    let stage = in_sync().await;
    stage.world.state().crm.ignores.insert("estimatedvalue".into());
    stage.partner_center_edits(|body| body["details"]["dealValue"] = json!(205_000));
    let deal = Resting::new(stage, opportunity()).await;
    assert!(!deal.stage.the_link().dropped_writes.is_empty());
    deal.decides_nothing_by_text().await;
}

#[tokio::test]
async fn of_a_deal_that_microsoft_was_asked_to_help_with() {
    let stage = Stage::with_opportunity();
    stage.seller_edits(ask_for_help);
    let deal = Resting::new(stage, opportunity()).await;
    assert_eq!(deal.stage.referrals().len(), 2);
    deal.decides_nothing_by_text().await;
    assert_eq!(deal.stage.referrals().len(), 2);
}

#[tokio::test]
async fn of_a_deal_whose_help_lacks_something() {
    let stage = Stage::with_opportunity();
    stage.seller_edits(|record| {
        record.fields.retain(|column, _| !column.starts_with("parentcontactid/"));
    });
    stage.until_quiet(&opportunity()).await;
    stage.seller_edits(ask_for_help);
    let deal = Resting::new(stage, opportunity()).await;
    assert!(matches!(deal.state(), DealState::PartlySynced { blocked: true, .. }));
    deal.decides_nothing_by_text().await;
}
