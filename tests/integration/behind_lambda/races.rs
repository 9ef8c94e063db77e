//! The same change several times, and several consumer processes at once.

use cosell_simulators::faults::{Action, Fault};
use futures::future::join_all;
use serde_json::{Value as Json, json};

use super::Function;
use super::batch::{Message, batch, failed};
use super::world::World;

/// Longer than the test: the test itself ends these waits.
const LONG: u64 = 15_000;
/// Enough for several processes that are handed a message at the same moment to meet.
const A_MOMENT: u64 = 400;

fn fault(service: &str, method: &str, action: Action) -> Fault {
    Fault { method: Some(method.to_owned()), ..Fault::new(service, action) }
}

/// Hands the process one message and tells whether it is done.
async fn takes(consumer: &Function, message: &Message) -> bool {
    failed(&consumer.invoke(batch(std::slice::from_ref(message))).await).is_empty()
}

/// Five processes get a notice of the same change at the same moment; what fails comes back until it
/// is done.
async fn five_at_once(world: &World, message: &Message) -> Vec<Function> {
    let consumers: Vec<Function> = join_all((0..5).map(|_| world.consumer())).await;
    let mut waiting: Vec<(&Function, Message)> = consumers
        .iter()
        .enumerate()
        .map(|(number, consumer)| (consumer, message.again_as(&format!("m{number}"))))
        .collect();
    for _ in 0..5 {
        let done =
            join_all(waiting.iter().map(|(consumer, message)| takes(consumer, message))).await;
        let mut done = done.into_iter();
        waiting.retain(|_| done.next() == Some(false));
        // What comes back does so after some time.
        world.claims_run_out().await;
    }
    assert_eq!(waiting.len(), 0, "{}", consumers[0].log());
    consumers
}

#[tokio::test]
async fn the_same_news_five_times_in_one_batch_makes_one_of_each() {
    for inbound in [true, false] {
        let world = World::start().await;
        let message = if inbound {
            Message::on_referral(
                "m0",
                &world.people.microsoft_invites("Fleet telemetry pilot").await.unwrap(),
            )
        } else {
            Message::on_opportunity("m0", &world.seller_flags("Cold-store rollout", true).await)
        };
        let consumer = world.consumer().await;
        let five: Vec<Message> =
            (1..=5).map(|number| message.again_as(&format!("m{number}"))).collect();
        let answer = consumer.invoke(batch(&five)).await;
        assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
        world.rests(&consumer, !inbound).await;
        assert_eq!(world.audited("created").await, 1);
        world.stop().await;
    }
}

#[tokio::test]
async fn a_referral_handed_to_five_processes_at_once_becomes_one_opportunity() {
    let world = World::start().await;
    let referral = world.people.microsoft_invites("Fleet telemetry pilot").await.unwrap();
    // The account's: nothing but the claim keeps the others from making it, too.
    world.simulators.faults.add(fault("dataverse", "POST", Action::Slow { ms: A_MOMENT }));
    let consumers = five_at_once(&world, &Message::on_referral("m", &referral)).await;
    world.rests(&consumers[0], false).await;
    world.stop().await;
}

#[tokio::test]
async fn an_opportunity_handed_to_five_processes_at_once_becomes_one_referral() {
    let world = World::start().await;
    let opportunity = world.seller_flags("Cold-store rollout", true).await;
    world.simulators.faults.add(fault("partner-center", "POST", Action::Slow { ms: A_MOMENT }));
    let consumers = five_at_once(&world, &Message::on_opportunity("m", &opportunity)).await;
    world.rests(&consumers[0], true).await;
    assert_eq!(world.simulators.journal.count("partner-center", "POST", "/referrals"), 2);
    world.stop().await;
}

