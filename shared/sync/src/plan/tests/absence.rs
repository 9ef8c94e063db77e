//! Fallbacks and defaults in a decision.

use cosell_mapping::Carried;
use cosell_model::value::Value;

use super::*;

#[test]
fn the_first_column_that_has_something_is_read() {
    let mut mapping = shipped();
    let rule = mapping.rules.iter_mut().find(|rule| rule.name == "customer_city").unwrap();
    rule.fallback = vec!["customerid_account/address2_city".into(), "new_city".into()];
    let rule = rule.clone();
    let read = |change: fn(&mut CrmRecord)| rule.read_crm(&record(change)).unwrap();
    assert_eq!(read(|record| set(record, "new_city", json!("Luleå"))), Value::text("Umeå"));
    let other = |record: &mut CrmRecord| {
        set(record, "customerid_account/address1_city", json!(""));
        set(record, "customerid_account/address2_city", Json::Null);
        set(record, "new_city", json!("Luleå"));
    };
    assert_eq!(read(other), Value::text("Luleå"));
    let NewReferral::Create { body, .. } = plan_referral(&mapping, &policy(), &record(other))
    else {
        panic!("it is whole")
    };
    assert_eq!(body["customerProfile"]["address"]["city"], "Luleå");
    for column in ["customerid_account/address2_city", "new_city"] {
        assert!(mapping.crm_columns().contains(column), "{column} must be read");
    }
}

#[test]
fn a_new_record_gets_the_default_where_partner_center_has_nothing() {
    let mut mapping = shipped();
    let rule = mapping.rules.iter_mut().find(|rule| rule.name == "contact_last_name").unwrap();
    rule.default_to_crm = Some("[not provided]".into());
    let rule = rule.clone();
    let inbound = |team: Json| referral(move |body| body["customerProfile"]["team"] = team);
    let NewRecord::Create(write) = plan_record(&mapping, &policy(), &inbound(json!([])), now())
    else {
        panic!("it is made")
    };
    assert_eq!(write.fields["parentcontactid/lastname"], "[not provided]");
    let Carried::Written { json, default, .. } =
        rule.carried_to_crm(&inbound(json!([{ "lastName": "Ek" }])))
    else {
        panic!("it is written")
    };
    assert_eq!((json, default), (json!("Ek"), false));
}
