use std::time::Duration;

use cosell_core::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_core::id::ReferralId;
use cosell_engine::FailureKind;
use cosell_engine::port::{Crm, Leads};
use cosell_simulators::faults::Action;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::environment::{Environment, deal, referral, status, to_phase, write};

fn lead() -> Vec<(&'static str, Json)> {
    vec![
        ("subject", json!("Fabrikam wave 2")),
        ("estimatedamount", json!(250_000)),
        ("companyname", json!("O'Neill & Sons")),
        ("address1_postalcode", json!("1011 AB")),
        ("lastname", json!("O'Neill")),
        ("transactioncurrencyid/isocurrencycode", json!("EUR")),
        ("nwcs_syncwithpartnercenter", json!(true)),
    ]
}

/// What the engine writes into the opportunity.
fn deal_of_lead() -> CrmWrite {
    let mut fields = deal();
    fields.extend([
        ("transactioncurrencyid/isocurrencycode", json!("EUR")),
        ("customerid_account/name", json!("O'Neill & Sons")),
        ("customerid_account/address1_postalcode", json!("1011 AB")),
        ("parentcontactid/lastname", json!("O'Neill")),
    ]);
    write(&fields)
}

impl Environment {
    async fn lead(&self) -> (ReferralId, CrmRecord) {
        let id = referral();
        (id, self.leads.upsert(id, &write(&lead())).await.unwrap())
    }

    async fn lead_now(&self, key: &CrmKey) -> CrmRecord {
        self.leads.get(key).await.unwrap().unwrap()
    }

    /// The seller's Qualify button.
    async fn seller_qualifies(&self, key: &CrmKey, body: Json) -> Json {
        self.control("POST", &format!("leads/{}/qualify", key.id), Some(body)).await
    }

    /// How many opportunities, accounts and contacts there are.
    async fn counts(&self) -> [usize; 3] {
        let [opportunities, accounts, contacts] = ["opportunities", "accounts", "contacts"].map(|set| self.rows(set));
        [opportunities.await.len(), accounts.await.len(), contacts.await.len()]
    }
}

#[tokio::test]
async fn an_upsert_makes_one_lead_with_its_currency() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    assert_eq!((made.key.entity.as_str(), made.phase), ("lead", Phase::Open));
    assert_eq!(made.get("transactioncurrencyid/isocurrencycode"), &json!("EUR"));
    assert_eq!(made.get("nwcs_referralid"), &json!(id.to_string()));
    let again = environment
        .leads
        .upsert(id, &write(&[("description", json!("Second try"))]))
        .await
        .unwrap();
    assert_eq!((&again.key, again.get("subject")), (&made.key, &json!("Fabrikam wave 2")));
    let found = environment.leads.find_by_referral(id).await.unwrap().unwrap();
    assert_eq!((&found.version, &found.fields), (&again.version, &again.fields));
    assert_eq!(environment.rows("leads").await.len(), 1);
    assert_eq!(environment.counts().await, [0, 0, 0]);
    assert!(
        environment.crm.find_by_referral(id).await.unwrap().is_none(),
        "an opportunity is another record"
    );
}

#[tokio::test]
async fn keys_of_the_other_table_are_refused_without_a_call() {
    let environment = Environment::start().await;
    let key = |entity: &str| CrmKey {
        system: "dynamics".to_owned(),
        entity: entity.to_owned(),
        id: uuid::Uuid::nil().to_string(),
    };
    let failures = [
        environment.leads.get(&key("opportunity")).await.unwrap_err(),
        environment.crm.get(&key("lead")).await.unwrap_err(),
        environment.leads.origin(&key("lead")).await.unwrap_err(),
    ];
    assert!(failures.iter().all(|failure| failure.kind == FailureKind::Rejected));
    assert_eq!(environment.calls("GET", ""), 0);
}

#[tokio::test]
async fn a_lead_names_its_customer_itself() {
    let environment = Environment::start().await;
    let account = write(&[("customerid_account/name", json!("Contoso"))]);
    let (_, made) = environment.lead().await;
    for failure in [
        environment.leads.upsert(referral(), &account).await.unwrap_err(),
        environment.leads.update(&made.key, &made.version, &account).await.unwrap_err(),
    ] {
        assert_eq!(failure.kind, FailureKind::Rejected);
        assert!(
            failure.message.contains("`customerid_account/name`") && !failure.message.contains("Contoso"),
            "{failure}"
        );
    }
    assert_eq!(environment.counts().await, [0, 0, 0]);
}

#[tokio::test]
async fn a_lead_that_changed_is_neither_overwritten_nor_disqualified() {
    let environment = Environment::start().await;
    let (_, read) = environment.lead().await;
    environment.seller_edits(&read.key, json!({"subject": "The seller's"})).await;
    for change in [write(&[("subject", json!("Ours"))]), to_phase(Phase::Lost)] {
        let failure = environment.leads.update(&read.key, &read.version, &change).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    }
    let now = environment.lead_now(&read.key).await;
    assert_eq!((now.get("subject"), now.phase), (&json!("The seller's"), Phase::Open));
}

