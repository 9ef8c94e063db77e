//! The functions' world: both simulated systems, people, DynamoDB, secrets and the queue, for as
//! many consumers as a test wants.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use cosell_simulators::{Config, Simulators};
use cosell_tests::crm::CrmSystem;
use cosell_tests::people::People;
use cosell_tests::seller::Entry;
use serde_json::{Value as Json, json};

use super::Function;
use super::aws::{self, Visibilities};
use super::batch::{Message, batch, failed};

/// How long something may take that is about to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that consumers talk to.
pub(super) struct World {
    crm: CrmSystem,
    pub(super) simulators: Simulators,
    pub(super) people: People,
    pub(super) visibilities: Visibilities,
    dynamodb: Client,
    variables: Vec<(&'static str, String)>,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::with(CrmSystem::Dynamics).await
    }

    pub(super) async fn with(crm: CrmSystem) -> Self {
        let mut config = Config::default();
        config.salesforce.multi_currency = true;
        let simulators = Simulators::start(config).await.unwrap();
        let (endpoint, dynamodb) = aws::tables().await;
        let visibilities = Visibilities::default();
        let queue = visibilities.serve().await;
        let mut variables = super::settings(crm, &simulators, endpoint).await;
        variables.extend([
            ("QUEUE_URL", format!("{queue}/000000000000/sync.fifo")),
            ("AWS_ENDPOINT_URL_SQS", queue),
            (
                "RUST_LOG",
                "info,consumer=trace,cosell_sync=trace,cosell_dynamics=trace,\
                 cosell_salesforce=trace,cosell_partner_center=trace,cosell_aws=trace"
                    .into(),
            ),
        ]);
        let people = People::new(simulators.control.clone(), crm).unwrap();
        Self { crm, simulators, people, visibilities, dynamodb, variables }
    }

    /// Another consumer process, past its start-up.
    pub(super) async fn consumer(&self) -> Function {
        Function::start("consumer", &self.variables).await.ready().await
    }

    /// A poller process, past its start-up.
    pub(super) async fn poller(&self) -> Function {
        Function::start("poller", &self.variables).await.ready().await
    }

    pub(super) async fn stop(self) {
        self.simulators.stop().await;
    }

    /// The seller makes a complete opportunity and flags it, with or without asking for Microsoft's
    /// help; returns its id.
    pub(super) async fn seller_flags(&self, name: &str, help: bool) -> String {
        let opportunity = self.people.seller_prepares(name).await.unwrap();
        let entries = if help { &[Entry::Sync, Entry::Help][..] } else { &[Entry::Sync] };
        self.people.seller_enters(&opportunity, entries).await.unwrap();
        opportunity
    }

