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
    Fault { path_contains: Some(path.to_owned()), ..Fault::new(service, action) }
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

/// Microsoft Entra refuses whatever is asked for in this tenant.
fn refuses(tenant: &str) -> Fault {
    let dead = Action::Status {
        status: 400,
        retry_after: None,
        code: Some("invalid_grant".into()),
        body: None,
        content_type: None,
    };
    Fault { times: 1000, ..on("entra", &format!("/{tenant}/"), dead) }
}

/// Of either side, however many pairs there are: Microsoft Entra is asked once in an invocation.
#[tokio::test]
async fn dead_credentials_cost_one_token_request_a_batch_and_nothing_else() {
    for (tenant, service) in [("sim-partner-tenant", "partner-center"), ("sim-tenant", "dataverse")]
    {
        let world = World::start().await;
        world.simulators.faults.add(refuses(tenant));
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
        assert_eq!(
            world.simulators.journal.count("entra", "POST", &format!("/{tenant}/")),
            1,
            "{tenant}"
        );
        assert_eq!(world.simulators.journal.count(service, "GET", ""), 0);
        assert_eq!(world.writes(), 0);

        world.simulators.faults.clear();
        let answer = consumer.invoke(batch(&messages)).await;
        assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
        assert_eq!(world.people.rows().await.unwrap().len(), 5);
        assert_eq!(world.people.referrals().await.unwrap().len(), 6);
        assert_eq!(world.keys("referral#").await.len(), 5);
        world.stop().await;
    }
}

/// The template has a failed run repeated by nobody but the next one.
#[tokio::test]
async fn dead_credentials_cost_a_run_of_the_poller_one_token_request_for_each_side() {
    let world = World::start().await;
    let tenants = ["sim-partner-tenant", "sim-tenant"];
    for tenant in tenants {
        world.simulators.faults.add(refuses(tenant));
    }
    let poller = world.poller().await;
    for _ in 0..2 {
        world.simulators.journal.clear();
        let failure = poller.fail(json!({})).await;
        assert!(failure.contains("credentials"), "{failure}");
        let asked = world.simulators.journal.entries();
        assert_eq!(asked.len(), 2, "{asked:#?}");
        for tenant in tenants {
            assert_eq!(
                world.simulators.journal.count("entra", "POST", &format!("/{tenant}/")),
                1,
                "{tenant}"
            );
        }
    }
    world.simulators.faults.clear();
    let answer = poller.invoke(json!({})).await;
    assert_eq!(answer["skipped"], false, "{answer}");
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
    let made = world.people.see_row("the other deal", |row| row["nwcs_referralid"] == json!(good));
    made.await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(15), "it did not wait for the one that hangs");
    let answer = consumer.answer(&invocation).await;
    assert_eq!(failed(&answer), ["hung"], "{}", consumer.log());
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());

    let answer = consumer.invoke(batch(&messages[..1])).await;
    assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
    assert_eq!(world.people.rows().await.unwrap().len(), 2);
    world.stop().await;
}
