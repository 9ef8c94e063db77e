//! The dry run is what is done: whatever it plans is written, and nothing else.

use cosell_fakes::Foreseen;
use cosell_sync::plan::Plan;

use super::*;

impl Stage {
    async fn dry_run(&self, subject: &Subject) -> Plan {
        let message = SyncMessage {
            subject: subject.clone(),
            cause: Cause::Webhook,
            observed: "test".into(),
        };
        self.engine.dry_run(&message, self.now).await.unwrap().1
    }

    /// The dry run writes nothing; what it says is written then, and nothing else. Gives the plan.
    async fn does_as_it_says(&self, subject: &Subject) -> Plan {
        let count = || self.world.state().writes.len();
        let (before, entries) = (count(), self.audit_log().len());
        let plan = self.dry_run(subject).await;
        assert_eq!((count(), self.audit_log().len()), (before, entries), "the dry run wrote");
        let said = Foreseen::of_plan(&plan, &self.engine.mapping.columns);
        let said = said.unwrap();
        self.reconcile(subject, "does").await.unwrap();
        let state = self.world.state();
        let requests = state.writes[before..].iter().map(|write| &write.request);
        let done = Foreseen::of_requests(&plan, &self.engine.mapping.columns, requests);
        drop(state);
        assert_eq!(done, said);
        plan
    }

    /// [`Self::does_as_it_says`] until nothing is left to do.
    async fn does_as_it_says_until_quiet(&self, subject: &Subject) -> Plan {
        let first = self.does_as_it_says(subject).await;
        for _ in 0..3 {
            if self.does_as_it_says(subject).await.effects.is_empty() {
                return first;
            }
        }
        panic!("the deal does not come to rest");
    }
}

fn close(body: &mut Json, substatus: &str) {
    (body["status"], body["substatus"]) = (json!("Closed"), json!(substatus));
}

#[tokio::test]
async fn a_new_deal() {
    Stage::with_opportunity().does_as_it_says_until_quiet(&opportunity()).await;
}

#[tokio::test]
async fn a_new_deal_with_microsoft() {
    let stage = Stage::with_opportunity();
    stage.seller_edits(ask_for_help);
    stage.does_as_it_says_until_quiet(&opportunity()).await;
    assert_eq!(stage.referrals().len(), 2);
}

#[tokio::test]
async fn a_new_deal_that_microsofts_sellers_see() {
    let stage = Stage::with_opportunity();
    stage.seller_edits(|record| {
        drop(record.fields.insert("nwcs_referralvisibility".into(), json!(412_000_001)));
    });
    stage.does_as_it_says_until_quiet(&opportunity()).await;
}

#[tokio::test]
async fn a_new_deal_that_lacks_something() {
    let stage = Stage::with_opportunity();
    stage.seller_edits(|record| drop(record.fields.remove("nwcs_products")));
    stage.does_as_it_says_until_quiet(&opportunity()).await;
    assert!(stage.referrals().is_empty());
}

#[tokio::test]
async fn an_invitation_and_its_acceptance() {
    let stage = Stage::with_referral();
    stage.does_as_it_says_until_quiet(&referral()).await;
    stage.seller_edits(|record| record.phase = Phase::Open);
    stage.does_as_it_says_until_quiet(&referral()).await;
    assert_eq!(stage.referrals()[0]["status"], "Active");
}

#[tokio::test]
async fn edits_on_both_sides() {
    let stage = in_sync().await;
    stage.seller_edits(|record| {
        record.fields.insert("estimatedvalue".into(), json!(205_000));
        record.fields.insert("name".into(), json!("Renamed"));
    });
    stage.partner_center_edits(|body| {
        body["details"]["notes"] = json!("call before noon");
        body["name"] = json!("Theirs");
    });
    stage.does_as_it_says_until_quiet(&opportunity()).await;
}

#[tokio::test]
async fn a_marked_name() {
    let mut stage = Stage::with_opportunity();
    let mapping = Mapping::clone(&stage.engine.mapping);
    stage.engine.mapping = Arc::new(mapping.marking_names());
    stage.does_as_it_says_until_quiet(&opportunity()).await;
    stage.partner_center_edits(|body| body["name"] = json!("Renamed"));
    stage.does_as_it_says_until_quiet(&opportunity()).await;
    stage.seller_edits(|record| drop(record.fields.insert("name".into(), json!("Renamed again"))));
    stage.does_as_it_says_until_quiet(&opportunity()).await;
}

#[tokio::test]
async fn help_that_is_chosen_later() {
    let stage = in_sync().await;
    stage.seller_edits(|record| {
        ask_for_help(record);
        record.fields.insert("estimatedvalue".into(), json!(205_000));
    });
    let plan = stage.does_as_it_says_until_quiet(&opportunity()).await;
    let finals = plan.effects.iter().filter(|effect| effect.is_final).count();
    assert_eq!(finals, 2, "visibility and the request: {:?}", plan.effects);
}

