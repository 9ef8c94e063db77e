//! Leads that do not go the straight way: nobody's deal may be taken, accepted or closed because of it.

use super::*;

/// The referral of another deal.
const OTHER: &str = "b2b1e1f0-8a51-4f0d-b1a7-2d6a64d3f9bb";

impl Floor {
    fn opportunity(&self) -> CrmRecord {
        self.stage.world.records.lock().unwrap()[OPPORTUNITY].clone()
    }

    fn the_stage(&self) -> (Json, Json) {
        let body = &self.stage.world.referrals.lock().unwrap()[&REFERRAL.parse().unwrap()];
        (body["status"].clone(), body["substatus"].clone())
    }
}

#[tokio::test]
async fn a_lead_converted_into_the_opportunity_of_another_referral_leaves_that_pair_as_it_is() {
    let floor = Floor::with_lead().await;
    let mut fields = complete();
    fields["nwcs_referralid"] = json!(OTHER);
    let mut other = inbound();
    other["status"] = json!("Active");
    other["substatus"] = json!("Accepted");
    other["engagementId"] = json!("e1a5c1d2-3344-4c55-8d66-7788990011bb");
    floor.stage.world.put_referral(OTHER.parse().unwrap(), other);
    floor.seller_converts(fields);
    let of_other = Subject::Referral(OTHER.parse().unwrap());
    floor.stage.settle(&of_other).await;
    let outcome = floor.stage.look(&floor.subject(), "converted").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(outcome.message.contains(OTHER), "{}", outcome.message);
    assert_eq!(floor.opportunity().get("nwcs_referralid"), OTHER, "the identifier of its own deal");
    let link = floor.opportunity().get("nwcs_referrallink").clone();
    assert!(link.as_str().unwrap().contains(OTHER), "{link}");
    let status = floor.opportunity().get("nwcs_syncstatus").clone();
    assert!(status.as_str().unwrap().contains(REFERRAL), "the seller is told: {status}");
    assert_eq!(floor.the_stage(), (json!("New"), json!("Pending")));
}

#[tokio::test]
async fn an_opportunity_made_of_a_lead_whose_referral_had_expired_is_not_closed() {
    let floor = Floor::with_lead().await;
    let mut body = floor.referral();
    body["status"] = json!("Closed");
    body["substatus"] = json!("Expired");
    floor.stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    floor.stage.settle(&referral()).await;
    assert_eq!(floor.the_lead().phase, Phase::Lost);
    // The customer calls after all: the seller reactivates the lead and qualifies it.
    floor.seller_edits_lead(|lead| lead.phase = Phase::Open);
    floor.stage.look(&floor.subject(), "reopened").await.unwrap();
    floor.seller_converts(json!({ "name": "Fleet telemetry pilot" }));
    let outcome = floor.stage.look(&floor.subject(), "converted").await.unwrap();
    floor.stage.look(&referral(), "echo").await.unwrap();
    assert_eq!(floor.opportunity().phase, Phase::Open, "the seller's deal");
    assert!(outcome.message.contains("Expired"), "{}", outcome.message);
    assert_eq!(floor.stage.referrals().len(), 1);
}