    /// Waits until it holds.
    pub(super) async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        let started = Instant::now();
        while !holds().await {
            assert!(started.elapsed() < PATIENCE, "{what}: not after {} s", PATIENCE.as_secs());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many audit entries of this kind there are.
    pub(super) async fn audited(&self, kind: &str) -> usize {
        // A scan is fine here: it is the test that looks, not a function.
        let all = self.dynamodb.scan().table_name("audit").send().await.unwrap();
        all.items()
            .iter()
            .filter(|item| item.get("kind") == Some(&AttributeValue::S(kind.into())))
            .count()
    }

    /// The keys of links in the links table that begin so; states of deals that are not linked
    /// stand beside them.
    pub(super) async fn keys(&self, prefix: &str) -> Vec<String> {
        let all = self.dynamodb.scan().table_name("links").send().await.unwrap();
        let linked = all.items().iter().filter(|item| !item.contains_key("unlinked"));
        let keys = linked.filter_map(|item| item.get("pk")?.as_s().ok());
        keys.filter(|key| key.starts_with(prefix)).cloned().collect()
    }

    /// Some seconds pass: the stamps of what was changed so far tell any later change.
    pub(super) fn changes_grow_old(&self) {
        self.simulators.clock.advance(12);
    }

    /// Time passes: every claim has run out.
    pub(super) async fn claims_run_out(&self) {
        for key in self.keys("claim#").await {
            let update =
                self.dynamodb.update_item().table_name("links").key("pk", AttributeValue::S(key));
            let update = update
                .update_expression("SET #until = :past")
                .expression_attribute_names("#until", "until");
            update
                .expression_attribute_values(":past", AttributeValue::N("1".into()))
                .send()
                .await
                .unwrap();
        }
    }

    /// The links table is lost.
    pub(super) async fn links_are_lost(&self) {
        for key in self.keys("").await {
            let delete =
                self.dynamodb.delete_item().table_name("links").key("pk", AttributeValue::S(key));
            delete.send().await.unwrap();
        }
    }

    /// How many requests that could write something the two systems have received, referrals and
    /// rows both. Salesforce is read by POST, too: for it, what is stored must tell.
    pub(super) fn writes(&self) -> usize {
        let entries = self.simulators.journal.entries().into_iter();
        entries
            .filter(|entry| {
                entry.method != "GET" && entry.service != "entra" && entry.service != "salesforce"
            })
            .count()
    }

    /// Everything the two systems store, with eTags and row versions.
    pub(super) fn stored(&self) -> Json {
        json!([self.simulators.partner_center_service.dump()["referrals"], self.tables()])
    }

    fn tables(&self) -> Json {
        match self.crm {
            CrmSystem::Dynamics => self.simulators.dataverse_service.dump()["tables"].clone(),
            CrmSystem::Salesforce => self.simulators.salesforce_service.dump()["objects"].clone(),
        }
    }

    async fn links(&self) -> BTreeMap<String, Json> {
        let links = self.dynamodb.scan().table_name("links").send().await.unwrap();
        let items = links.items().iter();
        items.map(|item| (item["pk"].as_s().unwrap().clone(), aws::plain(item))).collect()
    }

    /// The one deal there is: one referral of ours, one of Microsoft's if it was asked, one
    /// opportunity, account and contact, one link, and the seller sees all of it. Returns the
    /// referral and the opportunity.
    pub(super) async fn the_one_deal(&self, asked_microsoft: bool) -> (String, String) {
        let referrals = self.people.referrals().await.unwrap();
        let (theirs, own): (Vec<&Json>, Vec<&Json>) =
            referrals.iter().partition(|referral| referral["target"][0]["id"] == "msft");
        assert_eq!(
            (own.len(), theirs.len()),
            (1, usize::from(asked_microsoft)),
            "own and Microsoft's: {referrals:#?}"
        );
        let deals = self.people.deals().await.unwrap();
        assert_eq!(deals.len(), 1, "{deals:#?}");
        let (referral, deal) = (own[0]["id"].as_str().unwrap(), &deals[0]);
        let opportunity = deal.id.as_str();
        assert_eq!(own[0]["externalReferenceId"], opportunity);
        for referral in theirs {
            assert_eq!(referral["engagementId"], own[0]["engagementId"]);
        }
        assert!(deal.is_synced() && deal.referral == referral, "{deal:?}");
        assert!(deal.link.starts_with("https://") && deal.link.contains(referral), "{}", deal.link);
        assert_eq!(self.keys("referral#").await, [format!("referral#{referral}")]);
        assert_eq!(
            self.keys("crm#").await,
            [format!("crm#{}#opportunity#{opportunity}", self.crm)]
        );
        let tables = self.tables();
        let parties = if self.crm == CrmSystem::Dynamics {
            ["account", "contact"]
        } else {
            ["Account", "Contact"]
        };
        for table in parties {
            assert_eq!(tables[table].as_array().map(Vec::len), Some(1), "{table}: {tables:#}");
        }
        (referral.to_owned(), opportunity.to_owned())
    }

    /// Further looks at either side of the one deal find nothing to write there, and soon nothing
    /// to remember either.
    pub(super) async fn rests(&self, consumer: &Function, asked_microsoft: bool) {
        let (referral, opportunity) = self.the_one_deal(asked_microsoft).await;
        let (stored, writes) = (self.stored(), self.writes());
        let looks = [
            Message::on_referral("echo-1", &referral),
            Message::on_opportunity("echo-2", &opportunity),
        ];
        let mut remembered = Vec::new();
        for look in looks.iter().chain(&looks) {
            let answer = consumer.invoke(batch(std::slice::from_ref(look))).await;
            assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
            remembered.push(self.links().await);
        }
        assert_eq!(self.writes(), writes, "{:#?}", self.simulators.journal.entries());
        let after = self.stored();
        assert!(after == stored, "eTags and versions stay: {stored:#} and then {after:#}");
        assert_eq!(remembered[0], remembered[3]);
    }
}
