use cosell_model::crm::{CrmRecord, CrmWrite, Phase};
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::environment::{Environment, deal, referral, to_phase, write};

/// An invitation's lead.
pub(crate) fn lead() -> Vec<(&'static str, Json)> {
    vec![
        ("Company", json!("O'Neill & Sons")),
        ("FirstName", json!("Ann")),
        ("LastName", json!("O'Neill")),
        ("Email", json!("ann@oneill.example")),
        ("PostalCode", json!("1011 AB")),
        ("Description", json!("Asked for a demo.")),
        ("Msp_Sync_With_Partner_Center__c", json!(true)),
    ]
}

impl Environment {
    /// A lead made by an upsert, old enough that its stamps tell any later change.
    pub(crate) async fn lead(&self) -> CrmRecord {
        let made = self.leads.upsert(referral(), &write(&lead())).await.unwrap();
        self.rested_lead(&made).await
    }

    pub(crate) async fn rested_lead(&self, lead: &CrmRecord) -> CrmRecord {
        self.simulators.clock.advance(12);
        self.leads.get(&lead.key).await.unwrap().unwrap()
    }

    pub(crate) async fn seller_edits_lead(&self, lead: &CrmRecord, body: Json) {
        self.control("PATCH", &format!("rows/Lead/{}", lead.key.id), Some(body)).await;
    }

    pub(crate) async fn seller_converts(&self, lead: &CrmRecord, body: Json) {
        self.control("POST", &format!("leads/{}/convert", lead.key.id), Some(body)).await;
    }
}

#[tokio::test]
async fn a_lead_made_twice_is_one_and_makes_nobody_else() {
    let environment = Environment::start().await;
    let id = referral();
    let first = environment.leads.upsert(id, &write(&lead())).await.unwrap();
    let second = environment.leads.upsert(id, &write(&lead())).await.unwrap();
    assert_eq!((&first.key, &first.fields), (&second.key, &second.fields));
    assert_eq!((first.key.entity.as_str(), first.phase), ("lead", Phase::Open));
    assert_eq!(first.get("Company"), &json!("O'Neill & Sons"));
    assert_eq!(first.get("Msp_Referral_Id__c"), &json!(id.to_string()));
    assert_eq!(first.get("CurrencyIsoCode"), &json!("USD"), "the organisation's only one");
    assert_eq!(environment.rows("Lead").await.len(), 1);
    for object in ["Opportunity", "Account", "Contact"] {
        assert!(environment.rows(object).await.is_empty(), "{object}");
    }
    let found = environment.leads.find_by_referral(id).await.unwrap().unwrap();
    assert_eq!(found.key, first.key);
    assert!(environment.crm.find_by_referral(id).await.unwrap().is_none(), "it is no opportunity");
}

#[tokio::test]
async fn what_salesforce_wants_of_every_lead_and_nobody_gave_is_filled_in_and_read_as_nothing() {
    let environment = Environment::start().await;
    let bare = write(&[("LastName", json!(" ")), ("Company", Json::Null)]);
    let made = environment.leads.upsert(referral(), &bare).await.unwrap();
    let stored = &environment.rows("Lead").await[0];
    for field in ["LastName", "Company"] {
        assert_eq!(stored[field], "[not provided]", "{field}");
        assert_eq!(
            made.get(field),
            &Json::Null,
            "{field}: an opportunity must not get it as a name"
        );
    }
}

#[tokio::test]
async fn a_lead_that_somebody_edited_is_not_overwritten() {
    let environment = Environment::start().await;
    let known = environment.lead().await;
    environment.seller_edits_lead(&known, json!({"Description": "The seller's"})).await;
    let ours = write(&[("Description", json!("Ours"))]);
    let failure = environment.leads.update(&known, &ours).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    assert!(failure.message.contains("lead"), "{failure}");
    let now = environment.rested_lead(&known).await;
    assert_eq!(now.get("Description"), &json!("The seller's"));
    let updated = environment.leads.update(&now, &ours).await.unwrap();
    assert_eq!(updated.get("Description"), &json!("Ours"));
}

#[tokio::test]
async fn a_lead_is_disqualified_and_reopened() {
    let environment = Environment::start().await;
    let lead = environment.lead().await;
    let lost = environment.leads.update(&lead, &to_phase(Phase::Lost)).await.unwrap();
    assert_eq!(lost.phase, Phase::Lost);
    assert_eq!(environment.rows("Lead").await[0]["Status"], "Closed - Not Converted");
    let lost = environment.rested_lead(&lost).await;
    let open = environment.leads.update(&lost, &to_phase(Phase::OnHold)).await.unwrap();
    assert_eq!(open.phase, Phase::Open, "a lead is never on hold");
    assert_eq!(environment.rows("Lead").await[0]["Status"], "Open - Not Contacted");
    let rested = environment.rested_lead(&open).await;
    environment.seller_edits_lead(&rested, json!({"Status": "Closed - Not Converted"})).await;
    assert_eq!(
        environment.rested_lead(&rested).await.phase,
        Phase::Lost,
        "by the seller's hand, too"
    );
}

#[tokio::test]
async fn a_lead_can_be_made_disqualified() {
    let environment = Environment::start().await;
    let declined = CrmWrite { phase: Some(Phase::Lost), ..write(&lead()) };
    assert_eq!(environment.leads.upsert(referral(), &declined).await.unwrap().phase, Phase::Lost);
}

