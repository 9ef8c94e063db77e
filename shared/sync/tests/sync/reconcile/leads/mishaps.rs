//! Leads that do not go the straight way: nobody's deal may be taken, accepted or closed because of
//! it.

use super::*;

/// The referral of another deal.
const OTHER: &str = "b2b1e1f0-8a51-4f0d-b1a7-2d6a64d3f9bb";

impl Floor {
    /// The opportunity has a referral of its own, which is accepted.
    fn seller_converts_into_another_deals(&self) {
        let mut other = inbound();
        other["status"] = json!("Active");
        other["substatus"] = json!("Accepted");
        other["engagementId"] = json!("e1a5c1d2-3344-4c55-8d66-7788990011bb");
        self.stage.world.put_referral(OTHER.parse().unwrap(), other);
        let mut fields = complete();
        fields["nwcs_referralid"] = json!(OTHER);
        self.seller_converts(fields);
    }

    fn opportunity(&self) -> CrmRecord {
        self.stage.records()[OPPORTUNITY].clone()
    }

    fn flag(record: &mut CrmRecord) {
        record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(true));
    }

    fn unflag(record: &mut CrmRecord) {
        record.fields.insert("nwcs_syncwithpartnercenter".into(), json!(false));
    }

    fn the_stage(&self) -> (Json, Json) {
        let body = self.stage.body(REFERRAL.parse().unwrap());
        (body["status"].clone(), body["substatus"].clone())
    }

    fn order(&self) -> Order<'_> {
        Order { now: self.stage.now, id: "order" }
    }
}

#[tokio::test]
async fn a_lead_converted_into_the_opportunity_of_another_referral_leaves_that_pair_as_it_is() {
    let floor = Floor::with_lead().await;
    floor.seller_converts_into_another_deals();
    floor.stage.until_quiet(&Subject::Referral(OTHER.parse().unwrap())).await;
    let outcome = floor.stage.reconcile(&floor.subject(), "converted").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(outcome.message.contains(OTHER), "{}", outcome.message);
    assert_eq!(floor.opportunity().get("nwcs_referralid"), OTHER, "the identifier of its own deal");
    let link = floor.opportunity().get("nwcs_referrallink").clone();
    assert!(link.as_str().unwrap().contains(OTHER), "{link}");
    let status = floor.opportunity().get("nwcs_syncstatus").clone();
    assert!(status.as_str().unwrap().contains(REFERRAL), "the seller is notified: {status}");
    assert_eq!(floor.the_stage(), (json!("New"), json!("Pending")));
}

#[tokio::test]
async fn an_opportunity_made_of_a_lead_whose_referral_had_expired_is_not_closed() {
    let floor = Floor::with_lead().await;
    let mut body = floor.referral();
    body["status"] = json!("Closed");
    body["substatus"] = json!("Expired");
    floor.stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    floor.stage.until_quiet(&referral()).await;
    assert_eq!(floor.the_lead().phase, Phase::Lost);
    // The customer calls after all: the seller reactivates the lead and qualifies it.
    floor.seller_edits_lead(|lead| lead.phase = Phase::Open);
    floor.stage.reconcile(&floor.subject(), "reopened").await.unwrap();
    floor.seller_converts(json!({ "name": "Fleet telemetry pilot" }));
    let outcome = floor.stage.reconcile(&floor.subject(), "converted").await.unwrap();
    floor.stage.reconcile(&referral(), "echo").await.unwrap();
    assert_eq!(floor.opportunity().phase, Phase::Open, "the seller's deal");
    assert!(outcome.message.contains("Expired"), "{}", outcome.message);
    assert_eq!(floor.stage.referrals().len(), 1);
}

