//! The guards: an invitation that expires soon, a win that waits, and the registration of a won deal.
//!
//! The functions' clock is the machine's: instead of it, the referral's own dates are moved.

use cosell_runtime::clock;
use cosell_runtime::settings::CrmSystem;
use cosell_tests::LocalStack;
use cosell_tests::people::People;
use cosell_tests::seller::{Deal, Entry, Stage};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::audit_log;

super::with_each_crm![REGISTERING:
    an_invitation_that_expires_soon_is_shown_and_listed => Alone,
    a_win_waits_is_sent_and_the_deal_is_registered => Beside,
    what_is_lost_waits_for_nothing => Beside,
];

fn in_hours(hours: i64) -> Json {
    json!((clock::now() + SignedDuration::from_hours(hours)).to_string())
}

async fn an_invitation_that_expires_soon_is_shown_and_listed(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let referral = people.microsoft_invites("Harbour cranes").await.unwrap();
    let deal = people.see_deal("it arrives", |deal| deal.referral == referral).await.unwrap();
    assert_eq!(deal.audit.matches("Answer by").count(), 0, "14 days are left");
    let moved = json!({ "expirationDateTime": in_hours(4 * 24) });
    people.edits_referral(&referral, moved).await.unwrap();
    let warned = |deal: &Deal| deal.referral == referral && deal.status.starts_with("⚠ Answer by");
    let deal = people.see_deal("the seller is warned", warned).await.unwrap();
    assert_eq!(deal.audit.matches("less than 5 days are left").count(), 1, "{deal:?}");
    let listed = stack.cosell(&["deadlines", "--within", "5", "--json"]).await.unwrap();
    let listed: Vec<Json> = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(
        (&listed[0]["referral"], &listed[0]["record"]["id"]),
        (&json!(referral), &json!(deal.id))
    );
    assert_eq!(
        (&listed[0]["days_left"], &listed[0]["kind"]),
        (&json!(3), &json!("inbound_cosell"))
    );
    people.seller_enters(&deal.id, &[Entry::Active]).await.unwrap();
    let answered =
        |deal: &Deal| deal.referral == referral && deal.stage == Stage::Open && deal.is_synced();
    people.see_deal("the warning ends with the answer", answered).await.unwrap();
    assert_eq!(stack.cosell(&["deadlines"]).await.unwrap(), "no invitation waits for an answer\n");
    audit_log::kinds(stack, &deal.id, "deadline-near", 1).await;
}

/// An inbound deal that the seller has accepted; its opportunity and its referral.
async fn accepted(people: &People, name: &str) -> (String, String) {
    let referral = people.microsoft_invites(name).await.unwrap();
    let arrived = |deal: &Deal| deal.referral == referral && deal.stage == Stage::OnHold;
    let deal = people.see_deal("it arrives", arrived).await.unwrap();
    people.seller_enters(&deal.id, &[Entry::Active]).await.unwrap();
    let active = |row: &Json| row["id"] == json!(referral) && row["status"] == "Active";
    people.see_referral("it is accepted", active).await.unwrap();
    (deal.id, referral)
}

async fn a_win_waits_is_sent_and_the_deal_is_registered(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (opportunity, referral) = accepted(&people, "Glass furnace").await;
    people.seller_wins(&opportunity).await.unwrap();
    audit_log::kinds(stack, &opportunity, "win-deferred", 1).await;
    let row = |wanted: &'static str| {
        let referral = referral.clone();
        move |row: &Json| row["id"] == json!(referral) && row["substatus"] == wanted
    };
    people.see_referral("the win waits", row("Accepted")).await.unwrap();
    let made = json!({ "createdDateTime": in_hours(-80) });
    people.edits_referral(&referral, made).await.unwrap();
    people.see_referral("the win is sent", row("Won")).await.unwrap();
    let registered = |row: &Json| {
        row["id"] == json!(referral)
            && row["registrations"].as_array().is_some_and(|list| !list.is_empty())
    };
    let row = people.see_referral("the deal is registered", registered).await.unwrap();
    let registrations = row["registrations"].as_array().unwrap();
    assert_eq!(registrations.len(), 1, "{registrations:#?}");
    assert_eq!(registrations[0]["contract"]["value"], json!(62_000));
    assert_eq!(registrations[0]["solutionDetails"][0]["id"], "SOL-71402-QKD");
    if stack.crm == CrmSystem::Salesforce {
        // Dynamics lets nobody write on a closed record: the audit log records it there.
        let notified = |deal: &Deal| {
            deal.id == opportunity
                && deal.audit.contains("registered with Microsoft")
                && deal.is_synced()
        };
        let deal = people.see_deal("the seller is notified", notified).await.unwrap();
        assert_eq!(deal.audit.matches("The deal is sent as won on").count(), 1, "{deal:?}");
    }
    let kinds = audit_log::kinds(stack, &opportunity, "registered", 1).await;
    for kind in ["win-deferred", "registered"] {
        assert_eq!(audit_log::number(&kinds, kind), 1, "{kind}: {kinds:?}");
    }
}

async fn what_is_lost_waits_for_nothing(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let (opportunity, referral) = accepted(&people, "Ferry ramps").await;
    people.seller_loses(&opportunity).await.unwrap();
    let lost = |row: &Json| row["id"] == json!(referral) && row["substatus"] == "Lost";
    people.see_referral("it is lost at once", lost).await.unwrap();
}
