//! What the CRM took without a word and did not keep: an amount that it calculates itself, such as the sum of product lines (contracts
//! salesforce 2.1, dynamics365 2.3).
//!
//! It shows only in the record that a write gives back. The value stays noted on the link until the seller was told of it, once; a cut
//! text and a rounded number are as good as kept.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::Update;
use super::seller::{cut, minute};
use cosell_mapping::{Mapping, Rule, Situation};
use cosell_model::audit::Side;
use cosell_model::crm::CrmRecord;
use cosell_model::field::Field;
use cosell_model::link::{DroppedWrite, Link};
use cosell_model::referral::Referral;
use cosell_model::value::Value;

/// How much of a value the seller reads, in characters.
const SHOWN: usize = 80;

/// What the CRM did not keep, by rule name.
type Lost = BTreeMap<String, DroppedWrite>;

impl Update {
    /// What this look wrote and `stored` does not have. `at` is our clock.
    pub fn dropped_writes(&self, mapping: &Mapping, stored: &CrmRecord, at: Timestamp) -> Lost {
        let written = self.changes.iter().filter(|change| change.side == Side::Crm);
        let lost = written.filter_map(|change| {
            let rule = mapping.rules.iter().find(|rule| rule.name == change.field.as_str())?;
            let now = rule.read_crm(stored).ok()?;
            let partner_center = self
                .observed
                .values
                .get(&Field::from(change.field.as_str()))?
                .partner_center
                .clone();
            (!keeps(&change.before, &change.after, &now))
                .then(|| (change.field.clone(), DroppedWrite { partner_center, at }))
        });
        lost.collect()
    }

    /// What the seller is told of what earlier looks found, line by line.
    pub fn untold_lines(&self, mapping: &Mapping) -> Vec<String> {
        self.untold.iter().map(|(field, lost)| line(mapping, field, lost)).collect()
    }

    /// The seller was told.
    pub fn told(&mut self, mapping: &Mapping) {
        let told = std::mem::take(&mut self.untold);
        if !told.is_empty() {
            let labels: Vec<&str> = told.keys().map(|field| mapping.label(field)).collect();
            self.remarks.push(format!(
                "The seller was told what the CRM did not take over: {}.",
                labels.join(", ")
            ));
        }
    }
}

/// What the seller reads of it. The time tells it from another time that the same value was not kept.
fn line(mapping: &Mapping, field: &str, lost: &DroppedWrite) -> String {
    format!(
        "{} was not taken over by the CRM at {} (it may be calculated there, as from product lines); Partner Center has {}.",
        mapping.label(field),
        minute(lost.at),
        shown(&lost.partner_center)
    )
}

/// What is still to be told of what the link notes: values that still stand in Partner Center only, that are not written again now, and
/// that the Audit field does not name yet, since the answer to telling it may have been lost.
pub(super) fn untold(mapping: &Mapping, link: &Link, record: &CrmRecord, update: &Update) -> Lost {
    let audit = record.get(mapping.columns.audit.as_str()).as_str().unwrap_or_default();
    let still = |field: &str, lost: &DroppedWrite| {
        let rule = mapping.rules.iter().find(|rule| rule.name == field);
        let pair = rule.zip(update.observed.values.get(&Field::from(field)));
        let apart = pair.is_some_and(|(rule, now)| {
            now.partner_center == lost.partner_center && !rule.agrees(now)
        });
        apart
            && !update.changes.iter().any(|change| change.field == field)
            && !audit.contains(&line(mapping, field, lost))
    };
    let noted = link.dropped_writes.iter().filter(|(field, lost)| still(field, lost));
    noted.map(|(field, lost)| (field.clone(), lost.clone())).collect()
}

/// What a new record was given and does not have. What belongs to a related record may have been there before.
pub fn dropped_writes_of_new(
    mapping: &Mapping,
    referral: &Referral,
    record: &CrmRecord,
    at: Timestamp,
) -> Lost {
    let situation = Situation::of(referral, false);
    let given = mapping
        .rules
        .iter()
        .filter(|rule| rule.applies(situation))
        .filter(|rule| rule.to_crm.on_create() && rule.crm.lookup().is_none());
    let lost = given.filter_map(|rule: &Rule| {
        let partner_center = rule.read_partner_center(referral).ok()?;
        let asked = rule.across_to_crm(&partner_center).ok().filter(|asked| !asked.is_nothing())?;
        let now = rule.read_crm(record).ok()?;
        (!keeps(&Value::Nothing, &asked, &now))
            .then(|| (rule.name.to_string(), DroppedWrite { partner_center, at }))
    });
    lost.collect()
}

