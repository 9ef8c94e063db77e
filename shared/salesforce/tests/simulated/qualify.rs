use cosell_model::crm::{CrmKey, CrmRecord};
use cosell_model::id::ReferralId;
use cosell_simulators::faults::{Action, Fault};
use cosell_sync::FailureKind;
use cosell_sync::port::{Crm, Leads};
use serde_json::json;

use crate::environment::{Environment, customer_deal, deal, referral, write};
use crate::lead::lead;

impl Environment {
    async fn lead_of(&self, id: ReferralId) -> CrmRecord {
        let made = self.leads.upsert(id, &write(&lead())).await.unwrap();
        self.rested_lead(&made).await
    }

    async fn count(&self) -> [usize; 3] {
        let [deals, accounts, contacts] =
            ["Opportunity", "Account", "Contact"].map(|object| self.rows(object));
        [deals.await.len(), accounts.await.len(), contacts.await.len()]
    }
}

fn referral_of(record: &CrmRecord) -> &str {
    record.get("Msp_Referral_Id__c").as_str().unwrap_or_default()
}

#[tokio::test]
async fn an_open_lead_gets_an_opportunity_beside_it_however_often_it_is_asked_for() {
    let environment = Environment::start().await;
    let id = referral();
    let lead = environment.lead_of(id).await;
    let first = environment.leads.qualify(&lead, id, &write(&customer_deal())).await.unwrap();
    let second = environment.leads.qualify(&lead, id, &write(&customer_deal())).await.unwrap();
    assert_eq!((first.key.entity.as_str(), &first.key), ("opportunity", &second.key));
    assert_eq!(referral_of(&first), id.to_string());
    assert_eq!(first.get("Contact/Email"), &json!("ann@oneill.example"));
    assert_eq!(environment.count().await, [1, 1, 1]);
    let same = environment.crm.get(&first.key).await.unwrap().unwrap();
    assert_eq!(same.fields, second.fields);
    assert_eq!(
        environment.leads.origin(&first.key).await.unwrap(),
        Some(lead.key),
        "they share the identifier"
    );
}

#[tokio::test]
async fn a_lost_answer_and_its_repetition_give_one_opportunity() {
    let environment = Environment::start().await;
    let id = referral();
    let lead = environment.lead_of(id).await;
    let fields = write(&customer_deal());
    let mut lost = 0;
    for skip in 0..8 {
        environment.simulators.faults.clear();
        environment
            .simulators
            .faults
            .add(Fault { skip, ..Fault::new("salesforce", Action::DropAfterEffect) });
        lost += usize::from(environment.leads.qualify(&lead, id, &fields).await.is_err());
    }
    environment.simulators.faults.clear();
    assert!(lost > 0, "nothing was met");
    environment.leads.qualify(&lead, id, &fields).await.unwrap();
    assert_eq!(environment.count().await, [1, 1, 1]);
}

#[tokio::test]
async fn the_opportunity_that_a_person_made_of_the_lead_is_the_deal() {
    let environment = Environment::start().await;
    let id = referral();
    let lead = environment.lead_of(id).await;
    environment.seller_converts(&lead, json!({})).await;
    let of_person = environment.rows("Opportunity").await[0]["Id"].clone();
    // As it was read before the conversion: what the person entered is to be read first.
    let failure = environment.leads.qualify(&lead, id, &write(&customer_deal())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale);
    let lead = environment.rested_lead(&lead).await;
    let record = environment.leads.qualify(&lead, id, &write(&customer_deal())).await.unwrap();
    assert_eq!(
        (&json!(record.key.id), referral_of(&record)),
        (&of_person, id.to_string().as_str())
    );
    assert_eq!(record.get("Name"), &json!("Fabrikam wave 2"));
    assert_eq!(record.get("Account/Name"), &json!("O'Neill & Sons"), "whom the person chose stays");
    assert_eq!(environment.leads.origin(&record.key).await.unwrap().as_ref(), Some(&lead.key));
    assert_eq!(environment.count().await, [1, 1, 1]);
}

#[tokio::test]
async fn an_identifier_that_the_conversion_took_along_is_found() {
    let environment = Environment::start().await;
    let id = referral();
    let lead = environment.lead_of(id).await;
    environment.seller_converts(&lead, json!({"mapped": ["Msp_Referral_Id__c"]})).await;
    let lead = environment.rested_lead(&lead).await;
    environment.leads.qualify(&lead, id, &write(&customer_deal())).await.unwrap();
    assert_eq!(environment.count().await, [1, 1, 1]);
}