#[tokio::test]
async fn visibility_that_is_raised_and_lowered() {
    for value in [412_000_001, 412_000_000] {
        let stage = in_sync().await;
        stage.seller_edits(|record| {
            drop(record.fields.insert("nwcs_referralvisibility".into(), json!(412_000_001)));
        });
        stage.does_as_it_says_until_quiet(&opportunity()).await;
        stage.seller_edits(|record| {
            drop(record.fields.insert("nwcs_referralvisibility".into(), json!(value)));
        });
        stage.does_as_it_says_until_quiet(&opportunity()).await;
    }
}

#[tokio::test]
async fn stages_of_both_sides() {
    for (status, phase) in [
        (None, Some(Phase::Won)),
        (None, Some(Phase::Lost)),
        (Some("Won"), None),
        (Some("Lost"), None),
    ] {
        let stage = in_sync().await;
        if let Some(phase) = phase {
            stage.seller_edits(|record| record.phase = phase);
        }
        if let Some(status) = status {
            stage.partner_center_edits(|body| close(body, status));
        }
        stage.does_as_it_says_until_quiet(&opportunity()).await;
        assert!(stage.the_record().phase.is_closed());
        assert_eq!(stage.referrals()[0]["status"], "Closed");
    }
}

/// A deal that is registered once it is won.
async fn registering() -> Stage {
    let mut stage = in_sync().await;
    let mapping = Mapping::clone(&stage.engine.mapping);
    stage.engine.mapping = Arc::new(mapping.registering_won());
    stage.partner_center_edits(|body| {
        body["createdDateTime"] = json!("2026-11-21T09:00:00Z");
        body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
        body["registrations"] = json!([]);
    });
    stage.until_quiet(&opportunity()).await;
    stage.seller_edits(|record| {
        record.phase = Phase::Won;
        record.fields.insert("actualvalue".into(), json!(205_000));
        record.fields.insert("actualclosedate".into(), json!("2026-11-21"));
    });
    stage
}

#[tokio::test]
async fn a_win_that_waits_and_its_registration() {
    let mut stage = registering().await;
    stage.world.state().crm.closed_takes_notes = true;
    let plan = stage.does_as_it_says_until_quiet(&opportunity()).await;
    assert!(plan.next.is_some() && plan.memory.win_deferred_until.is_some());
    stage.now += SignedDuration::from_hours(73);
    stage.does_as_it_says_until_quiet(&opportunity()).await;
    assert_eq!(stage.referrals()[0]["registrations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn two_sides_that_name_each_other() {
    let stage = in_sync().await;
    stage.world.state().links.clear();
    stage.seller_edits(|record| {
        record.fields.insert("nwcs_referralid".into(), Json::Null);
        record.fields.insert("description".into(), json!("call before noon"));
    });
    stage.does_as_it_says_until_quiet(&opportunity()).await;
    assert_eq!(
        stage.the_link().referral,
        stage.the_record().get("nwcs_referralid").as_str().unwrap().parse().unwrap()
    );
}

#[tokio::test]
async fn a_side_that_is_gone_and_back() {
    let stage = in_sync().await;
    let id = stage.the_link().referral;
    let body = stage.world.state().referrals.remove(&id).unwrap();
    stage.does_as_it_says_until_quiet(&opportunity()).await;
    stage.world.put_referral(id, body);
    stage.does_as_it_says_until_quiet(&opportunity()).await;
    let record = stage.world.state().records.remove(OPPORTUNITY).unwrap();
    stage.does_as_it_says_until_quiet(&opportunity()).await;
    stage.world.put_record(record);
    stage.does_as_it_says_until_quiet(&opportunity()).await;
}

#[tokio::test]
async fn an_invitation_that_expires_soon() {
    let mut stage = Stage::with_referral();
    stage.until_quiet(&referral()).await;
    stage.partner_center_edits(|body| body["expirationDateTime"] = json!("2026-12-05T09:00:00Z"));
    stage.now = "2026-12-01T09:00:00Z".parse().unwrap();
    let plan = stage.does_as_it_says_until_quiet(&referral()).await;
    assert!(!plan.effects.is_empty());
}

#[tokio::test]
async fn a_deal_whose_switch_is_turned_off() {
    let stage = in_sync().await;
    stage.seller_edits(|record| {
        drop(record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(false)));
    });
    stage.does_as_it_says_until_quiet(&opportunity()).await;
}

#[tokio::test]
async fn microsofts_decision() {
    let stage = Stage::with_opportunity();
    stage.seller_edits(ask_for_help);
    stage.until_quiet(&opportunity()).await;
    let id = stage.the_link().microsoft_referral.unwrap();
    let mut body = stage.body(id);
    (body["status"], body["substatus"]) = (json!("Active"), json!("Accepted"));
    stage.world.put_referral(id, body);
    stage.does_as_it_says_until_quiet(&Subject::Referral(id)).await;
}
