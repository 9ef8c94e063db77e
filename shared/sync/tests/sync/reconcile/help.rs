//! Help that is chosen for a deal that is shared already.

use cosell_model::field::Field;
use cosell_model::state::DealState;

use super::*;

fn microsoft_referrals(stage: &Stage) -> Vec<Json> {
    let all = stage.referrals().into_iter();
    all.filter(|body| body["target"][0]["id"] == "msft").collect()
}

fn own(stage: &Stage) -> Json {
    let own = stage.referrals().into_iter().find(|body| body["target"][0]["id"] != "msft");
    own.unwrap()
}

fn audit(stage: &Stage) -> String {
    stage.the_record().get("nwcs_audit").as_str().unwrap_or_default().to_owned()
}

fn status(stage: &Stage) -> String {
    stage.the_record().get("nwcs_syncstatus").as_str().unwrap_or_default().to_owned()
}

/// A private deal, in sync.
async fn private() -> Stage {
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    assert_eq!(own(&stage)["consent"]["consentToShareReferralWithMicrosoftSellers"], false);
    stage
}

#[tokio::test]
async fn help_that_is_chosen_later_makes_a_private_deal_one_with_microsoft() {
    let stage = private().await;
    stage.world.edit_record(OPPORTUNITY, |record| {
        ask_for_help(record);
        drop(record.fields.insert("estimatedvalue".into(), json!(205_000)));
    });
    stage.until_quiet(&opportunity()).await;
    assert_eq!(own(&stage)["consent"]["consentToShareReferralWithMicrosoftSellers"], true);
    let asked = microsoft_referrals(&stage);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["engagementId"], own(&stage)["engagementId"]);
    assert_eq!(asked[0]["inviteContext"]["assistanceRequestCode"], "ProofOfConceptOrDemo");
    assert_eq!(asked[0]["details"]["dealValue"], 205_000, "as the patch left it");
    assert!(audit(&stage).contains("Microsoft was asked to help."), "{}", audit(&stage));
    assert_eq!(status(&stage), "✔ Synced");
    let link = stage.the_link();
    assert_eq!(link.microsoft_referral.map(|id| json!(id)), Some(asked[0]["id"].clone()));
    assert_eq!(link.microsoft.requested.as_deref(), Some("ProofOfConceptOrDemo"));
}

#[tokio::test]
async fn a_missing_contact_is_notified_and_help_is_asked_once_it_is_there() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.retain(|column, _| !column.starts_with("parentcontactid/"));
    });
    stage.until_quiet(&opportunity()).await;
    stage.world.edit_record(OPPORTUNITY, |record| {
        ask_for_help(record);
        drop(record.fields.insert("estimatedvalue".into(), json!(205_000)));
    });
    let outcome = stage.reconcile(&opportunity(), "asks").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(
        status(&stage).starts_with("✘ Microsoft was not asked to help yet."),
        "{}",
        status(&stage)
    );
    assert!(audit(&stage).contains("Customer contact's e-mail is missing"), "{}", audit(&stage));
    assert_eq!(own(&stage)["details"]["dealValue"], 205_000, "the rest goes on");
    assert_eq!(own(&stage)["consent"]["consentToShareReferralWithMicrosoftSellers"], false);
    let again = stage.reconcile(&opportunity(), "echo").await.unwrap();
    assert_eq!(again.kind, AuditKind::Unchanged, "notified once, and the ✘ stands");
    assert!(status(&stage).starts_with('✘'));
    stage.world.edit_record(OPPORTUNITY, |record| {
        let contact = complete();
        let contact = contact
            .as_object()
            .unwrap()
            .iter()
            .filter(|(column, _)| column.starts_with("parentcontactid/"));
        record.fields.extend(contact.map(|(column, value)| (column.clone(), value.clone())));
    });
    stage.until_quiet(&opportunity()).await;
    assert_eq!(own(&stage)["customerProfile"]["team"][0]["email"], "ida@norrsken.example");
    assert_eq!(microsoft_referrals(&stage).len(), 1);
    assert_eq!(status(&stage), "✔ Synced");
    assert!(!audit(&stage).contains("Microsoft locks"), "{}", audit(&stage));
}

