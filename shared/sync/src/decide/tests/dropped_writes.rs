//! What the CRM took and did not keep.

use super::*;
use crate::decide::{is_kept, new_record};

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

#[test]
fn rounding_and_cutting_are_as_good_as_keeping() {
    for (before, asked, now) in [
        (number("1"), number("205000.4567"), number("205000.46")),
        (number("205000"), number("205000.4"), number("205000")),
        (Value::text("Old"), Value::text("A long new note"), Value::text("A long")),
        (Value::text("Old"), Value::text("two\nlines "), Value::text("two\r\nlines")),
        (Value::text("se"), Value::text("se"), Value::text("se")),
    ] {
        assert!(is_kept(&before, &asked, &now), "{asked:?} became {now:?}");
    }
}

#[test]
fn what_stays_as_it_was_or_becomes_something_else_is_a_dropped_write() {
    for (before, asked, now) in [
        (number("184000"), number("205000"), number("184000")),
        (number("184000"), number("205000"), number("99000")),
        (number("184000"), number("205000"), Value::Nothing),
        (number("184000"), Value::Nothing, number("184000")),
        (Value::text("Two"), Value::text("Two warehouses"), Value::text("Two")),
        (Value::text("Old"), Value::text("New"), Value::text("Other")),
    ] {
        assert!(!is_kept(&before, &asked, &now), "{asked:?} became {now:?}");
    }
}

/// Partner Center's new amount was written, and the CRM went on with its own. Its seller has not
/// read of it yet.
fn ignored() -> Deal {
    let mut deal = Deal::in_sync();
    deal.edit_referral(|body| body["details"]["dealValue"] = json!(205_000));
    let plan = deal.plan();
    let unchanged = deal.record().clone();
    deal.stored(&plan, None, Some(unchanged));
    deal
}

#[test]
fn an_amount_that_the_crm_calculates_is_notified_and_written_no_more() {
    let mut deal = ignored();
    let plan = deal.plan();
    assert!(plan.changes_nothing(), "{plan:?}");
    let notice =
        Notice::DroppedWrite { field: "deal_value".into(), at: now(), value: number("205000") };
    assert_eq!(deal.unread(&plan), std::slice::from_ref(&notice));
    deal.carry_out(&plan);
    assert!(deal.unread(&deal.plan()).is_empty());
}

#[test]
fn nothing_is_notified_that_is_not_true_any_more() {
    let mut again = ignored();
    again.edit_referral(|body| body["details"]["dealValue"] = json!(210_000));
    let plan = again.plan();
    assert!(plan.memory.dropped_writes.is_empty(), "it is written anew");
    assert_eq!(plan.columns()["estimatedvalue"], 210_000);
    let mut summed = ignored();
    summed.set("estimatedvalue", json!(205_000));
    assert!(summed.plan().memory.dropped_writes.is_empty(), "the CRM came to the same");
}

#[test]
fn a_field_that_a_new_record_did_not_keep_is_found() {
    let dropped = |change: fn(&mut CrmRecord)| {
        new_record::dropped(&shipped(), &referral(|_| {}), &record(change), now())
    };
    let other = |record: &mut CrmRecord| {
        set(record, "customerid_account/name", json!("An account that was there"));
    };
    assert!(dropped(other).is_empty());
    let lost = dropped(|record| drop(record.fields.remove("estimatedvalue")));
    let fields: Vec<&str> = lost.keys().map(Field::as_str).collect();
    assert_eq!(fields, ["deal_value"]);
    assert_eq!(lost["deal_value"].partner_center, number("184000"));
}
