//! A creation tried out says of every rule what becomes of it, and why.

use super::*;
use cosell_mapping::{Carried, When};

fn carried<Plan>(trial: &Trial<'_, Plan>, rule: &str) -> Carried {
    let mut fields = trial.fields.iter();
    fields.find(|field| field.rule.name == rule).unwrap().carried.clone()
}

fn written(json: Json) -> Carried {
    let (cut, default) = (0, false);
    Carried::Written { json, cut, default }
}

#[test]
fn a_tried_record_is_the_one_that_would_be_made() {
    let mapping = shipped().marking_names();
    let long = referral(|body| body["details"]["notes"] = json!("x".repeat(2_007)));
    let trial = try_record(&mapping, &policy(), &long, now());
    assert_eq!(carried(&trial, "name"), written(json!("✔ Cold-store rollout")));
    assert_eq!(carried(&trial, "deal_value"), written(json!(184_000)));
    let cut = Carried::Written { json: json!("x".repeat(2_000)), cut: 7, default: false };
    assert_eq!(carried(&trial, "notes"), cut);
    assert_eq!(carried(&trial, "customer_state"), Carried::Empty);
    assert_eq!(carried(&trial, "team_email"), Carried::Elsewhen(When::Never));
    let mut shown = trial.besides;
    for field in &trial.fields {
        if let Carried::Written { json, .. } = &field.carried {
            shown.insert(field.rule.crm.to_string(), json.clone());
        }
    }
    let NewRecord::Create(write) = trial.plan else { panic!("not created") };
    assert_eq!(shown, write.fields, "every column once, as it is written");
    assert!(shown.contains_key("nwcs_syncwithpartnercenter"));
}

#[test]
fn a_value_that_cannot_cross_is_shown_as_it_is_there() {
    let odd = referral(|body| body["details"]["dealValue"] = json!("much"));
    let mapping = shipped();
    let trial = try_record(&mapping, &policy(), &odd, now());
    let Carried::Unfit(error) = carried(&trial, "deal_value") else { panic!("not unfit") };
    assert!(error.to_string().contains("expected a number"), "{error}");
    let there = trial.fields.iter().find(|field| field.rule.name == "deal_value").unwrap();
    assert_eq!(there.there, json!("much"));
}

#[test]
fn a_tried_referral_tells_rules_from_what_every_new_referral_carries() {
    let mapping = shipped();
    let trial = try_referral(&mapping, &policy(), &record(|_| {}));
    assert!(matches!(trial.plan, NewReferral::Create { .. }));
    let solutions = json!([{ "type": "Name", "id": "SOL-71402-QKD" }]);
    assert_eq!(carried(&trial, "solutions"), written(solutions));
    assert_eq!(carried(&trial, "contact_email"), Carried::Empty);
    let besides: Vec<&str> = trial.besides.keys().map(String::as_str).collect();
    let intent = "details.requirements.additionalRequirements.attributes.0";
    let expected = [
        "consent.consentToContact".to_owned(),
        "consent.consentToMicrosoftToContactSpecificPartners".to_owned(),
        "consent.consentToShareReferralWithMicrosoftSellers".to_owned(),
        "consent.consentToToShareInfoWithOthers".to_owned(),
        format!("{intent}.id"),
        format!("{intent}.type"),
        "externalReferenceId".to_owned(),
        "qualification".to_owned(),
        "target".to_owned(),
        "team.0.phoneNumber".to_owned(),
        "type".to_owned(),
    ];
    assert_eq!(besides, expected);
}

#[test]
fn what_is_missing_depends_on_whether_help_is_asked() {
    let mut mapping = shipped();
    let country = mapping.rules.iter_mut().find(|rule| rule.name == "customer_country").unwrap();
    country.default = Some("no".into());
    let asking = record(|record| {
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
        record.fields.remove("customerid_account/address1_country");
    });
    let trial = try_referral(&mapping, &policy(), &asking);
    assert!(matches!(trial.plan, NewReferral::Reject(_)));
    assert_eq!(carried(&trial, "contact_email"), Carried::Missing);
    let default = Carried::Written { json: json!("NO"), cut: 0, default: true };
    assert_eq!(carried(&trial, "customer_country"), default);
    assert!(trial.besides.is_empty(), "nothing is made");
}

#[test]
fn the_fields_of_a_record_that_is_not_ours_are_shown_all_the_same() {
    let mapping = shipped();
    let unflagged = record(|record| set(record, "nwcs_syncwithpartnercenter", json!(false)));
    let trial = try_referral(&mapping, &policy(), &unflagged);
    assert!(matches!(trial.plan, NewReferral::Skip(_)));
    assert_eq!(carried(&trial, "name"), written(json!("Cold-store rollout")));
}
