//! A consumer process is killed when something has taken effect and it does not know yet; another
//! gets the same message.

use std::time::Duration;

use cosell_simulators::faults::{Action, Fault};
use cosell_tests::crm::CrmSystem;
use serde_json::{Value as Json, json};

use super::batch::{Message, batch, failed};
use super::world::World;

/// Longer than the test: the answer never comes before the process is killed.
const STALL: Action = Action::StallAfterEffect { ms: 60_000 };

/// How long the effect may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// The answer to the next request of this kind stalls, after `skip` others.
fn stalled(service: &str, method: &str, skip: u32) -> Fault {
    Fault { method: Some(method.to_owned()), skip, ..Fault::new(service, STALL) }
}

impl World {
    /// A process gets the message, and is killed as soon as `effect` is seen.
    async fn killed_after(&self, fault: Fault, message: &Message, effect: impl AsyncFn()) {
        let doomed = self.consumer().await;
        self.simulators.faults.add(fault);
        for tries in 1.. {
            let invocation = doomed.begin(batch(std::slice::from_ref(message))).await;
            tokio::select! {
                seen = tokio::time::timeout(PATIENCE, effect()) => {
                    assert!(seen.is_ok(), "no effect; its log:\n{}", doomed.log());
                    break;
                }
                // Something passing kept it from getting there: a message that failed comes back,
                // as from the queue. One that is done must not.
                answer = doomed.answer(&invocation) => {
                    let comes_back = !failed(&answer).is_empty() && tries < 3;
                    assert!(
                        comes_back,
                        "it ended before the effect: {answer}; its log:\n{}",
                        doomed.log()
                    );
                }
            }
        }
        assert!(
            self.simulators.faults.list().is_empty(),
            "the effect is that of the stalled request"
        );
        doomed.kill().await;
        let lost =
            async || self.simulators.journal.entries().iter().any(|entry| entry.status.is_none());
        self.until("the stalled request's connection is gone", lost).await;
    }

    /// The message comes back to a new process after all claims have run out: the deal is there,
    /// once, and rests.
    async fn completes(&self, message: &Message, asked_microsoft: bool) {
        self.claims_run_out().await;
        self.changes_grow_old();
        let consumer = self.consumer().await;
        let answer = consumer.invoke(batch(std::slice::from_ref(message))).await;
        assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
        self.rests(&consumer, asked_microsoft).await;
    }

    async fn referral_is_seen(&self, what: &str, wanted: impl Fn(&Json) -> bool) -> String {
        let referral = self.people.see_referral(what, wanted).await.unwrap();
        referral["id"].as_str().unwrap().to_owned()
    }
}

fn of_microsoft(referral: &Json) -> bool {
    referral["target"][0]["id"] == "msft"
}

#[tokio::test]
async fn killed_after_the_first_post_the_next_finds_the_referral_and_asks_microsoft_once() {
    let world = World::start().await;
    let opportunity = world.seller_flags("Cold-store rollout", true).await;
    let message = Message::on_opportunity("m1", &opportunity);
    let posted = async || drop(world.referral_is_seen("the first POST", |_| true).await);
    world.killed_after(stalled("partner-center", "POST", 0), &message, posted).await;
    assert_eq!(world.keys("referral#").await, Vec::<String>::new(), "no link tells of it");
    world.completes(&message, true).await;
    assert_eq!(world.simulators.journal.count("partner-center", "POST", "/referrals"), 2);
    world.stop().await;
}

/// Nothing is left but the referral itself, which names the opportunity.
#[tokio::test]
async fn killed_after_the_first_post_the_next_finds_the_referral_even_without_the_table() {
    let world = World::start().await;
    let opportunity = world.seller_flags("Cold-store rollout", true).await;
    let message = Message::on_opportunity("m1", &opportunity);
    let posted = async || drop(world.referral_is_seen("the first POST", |_| true).await);
    world.killed_after(stalled("partner-center", "POST", 0), &message, posted).await;
    world.links_are_lost().await;
    world.completes(&message, true).await;
    world.stop().await;
}