#[tokio::test]
async fn the_deal_that_we_made_stays_the_deal_when_a_person_converts_the_lead_later() {
    let environment = Environment::start().await;
    let id = referral();
    let lead = environment.lead_of(id).await;
    let ours = environment.leads.qualify(&lead, id, &write(&deal())).await.unwrap();
    environment.seller_converts(&lead, json!({})).await;
    let lead = environment.rested_lead(&lead).await;
    let again = environment.leads.qualify(&lead, id, &write(&deal())).await.unwrap();
    assert_eq!(again.key, ours.key);
    assert_ne!(lead.converted_into, Some(ours.key));
}

#[tokio::test]
async fn a_conversion_without_an_opportunity_gets_one() {
    let environment = Environment::start().await;
    let id = referral();
    let lead = environment.lead_of(id).await;
    environment.seller_converts(&lead, json!({"opportunity": false})).await;
    let lead = environment.rested_lead(&lead).await;
    let mut fields = customer_deal();
    fields.push(("Account/Name", json!("O'Neill & Sons")));
    let record = environment.leads.qualify(&lead, id, &write(&fields)).await.unwrap();
    assert_eq!(referral_of(&record), id.to_string());
    assert_eq!(
        environment.count().await,
        [1, 1, 1],
        "for the account and contact of the conversion"
    );
}

#[tokio::test]
async fn another_referrals_opportunity_is_left_alone() {
    let environment = Environment::start().await;
    let id = referral();
    let lead = environment.lead_of(id).await;
    environment.seller_converts(&lead, json!({})).await;
    let lead = environment.rested_lead(&lead).await;
    let other = referral().to_string();
    let opportunity = lead.converted_into.clone().unwrap();
    environment.seller_edits(&opportunity, json!({"Msp_Referral_Id__c": other})).await;
    let failure = environment.leads.qualify(&lead, id, &write(&deal())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
    assert!(
        failure.message.contains("`Msp_Referral_Id__c`")
            && failure.message.contains(&opportunity.id),
        "{failure}"
    );
    assert_eq!(environment.rows("Opportunity").await[0]["Msp_Referral_Id__c"], json!(other));
}

#[tokio::test]
async fn a_lead_that_is_gone_or_was_disqualified_meanwhile_is_looked_at_anew() {
    let environment = Environment::start().await;
    let id = referral();
    let lead = environment.lead_of(id).await;
    environment.seller_edits_lead(&lead, json!({"Status": "Closed - Not Converted"})).await;
    let failure = environment.leads.qualify(&lead, id, &write(&deal())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    environment.control("DELETE", &format!("rows/Lead/{}", lead.key.id), None).await;
    let failure = environment.leads.qualify(&lead, id, &write(&deal())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    assert_eq!(environment.count().await, [0, 0, 0]);
}

#[tokio::test]
async fn an_opportunity_that_was_deleted_after_the_conversion_is_not_made_anew() {
    let environment = Environment::start().await;
    let id = referral();
    let lead = environment.lead_of(id).await;
    environment.seller_converts(&lead, json!({})).await;
    let lead = environment.rested_lead(&lead).await;
    let CrmKey { id: deal_id, .. } = lead.converted_into.clone().unwrap();
    environment.control("DELETE", &format!("rows/Opportunity/{deal_id}"), None).await;
    let failure = environment.leads.qualify(&lead, id, &write(&deal())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
    assert!(failure.message.contains("recycle bin"), "{failure}");
    assert_eq!(environment.count().await[0], 0);
}

#[tokio::test]
async fn an_opportunity_that_was_no_lead_has_no_origin() {
    let environment = Environment::start().await;
    environment.lead().await;
    let record = environment.opportunity().await;
    assert_eq!(environment.leads.origin(&record.key).await.unwrap(), None);
}

#[tokio::test]
async fn of_several_leads_in_one_opportunity_the_one_with_a_deal_is_its_origin() {
    for (bare, of_a_deal) in [(0, 1), (1, 0)] {
        let environment = Environment::start().await;
        let opportunity = environment.crm.upsert(referral(), &write(&deal())).await.unwrap();
        let leads = [environment.lead_of(referral()).await, environment.lead_of(referral()).await];
        let nobodys = [("Msp_Referral_Id__c", json!(null))];
        let lead = &leads[bare];
        environment.leads.update(lead, &write(&nobodys)).await.unwrap();
        for lead in &leads {
            environment.seller_converts(lead, json!({"into": opportunity.key.id})).await;
        }
        assert_eq!(
            environment.leads.origin(&opportunity.key).await.unwrap().as_ref(),
            Some(&leads[of_a_deal].key)
        );
    }
}
