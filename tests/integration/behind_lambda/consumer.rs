//! The consumer: one batch, good and bad.

use cosell_simulators::faults::{Action, Fault};

use super::batch::{Message, batch, failed};
use super::world::World;

#[tokio::test]
async fn a_batch_costs_only_what_fails_and_nothing_is_done_twice() {
    let world = World::start().await;
    let consumer = world.consumer().await;
    let good = world.people.microsoft_invites("Harbour sensors").await.unwrap();
    let bad = world.people.microsoft_invites("Warehouse robots").await.unwrap();
    let mut fault = Fault::new(
        "partner-center",
        Action::Status {
            status: 503,
            retry_after: None,
            code: None,
            body: None,
            content_type: None,
        },
    );
    fault.path_contains = Some(bad.clone());
    world.simulators.faults.add(fault);

    let messages = [
        Message::on_referral("m1", &good),
        Message::on_referral("m2", &bad),
        Message::on_referral("m3", &bad),
        Message::new("m4", "poison", "{\"from\":\"somebody else\"}"),
        Message::on_referral("m5", &good),
    ];
    let answer = consumer.invoke(batch(&messages)).await;
    assert_eq!(
        failed(&answer),
        ["m2", "m3"],
        "the messages of one pair share its end: {answer}\n{}",
        consumer.log()
    );
    assert_eq!(world.people.rows().await.unwrap().len(), 1);
    assert_eq!(
        (
            world.audited("created").await,
            world.audited("failed").await,
            world.audited("poison").await
        ),
        (1, 1, 1)
    );

    let retried = [Message::on_referral("m2", &bad), Message::on_referral("m6", &good)];
    let answer = consumer.invoke(batch(&retried)).await;
    assert_eq!(failed(&answer), Vec::<&str>::new(), "the retry succeeds: {answer}");
    assert_eq!(world.people.rows().await.unwrap().len(), 2);
    assert_eq!(world.audited("created").await, 2);

    no_customer_data(&consumer.log());
    world.stop().await;
}

/// What the simulators' deals hold of people and companies, and what the secrets hold.
fn no_customer_data(log: &str) {
    assert!(log.contains("Created from Partner Center"), "the log tells what happened: {log}");
    for private in [
        "Ostsj",
        "Kajen",
        "nils.berg",
        "+4626",
        "Nils",
        "Harbour",
        "sim-partner-secret",
        "sim-dataverse-secret",
        "sim-partner-refresh",
        "Bearer",
        "eyJ",
    ] {
        assert!(!log.contains(private), "`{private}` is in the log:\n{log}");
    }
}