#[tokio::test]
async fn a_seller_who_switches_the_sync_on_again_in_the_opportunity_has_it_synced() {
    let floor = Floor::with_lead().await;
    floor.seller_edits_lead(Floor::unflag);
    floor.stage.reconcile(&floor.subject(), "off").await.unwrap();
    let opportunity = floor.seller_converts(json!({ "name": "Fleet telemetry pilot" }));
    assert_eq!(
        floor.stage.reconcile(&referral(), "still off").await.unwrap().kind,
        AuditKind::Skipped
    );
    // The lead is read-only now: the opportunity is where it can be switched on.
    floor.stage.world.edit_record(OPPORTUNITY, Floor::flag);
    floor.stage.until_quiet(&Subject::Crm(opportunity.key.clone())).await;
    assert_eq!(floor.stage.the_link().crm, opportunity.key);
    assert_eq!(floor.the_stage(), (json!("Active"), json!("Accepted")));
}

#[tokio::test]
async fn an_identifier_that_a_conversion_copied_accepts_nothing_where_the_sync_is_off() {
    let floor = Floor::with_lead().await;
    floor.seller_edits_lead(Floor::unflag);
    floor.seller_converts(json!({ "name": "Fleet telemetry pilot", "nwcs_referralid": REFERRAL }));
    assert_eq!(floor.stage.reconcile(&referral(), "off").await.unwrap().kind, AuditKind::Skipped);
    assert_eq!(floor.the_stage(), (json!("New"), json!("Pending")));
    assert_eq!(floor.opportunity().get("nwcs_syncwithpartnercenter"), &Json::Null);
}

#[tokio::test]
async fn an_opportunity_whose_leads_link_was_lost_gets_no_second_referral() {
    let floor = Floor::with_lead().await;
    floor.stage.world.state().links.clear();
    let opportunity = floor.seller_converts(complete());
    floor.stage.reconcile(&Subject::Crm(opportunity.key.clone()), "flagged").await.unwrap();
    floor.stage.until_quiet(&referral()).await;
    assert_eq!(floor.stage.referrals().len(), 1, "no second referral");
    assert_eq!(floor.stage.the_link().crm, opportunity.key);
    assert_eq!(floor.the_stage(), (json!("Active"), json!("Accepted")));
}

#[tokio::test]
async fn leads_that_are_linked_rest_while_leads_are_not_synced_and_go_on_afterwards() {
    let mut floor = Floor::with_lead().await;
    let table = floor.stage.engine.leads.take();
    floor.accepted_in_partner_center();
    let outcome = floor.stage.reconcile(&referral(), "without leads").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Skipped);
    assert!(outcome.message.contains("leads are not synced"), "{}", outcome.message);
    assert_eq!(floor.stage.the_link().disconnected, None, "the lead is not gone");
    floor.stage.engine.leads = table;
    floor.stage.until_quiet(&referral()).await;
    assert_eq!(floor.stage.the_link().crm.entity, "opportunity");
}

#[tokio::test]
async fn a_lead_can_be_unlinked_where_leads_are_not_synced_any_more() {
    let mut floor = Floor::with_lead().await;
    floor.stage.engine.leads = None;
    floor.stage.script.take_calls();
    let outcome =
        floor.stage.engine.unlink(REFERRAL.parse().unwrap(), floor.order()).await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Unlinked);
    assert!(floor.stage.the_link().disconnected.is_some());
    assert!(!floor.stage.script.take_calls().contains(&"crm.get"), "no opportunity has that key");
}

#[tokio::test]
async fn a_lead_whose_deal_an_operator_linked_with_another_opportunity_stays_a_former_lead() {
    let floor = Floor::with_lead().await;
    let lead = floor.the_lead().key;
    floor.seller_edits_lead(|lead| lead.phase = Phase::Qualified);
    floor.stage.reconcile(&floor.subject(), "qualified").await.unwrap();
    let id: ReferralId = REFERRAL.parse().unwrap();
    floor.stage.engine.unlink(id, floor.order()).await.unwrap();
    let opportunity = record(OPPORTUNITY, json!({ "name": "Fleet telemetry pilot" }));
    floor.stage.world.put_record(opportunity.clone());
    floor.stage.engine.relink(id, &opportunity.key, floor.order()).await.unwrap();
    assert_eq!(floor.stage.the_link().lead, Some(lead.clone()));
    let outcome = floor.stage.reconcile(&Subject::Crm(lead), "later").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Skipped, "{}", outcome.message);
}

