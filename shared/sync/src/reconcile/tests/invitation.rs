//! Microsoft's half.

use super::*;

#[tokio::test]
async fn help_is_asked_of_microsoft_once_even_if_the_second_post_dies() {
    for fault in [Fault::Before(FailureKind::Transient), Fault::After(FailureKind::OutcomeUnknown)]
    {
        let mut stage = Stage::with_opportunity();
        stage.world.edit_record(OPPORTUNITY, ask_for_help);
        // The first create goes through; the second is the invitation.
        stage.fault("links.create", Fault::After(FailureKind::Transient));
        stage.look(&opportunity(), "dies").await.unwrap_err();
        stage.now += SignedDuration::from_mins(10);
        stage.fault("pc.create", fault);
        stage.look(&opportunity(), "dies again").await.unwrap_err();
        stage.now += SignedDuration::from_mins(10);
        stage.settle(&opportunity()).await;
        let halves =
            stage.referrals().into_iter().filter(|body| body["target"][0]["id"] == "msft").count();
        assert_eq!((halves, stage.referrals().len()), (1, 2), "{fault:?}");
    }
}

#[tokio::test]
async fn microsofts_half_leads_to_the_pair_and_its_id_reaches_the_seller() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.settle(&opportunity()).await;
    let mut half =
        stage.referrals().into_iter().find(|body| body["target"][0]["id"] == "msft").unwrap();
    half["trackingInfo"] = json!({ "microsoftMsxId": "7-AB12CD34EF" });
    (half["status"], half["substatus"]) = (json!("Active"), json!("Accepted"));
    let id: ReferralId = half["id"].as_str().unwrap().parse().unwrap();
    stage.world.put_referral(id, half);
    stage.look(&Subject::Referral(id), "event").await.unwrap();
    assert_eq!(stage.the_record().get("nwcs_microsoftcrmid"), "7-AB12CD34EF");
    assert_eq!(stage.referrals().len(), 2);
}

#[tokio::test]
async fn two_looks_of_one_invocation_invite_microsoft_once() {
    let mut stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("links.create", Fault::After(FailureKind::Transient));
    stage.look(&opportunity(), "dies").await.unwrap_err();
    stage.now += SignedDuration::from_mins(10);
    let id: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    // Both subjects' messages in one batch: two groups, side by side.
    let own = Subject::Referral(id);
    let (record, referral) = (opportunity(), own);
    let (_, _) = futures::join!(stage.look(&record, "batch"), stage.look(&referral, "batch"));
    stage.now += SignedDuration::from_mins(10);
    stage.settle(&opportunity()).await;
    assert_eq!(stage.referrals().len(), 2, "our referral and one half of Microsoft's");
}

#[tokio::test]
async fn help_is_still_asked_when_our_referral_is_found_instead_of_answered() {
    let mut stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("links.create", Fault::Before(FailureKind::Transient));
    stage.look(&opportunity(), "dies").await.unwrap_err();
    stage.now += SignedDuration::from_mins(10);
    stage.settle(&opportunity()).await;
    let halves =
        stage.referrals().into_iter().filter(|body| body["target"][0]["id"] == "msft").count();
    assert_eq!(halves, 1);
}

#[tokio::test]
async fn a_look_that_knew_the_link_before_microsoft_was_asked_does_not_ask_again() {
    let mut stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("links.create", Fault::After(FailureKind::Transient));
    stage.look(&opportunity(), "dies between the posts").await.unwrap_err();
    stage.now += SignedDuration::from_mins(10);
    let own: ReferralId = stage.referrals()[0]["id"].as_str().unwrap().parse().unwrap();
    // The engagement's list is behind: it never shows the half.
    *stage.world.blind.lock().unwrap() = true;
    let (record, referral) = (opportunity(), Subject::Referral(own));
    let mut slow = std::pin::pin!(stage.look(&referral, "slow"));
    // Up to where it has read the link, and no further.
    assert!(
        futures::poll!(slow.as_mut()).is_pending() && futures::poll!(slow.as_mut()).is_pending()
    );
    stage.look(&record, "asks").await.unwrap();
    slow.await.unwrap_err();
    stage.look(&record, "later").await.unwrap();
    assert_eq!(stage.referrals().len(), 2, "our referral and one half of Microsoft's");
}

#[tokio::test]
async fn a_half_that_no_link_tells_of_keeps_the_claim() {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("links.save", Fault::Before(FailureKind::Transient));
    stage.look(&opportunity(), "asks, and cannot say so").await.unwrap_err();
    // A search may not show the half yet.
    *stage.world.blind.lock().unwrap() = true;
    let waiting = stage.look(&opportunity(), "too early").await.unwrap_err();
    assert!(matches!(waiting.kind, FailureKind::Postponed { .. }), "{waiting}");
    assert_eq!(stage.referrals().len(), 2);
}

#[tokio::test]
async fn the_half_in_hand_is_not_asked_for_again_though_the_list_is_behind() {
    let mut stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.fault("links.save", Fault::Before(FailureKind::Transient));
    stage.look(&opportunity(), "asks, and cannot say so").await.unwrap_err();
    let halves = stage.referrals().into_iter().find(|body| body["target"][0]["id"] == "msft");
    let half: ReferralId = halves.unwrap()["id"].as_str().unwrap().parse().unwrap();
    *stage.world.blind.lock().unwrap() = true;
    stage.now += SignedDuration::from_mins(10);
    stage.look(&Subject::Referral(half), "its own webhook").await.unwrap();
    assert_eq!(stage.referrals().len(), 2);
    assert_eq!(stage.the_link().microsoft_referral, Some(half));
}
