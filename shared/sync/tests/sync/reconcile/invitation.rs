//! The Microsoft referral.

use super::*;

#[tokio::test]
async fn help_is_asked_of_microsoft_once_even_if_the_second_post_dies() {
    for fault in [Fault::Before(FailureKind::Transient), Fault::After(FailureKind::OutcomeUnknown)]
    {
        let mut stage = Stage::with_opportunity();
        stage.world.edit_record(OPPORTUNITY, ask_for_help);
        // The first create goes through; the second is the invitation.
        stage.fault("links.create", Fault::After(FailureKind::Transient));
        stage.reconcile(&opportunity(), "dies").await.unwrap_err();
        stage.now += SignedDuration::from_mins(10);
        stage.fault("pc.create", fault);
        stage.reconcile(&opportunity(), "dies again").await.unwrap_err();
        stage.now += SignedDuration::from_mins(10);
        stage.until_quiet(&opportunity()).await;
        let asked =
            stage.referrals().into_iter().filter(|body| body["target"][0]["id"] == "msft").count();
        assert_eq!((asked, stage.referrals().len()), (1, 2), "{fault:?}");
    }
}

#[tokio::test]
async fn the_microsoft_referral_leads_to_the_deal_and_its_id_reaches_the_seller() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.until_quiet(&opportunity()).await;
    let mut microsoft =
        stage.referrals().into_iter().find(|body| body["target"][0]["id"] == "msft").unwrap();
    microsoft["trackingInfo"] = json!({ "microsoftMsxId": "7-AB12CD34EF" });
    (microsoft["status"], microsoft["substatus"]) = (json!("Active"), json!("Accepted"));
    let id: ReferralId = microsoft["id"].as_str().unwrap().parse().unwrap();
    stage.world.put_referral(id, microsoft);
    stage.reconcile(&Subject::Referral(id), "event").await.unwrap();
    assert_eq!(stage.the_record().get("nwcs_microsoftcrmid"), "7-AB12CD34EF");
    assert_eq!(stage.referrals().len(), 2);
}

#[tokio::test]
async fn two_reconciliations_of_one_invocation_invite_microsoft_once() {
    let mut stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("links.create", Fault::After(FailureKind::Transient));
    stage.reconcile(&opportunity(), "dies").await.unwrap_err();
    stage.now += SignedDuration::from_mins(10);
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    // Both subjects' messages in one batch: two groups, side by side.
    let own = Subject::Referral(id);
    let (record, referral) = (opportunity(), own);
    let (_, _) =
        futures::join!(stage.reconcile(&record, "batch"), stage.reconcile(&referral, "batch"));
    stage.now += SignedDuration::from_mins(10);
    stage.until_quiet(&opportunity()).await;
    assert_eq!(stage.referrals().len(), 2, "our referral and one of Microsoft's");
}

#[tokio::test]
async fn help_is_still_asked_when_our_referral_is_found_instead_of_answered() {
    let mut stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("links.create", Fault::Before(FailureKind::Transient));
    stage.reconcile(&opportunity(), "dies").await.unwrap_err();
    stage.now += SignedDuration::from_mins(10);
    stage.until_quiet(&opportunity()).await;
    let asked =
        stage.referrals().into_iter().filter(|body| body["target"][0]["id"] == "msft").count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_reconciliation_that_knew_the_link_before_microsoft_was_asked_does_not_ask_again() {
    let mut stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("links.create", Fault::After(FailureKind::Transient));
    stage.reconcile(&opportunity(), "dies between the posts").await.unwrap_err();
    stage.now += SignedDuration::from_mins(10);
    let own: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    // The engagement's list is behind: it never shows the Microsoft referral.
    stage.script.lag_by(SignedDuration::from_hours(1));
    let (record, referral) = (opportunity(), Subject::Referral(own));
    let mut slow = std::pin::pin!(stage.reconcile(&referral, "slow"));
    // Up to where it has read the link, and no further.
    assert!(
        futures::poll!(slow.as_mut()).is_pending() && futures::poll!(slow.as_mut()).is_pending()
    );
    stage.reconcile(&record, "asks").await.unwrap();
    slow.await.unwrap_err();
    stage.reconcile(&record, "later").await.unwrap();
    assert_eq!(stage.referrals().len(), 2, "our referral and one of Microsoft's");
}

#[tokio::test]
async fn a_microsoft_referral_that_no_link_knows_of_keeps_the_claim() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("links.save", Fault::Before(FailureKind::Transient));
    stage.reconcile(&opportunity(), "asks, and cannot say so").await.unwrap_err();
    // A search may not show the Microsoft referral yet.
    stage.script.lag_by(SignedDuration::from_hours(1));
    let waiting = stage.reconcile(&opportunity(), "too early").await.unwrap_err();
    assert!(matches!(waiting.kind, FailureKind::Postponed { .. }), "{waiting}");
    assert_eq!(stage.referrals().len(), 2);
}

#[tokio::test]
async fn the_microsoft_referral_in_hand_is_not_asked_for_again_though_the_list_is_behind() {
    let mut stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("links.save", Fault::Before(FailureKind::Transient));
    stage.reconcile(&opportunity(), "asks, and cannot say so").await.unwrap_err();
    let asked = stage.referrals().into_iter().find(|body| body["target"][0]["id"] == "msft");
    let microsoft: ReferralId = asked.unwrap()["id"].as_str().unwrap().parse().unwrap();
    stage.script.lag_by(SignedDuration::from_hours(1));
    stage.now += SignedDuration::from_mins(10);
    stage.reconcile(&Subject::Referral(microsoft), "its own webhook").await.unwrap();
    assert_eq!(stage.referrals().len(), 2);
    assert_eq!(stage.the_link().microsoft_referral, Some(microsoft));
}