#[tokio::test]
async fn a_reconciliation_that_dies_anywhere_while_it_asks_later_asks_once() {
    let faults: [(&'static str, Fault); 7] = [
        ("pc.patch", Fault::Before(FailureKind::Transient)),
        ("pc.patch", Fault::After(FailureKind::Transient)),
        ("pc.in_engagement", Fault::Before(FailureKind::Transient)),
        ("pc.create", Fault::Before(FailureKind::Transient)),
        ("pc.create", Fault::After(FailureKind::OutcomeUnknown)),
        ("crm.update", Fault::Before(FailureKind::Transient)),
        ("crm.update", Fault::After(FailureKind::Transient)),
    ];
    for (call, fault) in faults {
        let mut stage = private().await;
        stage.world.edit_record(OPPORTUNITY, ask_for_help);
        stage.fault(call, fault);
        stage.reconcile(&opportunity(), "dies").await.unwrap_err();
        stage.now += SignedDuration::from_mins(10);
        stage.until_quiet(&opportunity()).await;
        assert_eq!(
            (microsoft_referrals(&stage).len(), stage.referrals().len()),
            (1, 2),
            "{call} {fault:?}"
        );
        assert_eq!(status(&stage), "✔ Synced", "{call} {fault:?}");
        assert!(!audit(&stage).contains("neither changed"), "{call} {fault:?}: {}", audit(&stage));
    }
}

#[tokio::test]
async fn a_link_that_cannot_be_saved_after_the_request_does_not_ask_twice() {
    for saves in 0..4 {
        let mut stage = private().await;
        stage.world.edit_record(OPPORTUNITY, ask_for_help);
        for _ in 0..saves {
            stage.fault("links.save", Fault::Pass);
        }
        stage.fault("links.save", Fault::Before(FailureKind::Transient));
        let _ = stage.reconcile(&opportunity(), "dies").await;
        stage.now += SignedDuration::from_mins(10);
        stage.script.clear_faults();
        stage.until_quiet(&opportunity()).await;
        assert_eq!(microsoft_referrals(&stage).len(), 1, "save {saves} failed");
    }
}

#[tokio::test]
async fn a_request_that_partner_center_refuses_is_not_sent_again_until_something_of_it_changes() {
    let stage = private().await;
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("pc.create", Fault::Before(FailureKind::Rejected));
    assert_eq!(stage.reconcile(&opportunity(), "asks").await.unwrap().kind, AuditKind::Rejected);
    assert!(audit(&stage).contains("Microsoft could not be asked to help"), "{}", audit(&stage));
    stage.script.take_calls();
    for _ in 0..3 {
        stage.reconcile(&opportunity(), "echo").await.unwrap();
    }
    assert!(!stage.script.take_calls().contains(&"pc.create"));
    assert!(status(&stage).starts_with("✘ Microsoft could not be asked"), "{}", status(&stage));
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("nwcs_products".into(), json!("SOL-99999-ABC")));
    });
    stage.until_quiet(&opportunity()).await;
    assert_eq!(microsoft_referrals(&stage).len(), 1);
    assert_eq!(status(&stage), "✔ Synced");
}

#[tokio::test]
async fn a_refused_request_is_made_again_when_it_is_chosen_anew_or_an_operator_orders_it() {
    for by_operator in [false, true] {
        let stage = private().await;
        stage.world.edit_record(OPPORTUNITY, ask_for_help);
        stage.fault("pc.create", Fault::Before(FailureKind::Rejected));
        stage.reconcile(&opportunity(), "asks").await.unwrap();
        if by_operator {
            let message = SyncMessage {
                subject: opportunity(),
                cause: Cause::Operator,
                observed: "test".into(),
            };
            let request =
                Request { message: &message, receives: 1, now: stage.now, invocation: "operator" };
            stage.engine.reconcile(request).await.unwrap();
        } else {
            stage.world.edit_record(OPPORTUNITY, |record| {
                drop(record.fields.insert("nwcs_howcanmicrosofthelp".into(), Json::Null));
            });
            stage.until_quiet(&opportunity()).await;
            assert_eq!(status(&stage), "✔ Synced", "nothing is wished any more");
            stage.world.edit_record(OPPORTUNITY, ask_for_help);
            stage.reconcile(&opportunity(), "asks anew").await.unwrap();
        }
        assert_eq!(microsoft_referrals(&stage).len(), 1, "by operator: {by_operator}");
    }
}

