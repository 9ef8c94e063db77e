//! The dry run on live records: what is printed, and that nothing is written.

use serde_json::{Value as Json, json};

use super::aws::plain;
use super::operator::{Desk, Said};

/// Everything that a reconciliation could have written.
async fn everything(desk: &Desk) -> Json {
    let mut items = Vec::new();
    for table in ["links", "audit"] {
        let found = desk.dynamodb.scan().table_name(table).send().await.unwrap();
        items.extend(found.items().iter().map(plain));
    }
    items.sort_by_key(Json::to_string);
    json!([items, desk.people.rows().await.unwrap(), desk.people.referrals().await.unwrap()])
}

/// Tries, and sees that both services were only read and nothing changed anywhere.
async fn tried(desk: &Desk, line: &str) -> Said {
    let before = everything(desk).await;
    desk.simulators.journal.clear();
    let said = desk.say(&format!("mapping try {line}")).await;
    let calls = desk.simulators.journal.entries();
    let asked: Vec<_> = calls
        .iter()
        .filter(|call| ["partner-center", "dataverse"].contains(&call.service.as_str()))
        .collect();
    assert!(!asked.is_empty() && asked.iter().all(|call| call.method == "GET"), "{calls:?}");
    assert_eq!(everything(desk).await, before);
    said
}

#[tokio::test]
async fn a_new_referral_is_tried_without_making_anything() {
    let desk = Desk::open().await;
    let referral = desk.people.microsoft_invites("Harbour sensors").await.unwrap();
    let said = tried(&desk, &format!("--referral {referral}")).await;
    for text in [
        "A new record in the CRM would be made.\n",
        "    then set to on hold\n",
        "  written  name = \"Harbour sensors\"\n",
        "    nwcs_syncwithpartnercenter = true (by no rule)\n",
    ] {
        assert!(said.well && said.out.contains(text), "`{text}` is not in {said:?}");
    }
    desk.simulators.stop().await;
}

#[tokio::test]
async fn a_new_opportunity_is_tried_without_making_anything() {
    let desk = Desk::open().await;
    let opportunity = desk.people.seller_prepares("Harbour sensors").await.unwrap();
    let said = tried(&desk, &format!("--opportunity {opportunity}")).await;
    let reason = "State: Off: Sync with Partner Center is not set.";
    assert!(said.well && said.out.contains(reason), "{said:?}");
    assert!(said.out.contains("  written  name = \"Harbour sensors\"\n"), "{said:?}");
    desk.simulators.stop().await;
}

#[tokio::test]
async fn a_linked_deal_is_tried_from_either_side_without_being_brought_in_sync() {
    let desk = Desk::open().await;
    let (referral, opportunity) = desk.pair().await;
    let change = json!({ "details": { "dealValue": 70_000 } });
    desk.people.edits_referral(&referral, change).await.unwrap();
    for side in [format!("--referral {referral}"), format!("--opportunity {opportunity}")] {
        let said = tried(&desk, &side).await;
        for text in [
            "are linked.\n",
            "  CRM: Deal value (deal_value): ",
            " → 70000\n",
            "\nWere it to be made now, the new ",
        ] {
            assert!(said.well && said.out.contains(text), "`{text}` is not in {said:?}");
        }
    }
    let reconciled = desk.say(&format!("deal reconcile --referral {referral}")).await;
    assert!(reconciled.well && reconciled.out.starts_with("updated: "), "{reconciled:?}");
    let said = tried(&desk, &format!("--referral {referral}")).await;
    assert!(said.out.contains("\nNothing would be written.\n"), "{said:?}");

    let unlinked = desk.say(&format!("deal unlink --referral {referral} --yes")).await;
    assert!(unlinked.well, "{unlinked:?}");
    let rests = desk.say(&format!("mapping try --referral {referral}")).await;
    assert!(
        rests.out.contains("are linked and left alone")
            && rests.out.contains("an operator unlinked the deal"),
        "{rests:?}"
    );
    let unknown = desk.say("mapping try --referral 6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77").await;
    assert!(!unknown.well && unknown.err.contains("does not exist"), "{unknown:?}");
    desk.simulators.stop().await;
}
