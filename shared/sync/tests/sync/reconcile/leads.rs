//! Leads that Microsoft sends: leads in the CRM until somebody accepts them, then opportunities.

mod costs;
mod dry_run;
mod entered;
mod mishaps;

use cosell_model::audit::Side;

use super::*;
use cosell_fakes::LeadPorts;
use cosell_sync::LeadTable;

/// A stage whose CRM has leads.
struct Floor {
    stage: Stage,
}

impl Floor {
    fn new(stay_open: bool) -> Self {
        let mut stage = Stage::new();
        stage.world.state().crm.cannot_convert = stay_open;
        let mapping = stage.engine.mapping.of_leads().unwrap();
        let crm = Arc::new(LeadPorts(stage.ports.clone()));
        stage.engine.leads = Some(LeadTable { crm, mapping: Arc::new(mapping) });
        stage.world.put_referral(REFERRAL.parse().unwrap(), lead());
        Self { stage }
    }

    /// With the lead in the CRM.
    async fn with_lead() -> Self {
        let floor = Self::new(false);
        assert_eq!(floor.stage.until_quiet(&referral()).await.kind, AuditKind::Created);
        floor
    }

    fn leads(&self) -> Vec<CrmRecord> {
        let records = self.stage.world.state().records.clone();
        records.into_values().filter(|record| record.key.entity == "lead").collect()
    }

    fn the_lead(&self) -> CrmRecord {
        let mut leads = self.leads();
        assert_eq!(leads.len(), 1, "exactly one lead");
        leads.remove(0)
    }

    fn subject(&self) -> Subject {
        Subject::Crm(self.the_lead().key)
    }

    fn seller_edits_lead(&self, edit: impl FnOnce(&mut CrmRecord)) {
        self.stage.world.edit_record(&self.the_lead().key.id, edit);
    }

    fn referral(&self) -> Json {
        self.stage.referrals().remove(0)
    }

    fn accepted_in_partner_center(&self) {
        let mut body = self.referral();
        body["status"] = json!("Active");
        body["substatus"] = json!("Accepted");
        self.stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    }

    /// The seller converts the lead by hand into an opportunity with these fields.
    fn seller_converts(&self, fields: Json) -> CrmRecord {
        let opportunity = record(OPPORTUNITY, fields);
        self.stage.world.put_record(opportunity.clone());
        let key = opportunity.key.clone();
        self.seller_edits_lead(|lead| {
            lead.phase = Phase::Qualified;
            lead.converted_into = Some(key);
        });
        opportunity
    }

    fn no_opportunity(&self) {
        assert!(self.stage.records().is_empty(), "no opportunity");
    }
}

fn lead() -> Json {
    let mut body = inbound();
    body["type"] = json!("Independent");
    body["inviteContext"] = json!({ "invitedBy": { "organizationId": "msft" } });
    body["consent"] = json!({ "consentToShareReferralWithMicrosoftSellers": true });
    body["target"] = json!([]);
    body
}

#[tokio::test]
async fn a_lead_is_a_lead_in_the_crm_until_somebody_accepts_it() {
    let floor = Floor::with_lead().await;
    let lead = floor.the_lead();
    assert_eq!((lead.key.entity.as_str(), lead.phase), ("lead", Phase::Open));
    assert_eq!(lead.get("companyname"), "Ostsjö");
    assert_eq!(lead.get("nwcs_referralid"), REFERRAL);
    assert_eq!(floor.stage.the_link().crm, lead.key);
    assert_eq!(floor.referral()["externalReferenceId"], json!(lead.key.id));
    floor.no_opportunity();
}

#[tokio::test]
async fn leads_are_left_alone_where_they_are_not_wanted() {
    let mut floor = Floor::new(false);
    floor.stage.engine.policy =
        Arc::new(Policy { sync_leads: false, ..Policy::clone(&floor.stage.engine.policy) });
    floor.stage.engine.leads = None;
    assert_eq!(floor.stage.reconcile(&referral(), "first").await.unwrap().kind, AuditKind::Skipped);
    floor.no_opportunity();
    assert!(floor.leads().is_empty());
}