#[tokio::test]
async fn a_declined_lead_is_disqualified_with_the_status_reason_of_the_settings() {
    let environment = Environment::with(|settings| settings.disqualified_status = 5, &["name"]).await;
    let (_, made) = environment.lead().await;
    let change = CrmWrite {
        phase: Some(Phase::Lost),
        ..write(&[("description", json!("Declined in Partner Center"))])
    };
    let lost = environment.leads.update(&made.key, &made.version, &change).await.unwrap();
    assert_eq!(
        (lost.phase, lost.get("description")),
        (Phase::Lost, &json!("Declined in Partner Center"))
    );
    assert_eq!(environment.rows("leads").await[0]["statuscode"], json!(5));
    assert_eq!(environment.rows("opportunitycloses").await.len(), 0);
}

#[tokio::test]
async fn a_disqualified_lead_is_reopened_and_one_that_waits_is_simply_open() {
    let environment = Environment::start().await;
    let (_, mut record) = environment.lead().await;
    for (phase, shown) in [(Phase::OnHold, Phase::Open), (Phase::Lost, Phase::Lost), (Phase::Open, Phase::Open)] {
        record = environment
            .leads
            .update(&record.key, &record.version, &to_phase(phase))
            .await
            .unwrap();
        assert_eq!(record.phase, shown);
    }
}

#[tokio::test]
async fn a_lead_is_never_won_nor_a_qualified_one_disqualified() {
    let environment = Environment::start().await;
    let (id, open) = environment.lead().await;
    let failure = environment
        .leads
        .update(&open.key, &open.version, &to_phase(Phase::Won))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
    environment.seller_qualifies(&open.key, json!({})).await;
    let qualified = environment.lead_now(&open.key).await;
    let failure = environment
        .leads
        .update(&qualified.key, &qualified.version, &to_phase(Phase::Lost))
        .await
        .unwrap_err();
    assert!(
        failure.kind == FailureKind::Rejected && failure.message.contains("qualified"),
        "{failure}"
    );
    let open_again = CrmWrite {
        phase: Some(Phase::Open),
        ..write(&[("description", json!("Late"))])
    };
    let kept = environment.leads.upsert(id, &open_again).await.unwrap();
    assert_eq!((kept.phase, kept.converted_into), (Phase::Qualified, qualified.converted_into));
}

#[tokio::test]
async fn flagged_leads_are_listed_and_no_opportunities() {
    let environment = Environment::start().await;
    environment.opportunity().await;
    let (_, made) = environment.lead().await;
    environment.seller_creates("leads", json!({"subject": "Not flagged"})).await;
    let changes = environment.leads.changed_since(Timestamp::UNIX_EPOCH).await.unwrap();
    let keys: Vec<_> = changes.iter().map(|change| &change.key).collect();
    assert_eq!(keys, [&made.key]);
    assert_eq!(changes[0].version, made.version);
}

#[tokio::test]
async fn what_a_seller_qualified_is_found_with_its_opportunity_and_the_other_way_round() {
    let environment = Environment::start().await;
    let (_, made) = environment.lead().await;
    let row = environment.seller_qualifies(&made.key, json!({})).await;
    let lead = environment.lead_now(&made.key).await;
    let opportunity = lead.converted_into.clone().unwrap();
    assert_eq!((lead.phase, opportunity.entity.as_str()), (Phase::Qualified, "opportunity"));
    assert_eq!(row["_qualifyingopportunityid_value"], json!(opportunity.id));
    assert_eq!(environment.leads.origin(&opportunity).await.unwrap(), Some(lead.key.clone()));
    assert_eq!(
        environment.crm.get(&opportunity).await.unwrap().unwrap().get("name"),
        &json!("Fabrikam wave 2")
    );
    let other = environment.opportunity().await;
    assert_eq!(environment.leads.origin(&other.key).await.unwrap(), None);

    environment.seller_edits(&made.key, json!({"qualifyingopportunityid": null})).await;
    let lead = environment.lead_now(&made.key).await;
    assert_eq!(lead.converted_into, Some(opportunity), "only the opportunity tells");
}

#[tokio::test]
async fn a_merged_lead_tells_into_which() {
    let environment = Environment::start().await;
    let ((_, one), (_, other)) = (environment.lead().await, environment.lead().await);
    assert_eq!(one.merged_into, None);
    environment
        .control("POST", &format!("leads/{}/merge", one.key.id), Some(json!({"into": other.key.id})))
        .await;
    assert_eq!(environment.lead_now(&one.key).await.merged_into, Some(other.key.clone()));
    assert_eq!(environment.lead_now(&other.key).await.merged_into, None);
}

