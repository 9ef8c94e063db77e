//! What a seller enters in a lead, or in the opportunity that they make of it, while it becomes one.

use super::*;

#[tokio::test]
async fn a_name_that_was_entered_in_the_lead_is_not_lost_to_its_mark() {
    let mut floor = Floor::new(false);
    let marked = |mapping: &Arc<Mapping>| Arc::new(Mapping::clone(mapping).marking_names());
    floor.stage.engine.mapping = marked(&floor.stage.engine.mapping);
    if let Some(leads) = &mut floor.stage.engine.leads {
        leads.mapping = marked(&leads.mapping);
    }
    floor.stage.until_quiet(&referral()).await;
    floor.seller_edits_lead(|lead| {
        lead.fields.insert("subject".into(), json!("Fleet telemetry, 60 lorries"));
    });
    floor.accepted_in_partner_center();
    floor.stage.until_quiet(&referral()).await;
    assert_eq!(floor.stage.the_record().get("name"), "✔ Fleet telemetry, 60 lorries");
    assert_eq!(floor.referral()["name"], "Fleet telemetry, 60 lorries");
}

#[tokio::test]
async fn a_name_that_was_entered_in_the_lead_outlasts_a_conversion_whose_answer_was_lost() {
    let floor = Floor::with_lead().await;
    floor.seller_edits_lead(|lead| {
        lead.fields.insert("subject".into(), json!("Fleet telemetry, 60 lorries"));
    });
    let rename = |name: &str| {
        let mut body = floor.referral();
        body["name"] = json!(name);
        floor.stage.world.put_referral(REFERRAL.parse().unwrap(), body);
    };
    rename("Fleet pilot");
    floor.accepted_in_partner_center();
    floor.stage.fault("leads.qualified", Fault::After(FailureKind::Transient));
    floor.stage.reconcile(&referral(), "lost").await.unwrap_err();
    assert_eq!(floor.stage.the_record().get("name"), "Fleet pilot", "no CRM makes one without");
    rename("Fleet pilot 2");
    floor.stage.until_quiet(&referral()).await;
    let name = floor.stage.the_record().get("name").clone();
    assert_eq!(floor.referral()["name"], name);
    let audit = floor.stage.audit_log();
    let mut overruled = audit
        .iter()
        .flat_map(|entry| &entry.changes)
        .filter(|change| change.field == *"name" && change.overruled.is_some());
    let lost = overruled.find_map(|change| change.overruled.as_ref()).unwrap().to_json();
    let both = [name, lost];
    assert!(both.contains(&json!("Fleet telemetry, 60 lorries")), "{both:?}");
    assert!(both.contains(&json!("Fleet pilot 2")), "{both:?}");
}

#[tokio::test]
async fn an_opportunity_beside_the_one_that_the_deal_moves_to_comes_back_so_that_its_seller_is_notified()
 {
    let floor = Floor::new(true);
    floor.stage.until_quiet(&referral()).await;
    floor.accepted_in_partner_center();
    floor.stage.fault("links.replace", Fault::Before(FailureKind::Transient));
    floor.stage.reconcile(&referral(), "made").await.unwrap_err();
    let made = floor.stage.the_record().key;
    let theirs = floor.seller_converts(json!({ "nwcs_syncwithpartnercenter": true }));
    let subject = Subject::Crm(theirs.key.clone());
    let outcome = floor.stage.reconcile(&subject, "moves the deal").await.unwrap();
    assert_eq!(floor.stage.the_link().crm, made);
    assert!(outcome.again.is_some(), "{outcome:?}");
    assert_eq!(floor.stage.reconcile(&subject, "again").await.unwrap().again, None);
    let status = floor.stage.records()[&theirs.key.id].get("nwcs_syncstatus").clone();
    assert!(status.as_str().unwrap().contains("goes on as opportunity"), "{status}");
}
