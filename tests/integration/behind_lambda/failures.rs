//! A service that is out of reach for a while: the batch comes back, and nothing is lost.

use std::time::{Duration, Instant};

use cosell_simulators::faults::{Action, Fault};
use serde_json::json;

use super::batch::{Message, batch, failed};
use super::world::World;

/// What the throttling service asks for; SQS must be asked for no less.
pub(super) const SECONDS: u32 = 37;

/// What happens to the next request to `service` with this text in its path.
pub(super) fn on(service: &str, path: &str, action: Action) -> Fault {
    Fault {
        path_contains: Some(path.to_owned()),
        ..Fault::new(service, action)
    }
}

/// The next request to `service` with this text in its path is answered 429.
pub(super) fn throttled(service: &str, path: &str) -> Fault {
    let action = Action::Status {
        status: 429,
        retry_after: Some(SECONDS),
        code: None,
        body: None,
        content_type: None,
    };
    on(service, path, action)
}

#[tokio::test]
async fn a_throttled_message_stays_invisible_as_long_as_was_asked_for() {
    let world = World::start().await;
    let consumer = world.consumer().await;
    let refused = world.people.microsoft_invites("Warehouse robots").await.unwrap();
    world.simulators.faults.add(throttled("partner-center", &refused));
    let messages = [Message::on_referral("m1", &refused), Message::on_referral("m2", &refused)];
    let answer = consumer.invoke(batch(&messages)).await;
    assert_eq!(failed(&answer), ["m1", "m2"], "{}", consumer.log());
    for message in ["m1", "m2"] {
        assert_eq!(world.visibilities.of(message), Some(u64::from(SECONDS)), "{message}");
    }
    assert_eq!(world.simulators.journal.count("partner-center", "GET", &refused), 1);
    world.stop().await;
}

/// At most one for each pair: a refusal is not asked for again by the messages behind it.
const TOKENS: usize = 5;

#[tokio::test]
async fn dead_credentials_cost_nothing_but_time() {
    let world = World::start().await;
    let dead = Action::Status {
        status: 400,
        retry_after: None,
        code: Some("invalid_grant".into()),
        body: None,
        content_type: None,
    };
    world.simulators.faults.add(Fault {
        times: 1000,
        ..on("entra", "sim-partner-tenant", dead)
    });
    let consumer = world.consumer().await;
    let opportunity = world.seller_flags("Cold-store rollout", true).await;
    let mut messages = vec![Message::on_opportunity("m0", &opportunity)];
    for number in 1..=4 {
        let referral = world.people.microsoft_invites(&format!("Deal {number}")).await.unwrap();
        messages.push(Message::on_referral(&format!("m{number}"), &referral));
        messages.push(Message::on_referral(&format!("m{number}-again"), &referral));
    }
    world.simulators.journal.clear();
    let answer = consumer.invoke(batch(&messages)).await;
    assert_eq!(failed(&answer).len(), messages.len(), "{}", consumer.log());
    let tokens = world.simulators.journal.count("entra", "POST", "sim-partner-tenant");
    assert!(tokens <= TOKENS, "{tokens} token requests for {} messages", messages.len());
    assert_eq!(world.simulators.journal.count("partner-center", "GET", ""), 0);
    assert_eq!(world.writes(), 0);

    world.simulators.faults.clear();
    let answer = consumer.invoke(batch(&messages)).await;
    assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
    assert_eq!(world.people.opportunities().await.unwrap().len(), 5);
    assert_eq!(world.people.referrals().await.unwrap().len(), 6);
    assert_eq!(world.keys("referral#").await.len(), 5);
    world.stop().await;
}

/// The client gives an answer 20 s.
#[tokio::test]
async fn a_crm_that_hangs_costs_its_own_message_20_seconds_and_no_other() {
    let world = World::start().await;
    let consumer = world.consumer().await;
    let hung = world.people.microsoft_invites("Warehouse robots").await.unwrap();
    let good = world.people.microsoft_invites("Harbour sensors").await.unwrap();
    world.simulators.faults.add(on("dataverse", &hung, Action::Slow { ms: 60_000 }));
    let started = Instant::now();
    let messages = [Message::on_referral("hung", &hung), Message::on_referral("good", &good)];
    let invocation = consumer.begin(batch(&messages)).await;
    let made = world
        .people
        .see_opportunity("the other deal", |row| row["nwcs_referralid"] == json!(good));
    made.await.unwrap();
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "it did not wait for the one that hangs"
    );
    let answer = consumer.answer(&invocation).await;
    assert_eq!(failed(&answer), ["hung"], "{}", consumer.log());
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());

    let answer = consumer.invoke(batch(&messages[..1])).await;
    assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
    assert_eq!(world.people.opportunities().await.unwrap().len(), 2);
    world.stop().await;
}
