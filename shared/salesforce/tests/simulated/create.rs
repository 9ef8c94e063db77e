use cosell_model::crm::{CrmWrite, Phase};
use cosell_simulators::faults::{Action, Fault};
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;
use serde_json::json;

use crate::environment::{Environment, customer_deal, deal, referral, status, write};

#[tokio::test]
async fn customer_contact_and_deal_are_made_in_two_calls_and_bound() {
    let environment = Environment::start().await;
    let id = referral();
    environment.crm.find_by_referral(id).await.unwrap();
    environment.simulators.journal.clear();
    let record = environment.crm.upsert(id, &write(&customer_deal())).await.unwrap();
    assert_eq!(environment.calls("POST", "composite"), 2);
    assert_eq!(environment.calls("GET", "") + environment.calls("PATCH", ""), 0);
    assert_eq!(record.get("Account/Name"), &json!(r"O'Neill & Sons \ Co"));
    assert_eq!(record.get("Contact/Email"), &json!("ann@oneill.example"));
    assert_eq!(record.get("Msp_Referral_Id__c"), &json!(id.to_string()));
    let (account, contact) =
        (&environment.rows("Account").await[0], &environment.rows("Contact").await[0]);
    assert_eq!(contact["AccountId"], account["Id"]);
    assert_eq!(account["BillingCountry"], json!("NL"));
}

#[tokio::test]
async fn customer_and_contact_are_found_again_for_another_deal() {
    let environment = Environment::start().await;
    environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap();
    let second = environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap();
    assert_eq!(second.get("Contact/Email"), &json!("ann@oneill.example"));
    for (object, count) in [("Opportunity", 2), ("Account", 1), ("Contact", 1)] {
        assert_eq!(environment.rows(object).await.len(), count, "{object}");
    }
}

#[tokio::test]
async fn a_refused_deal_leaves_no_account_behind() {
    let environment = Environment::start().await;
    environment.switches(json!({"required_fields": ["Opportunity.NextStep"]})).await;
    let failure = environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (FailureKind::Rejected, Some("REQUIRED_FIELD_MISSING"))
    );
    assert!(failure.message.contains("`NextStep`"), "{failure}");
    for object in ["Opportunity", "Account", "Contact"] {
        assert!(environment.rows(object).await.is_empty(), "{object}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_an_unknown_outcome_and_its_repetition_gives_one_record() {
    let environment = Environment::start().await;
    let id = referral();
    environment.crm.find_by_referral(id).await.unwrap();
    environment
        .simulators
        .faults
        .add(Fault { skip: 1, ..Fault::new("salesforce", Action::DropAfterEffect) });
    let failure = environment.crm.upsert(id, &write(&customer_deal())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown, "{failure}");
    environment.crm.upsert(id, &write(&customer_deal())).await.unwrap();
    for object in ["Opportunity", "Account", "Contact", "OpportunityContactRole"] {
        assert_eq!(environment.rows(object).await.len(), 1, "{object}");
    }
}

#[tokio::test]
async fn a_repeated_create_leaves_the_sellers_customer_stage_and_contact() {
    let environment = Environment::start().await;
    let id = referral();
    let open = CrmWrite { phase: Some(Phase::Open), ..write(&customer_deal()) };
    let made = environment.crm.upsert(id, &open).await.unwrap();
    let other = environment.seller_creates("Account", json!({"Name": "Fabrikam Holding"})).await;
    let change = json!({"AccountId": other, "StageName": "Negotiation/Review"});
    environment.seller_edits(&made.key, change).await;
    let again = environment.crm.upsert(id, &open).await.unwrap();
    assert_eq!((&again.key, again.get("Account/Name")), (&made.key, &json!("Fabrikam Holding")));
    assert_eq!(environment.rows("Opportunity").await[0]["StageName"], json!("Negotiation/Review"));
    assert_eq!(environment.rows("Account").await.len(), 2);
}

/// What is mapped may hold anything: a composite call would read this as a reference to another
/// part of itself.
#[tokio::test]
async fn text_that_looks_like_a_reference_arrives_as_it_is() {
    let environment = Environment::start().await;
    let mut fields = customer_deal();
    fields.extend([
        ("Name", json!("Use @{account.id} well")),
        ("Account/Name", json!("@{deal.Id} Ltd")),
    ]);
    let record = environment.crm.upsert(referral(), &write(&fields)).await.unwrap();
    assert_eq!(record.get("Name"), &json!("Use @{account.id} well"));
    assert_eq!(record.get("Account/Name"), &json!("@{deal.Id} Ltd"));
    let again = environment.crm.upsert(referral(), &write(&fields)).await.unwrap();
    assert_eq!(again.get("Contact/Email"), &json!("ann@oneill.example"));
    assert_eq!(environment.rows("Account").await.len(), 1);
}

#[tokio::test]
async fn a_duplicate_rule_that_blocks_points_to_the_customer_and_one_that_warns_about_the_deal_is_passed()
 {
    let environment = Environment::start().await;
    let known = environment
        .seller_creates("Account", json!({"Name": "O'Neill", "BillingCountry": "NL"}))
        .await;
    let rule = |object: &str, field: &str, allow: bool| {
        json!({
            "object": object, "field": field, "allow_save": allow
        })
    };
    environment
        .switches(json!({
            "duplicate_rules": [
                rule("Account", "BillingCountry", false), rule("Opportunity", "Name", true)
            ]
        }))
        .await;
    let twin =
        json!({"Name": "Fabrikam wave 2", "StageName": "Prospecting", "CloseDate": "2026-11-30"});
    environment.seller_creates("Opportunity", twin).await;
    let record = environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap();
    assert_eq!(record.get("Account/Name"), &json!("O'Neill"), "the one that the rule found");
    let deals = environment.rows("Opportunity").await;
    assert!(deals.iter().any(|deal| deal["AccountId"] == json!(known)));
}

/// The account is made by itself before the contact is refused: it must not be made twice.
#[tokio::test]
async fn a_duplicate_rule_met_in_single_calls_leaves_one_account() {
    let environment = Environment::start().await;
    let contact =
        json!({"FirstName": "Ann", "LastName": "Other", "Email": "ann@elsewhere.example"});
    environment.seller_creates("Contact", contact).await;
    environment
        .switches(json!({
            "duplicate_rules": [{"object": "Contact", "field": "FirstName", "allow_save": true}]
        }))
        .await;
    let mut fields = customer_deal();
    fields.push(("Name", json!("Use @{account.id} well")));
    let record = environment.crm.upsert(referral(), &write(&fields)).await.unwrap();
    assert_eq!(record.get("Contact/Email"), &json!("ann@oneill.example"));
    assert_eq!(environment.rows("Account").await.len(), 1);
}

#[tokio::test]
async fn a_duplicate_rule_that_blocks_the_deal_is_named() {
    let environment = Environment::start().await;
    environment
        .seller_creates(
            "Opportunity",
            json!({
                "Name": "Fabrikam wave 2", "StageName": "Prospecting", "CloseDate": "2026-11-30"
            }),
        )
        .await;
    environment
        .switches(json!({"duplicate_rules": [{"object": "Opportunity", "field": "Name"}]}))
        .await;
    let failure = environment.crm.upsert(referral(), &write(&deal())).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (FailureKind::Rejected, Some("DUPLICATES_DETECTED"))
    );
    assert!(failure.message.contains("duplicate rule"), "{failure}");
}

