//! Fallbacks and defaults in a decision.

use super::new_record::made;
use super::*;

#[test]
fn the_first_column_that_has_something_is_read() {
    let other = |record: &mut CrmRecord| {
        set(record, "customerid_account/address1_city", json!(""));
        set(record, "customerid_account/address2_city", Json::Null);
        set(record, "new_city", json!("Luleå"));
    };
    let mut deal = Deal::without_referral(other);
    let rule = rule_mut(&mut deal.mapping, "customer_city");
    rule.fallback = vec!["customerid_account/address2_city".into(), "new_city".into()];
    let read = |change: fn(&mut CrmRecord)| rule.read_crm(&record(change)).unwrap();
    assert_eq!(read(|record| set(record, "new_city", json!("Luleå"))), Value::text("Umeå"));
    assert_eq!(read(other), Value::text("Luleå"));
    assert_eq!(created(&deal.plan())["customerProfile"]["address"]["city"], "Luleå");
    for column in ["customerid_account/address2_city", "new_city"] {
        assert!(deal.mapping.crm_columns().contains(column), "{column} must be read");
    }
}

#[test]
fn a_new_record_gets_the_default_where_partner_center_has_nothing() {
    let written = |team: Json| {
        let mut deal = Deal::without_record(|body| body["customerProfile"]["team"] = team);
        let rule = rule_mut(&mut deal.mapping, "contact_last_name");
        rule.default_to_crm = Some("[not provided]".into());
        made(&deal.plan()).fields["parentcontactid/lastname"].clone()
    };
    assert_eq!(written(json!([])), "[not provided]");
    assert_eq!(written(json!([{ "lastName": "Ek" }])), "Ek");
}
