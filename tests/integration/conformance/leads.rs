//! Leads, and what becomes of them.

use std::collections::BTreeSet;

use cosell_model::crm::{CrmKey, CrmRecord, CrmWrite, Phase};
use cosell_model::id::ReferralId;
use cosell_model::path::ColumnPath;
use cosell_simulators::faults::Action;
use cosell_sync::{Failure, FailureKind};
use cosell_tests::crm::CrmSystem;
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::bench::{Bench, Field, customer_deal, referral};

super::scenarios![
    a_lead_that_is_made_twice_is_one,
    a_lead_is_no_opportunity,
    a_lead_that_changed_is_not_overwritten,
    a_deleted_lead_is_absent_and_never_made_anew,
    a_declined_lead_is_disqualified,
    what_the_seller_disqualifies_is_seen,
    flagged_leads_alone_are_listed,
    a_lead_that_is_qualified_twice_gives_one_opportunity_and_one_customer,
    a_lost_answer_to_a_qualification_costs_no_second_opportunity,
    an_opportunity_tells_which_lead_it_was,
    what_the_seller_qualified_is_found_with_its_opportunity,
    a_lead_that_the_seller_qualified_meanwhile_keeps_its_opportunity,
    a_lead_that_is_gone_is_not_qualified,
];

/// A lead's mapped field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Notes,
    Company,
    PostalCode,
    LastName,
    Currency,
    Sync,
    Referral,
}

const FIELDS: [(Of, &str, &str); 7] = [
    (Of::Notes, "description", "Description"),
    (Of::Company, "companyname", "Company"),
    (Of::PostalCode, "address1_postalcode", "PostalCode"),
    (Of::LastName, "lastname", "LastName"),
    (Of::Currency, "transactioncurrencyid/isocurrencycode", "CurrencyIsoCode"),
    (Of::Sync, "nwcs_syncwithpartnercenter", "Msp_Sync_With_Partner_Center__c"),
    (Of::Referral, "nwcs_referralid", "Msp_Referral_Id__c"),
];

/// The mapped columns of leads.
pub(super) fn columns(system: CrmSystem) -> BTreeSet<ColumnPath> {
    FIELDS.map(|(field, ..)| name(system, field).into()).into()
}

fn name(system: CrmSystem, field: Of) -> &'static str {
    let (_, dynamics, salesforce) = FIELDS.iter().find(|(known, ..)| *known == field).unwrap();
    if system == CrmSystem::Dynamics { dynamics } else { salesforce }
}

fn lead() -> Vec<(Of, Json)> {
    vec![
        (Of::Company, json!("O'Neill & Sons")),
        (Of::PostalCode, json!("1011 AB")),
        (Of::LastName, json!("O'Neill")),
        (Of::Currency, json!("EUR")),
        (Of::Sync, json!(true)),
    ]
}

impl Bench {
    fn of_lead<'a>(&self, record: &'a CrmRecord, field: Of) -> &'a Json {
        record.get(name(self.system, field))
    }

    fn lead_write(&self, fields: &[(Of, Json)]) -> CrmWrite {
        let fields = fields
            .iter()
            .map(|(field, value)| (name(self.system, *field).to_owned(), value.clone()));
        CrmWrite { fields: fields.collect(), phase: None }
    }

    async fn lead(&self) -> (ReferralId, CrmRecord) {
        let id = referral();
        let made = self.leads.upsert(id, &self.lead_write(&lead())).await.unwrap();
        (id, self.lead_later(&made.key).await)
    }

    /// The lead as it is some seconds later.
    async fn lead_later(&self, key: &CrmKey) -> CrmRecord {
        self.simulators.clock.advance(3);
        self.leads.get(key).await.unwrap().unwrap()
    }

    async fn update_lead(
        &self,
        read: &CrmRecord,
        fields: &[(Of, Json)],
        phase: Option<Phase>,
    ) -> Result<CrmRecord, Failure> {
        let write = CrmWrite { phase, ..self.lead_write(fields) };
        self.leads.update(read, &write).await
    }

    async fn qualify(&self, lead: &CrmRecord, id: ReferralId) -> Result<CrmRecord, Failure> {
        self.leads.qualify(lead, id, &self.write(&customer_deal())).await
    }

    fn lead_path(&self, key: &CrmKey) -> String {
        match self.system {
            CrmSystem::Dynamics => format!("dataverse/rows/leads/{}", key.id),
            CrmSystem::Salesforce => format!("salesforce/rows/Lead/{}", key.id),
        }
    }

    async fn seller_edits_lead(&self, key: &CrmKey, fields: &[(Of, Json)]) {
        let change = self.lead_write(fields).fields.into_iter().collect();
        self.control(Method::PATCH, &self.lead_path(key), Json::Object(change)).await;
    }
}

