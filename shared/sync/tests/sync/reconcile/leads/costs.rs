//! What an accepted lead costs.

use super::*;

#[tokio::test]
async fn an_accepted_lead_is_one_write_of_each_record_and_one_of_the_referral() {
    let floor = Floor::with_lead().await;
    floor.accepted_in_partner_center();
    floor.stage.script.take_all_calls();
    let outcome = floor.stage.reconcile(&referral(), "measured").await.unwrap();
    assert_eq!(outcome.kind, AuditKind::Qualified);
    let calls = floor.stage.script.take_all_calls();
    let is_write = |call: &&&str| {
        ["update", "upsert", "qualify", "patch", "create"]
            .iter()
            .any(|verb| call.split('.').nth(1) == Some(verb))
            && !call.starts_with("links.")
    };
    let writes: Vec<_> = calls.iter().filter(is_write).collect();
    assert_eq!(writes, [&"leads.qualify", &"crm.update", &"pc.patch"]);
    assert_eq!(floor.stage.the_record().get("nwcs_syncstatus"), "✔ Synced");
}

#[tokio::test]
async fn where_leads_stay_open_their_seller_is_one_write_more() {
    let floor = Floor::new(true);
    floor.stage.until_quiet(&referral()).await;
    floor.accepted_in_partner_center();
    floor.stage.script.take_all_calls();
    floor.stage.reconcile(&referral(), "measured").await.unwrap();
    let calls = floor.stage.script.take_all_calls();
    let updates = |name: &str| calls.iter().filter(|call| **call == name).count();
    assert_eq!((updates("crm.update"), updates("leads.update"), updates("pc.patch")), (1, 1, 1));
}
