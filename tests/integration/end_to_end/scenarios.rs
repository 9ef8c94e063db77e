//! What must hold between two real systems and our functions.

use cosell_simulators::faults::{Action, Fault};
use cosell_simulators::journal::Entry as Request;
use cosell_tests::LocalStack;
use cosell_tests::seller::{Deal, Entry};
use cosell_tests::story::{Step, Story};
use serde_json::json;

use super::audit_log;

super::with_each_crm![PLAIN:
    the_story_plays_and_its_audit_log_can_be_read => Alone,
    a_quiet_system_writes_nothing => Alone,
    a_lost_delivery_is_made_good_by_the_sweep => Alone,
    a_create_whose_answer_was_lost_makes_one_referral => Alone,
    a_forged_delivery_is_refused => Beside,
    asking_for_help_invites_microsoft_and_brings_back_its_id => Beside,
    the_seller_is_notified_of_a_missing_field => Beside,
];

async fn the_story_plays_and_its_audit_log_can_be_read(stack: &LocalStack) {
    let show = |step: &Step| println!("{:>8} ms  {}", step.took.as_millis(), step.what);
    let story = Story::play(stack, show).await.unwrap();
    for opportunity in &story.opportunities {
        let kinds = audit_log::kinds(stack, opportunity, "updated", 2).await;
        assert_eq!(audit_log::number(&kinds, "created"), 1, "{kinds:?}");
    }
}

/// What the systems were asked that may have been a write.
fn writes(stack: &LocalStack) -> Vec<Request> {
    let mut entries = stack.simulators.journal.entries();
    entries.retain(|entry| entry.method != "GET" && entry.service != "entra");
    entries
}

async fn a_quiet_system_writes_nothing(stack: &LocalStack) {
    // What others played is long ago, and its last echoes are through.
    stack.simulators.clock.advance(12);
    for rounds in 1.. {
        let before = writes(stack).len();
        stack.work_off().await.unwrap();
        if writes(stack).len() == before {
            break;
        }
        assert!(rounds < 20, "no end: {:#?}", &writes(stack)[before..]);
    }
    stack.simulators.journal.clear();
    for _ in 0..4 {
        stack.work_off().await.unwrap();
    }
    let writes = writes(stack);
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
    let forged = json!({
        "EventName": "referral-updated",
        "ResourceUri": "https://x/c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa", "ResourceName": "referral"
    });
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
    let theirs = people.see_referral("Microsoft is asked", |row| {
        row["inviteContext"]["assistanceRequestCode"] == "ProofOfConceptOrDemo"
            && row["externalReferenceId"] == json!(opportunity)
    });
    let theirs = theirs.await.unwrap();
    assert_eq!((&theirs["status"], &theirs["target"][0]["id"]), (&json!("New"), &json!("msft")));
    people.microsoft_accepts(theirs["id"].as_str().unwrap()).await.unwrap();
    let accepted = |deal: &Deal| deal.id == opportunity && deal.microsoft_id.starts_with("7-");
    people.see_deal("Microsoft's id reaches the seller", accepted).await.unwrap();
    let named = |deal: &&Deal| deal.name == "Wind park telemetry";
    assert_eq!(
        people.deals().await.unwrap().iter().filter(named).count(),
        1,
        "the Microsoft referral gets no record of its own"
    );
}

async fn the_seller_is_notified_of_a_missing_field(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let opportunity = people.seller_prepares("Bakery ovens").await.unwrap();
    people.seller_enters(&opportunity, &[Entry::Products(None), Entry::Sync]).await.unwrap();
    let notified =
        |deal: &Deal| deal.id == opportunity && deal.audit.contains("Products is missing");
    let deal = people.see_deal("the seller is notified", notified).await.unwrap();
    assert!(deal.status.starts_with('✘'), "{deal:?}");
    people.seller_enters(&opportunity, &[Entry::Products(Some("SOL-71402-QKD"))]).await.unwrap();
    let synced = |deal: &Deal| deal.id == opportunity && deal.is_synced();
    people.see_deal("it is fixed", synced).await.unwrap();
}