async fn a_lead_that_is_made_twice_is_one(bench: Bench) {
    let (id, made) = bench.lead().await;
    let again = bench.leads.upsert(id, &bench.lead_write(&lead())).await.unwrap();
    assert_eq!((&again.key, again.phase), (&made.key, Phase::Open));
    assert_eq!((made.key.entity.as_str(), &made.converted_into), ("lead", &None));
    for (field, value) in lead() {
        assert_eq!(bench.of_lead(&again, field), &value);
    }
    let found = bench.leads.find_by_referral(id).await.unwrap().unwrap();
    assert_eq!((&found.key, &found.fields), (&made.key, &again.fields));
    assert_eq!(bench.of_lead(&found, Of::Referral), &json!(id.to_string()));
    assert_eq!(bench.counts().await, [0, 0, 0]);
}

async fn a_lead_is_no_opportunity(bench: Bench) {
    let (id, made) = bench.lead().await;
    let (_, deal) = bench.deal().await;
    assert!(bench.crm.find_by_referral(id).await.unwrap().is_none());
    assert_eq!(bench.crm.get(&made.key).await.unwrap_err().kind, FailureKind::Rejected);
    assert_eq!(bench.leads.get(&deal.key).await.unwrap_err().kind, FailureKind::Rejected);
}

async fn a_lead_that_changed_is_not_overwritten(bench: Bench) {
    let (_, read) = bench.lead().await;
    bench.seller_edits_lead(&read.key, &[(Of::Notes, json!("The seller's"))]).await;
    let ours = [(Of::Notes, json!("Ours"))];
    for (fields, phase) in [(&ours[..], None), (&[][..], Some(Phase::Lost))] {
        let failure = bench.update_lead(&read, fields, phase).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    }
    let now = bench.lead_later(&read.key).await;
    assert_eq!((bench.of_lead(&now, Of::Notes), now.phase), (&json!("The seller's"), Phase::Open));
    let updated = bench.update_lead(&now, &ours, None).await.unwrap();
    assert_eq!(bench.of_lead(&updated, Of::Notes), &json!("Ours"));
}