#[tokio::test]
async fn a_lead_accepted_in_partner_center_becomes_an_opportunity_and_the_link_moves() {
    let floor = Floor::with_lead().await;
    let lead = floor.the_lead();
    floor.accepted_in_partner_center();
    assert_eq!(floor.stage.until_quiet(&referral()).await.kind, AuditKind::Qualified);
    let opportunity = floor.stage.the_record();
    assert_eq!(
        (opportunity.phase, opportunity.get("estimatedvalue")),
        (Phase::Open, &json!(62_000))
    );
    assert_eq!(opportunity.get("nwcs_syncwithpartnercenter"), &json!(true));
    assert_eq!(opportunity.get("nwcs_referralid"), REFERRAL);
    let link = floor.stage.the_link();
    assert_eq!((&link.crm, link.lead.as_ref()), (&opportunity.key, Some(&lead.key)));
    assert_eq!(
        floor.referral()["externalReferenceId"],
        json!(opportunity.key.id),
        "the CRM ID follows"
    );
    // The lead is nobody's any more.
    assert_eq!(
        floor.stage.reconcile(&Subject::Crm(lead.key), "later").await.unwrap().kind,
        AuditKind::Skipped
    );
}

#[tokio::test]
async fn qualifying_the_lead_accepts_the_referral_and_what_the_seller_entered_is_sent() {
    let floor = Floor::with_lead().await;
    floor.seller_converts(json!({
        "name": "Fleet telemetry pilot", "estimatedvalue": 90_000, "estimatedclosedate": "2026-08-31", "description": "40 lorries",
        "transactioncurrencyid/isocurrencycode": "EUR"
    }));
    assert_eq!(
        floor.stage.reconcile(&floor.subject(), "first").await.unwrap().kind,
        AuditKind::Qualified
    );
    floor.stage.until_quiet(&referral()).await;
    let referral = floor.referral();
    assert_eq!(
        (&referral["status"], &referral["substatus"]),
        (&json!("Active"), &json!("Accepted"))
    );
    assert_eq!(referral["details"]["dealValue"], json!(90_000));
    assert_eq!(referral["details"]["closingDateTime"], "2026-08-31T00:00:00Z");
    assert_eq!(referral["externalReferenceId"], OPPORTUNITY);
    let opportunity = floor.stage.the_record();
    assert_eq!(opportunity.get("nwcs_referralid"), REFERRAL);
    assert_eq!(
        opportunity.get("nwcs_products"),
        "SOL-71402-QKD",
        "what the conversion left out is filled"
    );
    assert_eq!(floor.stage.referrals().len(), 1);
}

#[tokio::test]
async fn qualifying_accepts_even_where_a_conversion_begins_at_the_on_hold_stage() {
    let floor = Floor::with_lead().await;
    floor.seller_converts(json!({ "name": "Fleet telemetry pilot" }));
    floor.stage.world.edit_record(OPPORTUNITY, |opportunity| opportunity.phase = Phase::OnHold);
    floor.stage.reconcile(&floor.subject(), "first").await.unwrap();
    floor.stage.until_quiet(&referral()).await;
    assert_eq!(floor.stage.the_record().phase, Phase::Open);
    assert_eq!(floor.referral()["status"], "Active");
}

#[tokio::test]
async fn what_a_conversion_does_not_copy_is_filled_and_not_emptied_in_partner_center() {
    let floor = Floor::with_lead().await;
    floor.seller_converts(json!({ "name": "Fleet telemetry pilot" }));
    floor.stage.reconcile(&floor.subject(), "first").await.unwrap();
    floor.stage.until_quiet(&referral()).await;
    assert_eq!(floor.stage.the_record().get("description"), "40 lorries");
    assert_eq!(floor.referral()["details"]["notes"], "40 lorries");
    assert_eq!(floor.referral()["details"]["dealValue"], json!(62_000));
}

#[tokio::test]
async fn an_edit_of_the_lead_goes_with_the_deal_that_partner_center_accepts() {
    let floor = Floor::with_lead().await;
    floor.seller_edits_lead(|lead| {
        drop(lead.fields.insert("description".into(), json!("60 lorries, says the customer")));
    });
    floor.accepted_in_partner_center();
    floor.stage.until_quiet(&referral()).await;
    assert_eq!(floor.stage.the_record().get("description"), "60 lorries, says the customer");
    assert_eq!(floor.referral()["details"]["notes"], "60 lorries, says the customer");
}

