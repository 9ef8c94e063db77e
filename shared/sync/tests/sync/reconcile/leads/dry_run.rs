//! The dry run of a lead that is accepted is what is done.

use cosell_fakes::Request as Asked;
use cosell_model::crm::CrmWrite;
use cosell_sync::plan::Action;

use super::*;

/// What the opportunity is made with, by the plan.
async fn planned(floor: &Floor) -> CrmWrite {
    let message =
        SyncMessage { subject: referral(), cause: Cause::Webhook, observed: "test".into() };
    let writes = floor.stage.world.state().writes.len();
    let (_, plan) = floor.stage.engine.dry_run(&message, floor.stage.now).await.unwrap();
    assert_eq!(floor.stage.world.state().writes.len(), writes, "the dry run wrote");
    let [effect] = plan.effects.as_slice() else { panic!("{:?}", plan.effects) };
    assert!(effect.is_final && effect.side == Side::Crm);
    match &effect.action {
        Action::ConvertLead(write) => write.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_lead_that_is_accepted_becomes_the_opportunity_that_the_plan_says() {
    for cannot_convert in [false, true] {
        let floor = Floor::new(cannot_convert);
        floor.stage.until_quiet(&referral()).await;
        floor.accepted_in_partner_center();
        let planned = planned(&floor).await;
        let before = floor.stage.world.state().writes.len();
        floor.stage.reconcile(&referral(), "converts").await.unwrap();
        let made = match &floor.stage.world.state().writes[before].request {
            Asked::Upsert("opportunity", _, write) => write.clone(),
            Asked::Update(_, _, write) => {
                let mut write = write.clone();
                assert_eq!(write.fields.remove("nwcs_referralid"), Some(json!(REFERRAL)));
                write
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(made, planned, "cannot convert: {cannot_convert}");
        let opportunity = floor.stage.the_record();
        for (column, value) in &planned.fields {
            assert_eq!(opportunity.get(column), value, "{column}");
        }
    }
}