#[tokio::test]
async fn a_lead_that_was_released_and_closed_before_its_link_moved_does_not_hold_the_deal_up() {
    let floor = Floor::new(true);
    floor.stage.until_quiet(&referral()).await;
    floor.accepted_in_partner_center();
    floor.stage.fault("links.replace", Fault::Before(FailureKind::Transient));
    floor.stage.reconcile(&referral(), "dies").await.unwrap_err();
    assert_eq!(floor.the_lead().get("nwcs_syncwithpartnercenter"), &json!(false));
    // As the seller was asked to.
    floor.seller_edits_lead(|lead| lead.phase = Phase::Lost);
    floor.stage.until_quiet(&referral()).await;
    assert_eq!(floor.stage.the_link().crm, floor.stage.the_record().key);
    assert_eq!(floor.the_stage(), (json!("Active"), json!("Accepted")));
}

#[tokio::test]
async fn a_lead_that_is_off_leaves_the_opportunity_of_another_deal_in_peace() {
    let floor = Floor::with_lead().await;
    floor.seller_edits_lead(Floor::unflag);
    floor.seller_converts_into_another_deals();
    floor.stage.until_quiet(&Subject::Referral(OTHER.parse().unwrap())).await;
    let outcome = floor.stage.reconcile(&floor.subject(), "converted").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Skipped, "{}", outcome.message);
    assert_eq!(floor.opportunity().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn a_lead_that_was_accepted_before_it_was_linked_becomes_an_opportunity_at_once() {
    let floor = Floor::with_lead().await;
    floor.stage.world.state().links.clear();
    floor.accepted_in_partner_center();
    floor.stage.reconcile(&referral(), "once").await.unwrap();
    assert_eq!(floor.stage.the_link().crm, floor.stage.the_record().key);
}

#[tokio::test]
async fn an_opportunity_whose_leads_referral_ended_unlinked_is_notified_and_gets_no_second_one() {
    let floor = Floor::with_lead().await;
    floor.stage.world.state().links.clear();
    let opportunity = floor.seller_converts(complete());
    let mut body = floor.referral();
    body["status"] = json!("Closed");
    body["substatus"] = json!("Expired");
    floor.stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    let outcome = floor.stage.reconcile(&Subject::Crm(opportunity.key), "flagged").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(outcome.message.contains(REFERRAL), "{}", outcome.message);
    assert_eq!(floor.stage.referrals().len(), 1, "no second referral");
    assert_eq!(floor.opportunity().phase, Phase::Open);
}

#[tokio::test]
async fn an_opportunity_that_is_getting_a_referral_just_now_is_waited_for() {
    let floor = Floor::with_lead().await;
    let opportunity = floor.seller_converts(complete());
    let (name, now) = (opportunity.key.to_string(), floor.stage.now);
    let lasts = SignedDuration::from_mins(5);
    floor.stage.engine.claims.claim(&name, "another reconciliation", now, lasts).await.unwrap();
    let failure = floor.stage.reconcile(&floor.subject(), "converted").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Transient);
    assert!(floor.opportunity().get("nwcs_referralid").is_null(), "not marked either");
    floor.stage.engine.claims.release(&name, "another reconciliation").await.unwrap();
    floor.stage.until_quiet(&referral()).await;
    assert_eq!(floor.stage.the_link().crm, opportunity.key);
}

#[tokio::test]
async fn a_microsoft_referral_that_accepts_with_the_lead_is_kept() {
    let floor = Floor::with_lead().await;
    floor.accepted_in_partner_center();
    let mut microsoft = floor.referral();
    microsoft["target"] = json!([{ "type": "BusinessProfileLocation", "id": "msft" }]);
    microsoft["direction"] = json!("Outgoing");
    microsoft["externalReferenceId"] = Json::Null;
    microsoft["trackingInfo"] = json!({ "microsoftMsxId": "7-ABC123" });
    floor.stage.world.put_referral(OTHER.parse().unwrap(), microsoft);
    let outcome = floor
        .stage
        .reconcile(&Subject::Referral(OTHER.parse().unwrap()), "microsoft")
        .await
        .unwrap();
    assert_eq!(outcome.kind, AuditKind::Qualified);
    assert_eq!(floor.stage.the_link().microsoft_referral, OTHER.parse().ok());
    assert_eq!(floor.stage.the_record().get("nwcs_microsoftcrmid"), "7-ABC123");
}