#[tokio::test]
async fn killed_after_the_second_post_the_next_finds_the_microsoft_referral() {
    let world = World::start().await;
    let opportunity = world.seller_flags("Cold-store rollout", true).await;
    let message = Message::on_opportunity("m1", &opportunity);
    let posted = async || drop(world.referral_is_seen("the second POST", of_microsoft).await);
    world.killed_after(stalled("partner-center", "POST", 1), &message, posted).await;
    world.completes(&message, true).await;
    assert_eq!(world.simulators.journal.count("partner-center", "POST", "/referrals"), 2);
    world.stop().await;
}

#[tokio::test]
async fn killed_after_the_write_back_the_next_has_nothing_to_write() {
    let world = World::start().await;
    let opportunity = world.seller_flags("Cold-store rollout", true).await;
    let message = Message::on_opportunity("m1", &opportunity);
    let synced = |row: &Json| row["nwcs_syncstatus"] == "✔ Synced";
    let written = async || drop(world.people.see_row("the write-back", synced).await.unwrap());
    world.killed_after(stalled("dataverse", "PATCH", 0), &message, written).await;
    let writes = world.writes();
    world.completes(&message, true).await;
    assert_eq!(world.writes(), writes);
    world.stop().await;
}

#[tokio::test]
async fn killed_after_the_upsert_of_a_record_the_next_finds_it() {
    let world = World::start().await;
    let referral = world.people.microsoft_invites("Fleet telemetry pilot").await.unwrap();
    let message = Message::on_referral("m1", &referral);
    let upserted = async || drop(world.people.see_row("the upsert", |_| true).await.unwrap());
    world.killed_after(stalled("dataverse", "PATCH", 0), &message, upserted).await;
    world.completes(&message, false).await;
    world.stop().await;
}

#[tokio::test]
async fn killed_after_the_account_was_made_the_next_finds_it() {
    let world = World::start().await;
    let referral = world.people.microsoft_invites("Fleet telemetry pilot").await.unwrap();
    let message = Message::on_referral("m1", &referral);
    let accounts = || world.simulators.dataverse_service.dump()["tables"]["account"].is_array();
    let made = async || world.until("the account", async || accounts()).await;
    world.killed_after(stalled("dataverse", "POST", 0), &message, made).await;
    assert_eq!(world.people.rows().await.unwrap(), Vec::<Json>::new());
    world.completes(&message, false).await;
    world.stop().await;
}

#[tokio::test]
async fn while_the_claim_of_the_killed_holds_messages_wait_and_nothing_is_made_twice() {
    let world = World::start().await;
    let opportunity = world.seller_flags("Cold-store rollout", true).await;
    let message = Message::on_opportunity("m1", &opportunity);
    let posted = async || drop(world.referral_is_seen("the second POST", of_microsoft).await);
    world.killed_after(stalled("partner-center", "POST", 1), &message, posted).await;

    let referrals = world.people.referrals().await.unwrap();
    let mut notices = vec![message.clone()];
    // The Microsoft referral's own would do: it has that one in hand.
    for (number, referral) in
        referrals.iter().filter(|referral| !of_microsoft(referral)).enumerate()
    {
        notices.push(Message::on_referral(
            &format!("notice-{number}"),
            referral["id"].as_str().unwrap(),
        ));
    }
    let consumer = world.consumer().await;
    let writes = world.writes();
    for notice in &notices {
        let answer = consumer.invoke(batch(std::slice::from_ref(notice))).await;
        assert_eq!(failed(&answer).len(), 1, "it comes back: {answer}\n{}", consumer.log());
    }
    assert_eq!(world.writes(), writes);
    assert_eq!(world.people.referrals().await.unwrap(), referrals);
    // The dead one's claim was for five minutes, and only seconds have gone.
    let wait = world.visibilities.of("m1").unwrap();
    assert!((200..=300).contains(&wait), "{wait} s");

    world.completes(&message, true).await;
    let answer = consumer.invoke(batch(&notices)).await;
    assert_eq!(failed(&answer), Vec::<&str>::new());
    assert_eq!(world.the_one_deal(true).await.1, json!(opportunity));
    world.stop().await;
}