#[tokio::test]
async fn a_lead_qualified_without_an_opportunity_became_none() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment.seller_qualifies(&made.key, json!({"CreateOpportunity": false})).await;
    let lead = environment.lead_now(&made.key).await;
    assert_eq!((lead.phase, lead.converted_into), (Phase::Qualified, None));
    let failure = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    assert_eq!(environment.counts().await[0], 0);
}

#[tokio::test]
async fn qualifying_gives_one_opportunity_with_customer_contact_currency_and_identifier() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    let qualified = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap();
    assert_eq!((qualified.key.entity.as_str(), qualified.phase), ("opportunity", Phase::Open));
    for (column, value) in [
        ("name", json!("Fabrikam wave 2")),
        ("estimatedvalue", json!(250_000.0)),
        ("nwcs_referralid", json!(id.to_string())),
        ("nwcs_syncwithpartnercenter", json!(true)),
        ("transactioncurrencyid/isocurrencycode", json!("EUR")),
        ("customerid_account/name", json!("O'Neill & Sons")),
    ] {
        assert_eq!(qualified.get(column), &value, "{column}");
    }
    let again = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap();
    assert_eq!(again.key, qualified.key);
    assert_eq!(environment.counts().await, [1, 1, 1]);
    let read = environment.crm.get(&again.key).await.unwrap().unwrap();
    assert_eq!((&read.version, &read.fields), (&again.version, &again.fields));
    let lead = environment.lead_now(&made.key).await;
    assert_eq!((lead.phase, lead.converted_into), (Phase::Qualified, Some(again.key.clone())));
    assert_eq!(environment.leads.origin(&again.key).await.unwrap(), Some(made.key));
    let row = &environment.rows("opportunities").await[0];
    assert!(row["_parentcontactid_value"].is_string());
}

#[tokio::test]
async fn whatever_answer_is_lost_a_repetition_gives_one_of_each() {
    for (method, path) in [
        ("POST", "accounts"),
        ("POST", "QualifyLead"),
        ("POST", "contacts"),
        ("PATCH", "leads"),
        ("PATCH", "opportunities"),
    ] {
        for action in [Action::DropAfterEffect, Action::DropBeforeEffect] {
            let environment = Environment::start().await;
            let (id, made) = environment.lead().await;
            environment.fault(method, path, action);
            let failure = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap_err();
            assert!(failure.kind != FailureKind::Rejected, "{failure}");
            let lead = environment.lead_now(&made.key).await;
            if let Some(opportunity) = &lead.converted_into {
                let row = environment
                    .control("GET", &format!("rows/opportunities/{}", opportunity.id), None)
                    .await;
                assert!(
                    row["_customerid_value"].is_string() && row["_parentcontactid_value"].is_string(),
                    "{method} {path}"
                );
            }
            let qualified = environment.leads.qualify(&lead, id, &deal_of_lead()).await.unwrap();
            assert_eq!(qualified.get("nwcs_referralid"), &json!(id.to_string()));
            assert_eq!(environment.counts().await, [1, 1, 1], "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_lead_that_changed_or_is_gone_is_not_qualified() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment.seller_edits(&made.key, json!({"subject": "The seller's"})).await;
    let failure = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    environment.control("DELETE", &format!("rows/leads/{}", made.key.id), None).await;
    let failure = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    assert_eq!(environment.counts().await, [0, 0, 0]);
}

#[tokio::test]
async fn an_edit_made_while_the_customer_is_looked_for_is_not_run_over() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment.fault("POST", "accounts", Action::Slow { ms: 800 });
    let write = deal_of_lead();
    let edit = async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        environment.seller_edits(&made.key, json!({"subject": "The seller's"})).await;
    };
    let (qualified, ()) = tokio::join!(environment.leads.qualify(&made, id, &write), edit);
    assert_eq!(qualified.unwrap_err().kind, FailureKind::Stale);
    let now = environment.lead_now(&made.key).await;
    assert_eq!((now.phase, environment.counts().await), (Phase::Open, [0, 1, 1]));
    environment.leads.qualify(&now, id, &write).await.unwrap();
    assert_eq!(environment.counts().await, [1, 1, 1], "account and contact are found again");
}

#[tokio::test]
async fn a_disqualified_lead_is_not_qualified_over_the_sellers_head() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment
        .control("POST", &format!("leads/{}/disqualify", made.key.id), Some(json!({})))
        .await;
    let lead = environment.lead_now(&made.key).await;
    let failure = environment.leads.qualify(&lead, id, &deal_of_lead()).await.unwrap_err();
    assert!(
        failure.kind == FailureKind::Rejected && failure.message.contains("reopen the lead"),
        "{failure}"
    );
    assert_eq!(
        (environment.lead_now(&made.key).await.phase, environment.counts().await),
        (Phase::Lost, [0, 0, 0])
    );
}