/// The event of a referral arrives before the one who made it has its answer.
#[tokio::test]
async fn a_new_referrals_own_event_makes_no_second_opportunity() {
    let world = World::start().await;
    let opportunity = world.seller_flags("Cold-store rollout", true).await;
    let (maker, other) = (world.consumer().await, world.consumer().await);
    world.simulators.faults.add(fault(
        "partner-center",
        "POST",
        Action::StallAfterEffect { ms: LONG },
    ));
    let invocation = maker.begin(batch(&[Message::on_opportunity("m1", &opportunity)])).await;
    let referral = world.people.see_referral("the first POST", |_| true).await.unwrap();
    let event = Message::on_referral("m2", referral["id"].as_str().unwrap());
    assert!(!takes(&other, &event).await, "it comes back: {}", other.log());
    world.simulators.faults.clear();
    assert_eq!(failed(&maker.answer(&invocation).await), Vec::<&str>::new(), "{}", maker.log());
    assert!(takes(&other, &event).await, "{}", other.log());
    world.rests(&other, true).await;
    world.stop().await;
}

/// The poller finds a record that we made before its maker has the answer.
#[tokio::test]
async fn a_new_opportunity_found_by_the_poll_makes_no_second_referral() {
    let world = World::start().await;
    let referral = world.people.microsoft_invites("Fleet telemetry pilot").await.unwrap();
    let (maker, other) = (world.consumer().await, world.consumer().await);
    world.simulators.faults.add(fault("dataverse", "PATCH", Action::StallAfterEffect { ms: LONG }));
    let message = Message::on_referral("m1", &referral);
    let invocation = maker.begin(batch(std::slice::from_ref(&message))).await;
    let opportunity = world.people.see_row("the upsert", |_| true).await.unwrap();
    let polled = Message::on_opportunity("m2", opportunity["opportunityid"].as_str().unwrap());
    let adopted = takes(&other, &polled).await;
    world.simulators.faults.clear();
    let answer = maker.answer(&invocation).await;
    let linked = failed(&answer).is_empty();
    assert!(adopted || linked, "one of the two got through");
    // Whichever lost the race gets its message again.
    assert!(takes(&maker, &message).await, "{}", maker.log());
    assert!(takes(&other, &polled).await, "{}", other.log());
    world.rests(&other, false).await;
    world.stop().await;
}

#[tokio::test]
async fn a_post_whose_connection_dropped_is_found_by_the_same_look() {
    let world = World::start().await;
    let opportunity = world.seller_flags("Cold-store rollout", true).await;
    let consumer = world.consumer().await;
    world.simulators.faults.add(fault("partner-center", "POST", Action::DropAfterEffect));
    assert!(
        takes(&consumer, &Message::on_opportunity("m1", &opportunity)).await,
        "{}",
        consumer.log()
    );
    world.rests(&consumer, true).await;
    world.stop().await;
}

#[tokio::test]
async fn an_invitation_whose_connection_dropped_is_found_by_the_next_reconciliation() {
    let world = World::start().await;
    let opportunity = world.seller_flags("Cold-store rollout", true).await;
    let (consumer, message) = (world.consumer().await, Message::on_opportunity("m1", &opportunity));
    let mut lost = fault("partner-center", "POST", Action::DropAfterEffect);
    lost.skip = 1;
    world.simulators.faults.add(lost);
    assert!(!takes(&consumer, &message).await, "its outcome is unknown: {}", consumer.log());
    world.claims_run_out().await;
    assert!(takes(&consumer, &message).await, "{}", consumer.log());
    world.rests(&consumer, true).await;
    assert_eq!(world.simulators.journal.count("partner-center", "POST", "/referrals"), 2);
    world.stop().await;
}

#[tokio::test]
async fn a_write_back_whose_connection_dropped_is_found_by_the_next_reconciliation() {
    let world = World::start().await;
    let opportunity = world.seller_flags("Cold-store rollout", true).await;
    let (consumer, message) = (world.consumer().await, Message::on_opportunity("m1", &opportunity));
    world.simulators.faults.add(fault("dataverse", "PATCH", Action::DropAfterEffect));
    let first = takes(&consumer, &message).await;
    assert!(!first, "its outcome is unknown: {}", consumer.log());
    let first_written: Vec<Json> = world.people.rows().await.unwrap();
    assert!(takes(&consumer, &message).await, "{}", consumer.log());
    assert_eq!(
        json!(world.people.rows().await.unwrap()),
        json!(first_written),
        "the seller is notified once"
    );
    world.rests(&consumer, true).await;
    world.stop().await;
}