async fn a_deleted_lead_is_absent_and_never_made_anew(bench: Bench) {
    let (id, read) = bench.lead().await;
    bench.control(Method::DELETE, &bench.lead_path(&read.key), Json::Null).await;
    assert!(bench.leads.get(&read.key).await.unwrap().is_none());
    assert!(bench.leads.find_by_referral(id).await.unwrap().is_none());
    let failure = bench.update_lead(&read, &[(Of::Notes, json!("x"))], None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    assert!(bench.leads.get(&read.key).await.unwrap().is_none());
}

async fn a_declined_lead_is_disqualified(bench: Bench) {
    let (_, read) = bench.lead().await;
    let notes = [(Of::Notes, json!("Declined in Partner Center"))];
    let lost = bench.update_lead(&read, &notes, Some(Phase::Lost)).await.unwrap();
    assert_eq!(lost.phase, Phase::Lost);
    let now = bench.lead_later(&read.key).await;
    assert_eq!((now.phase, bench.of_lead(&now, Of::Notes)), (Phase::Lost, &notes[0].1));
    assert_eq!(now.converted_into, None);
    assert_eq!(bench.counts().await, [0, 0, 0]);
}

async fn what_the_seller_disqualifies_is_seen(bench: Bench) {
    let (_, read) = bench.lead().await;
    bench.people.seller_disqualifies_lead(&read.key.id).await.unwrap();
    let now = bench.lead_later(&read.key).await;
    assert_eq!((now.phase, now.converted_into), (Phase::Lost, None));
}

async fn flagged_leads_alone_are_listed(bench: Bench) {
    bench.deal().await;
    let (_, flagged) = bench.lead().await;
    let mut unflagged = lead();
    unflagged.retain(|(field, _)| *field != Of::Sync);
    bench.leads.upsert(referral(), &bench.lead_write(&unflagged)).await.unwrap();
    let changes = bench.leads.changed_since(Timestamp::UNIX_EPOCH).await.unwrap();
    let keys: Vec<&CrmKey> = changes.iter().map(|change| &change.key).collect();
    assert_eq!(keys, [&flagged.key]);
    let deals = bench.crm.changed_since(Timestamp::UNIX_EPOCH).await.unwrap();
    assert!(deals.iter().all(|change| change.key.entity == "opportunity"));
}

async fn a_lead_that_is_qualified_twice_gives_one_opportunity_and_one_customer(bench: Bench) {
    let (id, read) = bench.lead().await;
    let first = bench.qualify(&read, id).await.unwrap();
    let lead = bench.lead_later(&read.key).await;
    let again = bench.qualify(&lead, id).await.unwrap();
    assert_eq!((first.key.entity.as_str(), first.phase), ("opportunity", Phase::Open));
    assert_eq!(again.key, first.key);
    assert_eq!(bench.counts().await, [1, 1, 1]);
    for (field, value) in customer_deal().into_iter().filter(|(field, _)| *field != Field::Value) {
        assert_eq!(bench.get(&again, field), &value);
    }
    let read = bench.read_later(&again.key).await;
    assert_eq!(bench.mapped(&read), bench.mapped(&again));
    let found = bench.crm.find_by_referral(id).await.unwrap().unwrap();
    assert_eq!(found.key, again.key);
}

async fn a_lost_answer_to_a_qualification_costs_no_second_opportunity(bench: Bench) {
    // Wherever the answer is lost, until nothing is left to lose.
    for skip in 0..20 {
        let (id, read) = bench.lead().await;
        let before = bench.counts().await;
        bench.fault(skip, Action::DropAfterEffect);
        let tried = bench.qualify(&read, id).await;
        bench.simulators.faults.clear();
        let lead = bench.lead_later(&read.key).await;
        let qualified = bench.qualify(&lead, id).await.unwrap();
        let after = bench.counts().await;
        assert_eq!(after[0], before[0] + 1, "request {skip}");
        assert_eq!((after[1], after[2]), (1, 1), "request {skip}");
        assert_eq!(bench.get(&qualified, Field::Referral), &json!(id.to_string()));
        if tried.is_ok() {
            return;
        }
    }
    panic!("more requests than a qualification may cost");
}

async fn an_opportunity_tells_which_lead_it_was(bench: Bench) {
    let (id, read) = bench.lead().await;
    let qualified = bench.qualify(&read, id).await.unwrap();
    assert_eq!(bench.leads.origin(&qualified.key).await.unwrap(), Some(read.key));
    let (_, deal) = bench.deal().await;
    assert_eq!(bench.leads.origin(&deal.key).await.unwrap(), None);
    bench.seller_deletes(&deal.key).await;
    assert_eq!(bench.leads.origin(&deal.key).await.unwrap(), None);
}

async fn what_the_seller_qualified_is_found_with_its_opportunity(bench: Bench) {
    let (id, read) = bench.lead().await;
    bench.people.seller_qualifies_lead(&read.key.id).await.unwrap();
    let lead = bench.lead_later(&read.key).await;
    assert_eq!(lead.phase, Phase::Qualified);
    let opportunity = lead.converted_into.clone().unwrap();
    assert!(bench.crm.get(&opportunity).await.unwrap().is_some());
    assert_eq!(bench.leads.origin(&opportunity).await.unwrap(), Some(lead.key.clone()));
    let found = bench.leads.find_by_referral(id).await.unwrap().unwrap();
    assert_eq!((found.phase, found.converted_into), (Phase::Qualified, Some(opportunity)));
}

async fn a_lead_that_the_seller_qualified_meanwhile_keeps_its_opportunity(bench: Bench) {
    let (id, read) = bench.lead().await;
    bench.people.seller_qualifies_lead(&read.key.id).await.unwrap();
    let failure = bench.qualify(&read, id).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "what the seller entered is to be read first");
    let lead = bench.lead_later(&read.key).await;
    let qualified = bench.qualify(&lead, id).await.unwrap();
    assert_eq!(lead.converted_into, Some(qualified.key.clone()));
    assert_eq!(bench.get(&qualified, Field::Referral), &json!(id.to_string()));
    assert_eq!(bench.get(&qualified, Field::Customer), &json!("O'Neill & Sons"));
    assert_eq!(bench.counts().await, [1, 1, 1]);
}

async fn a_lead_that_is_gone_is_not_qualified(bench: Bench) {
    let (id, read) = bench.lead().await;
    bench.control(Method::DELETE, &bench.lead_path(&read.key), Json::Null).await;
    let failure = bench.qualify(&read, id).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Stale, "{failure}");
    assert_eq!(bench.counts().await, [0, 0, 0]);
}