#[tokio::test]
async fn an_organisation_with_statuses_of_its_own_names_them_in_the_setting() {
    let own = json!([
        {"name": "New", "default": true}, {"name": "Junk"}, {"name": "Won over", "converted": true}
    ]);
    for (named, status) in [(None, None), (Some("junk"), Some("Junk"))] {
        let named = named.map(str::to_owned).into_iter().collect();
        let environment =
            Environment::with(|settings| settings.disqualified_statuses = named, |_| {}).await;
        environment.control("PUT", "lead-statuses", Some(own.clone())).await;
        let lead = environment.lead().await;
        let disqualified = environment.leads.update(&lead, &to_phase(Phase::Lost)).await;
        match (disqualified, status) {
            (Ok(lost), Some(status)) => {
                assert_eq!(lost.phase, Phase::Lost);
                assert_eq!(environment.rows("Lead").await[0]["Status"], status);
            }
            (Err(failure), None) => {
                assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
                let explained = ["SalesforceDisqualifiedStatus", "`Junk`"]
                    .iter()
                    .all(|part| failure.message.contains(part));
                assert!(explained, "{failure}");
            }
            (outcome, _) => panic!("{outcome:?}"),
        }
    }
}

#[tokio::test]
async fn a_converted_lead_names_its_opportunity_and_takes_no_write() {
    let environment = Environment::start().await;
    let known = environment.lead().await;
    environment.seller_converts(&known, json!({})).await;
    let deal = environment.rows("Opportunity").await[0]["Id"].clone();
    let ours = write(&[("Msp_Audit__c", json!("Ours"))]);
    let failure = environment.leads.update(&known, &ours).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "it was open when it was read: {failure}");
    let now = environment.rested_lead(&known).await;
    let into = now.converted_into.as_ref().unwrap();
    assert_eq!(
        (now.phase, into.entity.as_str(), &json!(into.id)),
        (Phase::Qualified, "opportunity", &deal)
    );
    assert!(environment.crm.get(into).await.unwrap().is_some());
    let failure = environment.leads.update(&now, &ours).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
    assert!(failure.message.contains("converted"), "{failure}");
    let same = environment.leads.update(&now, &CrmWrite::default()).await.unwrap();
    assert_eq!(same.phase, Phase::Qualified);
}

#[tokio::test]
async fn a_conversion_between_our_look_and_our_write_is_stale_where_the_header_alone_guards_it() {
    for honoured in [true, false] {
        let environment =
            Environment::with(|settings| settings.conditional_updates = true, |_| {}).await;
        let known = environment.lead().await;
        environment.switches(json!({"conditional_updates": honoured})).await;
        environment.seller_converts(&known, json!({})).await;
        let ours = write(&[("Msp_Audit__c", json!("Ours"))]);
        let failure = environment.leads.update(&known, &ours).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    }
}

#[tokio::test]
async fn our_edits_do_not_hand_the_lead_to_somebody_else_but_a_new_one_goes_where_the_rules_send_it()
 {
    let environment = Environment::start().await;
    environment.switches(json!({"lead_assignment_rule": true})).await;
    let lead = environment.lead().await;
    assert_eq!(lead.get("Owner/LastName"), &json!("Lind"), "the seller's, by the rule");
    let user =
        environment.rows("User").await.into_iter().find(|user| user["LastName"] == "Sync").unwrap();
    environment.seller_edits_lead(&lead, json!({"OwnerId": user["Id"]})).await;
    let lead = environment.rested_lead(&lead).await;
    let ours = write(&[("Msp_Audit__c", json!("Ours"))]);
    let updated = environment.leads.update(&lead, &ours).await.unwrap();
    assert_eq!(updated.get("Owner/LastName"), &json!("Sync"));
}

#[tokio::test]
async fn flagged_leads_are_listed_and_no_opportunities() {
    let environment = Environment::start().await;
    environment.crm.upsert(referral(), &write(&deal())).await.unwrap();
    let mut quiet = lead();
    quiet.push(("Msp_Sync_With_Partner_Center__c", json!(false)));
    environment.leads.upsert(referral(), &write(&quiet)).await.unwrap();
    let lead = environment.lead().await;
    environment.seller_converts(&lead, json!({})).await;
    let since = cosell_runtime::clock::now() - SignedDuration::from_secs(60);
    let listed = environment.leads.changed_since(since).await.unwrap();
    assert_eq!(
        listed.iter().map(|change| &change.key).collect::<Vec<_>>(),
        [&lead.key],
        "converted ones, too"
    );
}

#[tokio::test]
async fn an_opportunity_is_no_lead_and_a_lead_no_opportunity() {
    let environment = Environment::start().await;
    let (lead, deal) = (environment.lead().await, environment.opportunity().await);
    for failure in [
        environment.leads.get(&deal.key).await.unwrap_err(),
        environment.crm.get(&lead.key).await.unwrap_err(),
        environment.leads.update(&deal, &to_phase(Phase::Lost)).await.unwrap_err(),
    ] {
        assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
    }
}

#[tokio::test]
async fn leads_and_opportunities_share_a_session() {
    let environment = Environment::start().await;
    environment.opportunity().await;
    environment.lead().await;
    assert_eq!(environment.calls("POST", "oauth2/token"), 1);
}
