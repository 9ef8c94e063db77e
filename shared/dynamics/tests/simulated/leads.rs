use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::id::ReferralId;
use cosell_sync::FailureKind;
use cosell_sync::port::{Crm, Leads};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::environment::{Environment, referral, to_phase, write};

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

impl Environment {
    pub(crate) async fn lead(&self) -> (ReferralId, CrmRecord) {
        let id = referral();
        (id, self.leads.upsert(id, &write(&lead())).await.unwrap())
    }

    pub(crate) async fn lead_now(&self, key: &CrmKey) -> CrmRecord {
        self.leads.get(key).await.unwrap().unwrap()
    }

    /// The seller's Qualify button.
    pub(crate) async fn seller_qualifies(&self, key: &CrmKey, body: Json) -> Json {
        self.control("POST", &format!("leads/{}/qualify", key.id), Some(body)).await
    }

    /// How many opportunities, accounts and contacts there are.
    pub(crate) async fn counts(&self) -> [usize; 3] {
        let [opportunities, accounts, contacts] =
            ["opportunities", "accounts", "contacts"].map(|set| self.rows(set));
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
        environment.leads.update(&made, &account).await.unwrap_err(),
    ] {
        assert_eq!(failure.kind, FailureKind::Rejected);
        assert!(
            failure.message.contains("`customerid_account/name`")
                && !failure.message.contains("Contoso"),
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
        let failure = environment.leads.update(&read, &change).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    }
    let now = environment.lead_now(&read.key).await;
    assert_eq!((now.get("subject"), now.phase), (&json!("The seller's"), Phase::Open));
}

#[tokio::test]
async fn a_declined_lead_is_disqualified_with_the_status_reason_of_the_settings() {
    let environment =
        Environment::with(|settings| settings.disqualified_status = 5, &["name"]).await;
    let (_, made) = environment.lead().await;
    let change = CrmWrite {
        phase: Some(Phase::Lost),
        ..write(&[("description", json!("Declined in Partner Center"))])
    };
    let lost = environment.leads.update(&made, &change).await.unwrap();
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
    for (phase, shown) in
        [(Phase::OnHold, Phase::Open), (Phase::Lost, Phase::Lost), (Phase::Open, Phase::Open)]
    {
        record = environment.leads.update(&record, &to_phase(phase)).await.unwrap();
        assert_eq!(record.phase, shown);
    }
}

#[tokio::test]
async fn a_lead_is_never_won_nor_a_qualified_one_disqualified() {
    let environment = Environment::start().await;
    let (id, open) = environment.lead().await;
    let failure = environment.leads.update(&open, &to_phase(Phase::Won)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
    environment.seller_qualifies(&open.key, json!({})).await;
    let qualified = environment.lead_now(&open.key).await;
    let failure = environment.leads.update(&qualified, &to_phase(Phase::Lost)).await.unwrap_err();
    assert!(
        failure.kind == FailureKind::Rejected && failure.message.contains("qualified"),
        "{failure}"
    );
    let open_again =
        CrmWrite { phase: Some(Phase::Open), ..write(&[("description", json!("Late"))]) };
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
async fn an_opportunity_that_a_seller_chose_for_a_lead_has_that_as_its_origin() {
    let environment = Environment::start().await;
    let (_, made) = environment.lead().await;
    let opportunity = environment.opportunity().await;
    let chosen = format!("/opportunities({})", opportunity.key.id);
    environment
        .seller_edits(
            &made.key,
            json!({"statecode": 1, "statuscode": 3, "qualifyingopportunityid@odata.bind": chosen}),
        )
        .await;
    assert_eq!(environment.lead_now(&made.key).await.converted_into, Some(opportunity.key.clone()));
    assert_eq!(environment.leads.origin(&opportunity.key).await.unwrap(), Some(made.key));
}

#[tokio::test]
async fn a_merged_lead_tells_into_which() {
    let environment = Environment::start().await;
    let ((_, one), (_, other)) = (environment.lead().await, environment.lead().await);
    assert_eq!(one.merged_into, None);
    environment
        .control(
            "POST",
            &format!("leads/{}/merge", one.key.id),
            Some(json!({"into": other.key.id})),
        )
        .await;
    assert_eq!(environment.lead_now(&one.key).await.merged_into, Some(other.key.clone()));
    assert_eq!(environment.lead_now(&other.key).await.merged_into, None);
}

#[tokio::test]
async fn leads_and_opportunities_share_one_token() {
    let environment = Environment::start().await;
    environment.lead().await;
    environment.opportunity().await;
    assert_eq!(environment.simulators.journal.count("entra", "POST", "token"), 1);
}
