//! What must hold between two real systems and our functions.

use std::time::{Duration, Instant};

use cosell_simulators::faults::{Action, Fault};
use cosell_tests::LocalStack;
use cosell_tests::seller::{Deal, Entry};
use cosell_tests::story::Story;
use serde_json::{Value as Json, json};

use super::{domain, leads};

/// Runs every scenario and names it, so that a failure is found in the output.
pub(super) async fn all(stack: &LocalStack) {
    let started = Instant::now();
    let tell = |name: &str| println!("{:>6.1} s  {name}", started.elapsed().as_secs_f64());
    tell("the story");
    the_story_plays_and_its_trail_can_be_read(stack).await;
    tell("a quiet system");
    a_quiet_system_writes_nothing(stack).await;
    tell("a lost delivery");
    a_lost_delivery_is_made_good_by_the_sweep(stack).await;
    tell("a lost answer");
    a_create_whose_answer_was_lost_makes_one_referral(stack).await;
    tell("a forged delivery");
    a_forged_delivery_is_refused(stack).await;
    tell("help");
    asking_for_help_invites_microsoft_and_brings_back_its_id(stack).await;
    tell("a missing field");
    a_missing_field_is_told_to_the_seller(stack).await;
    tell("help chosen later");
    super::cosell::help_chosen_later_waits_for_the_contact_and_then_asks_microsoft_once(stack)
        .await;
    tell("visibility");
    super::cosell::visibility_goes_up_and_never_down(stack).await;
    tell("a decline");
    super::cosell::a_decline_reaches_the_seller_though_its_event_is_lost(stack).await;
    tell("kinds of deals");
    domain::a_deal_crosses_as_the_kind_that_it_is(stack).await;
    tell("ends");
    domain::an_end_on_one_side_is_the_end_on_the_other(stack).await;
    tell("solutions");
    domain::solutions_are_replaced_as_a_whole_and_keep_their_names(stack).await;
    tell("customer and currency");
    domain::the_customer_is_found_again_and_an_unknown_currency_is_told(stack).await;
    tell("every field");
    domain::every_mapped_field_is_updated_both_ways(stack).await;
    tell("leads");
    leads::a_lead_accepted_in_partner_center_becomes_one_opportunity(stack).await;
    leads::a_lead_that_the_seller_qualifies_is_accepted(stack).await;
    leads::a_lead_that_the_seller_turns_down_is_declined(stack).await;
    leads::a_lead_of_the_marketplace_without_a_contact_is_qualified_like_any(stack).await;
    tell("done");
}

async fn the_story_plays_and_its_trail_can_be_read(stack: &LocalStack) {
    let story =
        Story::play(stack, |step| println!("{:>8} ms  {}", step.took.as_millis(), step.what))
            .await
            .unwrap();
    for opportunity in &story.opportunities {
        let trail = stack.cosell(&["audit", "--opportunity", opportunity, "--json"]).await.unwrap();
        let trail: Vec<Json> = serde_json::from_str(&trail).unwrap();
        assert_eq!(
            trail.iter().filter(|entry| entry["kind"] == "created").count(),
            1,
            "{trail:#?}"
        );
        assert!(trail.iter().filter(|entry| entry["kind"] == "updated").count() >= 2, "{trail:#?}");
    }
}

async fn a_quiet_system_writes_nothing(stack: &LocalStack) {
    // Two polls' overlap, so that the last echoes are through.
    tokio::time::sleep(Duration::from_secs(3)).await;
    stack.simulators.journal.clear();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let writes: Vec<_> = stack
        .simulators
        .journal
        .entries()
        .into_iter()
        .filter(|entry| entry.method != "GET" && entry.service != "entra")
        .collect();
    assert!(writes.is_empty(), "{writes:#?}");
    assert!(
        ["dataverse", "salesforce"]
            .map(|crm| stack.simulators.journal.count(crm, "GET", "SystemModstamp")
                + stack.simulators.journal.count(crm, "GET", "opportunities"))
            .iter()
            .sum::<usize>()
            > 0,
        "the poller was at work"
    );
}