#[tokio::test]
async fn an_edit_of_the_lead_that_a_conversion_did_not_copy_is_not_lost() {
    let floor = Floor::with_lead().await;
    floor.seller_edits_lead(|lead| {
        drop(lead.fields.insert("description".into(), json!("60 lorries, says the customer")));
    });
    floor.stage.reconcile(&floor.subject(), "edit").await.unwrap();
    assert_eq!(
        floor.referral()["details"]["notes"],
        "40 lorries",
        "it waits until somebody accepts"
    );
    floor.seller_converts(json!({ "name": "Fleet telemetry pilot" }));
    floor.stage.reconcile(&floor.subject(), "first").await.unwrap();
    floor.stage.until_quiet(&referral()).await;
    assert_eq!(floor.stage.the_record().get("description"), "60 lorries, says the customer");
    assert_eq!(floor.referral()["details"]["notes"], "60 lorries, says the customer");
}

#[tokio::test]
async fn disqualifying_the_lead_declines_the_referral() {
    let floor = Floor::with_lead().await;
    floor.seller_edits_lead(|lead| lead.phase = Phase::Lost);
    floor.stage.reconcile(&floor.subject(), "first").await.unwrap();
    let referral = floor.referral();
    assert_eq!(
        (&referral["status"], &referral["substatus"]),
        (&json!("Closed"), &json!("Declined"))
    );
    floor.no_opportunity();
}

#[tokio::test]
async fn a_lead_that_expires_is_disqualified() {
    let floor = Floor::with_lead().await;
    let mut body = floor.referral();
    body["status"] = json!("Closed");
    body["substatus"] = json!("Expired");
    floor.stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    floor.stage.reconcile(&referral(), "first").await.unwrap();
    assert_eq!(floor.the_lead().phase, Phase::Lost);
    floor.no_opportunity();
}

#[tokio::test]
async fn an_opportunity_made_of_a_paired_lead_never_gets_a_referral_of_its_own() {
    let floor = Floor::with_lead().await;
    // The seller flags it at once, and the poller finds it before the lead.
    let opportunity = floor.seller_converts(complete());
    floor.stage.until_quiet(&Subject::Crm(opportunity.key)).await;
    assert_eq!(floor.stage.referrals().len(), 1, "no second referral");
    assert_eq!(floor.stage.the_link().crm.id, OPPORTUNITY);
}

#[tokio::test]
async fn an_opportunity_that_copied_the_leads_identifier_is_its_own_deal_and_no_copy() {
    let floor = Floor::with_lead().await;
    let mut fields = complete();
    fields["nwcs_referralid"] = json!(REFERRAL);
    let opportunity = floor.seller_converts(fields);
    assert_eq!(
        floor.stage.until_quiet(&Subject::Crm(opportunity.key)).await.kind,
        AuditKind::Qualified
    );
    assert_eq!(floor.stage.the_link().crm.id, OPPORTUNITY);
}

#[tokio::test]
async fn a_crash_between_qualifying_and_linking_is_made_good() {
    for call in [
        "leads.qualify",
        "leads.qualified",
        "leads.update",
        "crm.update",
        "links.replace",
        "pc.patch",
    ] {
        for after in [false, true] {
            let floor = Floor::with_lead().await;
            floor.accepted_in_partner_center();
            let kind = FailureKind::OutcomeUnknown;
            floor.stage.fault(call, if after { Fault::After(kind) } else { Fault::Before(kind) });
            // The claim of a reconciliation whose outcome is unknown is kept; time goes by.
            for minutes in [0, 10, 20] {
                let later = Stage {
                    script: floor.stage.script.clone(),
                    ports: floor.stage.ports.clone(),
                    world: floor.stage.world.clone(),
                    engine: floor.stage.engine.clone(),
                    now: floor.stage.now + SignedDuration::from_mins(minutes),
                };
                drop(later.reconcile(&referral(), &format!("try {minutes}")).await);
            }
            let opportunity = floor.stage.the_record();
            assert_eq!(floor.stage.the_link().crm, opportunity.key, "{call}, after: {after}");
            assert_eq!(
                floor.referral()["externalReferenceId"],
                json!(opportunity.key.id),
                "{call}, after: {after}"
            );
            assert_eq!(opportunity.get("nwcs_syncwithpartnercenter"), &json!(true));
        }
    }
}

