//! What one batch asks of the two services: no more than needed, and nothing at all of one that
//! asked us to wait.

use cosell_simulators::faults::Action;
use cosell_tests::seller::Entry;
use serde_json::json;

use super::Function;
use super::batch::{Message, batch, failed};
use super::failures::{SECONDS, on, throttled};
use super::world::World;

/// Until the test lets go.
const LONG: Action = Action::Slow { ms: 15_000 };

/// A pair in sync that began in Partner Center.
struct Pair {
    referral: String,
    opportunity: String,
}

impl World {
    async fn paired(&self, consumer: &Function, name: &str) -> Pair {
        let referral = self.people.microsoft_invites(name).await.unwrap();
        let answer = consumer.invoke(batch(&[Message::on_referral("pairing", &referral)])).await;
        assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
        let made = self.people.see_row(name, |row| row["nwcs_referralid"] == json!(referral));
        let opportunity = made.await.unwrap()["opportunityid"].as_str().unwrap().to_owned();
        // Edits of an invitation that is on hold would wait.
        self.people.seller_enters(&opportunity, &[Entry::Active]).await.unwrap();
        consumer.invoke(batch(&[Message::on_opportunity("accepts", &opportunity)])).await;
        // Lets the link remember all there is.
        consumer.invoke(batch(&[Message::on_referral("echo", &referral)])).await;
        Pair { referral, opportunity }
    }

    /// Waits until every request that is held back has come, lets go of those to `service` and has
    /// it answer the next with 429; lets go of the others when that look has ended.
    async fn refuse_before_others_go_on(&self, service: &str, path: &str) {
        let faults = &self.simulators.faults;
        self.until("all are held back", async || faults.list().is_empty()).await;
        faults.clear_of(service);
        faults.add(throttled(service, path));
        let ended = async || self.audited("failed").await == 1;
        self.until("the throttled look has ended", ended).await;
        faults.clear();
    }

    /// SQS keeps these messages back for at least as long as the service asked us to wait.
    fn wait_was_asked_for(&self, messages: &[&str]) {
        for message in messages {
            let wait = self.visibilities.of(message);
            assert!(wait.is_some_and(|wait| wait >= u64::from(SECONDS)), "{message}: {wait:?}");
        }
    }

    /// The requests that a service answered or lost, as `METHOD path`.
    fn asked(&self, service: &str) -> Vec<String> {
        let entries =
            self.simulators.journal.entries().into_iter().filter(|entry| entry.service == service);
        entries.map(|entry| format!("{} {}", entry.method, entry.path)).collect()
    }
}

/// By then the others have asked for the referral and wait for the CRM: one in sync, one edited
/// there, one new.
#[tokio::test]
async fn partner_center_that_asks_us_to_wait_is_left_alone_for_the_rest_of_the_batch() {
    let world = World::start().await;
    let consumer = world.consumer().await;
    let mut pairs = Vec::new();
    for name in ["Harbour sensors", "Quarry drones", "Warehouse robots"] {
        pairs.push(world.paired(&consumer, name).await);
    }
    let [edited, quiet, refused] = &pairs[..] else { panic!("three pairs") };
    for pair in [edited, refused] {
        world.people.seller_edits(&pair.opportunity, json!({ "name": "Edited" })).await.unwrap();
    }
    let flagged = world.seller_flags("Bakery ovens", false).await;
    world.simulators.journal.clear();

    for opportunity in [&edited.opportunity, &quiet.opportunity, &flagged] {
        world.simulators.faults.add(on("dataverse", opportunity, LONG));
    }
    world.simulators.faults.add(on("partner-center", &refused.referral, LONG));
    let messages = [
        Message::on_opportunity("edited", &edited.opportunity),
        Message::on_opportunity("flagged", &flagged),
        Message::on_referral("quiet", &quiet.referral),
        Message::on_referral("refused", &refused.referral),
    ];
    let invocation = consumer.begin(batch(&messages)).await;
    world
        .until("the three others are answered", async || world.asked("partner-center").len() == 3)
        .await;
    world.refuse_before_others_go_on("partner-center", &refused.referral).await;
    let answer = consumer.answer(&invocation).await;

    assert_eq!(failed(&answer), ["edited", "flagged", "refused"], "{}", consumer.log());
    world.wait_was_asked_for(&["edited", "flagged", "refused"]);
    let asked = world.asked("partner-center");
    let writes: Vec<&String> = asked.iter().filter(|request| !request.starts_with("GET")).collect();
    assert_eq!((asked.len(), writes.len()), (5, 1), "nothing after the refused PATCH: {asked:#?}");

    let consumer = world.consumer().await;
    let answer = consumer.invoke(batch(&messages)).await;
    assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
    let referrals = world.people.referrals().await.unwrap();
    assert_eq!(referrals.iter().filter(|referral| referral["name"] == "Edited").count(), 2);
    assert_eq!((referrals.len(), world.people.rows().await.unwrap().len()), (4, 4));
    world.stop().await;
}

/// By then the others have asked the CRM what they can and wait for the referral: one in sync, one
/// new.
#[tokio::test]
async fn a_crm_that_asks_us_to_wait_is_left_alone_for_the_rest_of_the_batch() {
    let world = World::start().await;
    let consumer = world.consumer().await;
    let quiet = world.paired(&consumer, "Quarry drones").await;
    let refused = world.people.microsoft_invites("Warehouse robots").await.unwrap();
    let later = world.people.microsoft_invites("Bakery ovens").await.unwrap();
    world.simulators.journal.clear();

    for referral in [&quiet.referral, &later] {
        world.simulators.faults.add(on("partner-center", referral, LONG));
    }
    world.simulators.faults.add(on("dataverse", &refused, LONG));
    let messages = [
        Message::on_referral("later", &later),
        Message::on_referral("quiet", &quiet.referral),
        Message::on_referral("refused", &refused),
    ];
    let invocation = consumer.begin(batch(&messages)).await;
    world.until("the quiet one is answered", async || world.asked("dataverse").len() == 1).await;
    world.refuse_before_others_go_on("dataverse", "").await;
    let answer = consumer.answer(&invocation).await;

    assert_eq!(failed(&answer), ["later", "refused"], "{}", consumer.log());
    world.wait_was_asked_for(&["later", "refused"]);
    let asked = world.asked("dataverse");
    assert_eq!(asked.len(), 3, "nothing after the second of the refused one: {asked:#?}");
    world.stop().await;
}

#[tokio::test]
async fn messages_of_one_pair_in_one_batch_cost_one_look() {
    let world = World::start().await;
    let consumer = world.consumer().await;
    let pair = world.paired(&consumer, "Harbour sensors").await;
    world.simulators.journal.clear();
    let messages = [
        Message::on_referral("m1", &pair.referral),
        Message::on_opportunity("m2", &pair.opportunity),
        Message::on_referral("m3", &pair.referral),
        Message::on_opportunity("m4", &pair.opportunity),
    ];
    let answer = consumer.invoke(batch(&messages)).await;
    assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
    let asked = (world.asked("partner-center"), world.asked("dataverse"));
    assert_eq!((asked.0.len(), asked.1.len()), (1, 1), "{asked:#?}");
    world.stop().await;
}