#[tokio::test]
async fn no_failure_shows_the_customer() {
    let environment = Environment::start().await;
    environment.opportunity().await;
    for (skip, action) in [
        (0, Action::DropBeforeEffect),
        (0, status(500, None)),
        (1, Action::DropBeforeEffect),
        (1, status(400, Some("MALFORMED_QUERY"))),
    ] {
        environment.simulators.faults.add(Fault { skip, ..Fault::new("salesforce", action) });
        let failure =
            environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap_err();
        let shown = format!("{failure} {failure:?} {:?}", failure.source);
        for secret in ["Neill", "oneill", "1011", "Fabrikam"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

/// As `plan_bare_record` writes it: the name, the audit line for the seller, and the phase.
#[tokio::test]
async fn a_bare_deal_can_be_made() {
    let environment = Environment::start().await;
    let bare = CrmWrite {
        phase: Some(Phase::OnHold),
        ..write(&[
            ("Name", json!("Fabrikam wave 2")),
            ("Msp_Sync_With_Partner_Center__c", json!(true)),
            ("Msp_Audit__c", json!("2026-11-21 10:00 UTC  Currency was refused.")),
        ])
    };
    let made = environment.crm.upsert(referral(), &bare).await;
    assert!(made.is_ok(), "{:?}", made.unwrap_err());
}

#[tokio::test]
async fn another_unique_field_that_is_taken_is_named_and_not_tried_for_ever() {
    let environment = Environment::start().await;
    let body = json!([{
        "errorCode": "DUPLICATE_VALUE",
        "message": "duplicate value found: Customer_Key__c duplicates value on record with id: \
                    001Kd00000Zq9Yb",
        "fields": [],
    }]);
    environment.crm.find_by_referral(referral()).await.unwrap();
    environment.simulators.faults.add(Fault {
        skip: 1,
        ..Fault::new(
            "salesforce",
            Action::Status {
                status: 400,
                retry_after: None,
                code: None,
                body: Some(body.to_string()),
                content_type: None,
            },
        )
    });
    let failure = environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected, "{failure}");
}

/// Another branch of the same name, which only warns: our own search kept them apart by the postal
/// code.
#[tokio::test]
async fn a_duplicate_rule_that_only_warns_does_not_give_the_deal_another_customer() {
    let environment = Environment::start().await;
    environment
        .seller_creates(
            "Account",
            json!({
                "Name": r"O'Neill & Sons \ Co", "BillingPostalCode": "9711 LX",
                "BillingCountry": "DE"
            }),
        )
        .await;
    let rule = json!({"object": "Account", "field": "Name", "allow_save": true});
    environment.switches(json!({"duplicate_rules": [rule]})).await;
    let record = environment.crm.upsert(referral(), &write(&customer_deal())).await.unwrap();
    assert_eq!(record.get("Account/BillingPostalCode"), &json!("1011 AB"));
}