#[tokio::test]
async fn a_consent_that_is_refused_keeps_microsoft_from_being_asked_and_the_other_fields_go() {
    let stage = private().await;
    stage.partner_center_refuses(Some("/consent/consentToShareReferralWithMicrosoftSellers"));
    stage.world.edit_record(OPPORTUNITY, |record| {
        ask_for_help(record);
        drop(record.fields.insert("estimatedvalue".into(), json!(205_000)));
    });
    stage.reconcile(&opportunity(), "asks").await.unwrap();
    assert_eq!(own(&stage)["details"]["dealValue"], 205_000);
    assert!(microsoft_referrals(&stage).is_empty());
    assert!(audit(&stage).contains("Referral Visibility was refused"), "{}", audit(&stage));
    assert!(!audit(&stage).contains("was asked to help."), "{}", audit(&stage));
}

#[tokio::test]
async fn a_contact_that_is_refused_is_notified_by_name_and_microsoft_is_asked_all_the_same() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields.retain(|column, _| !column.starts_with("parentcontactid/"));
    });
    stage.until_quiet(&opportunity()).await;
    stage.partner_center_refuses(Some("/customerProfile/team"));
    stage.world.edit_record(OPPORTUNITY, |record| {
        record.fields = serde_json::from_value(complete()).unwrap();
        ask_for_help(record);
    });
    stage.reconcile(&opportunity(), "asks").await.unwrap();
    assert!(audit(&stage).contains("Customer contact was refused"), "{}", audit(&stage));
    assert_eq!(
        microsoft_referrals(&stage)[0]["customerProfile"]["team"][0]["email"],
        "ida@norrsken.example"
    );
    stage.until_quiet(&opportunity()).await;
    assert_eq!(microsoft_referrals(&stage).len(), 1);
}

#[tokio::test]
async fn a_microsoft_referral_that_somebody_made_in_partner_center_is_taken_for_ours() {
    let stage = private().await;
    let mut microsoft = own(&stage);
    microsoft["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
    microsoft["inviteContext"] = json!({ "assistanceRequestCode": "QuotesOrLicensing" });
    stage.world.put_referral(REFERRAL.parse().unwrap(), microsoft);
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(microsoft_referrals(&stage).len(), 1);
    assert_eq!(stage.the_link().microsoft.requested.as_deref(), Some("QuotesOrLicensing"));
}

#[tokio::test]
async fn help_is_not_asked_of_microsoft_for_a_deal_that_it_invited_to() {
    let stage = Stage::with_referral();
    stage.reconcile(&referral(), "arrives").await.unwrap();
    let id = stage.the_record().key.id;
    stage.world.edit_record(&id, |record| {
        ask_for_help(record);
        record.phase = Phase::Open;
    });
    let record = Subject::Crm(stage.the_record().key);
    stage.until_quiet(&record).await;
    assert_eq!(stage.referrals().len(), 1);
    assert!(audit(&stage).contains("takes part in it already"), "{}", audit(&stage));
}

#[tokio::test]
async fn two_reconciliations_that_ask_side_by_side_ask_once() {
    let mut stage = private().await;
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    let id = stage.the_link().referral;
    let (record, referral) = (opportunity(), Subject::Referral(id));
    let (_, _) =
        futures::join!(stage.reconcile(&record, "one"), stage.reconcile(&referral, "other"));
    stage.now += SignedDuration::from_mins(10);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(microsoft_referrals(&stage).len(), 1);
}

#[tokio::test]
async fn a_private_deal_that_was_made_by_hand_is_taken_over_and_microsoft_asked_as_its_record_asks()
{
    let stage = Stage::with_opportunity();
    stage.until_quiet(&opportunity()).await;
    let body = own(&stage);
    // Made by hand in Partner Center, with our opportunity as its CRM ID.
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    stage.until_quiet(&opportunity()).await;
    assert_eq!((microsoft_referrals(&stage).len(), stage.referrals().len()), (1, 2));
    assert_eq!(own(&stage)["consent"]["consentToShareReferralWithMicrosoftSellers"], true);
}

#[tokio::test]
async fn a_link_that_is_made_again_knows_microsofts_referral_and_notifies_nothing_twice() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.until_quiet(&opportunity()).await;
    stage.world.state().links.clear();
    stage.script.take_calls();
    stage.reconcile(&opportunity(), "adopts").await.unwrap();
    let calls = stage.script.take_calls();
    assert!(!calls.contains(&"pc.create") && !calls.contains(&"crm.update"), "{calls:?}");
    assert_eq!(stage.the_link().microsoft.requested.as_deref(), Some("ProofOfConceptOrDemo"));
    assert_eq!(audit(&stage).matches("Microsoft was asked to help.").count(), 1);
}