/// The process is killed at each request of this method in turn: as soon as that has taken effect,
/// and before its answer is known. Returns how many there are.
async fn killed_at_each(
    method: &str,
    crm: CrmSystem,
    asked_microsoft: bool,
    begins: impl AsyncFn(&World) -> Message,
) -> u32 {
    let service = if crm == CrmSystem::Dynamics { "dataverse" } else { "salesforce" };
    for skip in 0.. {
        let world = World::with(crm).await;
        let message = begins(&world).await;
        world.changes_grow_old();
        let doomed = world.consumer().await;
        world.simulators.faults.add(stalled(service, method, skip));
        let met = async || world.simulators.faults.list().is_empty();
        let done = doomed.invoke(batch(std::slice::from_ref(&message)));
        tokio::select! {
            answer = done => {
                assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", doomed.log());
                world.simulators.faults.clear();
                world.rests(&doomed, asked_microsoft).await;
                world.stop().await;
                return skip;
            }
            () = world.until("the request", met) => {}
        }
        doomed.kill().await;
        let lost =
            async || world.simulators.journal.entries().iter().any(|entry| entry.status.is_none());
        world.until("the stalled request's connection is gone", lost).await;
        world.completes(&message, asked_microsoft).await;
        world.stop().await;
    }
    0
}

#[tokio::test]
async fn killed_at_any_request_to_salesforce_the_next_completes_a_deal_that_began_there() {
    let flags = async |world: &World| {
        Message::on_opportunity("m1", &world.seller_flags("Cold-store rollout", true).await)
    };
    // Everything that Salesforce is asked goes through one address. It reads the record, asks which
    // lead it was, compares it, and writes it back.
    assert_eq!(killed_at_each("POST", CrmSystem::Salesforce, true, flags).await, 4);
}

#[tokio::test]
async fn killed_at_any_request_to_salesforce_the_next_completes_an_invitation() {
    let invites = async |world: &World| {
        Message::on_referral(
            "m1",
            &world.people.microsoft_invites("Fleet telemetry pilot").await.unwrap(),
        )
    };
    // It looks for the record, looks for its account and contact, and makes all three.
    assert_eq!(killed_at_each("POST", CrmSystem::Salesforce, false, invites).await, 3);
}

/// A lead that has arrived in Dynamics and is accepted in Partner Center; the message that tells
/// so.
async fn accepted_lead(world: &World) -> Message {
    let referral = world.people.microsoft_sends_lead("Harbour sensors").await.unwrap();
    let message = Message::on_referral("m1", &referral);
    let consumer = world.consumer().await;
    let answer = consumer.invoke(batch(std::slice::from_ref(&message))).await;
    assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
    let change = json!({ "status": "Active", "substatus": "Accepted" });
    world.people.edits_referral(&referral, change).await.unwrap();
    message
}

#[tokio::test]
async fn killed_at_anything_that_dynamics_makes_of_a_lead_the_next_goes_on_with_one_deal() {
    // Account, contact, and the opportunity.
    assert_eq!(killed_at_each("POST", CrmSystem::Dynamics, false, accepted_lead).await, 3);
}

#[tokio::test]
async fn killed_at_any_change_of_a_lead_or_its_opportunity_the_next_goes_on_with_one_deal() {
    // The lead is bound to its customer; the opportunity gets the referral's values, then what its
    // seller reads.
    assert_eq!(killed_at_each("PATCH", CrmSystem::Dynamics, false, accepted_lead).await, 3);
}
