//! Co-sell over time: help chosen later, visibility, Microsoft's answer.

use cosell_simulators::partner_center::RelatedUri;
use cosell_tests::LocalStack;
use cosell_tests::people::People;
use cosell_tests::seller::{Deal, Entry};
use serde_json::{Value as Json, json};

super::with_each_crm![PLAIN:
    help_chosen_later_waits_for_the_contact_and_then_asks_microsoft_once => Beside,
    visibility_goes_up_and_never_down => Beside,
    a_decline_reaches_the_seller_though_its_event_is_lost => Alone,
];

/// A deal that is shared and in sync.
async fn shared(people: &People, name: &str, entries: &[Entry]) -> String {
    let opportunity = people.seller_prepares(name).await.unwrap();
    people.seller_enters(&opportunity, &[&[Entry::Sync], entries].concat()).await.unwrap();
    people.see_deal("the deal is shared", is_synced(&opportunity)).await.unwrap();
    opportunity
}

fn is_synced(opportunity: &str) -> impl Fn(&Deal) -> bool {
    move |deal| deal.id == opportunity && deal.is_synced()
}

fn of(opportunity: &str) -> impl Fn(&Json) -> bool {
    move |row| row["externalReferenceId"] == json!(opportunity)
}

fn is_microsofts(row: &Json) -> bool {
    row["target"][0]["id"] == "msft"
}

fn is_visible(row: &Json) -> bool {
    row["consent"]["consentToShareReferralWithMicrosoftSellers"] == json!(true)
}

async fn the_microsoft_referral(people: &People, opportunity: &str) -> Json {
    let theirs = |row: &Json| of(opportunity)(row) && is_microsofts(row);
    people.see_referral("Microsoft is asked", theirs).await.unwrap()
}

async fn help_chosen_later_waits_for_the_contact_and_then_asks_microsoft_once(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let opportunity = people.seller_prepares("Harbour cranes").await.unwrap();
    people.seller_sets_contact_email(&opportunity, None).await.unwrap();
    people.seller_enters(&opportunity, &[Entry::Sync]).await.unwrap();
    people.see_deal("a private deal", is_synced(&opportunity)).await.unwrap();
    people.seller_enters(&opportunity, &[Entry::Help, Entry::Value(205_000)]).await.unwrap();
    let notified = |deal: &Deal| {
        deal.id == opportunity && deal.audit.contains("Customer contact's e-mail is missing")
    };
    let deal = people.see_deal("the missing e-mail is named", notified).await.unwrap();
    assert!(deal.status.starts_with('✘'), "{deal:?}");
    let sent = |row: &Json| {
        of(&opportunity)(row) && row["details"]["dealValue"].as_f64() == Some(205_000.0)
    };
    let own = people.see_referral("the rest goes on", sent).await.unwrap();
    assert!(
        !is_visible(&own)
            && !people
                .referrals()
                .await
                .unwrap()
                .iter()
                .any(|row| of(&opportunity)(row) && is_microsofts(row))
    );

    people.seller_sets_contact_email(&opportunity, Some("ida.ek@norrsken.example")).await.unwrap();
    people.seller_enters(&opportunity, &[Entry::Value(210_000)]).await.unwrap();
    let theirs = the_microsoft_referral(&people, &opportunity).await;
    assert_eq!(theirs["inviteContext"]["assistanceRequestCode"], "ProofOfConceptOrDemo");
    people.see_deal("✔ comes back", is_synced(&opportunity)).await.unwrap();
    let both: Vec<Json> =
        people.referrals().await.unwrap().into_iter().filter(of(&opportunity)).collect();
    assert_eq!(both.len(), 2, "{both:#?}");
    let own = both.iter().find(|row| !is_microsofts(row)).unwrap();
    assert!(is_visible(own));
    assert_eq!(own["customerProfile"]["team"][0]["email"], "ida.ek@norrsken.example");
    let shown = |deal: &Deal| deal.id == opportunity && deal.visible;
    people.see_deal("the CRM shows that Microsoft sees it", shown).await.unwrap();
    people.microsoft_accepts(theirs["id"].as_str().unwrap()).await.unwrap();
    let accepted = |deal: &Deal| {
        deal.id == opportunity
            && deal.microsoft_id.starts_with("7-")
            && deal.audit.matches("Microsoft accepted to help.").count() == 1
    };
    people.see_deal("the seller is notified of Microsoft's acceptance", accepted).await.unwrap();
}

async fn visibility_goes_up_and_never_down(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let opportunity = shared(&people, "Greenhouse lamps", &[Entry::Visible(false)]).await;
    people.seller_enters(&opportunity, &[Entry::Visible(true)]).await.unwrap();
    let visible = |row: &Json| of(&opportunity)(row) && is_visible(row);
    people.see_referral("Microsoft's sellers see it", visible).await.unwrap();
    people
        .see_deal("it is in sync", |deal| {
            is_synced(&opportunity)(deal) && deal.audit.contains("Referral Visibility")
        })
        .await
        .unwrap();
    people.seller_enters(&opportunity, &[Entry::Visible(false)]).await.unwrap();
    let set_back = |deal: &Deal| {
        deal.id == opportunity && deal.visible && deal.audit.contains("stays visible")
    };
    people.see_deal("it is set back", set_back).await.unwrap();
    let rows: Vec<Json> =
        people.referrals().await.unwrap().into_iter().filter(of(&opportunity)).collect();
    assert!(rows.len() == 1 && is_visible(&rows[0]), "{rows:#?}");
    let led = shared(&people, "Ferry batteries", &[Entry::Visible(true)]).await;
    let led = people.see_referral("a partner-led deal", of(&led)).await.unwrap();
    assert!(is_visible(&led) && led["target"] == json!([]), "{led:#}");
}

async fn a_decline_reaches_the_seller_though_its_event_is_lost(stack: &LocalStack) {
    let people = stack.people().unwrap();
    let opportunity = shared(&people, "Airport signs", &[Entry::Help]).await;
    let theirs = the_microsoft_referral(&people, &opportunity).await;
    let service = &stack.simulators.partner_center_service;
    let before = service.switches();
    let mut switches = before.clone();
    // Of the decline only the sweep can tell.
    switches.lose_next = 1;
    switches.related_uri = RelatedUri::Own;
    service.set_switches(switches);
    people.microsoft_declines(theirs["id"].as_str().unwrap()).await.unwrap();
    let declined = |deal: &Deal| {
        deal.id == opportunity
            && deal.audit.contains("Microsoft declined to help: Customer requirement not met.")
    };
    let deal = people.see_deal("the seller is notified of the decline", declined).await.unwrap();
    service.set_switches(before);
    assert!(deal.is_synced(), "{deal:?}");
    assert_eq!(
        people.referrals().await.unwrap().iter().filter(|row| of(&opportunity)(row)).count(),
        2
    );
}