fn choose(stage: &Stage, help: Json) {
    stage.seller_edits(|record| {
        drop(record.fields.insert("nwcs_howcanmicrosofthelp".into(), help));
    });
}

/// The choice does not agree: read once, and in the status as long as it is so.
async fn is_partly_synced_until(stage: &Stage, subject: &Subject, said: &str, right: Json) {
    stage.reconcile(subject, "chosen anew").await.unwrap();
    for _ in 0..3 {
        let echo = stage.reconcile(subject, "echo").await.unwrap();
        assert_eq!(echo.kind, AuditKind::Unchanged);
        let state = stage.the_link().state;
        let DealState::PartlySynced { fields, blocked: false, reasons } = state else {
            panic!("{state:?}");
        };
        assert_eq!((fields, reasons.len()), ([Field::Help].into(), 1));
        assert_eq!(status(stage), "⚠ Partly synced: How can Microsoft help?");
    }
    assert_eq!(audit(stage).matches(said).count(), 1, "{}", audit(stage));
    choose(stage, right);
    stage.until_quiet(subject).await;
    assert_eq!((stage.the_link().state, status(stage).as_str()), (DealState::InSync, "✔ Synced"));
}

#[tokio::test]
async fn help_that_is_chosen_anew_or_taken_back_is_not_in_sync_until_it_is_set_back() {
    for choice in [json!(412_000_003), Json::Null] {
        let stage = private().await;
        stage.seller_edits(ask_for_help);
        stage.until_quiet(&opportunity()).await;
        assert_eq!(status(&stage), "✔ Synced");
        choose(&stage, choice);
        let said = "can be neither changed nor taken back";
        is_partly_synced_until(&stage, &opportunity(), said, json!(412_000_002)).await;
        assert_eq!(microsoft_referrals(&stage).len(), 1);
    }
}

#[tokio::test]
async fn help_that_cannot_be_asked_for_an_invitation_is_not_in_sync_until_it_is_cleared() {
    let stage = Stage::with_referral();
    stage.until_quiet(&referral()).await;
    stage.seller_edits(|record| {
        record.phase = Phase::Open;
        ask_for_help(record);
    });
    stage.until_quiet(&referral()).await;
    is_partly_synced_until(&stage, &referral(), "takes part in it already", Json::Null).await;
    assert!(microsoft_referrals(&stage).is_empty());
}

#[tokio::test]
async fn help_that_is_chosen_for_a_closed_referral_needs_a_person_and_an_unasked_choice_needs_none()
{
    let stage = in_sync().await;
    stage.world.state().crm.closed_takes_notes = true;
    stage.seller_edits(|record| record.phase = Phase::Won);
    stage.until_quiet(&opportunity()).await;
    stage.seller_edits(ask_for_help);
    stage.until_quiet(&opportunity()).await;
    assert!(stage.the_link().state.needs_a_person(), "{:?}", stage.the_link().state);
    assert!(status(&stage).contains("was not sent: the referral is closed"), "{}", status(&stage));
    choose(&stage, Json::Null);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(status(&stage), "✔ Synced");

    // A deal that ends as its help is chosen needs none any more.
    let stage = in_sync().await;
    stage.seller_edits(|record| {
        ask_for_help(record);
        record.phase = Phase::Won;
    });
    stage.until_quiet(&opportunity()).await;
    stage.reconcile(&opportunity(), "echo").await.unwrap();
    assert_eq!(stage.the_link().state, DealState::InSync);
}

#[tokio::test]
async fn a_deal_that_others_asked_microsoft_about_is_in_sync_though_its_seller_chose_nothing() {
    let stage = private().await;
    let mut microsoft = own(&stage);
    microsoft["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
    microsoft["inviteContext"] = json!({ "assistanceRequestCode": "QuotesOrLicensing" });
    stage.world.put_referral(REFERRAL.parse().unwrap(), microsoft);
    stage.until_quiet(&referral()).await;
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.the_link().state, DealState::InSync);
}