/// Whether `now` is what was `asked` for, or what a column makes of it: a number is rounded to the currency's scale, at most to whole
/// units; a text is cut, or its blanks and letters are evened out. A text that is just as it was `before` was ignored.
pub(super) fn keeps(before: &Value, asked: &Value, now: &Value) -> bool {
    match (asked, now) {
        _ if asked == now => true,
        (Value::Number(asked), Value::Number(now)) => (asked - now).abs() < Decimal::ONE,
        (Value::Text(asked), Value::Text(kept)) => {
            now != before && even(asked).starts_with(&even(kept))
        }
        _ => false,
    }
}

fn even(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Nothing => "nothing".to_owned(),
        Value::Text(text) => format!("“{}”", cut(text, SHOWN)),
        Value::List(items) => cut(&items.join("; "), SHOWN),
        Value::Date(date) => date.to_string(),
        other => other.to_json().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::shipped;
    use crate::plan::plan_update;
    use crate::plan::tests::{is_quiet, linked, now, record, referral, set};

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
            assert!(keeps(&before, &asked, &now), "{asked:?} became {now:?}");
        }
    }

    #[test]
    fn what_stays_as_it_was_or_becomes_something_else_is_dropped_writes() {
        for (before, asked, now) in [
            (number("184000"), number("205000"), number("184000")),
            (number("184000"), number("205000"), number("99000")),
            (number("184000"), number("205000"), Value::Nothing),
            (number("184000"), Value::Nothing, number("184000")),
            (Value::text("Two"), Value::text("Two warehouses"), Value::text("Two")),
            (Value::text("Old"), Value::text("New"), Value::text("Other")),
        ] {
            assert!(!keeps(&before, &asked, &now), "{asked:?} became {now:?}");
        }
    }

    /// Partner Center's new amount was written, and the CRM went on with its own.
    fn ignored() -> (Mapping, Link, Referral) {
        let mapping = shipped();
        let mut link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
        let edited = referral(|body| body["details"]["dealValue"] = json!(205_000));
        let update = plan_update(&mapping, &link, &edited, &record(|_| {}), now());
        link.last_synced = update.last_synced(&mapping, None, Some(&record(|_| {})));
        link.dropped_writes = update.dropped_writes(&mapping, &record(|_| {}), now());
        (mapping, link, edited)
    }

    #[test]
    fn an_amount_that_the_crm_calculates_is_told_in_the_sellers_words_and_written_no_more() {
        let (mapping, link, edited) = ignored();
        let update = plan_update(&mapping, &link, &edited, &record(|_| {}), now());
        assert!(is_quiet(&update));
        let expected = "Deal value was not taken over by the CRM at 2026-11-21 10:00 UTC (it may be calculated there, as from product lines); \
                    Partner Center has 205000.";
        assert_eq!(update.untold_lines(&mapping), [expected]);
        let told = record(|record| {
            set(record, "nwcs_audit", json!(format!("Received.\n2026-11-21 10:05 UTC  {expected}")))
        });
        assert!(
            plan_update(&mapping, &link, &edited, &told, now()).untold.is_empty(),
            "only the answer to telling it was lost"
        );
    }

    #[test]
    fn nothing_is_told_that_is_not_true_any_more() {
        let (mapping, link, edited) = ignored();
        let again = referral(|body| body["details"]["dealValue"] = json!(210_000));
        let untold = |referral: &Referral, record: &CrmRecord| {
            plan_update(&mapping, &link, referral, record, now()).untold
        };
        assert!(untold(&again, &record(|_| {})).is_empty(), "it is written anew");
        let summed = record(|record| set(record, "estimatedvalue", json!(205_000)));
        assert!(untold(&edited, &summed).is_empty(), "the CRM came to the same");
    }

    #[test]
    fn a_field_that_a_new_record_did_not_keep_is_found() {
        let mapping = shipped();
        let kept = record(|record| {
            set(record, "customerid_account/name", json!("An account that was there"))
        });
        assert!(dropped_writes_of_new(&mapping, &referral(|_| {}), &kept, now()).is_empty());
        let without = record(|record| drop(record.fields.remove("estimatedvalue")));
        let lost = dropped_writes_of_new(&mapping, &referral(|_| {}), &without, now());
        assert_eq!(lost.keys().collect::<Vec<_>>(), ["deal_value"]);
        assert_eq!(lost["deal_value"].partner_center, number("184000"));
    }

    #[test]
    fn a_long_text_is_shown_in_part() {
        let long = shown(&Value::text("x".repeat(500)));
        assert_eq!(long.chars().count(), SHOWN + 2);
    }
}
