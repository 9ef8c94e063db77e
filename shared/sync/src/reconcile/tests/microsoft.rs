//! What Microsoft decides on its half of the engagement.

use cosell_model::life_cycle::Stage as Standing;

use super::*;

/// A deal that Microsoft was asked to help with, in step; and Microsoft's half.
async fn asked() -> (Stage, ReferralId) {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.settle(&opportunity()).await;
    let half = stage.the_link().microsoft_referral.unwrap();
    (stage, half)
}

/// Microsoft decides.
fn decides(stage: &Stage, half: ReferralId, status: &str, substatus: &str) {
    let mut body = stage.world.referrals.lock().unwrap()[&half].clone();
    (body["status"], body["substatus"]) = (json!(status), json!(substatus));
    if substatus == "Accepted" {
        body["trackingInfo"] = json!({ "microsoftMsxId": "7-AB12CD34EF" });
    } else {
        body["statusReason"] = json!("Customer requirement not met");
    }
    stage.world.put_referral(half, body);
}

fn audit(stage: &Stage) -> String {
    stage.the_record().get("nwcs_audit").as_str().unwrap_or_default().to_owned()
}

fn own(stage: &Stage) -> Subject {
    Subject::Referral(stage.the_link().referral)
}

#[tokio::test]
async fn an_acceptance_reaches_the_seller_once_whichever_referral_the_event_names() {
    for names_half in [true, false] {
        let (stage, half) = asked().await;
        decides(&stage, half, "Active", "Accepted");
        let subject = if names_half { Subject::Referral(half) } else { own(&stage) };
        stage.look(&subject, "event").await.unwrap();
        assert_eq!(*stage.the_record().get("nwcs_microsoftcrmid"), json!("7-AB12CD34EF"));
        stage.settle(&subject).await;
        stage.settle(&opportunity()).await;
        assert_eq!(
            audit(&stage).matches("Microsoft accepted to help.").count(),
            1,
            "{}",
            audit(&stage)
        );
        assert_eq!(stage.the_link().microsoft.stage, Some(Standing::Active));
        assert_eq!(stage.referrals().len(), 2);
    }
}

#[tokio::test]
async fn a_decline_is_told_with_its_reason_to_the_seller_and_without_it_to_the_log() {
    let (stage, half) = asked().await;
    decides(&stage, half, "Closed", "Declined");
    let outcome = stage.look(&Subject::Referral(half), "event").await.unwrap();
    assert_eq!(outcome.message, "Microsoft declined to help.");
    assert!(
        audit(&stage).contains("Microsoft declined to help: Customer requirement not met."),
        "{}",
        audit(&stage)
    );
    assert_eq!(*stage.the_record().get("nwcs_syncstatus"), json!("✔ Synced"));
    assert_eq!(stage.the_record().phase, Phase::Open, "the deal goes on");
    stage.world.take_calls();
    stage.look(&own(&stage), "echo").await.unwrap();
    assert_eq!(stage.world.take_calls(), ["pc.get", "crm.get"], "a closed half is not read again");
}

#[tokio::test]
async fn silence_is_told_and_the_deal_goes_on() {
    let (stage, half) = asked().await;
    decides(&stage, half, "Closed", "Expired");
    stage.settle(&opportunity()).await;
    assert!(audit(&stage).contains("Microsoft did not answer in time"), "{}", audit(&stage));
    assert_eq!(stage.the_record().phase, Phase::Open);
}

#[tokio::test]
async fn each_later_decision_is_told_once() {
    let (stage, half) = asked().await;
    for (status, substatus, told) in [
        ("Active", "Accepted", "Microsoft accepted to help."),
        ("Closed", "Won", "Microsoft closed its side of the deal as won."),
    ] {
        decides(&stage, half, status, substatus);
        stage.settle(&Subject::Referral(half)).await;
        assert_eq!(audit(&stage).matches(told).count(), 1, "{}", audit(&stage));
    }
    assert_eq!(stage.the_record().phase, Phase::Open, "Microsoft's side is not ours");
}

#[tokio::test]
async fn a_decision_is_told_once_though_the_answer_to_telling_it_is_lost() {
    for call in ["crm.update", "links.save"] {
        let (stage, half) = asked().await;
        decides(&stage, half, "Active", "Accepted");
        stage.fault(call, Fault::After(FailureKind::Transient));
        stage.look(&Subject::Referral(half), "lost").await.unwrap_err();
        stage.settle(&Subject::Referral(half)).await;
        assert_eq!(
            audit(&stage).matches("Microsoft accepted").count(),
            1,
            "{call}: {}",
            audit(&stage)
        );
        assert_eq!(stage.the_link().microsoft.stage, Some(Standing::Active));
    }
}

#[tokio::test]
async fn a_decision_on_a_deal_that_is_closed_in_the_crm_is_told_when_it_is_reopened() {
    let (stage, half) = asked().await;
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Won);
    stage.world.faults.lock().unwrap().clear();
    decides(&stage, half, "Active", "Accepted");
    stage.settle(&Subject::Referral(half)).await;
    assert!(!audit(&stage).contains("Microsoft accepted"));
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Open);
    stage.look(&opportunity(), "reopened").await.unwrap();
    assert!(audit(&stage).contains("Microsoft accepted to help."), "{}", audit(&stage));
}

#[tokio::test]
async fn a_decision_is_told_beside_what_is_wrong() {
    let (stage, half) = asked().await;
    *stage.world.refused_path.lock().unwrap() = Some("/details/requirements/solutions");
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("nwcs_products".into(), json!("SOL-99999-ABC")));
    });
    stage.look(&opportunity(), "refused").await.unwrap();
    decides(&stage, half, "Active", "Accepted");
    stage.look(&Subject::Referral(half), "event").await.unwrap();
    let status = stage.the_record().get("nwcs_syncstatus").as_str().unwrap().to_owned();
    assert!(status.starts_with('✘') && !status.contains("accepted"), "{status}");
    stage.look(&Subject::Referral(half), "echo").await.unwrap();
    assert_eq!(audit(&stage).matches("Microsoft accepted").count(), 1, "{}", audit(&stage));
}

#[tokio::test]
async fn a_half_that_is_made_anew_in_partner_center_takes_the_place_of_one_that_was_declined() {
    let (stage, half) = asked().await;
    decides(&stage, half, "Closed", "Declined");
    stage.settle(&Subject::Referral(half)).await;
    let mut anew = stage.world.referrals.lock().unwrap()[&half].clone();
    (anew["status"], anew["substatus"]) = (json!("Active"), json!("Accepted"));
    anew["inviteContext"] = json!({ "assistanceRequestCode": "QuotesOrLicensing" });
    let second: ReferralId = REFERRAL.parse().unwrap();
    stage.world.put_referral(second, anew);
    stage.settle(&Subject::Referral(second)).await;
    assert!(audit(&stage).contains("Microsoft accepted to help."), "{}", audit(&stage));
    assert_eq!(stage.the_link().microsoft_referral, Some(second));
    stage.settle(&Subject::Referral(half)).await;
    assert_eq!(stage.the_link().microsoft_referral, Some(second), "the old one is over");
}
