//! What Microsoft decides on its referral of the engagement.

use cosell_model::life_cycle::Stage as Standing;

use super::*;

/// A deal that Microsoft was asked to help with, in sync; and the Microsoft referral.
async fn asked() -> (Stage, ReferralId) {
    let stage = Stage::with_opportunity();
    stage.world.edit_record(OPPORTUNITY, ask_for_help);
    stage.until_quiet(&opportunity()).await;
    let microsoft = stage.the_link().microsoft_referral.unwrap();
    (stage, microsoft)
}

/// Microsoft decides.
fn decides(stage: &Stage, microsoft: ReferralId, status: &str, substatus: &str) {
    let mut body = stage.body(microsoft);
    (body["status"], body["substatus"]) = (json!(status), json!(substatus));
    if substatus == "Accepted" {
        body["trackingInfo"] = json!({ "microsoftMsxId": "7-AB12CD34EF" });
    } else {
        body["statusReason"] = json!("Customer requirement not met");
    }
    stage.world.put_referral(microsoft, body);
}

fn audit(stage: &Stage) -> String {
    stage.the_record().get("nwcs_audit").as_str().unwrap_or_default().to_owned()
}

fn own(stage: &Stage) -> Subject {
    Subject::Referral(stage.the_link().referral)
}

#[tokio::test]
async fn an_acceptance_reaches_the_seller_once_whichever_referral_the_event_names() {
    for names_microsofts in [true, false] {
        let (stage, microsoft) = asked().await;
        decides(&stage, microsoft, "Active", "Accepted");
        let subject = if names_microsofts { Subject::Referral(microsoft) } else { own(&stage) };
        stage.reconcile(&subject, "event").await.unwrap();
        assert_eq!(*stage.the_record().get("nwcs_microsoftcrmid"), json!("7-AB12CD34EF"));
        stage.until_quiet(&subject).await;
        stage.until_quiet(&opportunity()).await;
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
async fn a_decline_is_notified_with_its_reason_to_the_seller_and_without_it_to_the_log() {
    let (stage, microsoft) = asked().await;
    decides(&stage, microsoft, "Closed", "Declined");
    let outcome = stage.reconcile(&Subject::Referral(microsoft), "event").await.unwrap();
    assert_eq!(outcome.message, "Microsoft declined to help.");
    assert!(
        audit(&stage).contains("Microsoft declined to help: Customer requirement not met."),
        "{}",
        audit(&stage)
    );
    assert_eq!(*stage.the_record().get("nwcs_syncstatus"), json!("✔ Synced"));
    assert_eq!(stage.the_record().phase, Phase::Open, "the deal goes on");
    stage.script.take_calls();
    stage.reconcile(&own(&stage), "echo").await.unwrap();
    assert_eq!(
        stage.script.take_calls(),
        ["pc.get", "crm.get"],
        "a closed Microsoft referral is not read again"
    );
}

#[tokio::test]
async fn silence_is_notified_and_the_deal_goes_on() {
    let (stage, microsoft) = asked().await;
    decides(&stage, microsoft, "Closed", "Expired");
    stage.until_quiet(&opportunity()).await;
    assert!(audit(&stage).contains("Microsoft did not answer in time"), "{}", audit(&stage));
    assert_eq!(stage.the_record().phase, Phase::Open);
}

#[tokio::test]
async fn each_later_decision_is_notified_once() {
    let (stage, microsoft) = asked().await;
    for (status, substatus, sentence) in [
        ("Active", "Accepted", "Microsoft accepted to help."),
        ("Closed", "Won", "Microsoft closed its side of the deal as won."),
    ] {
        decides(&stage, microsoft, status, substatus);
        stage.until_quiet(&Subject::Referral(microsoft)).await;
        assert_eq!(audit(&stage).matches(sentence).count(), 1, "{}", audit(&stage));
    }
    assert_eq!(stage.the_record().phase, Phase::Open, "Microsoft's side is not ours");
}

#[tokio::test]
async fn a_decision_is_notified_again_only_where_the_answer_to_its_write_is_lost() {
    for (call, times) in [("crm.update", 2), ("links.save", 1)] {
        let (stage, microsoft) = asked().await;
        decides(&stage, microsoft, "Active", "Accepted");
        stage.fault(call, Fault::After(FailureKind::Transient));
        stage.reconcile(&Subject::Referral(microsoft), "lost").await.unwrap_err();
        stage.until_quiet(&Subject::Referral(microsoft)).await;
        assert_eq!(
            audit(&stage).matches("Microsoft accepted").count(),
            times,
            "{call}: {}",
            audit(&stage)
        );
        assert_eq!(stage.the_link().microsoft.stage, Some(Standing::Active));
    }
}

#[tokio::test]
async fn a_decision_on_a_deal_that_is_closed_in_the_crm_is_notified_when_it_is_reopened() {
    let (stage, microsoft) = asked().await;
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Won);
    stage.script.clear_faults();
    decides(&stage, microsoft, "Active", "Accepted");
    stage.until_quiet(&Subject::Referral(microsoft)).await;
    assert!(!audit(&stage).contains("Microsoft accepted"));
    stage.world.edit_record(OPPORTUNITY, |record| record.phase = Phase::Open);
    stage.reconcile(&opportunity(), "reopened").await.unwrap();
    assert!(audit(&stage).contains("Microsoft accepted to help."), "{}", audit(&stage));
}

#[tokio::test]
async fn a_decision_is_notified_beside_what_is_wrong() {
    let (stage, microsoft) = asked().await;
    stage.partner_center_refuses(Some("/details/requirements/solutions"));
    stage.world.edit_record(OPPORTUNITY, |record| {
        drop(record.fields.insert("nwcs_products".into(), json!("SOL-99999-ABC")));
    });
    stage.reconcile(&opportunity(), "refused").await.unwrap();
    decides(&stage, microsoft, "Active", "Accepted");
    stage.reconcile(&Subject::Referral(microsoft), "event").await.unwrap();
    let status = stage.the_record().get("nwcs_syncstatus").as_str().unwrap().to_owned();
    assert!(status.starts_with('✘') && !status.contains("accepted"), "{status}");
    stage.reconcile(&Subject::Referral(microsoft), "echo").await.unwrap();
    assert_eq!(audit(&stage).matches("Microsoft accepted").count(), 1, "{}", audit(&stage));
}

#[tokio::test]
async fn a_microsoft_referral_that_is_made_anew_in_partner_center_takes_the_place_of_one_that_was_declined()
 {
    let (stage, microsoft) = asked().await;
    decides(&stage, microsoft, "Closed", "Declined");
    stage.until_quiet(&Subject::Referral(microsoft)).await;
    let mut anew = stage.body(microsoft);
    (anew["status"], anew["substatus"]) = (json!("Active"), json!("Accepted"));
    anew["inviteContext"] = json!({ "assistanceRequestCode": "QuotesOrLicensing" });
    let second: ReferralId = REFERRAL.parse().unwrap();
    stage.world.put_referral(second, anew);
    stage.until_quiet(&Subject::Referral(second)).await;
    assert!(audit(&stage).contains("Microsoft accepted to help."), "{}", audit(&stage));
    assert_eq!(stage.the_link().microsoft_referral, Some(second));
    stage.until_quiet(&Subject::Referral(microsoft)).await;
    assert_eq!(stage.the_link().microsoft_referral, Some(second), "the old one is over");
}
