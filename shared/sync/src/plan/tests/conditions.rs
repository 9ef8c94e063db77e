//! Rules that are there for some deals only.

use cosell_mapping::{Required, When};

use cosell_model::patch::PatchOperation;

use super::*;

/// The shipped mapping with this condition on a rule.
fn with(name: &str, when: Json) -> Mapping {
    let mut mapping = shipped();
    let rule = mapping.rules.iter_mut().find(|rule| rule.name == name).unwrap();
    rule.when = Some(serde_json::from_value(when).unwrap());
    mapping
}

fn incoming(body: &mut Json) {
    body["direction"] = json!("Incoming");
    body["type"] = json!("Shared");
    body["inviteContext"] = json!({ "invitedBy": { "organizationId": "msft" } });
}

#[test]
fn where_the_condition_does_not_hold_nothing_crosses_and_what_was_seen_stays() {
    let mapping = with("notes", json!({ "deal": ["cosell"] }));
    let mut link = linked(&shipped(), &referral(|_| {}), &record(|_| {}));
    let last_synced = link.last_synced["notes"].clone();
    let edited = record(|record| set(record, "description", json!("new")));
    let update = plan_update(&mapping, &link, &referral(|_| {}), &edited, now());
    assert!(is_quiet(&update));
    assert_eq!(update.last_synced(&mapping, None, None)["notes"], last_synced);

    // Microsoft's half appears: now the edit is found.
    link.last_synced = update.last_synced(&mapping, None, None);
    link.microsoft_referral = Some("0f6f2b57-7f4e-4c8d-8c0e-55c7a1d4e3b3".parse().unwrap());
    let update = plan_update(&mapping, &link, &referral(|_| {}), &edited, now());
    let sent = PatchOperation::set(&referral(|_| {}), "details.notes", json!("new"));
    assert_eq!(update.patch, [sent]);
}

#[test]
fn where_it_does_not_hold_a_new_referral_neither_gets_nor_needs_the_field() {
    let mut mapping = with("notes", json!({ "deal": ["cosell"] }));
    let rule = mapping.rules.iter_mut().find(|rule| rule.name == "notes").unwrap();
    rule.required = Required::Always;
    let without = record(|record| set(record, "description", Json::Null));
    let NewReferral::Create { body, .. } = plan_referral(&mapping, &policy(), &without) else {
        panic!("nothing is missed")
    };
    assert!(body["details"].get("notes").is_none());
    let NewReferral::Create { body, .. } = plan_referral(&mapping, &policy(), &record(|_| {}))
    else {
        panic!("nothing is missed")
    };
    assert!(body["details"].get("notes").is_none(), "it is not sent either");
}

#[test]
fn two_rules_for_different_deals_share_a_column() {
    let mut mapping = with("notes", json!({ "direction": "outgoing" }));
    let mut inbound = mapping.rules.iter().find(|rule| rule.name == "notes").unwrap().clone();
    inbound.name = "inbound_notes".into();
    inbound.partner_center = "inviteContext.notes".into();
    inbound.to_partner_center = When::Never;
    inbound.when = Some(serde_json::from_value(json!({ "direction": "incoming" })).unwrap());
    mapping.rules.push(inbound);
    let from = |change: fn(&mut Json)| {
        let NewRecord::Create(write) = plan_record(&mapping, &policy(), &referral(change), now())
        else {
            panic!("it is made")
        };
        write.fields["description"].clone()
    };
    assert_eq!(from(|_| {}), "Two warehouses.");
    let invite = |body: &mut Json| {
        incoming(body);
        body["inviteContext"]["notes"] = json!("Please help.");
    };
    assert_eq!(from(invite), "Please help.");
    let link = linked(&mapping, &referral(invite), &record(|_| {}));
    let news = referral(|body| {
        invite(body);
        body["inviteContext"]["notes"] = json!("Please hurry.");
    });
    let update = plan_update(&mapping, &link, &news, &record(|_| {}), now());
    let parts = update.fields_in_parts(&mapping);
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].0, ["inbound_notes"], "what is refused is named by the rule that wrote it");
}