#[tokio::test]
async fn where_leads_cannot_be_converted_the_seller_of_the_lead_is_notified_and_it_is_released() {
    let floor = Floor::new(true);
    floor.stage.until_quiet(&referral()).await;
    floor.accepted_in_partner_center();
    floor.stage.until_quiet(&referral()).await;
    let (lead, opportunity) = (floor.the_lead(), floor.stage.the_record());
    assert_eq!(lead.get("nwcs_syncwithpartnercenter"), &json!(false));
    let audit = lead.get("nwcs_audit").as_str().unwrap();
    assert!(audit.contains(&opportunity.key.id), "{audit}");
    assert_eq!(floor.stage.the_link().crm, opportunity.key);
}

#[tokio::test]
async fn a_lead_that_is_converted_once_more_makes_no_second_deal() {
    let floor = Floor::new(true);
    floor.stage.until_quiet(&referral()).await;
    floor.accepted_in_partner_center();
    floor.stage.until_quiet(&referral()).await;
    let ours = floor.stage.the_link().crm;
    // Asked to close the lead, the seller converts it nevertheless, and shares what comes of it.
    let second = floor.seller_converts(complete());
    let outcome = floor.stage.reconcile(&Subject::Crm(second.key), "shared").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(outcome.message.contains(&ours.id), "{}", outcome.message);
    assert_eq!(floor.stage.referrals().len(), 1, "no second referral");
    assert_eq!(floor.stage.the_link().crm, ours);
}

#[tokio::test]
async fn a_lead_qualified_without_an_opportunity_is_notified_and_nothing_is_synced() {
    let floor = Floor::with_lead().await;
    floor.seller_edits_lead(|lead| lead.phase = Phase::Qualified);
    let outcome = floor.stage.reconcile(&floor.subject(), "first").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Rejected);
    assert!(outcome.message.contains("without an opportunity"), "{}", outcome.message);
    assert_eq!(floor.referral()["status"], "New");
}

#[tokio::test]
async fn a_lead_that_was_accepted_before_it_was_ever_seen_is_an_opportunity_from_the_start() {
    let floor = Floor::new(false);
    floor.accepted_in_partner_center();
    assert_eq!(floor.stage.until_quiet(&referral()).await.kind, AuditKind::Created);
    assert_eq!(floor.stage.the_record().phase, Phase::Open);
    assert!(floor.leads().is_empty());
}

#[tokio::test]
async fn a_flagged_lead_of_the_sellers_own_is_not_sent() {
    let floor = Floor::new(false);
    let mut own =
        record(OPPORTUNITY, json!({ "nwcs_syncwithpartnercenter": true, "subject": "Own" }));
    own.key.entity = "lead".into();
    floor.stage.world.put_record(own.clone());
    let outcome = floor.stage.reconcile(&Subject::Crm(own.key), "first").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Skipped);
    assert_eq!(floor.stage.referrals().len(), 1, "only Microsoft's");
}

#[tokio::test]
async fn an_operator_can_unlink_a_lead() {
    let floor = Floor::with_lead().await;
    let order = Order { now: floor.stage.now, id: "order" };
    let outcome = floor.stage.engine.unlink(REFERRAL.parse().unwrap(), order).await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Unlinked);
    assert_eq!(floor.the_lead().get("nwcs_syncwithpartnercenter"), &json!(false));
}

#[tokio::test]
async fn what_partner_center_changes_reaches_the_lead() {
    let floor = Floor::with_lead().await;
    let mut body = floor.referral();
    body["details"]["notes"] = json!("50 lorries");
    floor.stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    floor.stage.until_quiet(&referral()).await;
    assert_eq!(floor.the_lead().get("description"), "50 lorries");
    let log = floor.stage.audit_log();
    assert!(log.iter().any(|entry| {
        entry.changes.iter().any(|change| change.field == "notes" && change.side == Side::Crm)
    }));
}
