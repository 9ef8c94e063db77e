//! Both sides name each other, but no link tells of it: the table was lost, or another connector
//! made the pair.

use serde_json::json;

use super::batch::{Message, batch, failed};
use super::world::World;

/// Looks at the one deal, first from `side`, and requires that no write was needed to link it anew.
async fn adopted_from(side: &str) {
    let world = World::start().await;
    let opportunity = world.seller_flags("Cold-store rollout", true).await;
    let consumer = world.consumer().await;
    let answer = consumer.invoke(batch(&[Message::on_opportunity("m1", &opportunity)])).await;
    assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
    let (referral, _) = world.the_one_deal(true).await;
    let theirs =
        world.people.see_referral("the Microsoft referral", |row| row["target"][0]["id"] == "msft");
    let theirs = theirs.await.unwrap()["id"].as_str().unwrap().to_owned();
    world.links_are_lost().await;

    let writes = world.writes();
    let message = match side {
        "referral" => Message::on_referral("m2", &referral),
        "Microsoft referral" => Message::on_referral("m2", &theirs),
        _ => Message::on_opportunity("m2", &opportunity),
    };
    let answer = consumer.invoke(batch(&[message])).await;
    assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
    assert_eq!(world.writes(), writes, "{:#?}", world.simulators.journal.entries());
    assert_eq!(world.audited("adopted").await, 1);
    world.rests(&consumer, true).await;
    world.stop().await;
}

#[tokio::test]
async fn a_lost_link_is_made_again_from_the_opportunity() {
    adopted_from("opportunity").await;
}

#[tokio::test]
async fn a_lost_link_is_made_again_from_the_referral() {
    adopted_from("referral").await;
}

#[tokio::test]
async fn a_lost_link_is_made_again_from_the_microsoft_referral() {
    adopted_from("Microsoft referral").await;
}

#[tokio::test]
async fn an_opportunity_that_another_connector_paired_is_adopted() {
    let world = World::start().await;
    let referral = world.people.microsoft_invites("Fleet telemetry pilot").await.unwrap();
    let opportunity = world.people.seller_prepares("Fleet telemetry pilot").await.unwrap();
    let paired = json!({ "nwcs_syncwithpartnercenter": true, "nwcs_referralid": referral });
    world.people.seller_edits(&opportunity, paired).await.unwrap();
    let consumer = world.consumer().await;
    let answer = consumer.invoke(batch(&[Message::on_opportunity("m1", &opportunity)])).await;
    assert_eq!(failed(&answer), Vec::<&str>::new(), "{}", consumer.log());
    world.rests(&consumer, false).await;
    assert_eq!(world.simulators.journal.count("partner-center", "POST", "/referrals"), 0);
    world.stop().await;
}