#[tokio::test]
async fn a_lead_that_took_the_identifier_of_one_merged_into_it_is_notified_what_fixes_it() {
    let floor = Floor::with_lead().await;
    let mut left = floor.the_lead();
    left.key.id = OPPORTUNITY.into();
    let key = left.key.clone();
    floor.stage.world.state().records.clear();
    floor.stage.world.put_record(left);
    let outcome = floor.stage.reconcile(&Subject::Crm(key.clone()), "merged").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    let is_notified =
        outcome.message.contains("another lead") && outcome.message.contains("your administrator");
    assert!(is_notified, "{}", outcome.message);
    // The old pair is disconnected by the next reconciliation.
    floor.stage.reconcile(&referral(), "parts").await.unwrap();
    let relinked = floor.stage.engine.relink(REFERRAL.parse().unwrap(), &key, floor.order()).await;
    relinked.unwrap();
    assert_eq!(floor.stage.the_link().crm, key);
}

#[tokio::test]
async fn a_lead_that_is_gone_is_called_a_lead() {
    let floor = Floor::with_lead().await;
    floor.stage.world.state().links.clear();
    floor.stage.world.state().records.clear();
    let outcome = floor.stage.reconcile(&referral(), "gone").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(outcome.message.contains("names no lead"), "{}", outcome.message);
}

#[tokio::test]
async fn an_opportunity_that_was_merged_away_before_its_lead_was_reconciled_is_left_alone() {
    let floor = Floor::with_lead().await;
    let opportunity = floor.seller_converts(json!({ "name": "Fleet telemetry pilot" }));
    let into = record("7b1e1f00-8a51-4f0d-b1a7-2d6a64d3f900", json!({})).key;
    floor
        .stage
        .world
        .edit_record(&opportunity.key.id, |record| record.merged_into = Some(into.clone()));
    let outcome = floor.stage.reconcile(&floor.subject(), "first").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Disconnected, "{}", outcome.message);
    assert_eq!(
        floor.opportunity().get("nwcs_syncstatus"),
        &Json::Null,
        "a merged record is read-only"
    );
    assert_eq!(
        floor.stage.the_link().disconnected.unwrap().reason,
        DisconnectReason::RecordMerged(into)
    );
}

/// The lead was made by a run that did not come to link it, and its seller deleted the opportunity.
#[tokio::test]
async fn a_lead_whose_opportunity_was_deleted_before_it_was_linked_is_disconnected_and_not_adopted()
{
    let floor = Floor::with_lead().await;
    let link = floor.stage.the_link();
    floor.stage.world.state().links.remove(&link.referral);
    floor.seller_converts(json!({ "name": "Harbour sensors" }));
    floor.stage.world.state().records.remove(OPPORTUNITY);
    let outcome = floor.stage.reconcile(&referral(), "looks").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Disconnected);
    let entries = floor.stage.world.state().audit.clone();
    let codes: Vec<_> =
        entries.last().unwrap().notices.iter().map(cosell_model::notice::Notice::code).collect();
    assert_eq!(codes, ["disconnected"]);
    floor.no_opportunity();
    let again = floor.stage.reconcile(&referral(), "looks again").await.unwrap();
    assert!(again.noted.is_empty(), "{again:?}");
}

#[tokio::test]
async fn a_lead_that_is_adopted_and_not_converted_is_kept_as_refused_and_listed() {
    let floor = Floor::with_lead().await;
    floor.stage.world.state().links.clear();
    floor.accepted_in_partner_center();
    floor.stage.fault("leads.qualify", Fault::Before(FailureKind::Rejected));
    floor.stage.reconcile(&floor.subject(), "is refused").await.unwrap();
    let link = floor.stage.the_link();
    assert!(
        matches!(link.state, cosell_model::state::DealState::Refused { .. }),
        "{:?}",
        link.state
    );
    assert!(link.state.needs_a_person());
}