async fn a_lost_delivery_is_made_good_by_the_sweep(stack: &LocalStack) {
    let service = &stack.simulators.partner_center_service;
    let mut switches = service.switches();
    switches.lose_next = 1;
    service.set_switches(switches);
    let people = stack.people().unwrap();
    let referral = people.microsoft_invites("Quarry drones").await.unwrap();
    people.see_deal("the sweep finds it", |deal| deal.referral == referral).await.unwrap();
}

async fn a_create_whose_answer_was_lost_makes_one_referral(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let opportunity = people.seller_prepares("Tunnel ventilation").await.unwrap();
    let mut fault = Fault::new("partner-center", Action::DropAfterEffect);
    fault.method = Some("POST".into());
    stack.simulators.faults.add(fault);
    people.seller_enters(&opportunity, &[Entry::Sync]).await.unwrap();
    let synced = |deal: &Deal| deal.id == opportunity && deal.is_synced();
    people.see_deal("the deal is adopted", synced).await.unwrap();
    assert!(stack.simulators.faults.list().is_empty(), "the fault was met");
    let ours = people
        .referrals()
        .await
        .unwrap()
        .into_iter()
        .filter(|row| row["externalReferenceId"] == json!(opportunity))
        .count();
    assert_eq!(ours, 1, "exactly one referral");
}

async fn a_forged_delivery_is_refused(stack: &LocalStack) {
    let url = stack.functions.output("WebhookLocalUrl").unwrap();
    let forged = json!({ "EventName": "referral-updated", "ResourceUri": "https://x/c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa", "ResourceName": "referral" });
    let http = cosell_http::client().unwrap();
    let answer = http
        .post(url)
        .header("x-ms-signature", "Signature AAAA")
        .json(&forged)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
    let signed = http
        .post(url)
        .header("x-ms-signature", format!("Signature {}", "A".repeat(344)))
        .header(
            "x-ms-certificate-url",
            stack.simulators.certificates.join("cert/pcnotifications-sim.cer").unwrap().as_str(),
        )
        .header("x-ms-signature-algorithm", "rsa-sha256")
        .json(&forged)
        .send()
        .await
        .unwrap();
    assert_eq!(signed.status(), 401);
}

async fn asking_for_help_invites_microsoft_and_brings_back_its_id(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let opportunity = people.seller_prepares("Wind park telemetry").await.unwrap();
    people.seller_enters(&opportunity, &[Entry::Sync, Entry::Help]).await.unwrap();
    let half = people.see_referral("Microsoft is asked", |row| {
        row["inviteContext"]["assistanceRequestCode"] == "ProofOfConceptOrDemo"
            && row["externalReferenceId"] == json!(opportunity)
    });
    let half = half.await.unwrap();
    assert_eq!((&half["status"], &half["target"][0]["id"]), (&json!("New"), &json!("msft")));
    people.microsoft_accepts(half["id"].as_str().unwrap()).await.unwrap();
    let accepted = |deal: &Deal| deal.id == opportunity && deal.microsoft_id.starts_with("7-");
    people.see_deal("Microsoft's id reaches the seller", accepted).await.unwrap();
    let named = |deal: &&Deal| deal.name == "Wind park telemetry";
    assert_eq!(
        people.deals().await.unwrap().iter().filter(named).count(),
        1,
        "Microsoft's half gets no record of its own"
    );
}

async fn a_missing_field_is_told_to_the_seller(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let opportunity = people.seller_prepares("Bakery ovens").await.unwrap();
    people.seller_enters(&opportunity, &[Entry::Products(None), Entry::Sync]).await.unwrap();
    let told = |deal: &Deal| deal.id == opportunity && deal.audit.contains("Products is missing");
    let deal = people.see_deal("the seller is told", told).await.unwrap();
    assert!(deal.status.starts_with('✘'), "{deal:?}");
    people.seller_enters(&opportunity, &[Entry::Products(Some("SOL-71402-QKD"))]).await.unwrap();
    let synced = |deal: &Deal| deal.id == opportunity && deal.is_synced();
    people.see_deal("mended", synced).await.unwrap();
}