#[tokio::test]
async fn a_seller_who_was_quicker_keeps_opportunity_account_and_contact() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment.seller_edits(&made.key, json!({"companyname": "O'Neill Holding"})).await;
    environment.seller_qualifies(&made.key, json!({})).await;
    let qualified = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap();
    assert_eq!(qualified.get("customerid_account/name"), &json!("O'Neill Holding"));
    assert_eq!(environment.lead_now(&made.key).await.converted_into, Some(qualified.key));
    assert_eq!(environment.counts().await, [1, 1, 1]);
}

#[tokio::test]
async fn the_account_that_a_seller_chose_on_the_lead_is_the_customer() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    let account = environment.seller_creates("accounts", json!({"name": "O'Neill Holding"})).await;
    let choice = json!({"parentaccountid@odata.bind": format!("/accounts({account})")});
    environment.seller_edits(&made.key, choice).await;
    let lead = environment.lead_now(&made.key).await;
    let qualified = environment.leads.qualify(&lead, id, &deal_of_lead()).await.unwrap();
    assert_eq!(qualified.get("customerid_account/name"), &json!("O'Neill Holding"));
    assert_eq!(environment.counts().await, [1, 1, 1]);
}

#[tokio::test]
async fn a_deal_that_the_seller_closed_already_stays_closed() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment.seller_qualifies(&made.key, json!({})).await;
    let opportunity = environment.lead_now(&made.key).await.converted_into.unwrap();
    environment
        .control("POST", &format!("opportunities/{}/win", opportunity.id), Some(json!({})))
        .await;
    let open = CrmWrite {
        phase: Some(Phase::Open),
        ..deal_of_lead()
    };
    let qualified = environment.leads.qualify(&made, id, &open).await.unwrap();
    assert_eq!((qualified.key, qualified.phase), (opportunity, Phase::Won));
}

#[tokio::test]
async fn an_opportunity_that_has_the_identifier_already_is_the_one() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    let carrier = environment.crm.upsert(id, &write(&deal())).await.unwrap();
    let qualified = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap();
    assert_eq!(qualified.key, carrier.key);
    assert_eq!(environment.counts().await, [1, 1, 1]);
    assert_eq!(environment.lead_now(&made.key).await.phase, Phase::Open, "its seller is told");
}

#[tokio::test]
async fn an_opportunity_of_another_deal_keeps_its_identifier() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    environment.seller_qualifies(&made.key, json!({})).await;
    let opportunity = environment.lead_now(&made.key).await.converted_into.unwrap();
    let other = referral().to_string();
    environment.seller_edits(&opportunity, json!({"nwcs_referralid": other})).await;
    let failure = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap_err();
    assert!(
        failure.kind == FailureKind::Rejected && failure.message.contains("`nwcs_referralid`"),
        "{failure}"
    );
    assert_eq!(environment.rows("opportunities").await[0]["nwcs_referralid"], json!(other));
}

#[tokio::test]
async fn an_unknown_currency_is_named_before_anything_is_made() {
    let environment = Environment::start().await;
    let (id, made) = environment.lead().await;
    let mut francs = deal_of_lead();
    francs
        .fields
        .insert("transactioncurrencyid/isocurrencycode".to_owned(), json!("CHF"));
    let failure = environment.leads.qualify(&made, id, &francs).await.unwrap_err();
    assert!(
        failure.kind == FailureKind::Rejected && failure.message.contains("CHF"),
        "{failure}"
    );
    assert_eq!(environment.counts().await, [0, 0, 0]);
    assert_eq!(environment.lead_now(&made.key).await.phase, Phase::Open);
}

#[tokio::test]
async fn no_failure_shows_the_customer() {
    for (method, path, action) in [
        ("GET", "leads", status(500)),
        ("GET", "opportunities", Action::DropBeforeEffect),
        ("POST", "accounts", status(403)),
        ("POST", "QualifyLead", status(400)),
        ("POST", "QualifyLead", Action::DropBeforeEffect),
    ] {
        let environment = Environment::start().await;
        let (id, made) = environment.lead().await;
        environment.fault(method, path, action);
        let failure = environment.leads.qualify(&made, id, &deal_of_lead()).await.unwrap_err();
        let shown = format!("{failure} {failure:?} {:?}", failure.source);
        for secret in ["Neill", "1011", "Fabrikam"] {
            assert!(!shown.contains(secret), "{method} {path}: {shown}");
        }
    }
}

#[tokio::test]
async fn leads_and_opportunities_share_one_token() {
    let environment = Environment::start().await;
    environment.lead().await;
    environment.opportunity().await;
    assert_eq!(environment.simulators.journal.count("entra", "POST", "token"), 1);
}
