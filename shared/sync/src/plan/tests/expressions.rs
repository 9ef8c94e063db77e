//! Computed values in a decision.

use cosell_mapping::{Expression, When};

use super::*;

fn expression(text: &str) -> Expression {
    Expression::try_from(text.to_owned()).unwrap()
}

/// The shipped mapping, its notes computed from the referral, and its name from the record.
fn computing() -> Mapping {
    let mut mapping = shipped();
    for rule in &mut mapping.rules {
        match rule.name.as_str() {
            "notes" => {
                rule.from_partner_center = Some(expression("{{ name }}: {{ details.notes }}"));
                rule.partner_center = Default::default();
                rule.to_partner_center = When::Never;
            }
            "name" => {
                rule.from_crm = Some(expression("{{ customerid_account.name }}, {{ name }}"));
                rule.crm = Default::default();
                rule.to_crm = When::Never;
            }
            _ => {}
        }
    }
    mapping
}

#[test]
fn computed_values_are_carried_on_creation() {
    let mapping = computing();
    let NewRecord::Create(write) = plan_record(&mapping, &policy(), &referral(|_| {}), now())
    else {
        panic!("it is made")
    };
    assert_eq!(write.fields["description"], "Cold-store rollout: Two warehouses.");
    let NewReferral::Create { body, .. } = plan_referral(&mapping, &policy(), &record(|_| {}))
    else {
        panic!("it is made")
    };
    assert_eq!(body["name"], "Norrsken, Cold-store rollout");
}

#[test]
fn a_computed_value_is_written_when_what_it_is_computed_from_changes_and_only_then() {
    let mapping = computing();
    let in_step = |record: &mut CrmRecord| {
        set(record, "description", json!("Cold-store rollout: Two warehouses."))
    };
    let there = |body: &mut Json| body["name"] = json!("Norrsken, Cold-store rollout");
    let link = linked(&mapping, &referral(there), &record(in_step));
    assert!(is_quiet(&plan_update(&mapping, &link, &referral(there), &record(in_step), now())));

    let edited = record(|record| {
        in_step(record);
        set(record, "description", json!("the seller's own"));
    });
    assert!(
        is_quiet(&plan_update(&mapping, &link, &referral(there), &edited, now())),
        "the rule goes one way"
    );
    let news = referral(|body| {
        there(body);
        body["details"]["notes"] = json!("Three.");
    });
    let update = plan_update(&mapping, &link, &news, &record(in_step), now());
    assert_eq!(update.fields["description"], "Norrsken, Cold-store rollout: Three.");
    let renamed = record(|record| {
        in_step(record);
        set(record, "name", json!("Wave 2"));
    });
    let update = plan_update(&mapping, &link, &referral(there), &renamed, now());
    assert_eq!(update.patch.len(), 1);
    assert_eq!(update.patch[0].value, json!("Norrsken, Wave 2"));
}

#[test]
fn a_value_that_cannot_be_computed_is_no_change() {
    let mut mapping = computing();
    let link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    let rule = mapping.rules.iter_mut().find(|rule| rule.name == "notes").unwrap();
    rule.from_partner_center = Some(expression("{{ customerProfile.team[0].lastName }}"));
    let update = plan_update(&mapping, &link, &referral(|_| {}), &record(|_| {}), now());
    assert!(update.fields.is_empty());
    assert_eq!(update.last_synced(&mapping, None, None)["notes"], link.last_synced["notes"]);
}
