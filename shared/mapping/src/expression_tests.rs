use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fixtures::{record, referral, set};
use crate::tests::shipped;
use crate::{Mapping, When};
use cosell_model::path::ReferralPath;

fn expression(text: &str) -> Expression {
    Expression::try_from(text.to_owned()).unwrap()
}

fn of_referral(text: &str) -> Result<String, ConversionError> {
    expression(text).of_referral(&referral(|body| {
        body["customerProfile"]["team"] = json!([{ "lastName": "Ek", "title": "CIO" }, { "lastName": "Berg", "title": "CEO" }]);
    }))
}

/// The shipped mapping, its notes computed from the referral, and its name from the record.
fn computing() -> Mapping {
    let mut mapping = shipped();
    for rule in &mut mapping.rules {
        match rule.name.as_str() {
            "notes" => {
                rule.from_partner_center = Some(expression("{{ name }}: {{ details.notes }}"));
                rule.partner_center = ReferralPath::default();
                rule.to_partner_center = When::Never;
            }
            "name" => {
                rule.from_crm = Some(expression("{{ customerid_account.name }}, {{ name }}"));
                rule.crm = ColumnPath::default();
                rule.to_crm = When::Never;
            }
            _ => {}
        }
    }
    mapping
}

#[test]
fn an_expression_is_computed_from_what_it_names() {
    for (text, expected) in [
        ("{{ name }} – {{ details.notes|upper }}", "Cold-store rollout – TWO WAREHOUSES."),
        ("{{ Name }}", "Cold-store rollout"),
        ("  {{ details.dealValue }} {{ details.currency }} ", "184000 SEK"),
        ("{{ details.dealValue / 1000 }}", "184.0"),
        ("{{ details.closingDateTime|cut(7) }}", "2026-09"),
        ("{{ salesStage or 'none yet' }}", "none yet"),
        ("[{{ salesStage }}]", "[]"),
        (
            "{% if consent.consentToShareReferralWithMicrosoftSellers %}shared{% else %}private{% \
             endif %}",
            "private",
        ),
        (
            "{{ customerProfile.team|selectattr('title', 'equalto', \
             'CEO')|map(attribute='lastName')|first }}",
            "Berg",
        ),
        ("{% for person in customerProfile.team %}{{ person.lastName }} {% endfor %}", "Ek Berg"),
        ("{% for n in range(3) %}{{ n }}{% endfor %}", "012"),
    ] {
        assert_eq!(of_referral(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_has_no_value_says_why_and_shows_nothing_of_the_deal() {
    for (text, expected) in [
        (
            "{{ customerProfile.team[7].lastName }}",
            "it uses something that this deal does not have",
        ),
        ("{% for n in range(100000) %}{{ n }}{% endfor %}", "it takes too many steps"),
        ("{{ name - 1 }}", "it cannot be computed from what this deal has"),
    ] {
        let error = of_referral(text).unwrap_err().to_string();
        assert_eq!(error, format!("its expression has no value: {expected}"), "{text}");
    }
    let shortened = referral(|body| drop(body.as_object_mut().unwrap().remove("details")));
    let error = expression("{{ details.notes }}").of_referral(&shortened).unwrap_err();
    assert_eq!(error, ConversionError::BlockMissing { block: "details".into() });
}

#[test]
fn what_is_no_expression_is_refused_with_its_line() {
    for (text, expected) in [
        ("{{ name", "it cannot be read: unexpected end of input"),
        ("one\n{{ name| }}", "it cannot be read (in its line 2): "),
        ("{{ name|shout }}", "it cannot be read: filter shout is unknown"),
        ("{{ name[:7] }}", "it cannot be read: `[from:to]` is not understood here"),
        ("{% include 'secrets' %}", "it cannot be read: unknown statement include"),
        ("{% macro a() %}{% endmacro %}", "it cannot be read: unknown statement macro"),
    ] {
        let error = Expression::try_from(text.to_owned()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn columns_of_related_records_are_read_for_it() {
    let mapping = computing();
    let columns = mapping.crm_columns();
    assert!(columns.contains("customerid_account/name") && columns.contains("name"), "{columns:?}");
    assert!(!columns.contains(""));
    let expression =
        expression("{% for n in range(2) %}{{ Account.Name }}{% endfor %}{{ Amount }}");
    assert_eq!(
        expression.columns().collect::<Vec<_>>(),
        ["Account/Name", "Amount"],
        "range is no column"
    );
}

#[test]
fn the_mark_beside_a_name_is_no_part_of_what_is_computed_from_it() {
    let marked = record(|record| set(record, "name", json!("✔ Cold-store rollout")));
    let name = computing().rules.into_iter().find(|rule| rule.name == "name").unwrap();
    assert_eq!(name.read_crm(&marked).unwrap(), Value::text("Norrsken, Cold-store rollout"));
}

#[test]
fn the_computed_text_is_read_as_the_rules_kind() {
    let mut rule = shipped().rules.into_iter().find(|rule| rule.name == "deal_value").unwrap();
    rule.from_partner_center = Some(expression("{{ details.dealValue * 2 }}"));
    assert_eq!(rule.read_partner_center(&referral(|_| {})).unwrap().to_json(), json!(368_000));
    rule.from_partner_center = Some(expression("{{ name }}"));
    assert!(rule.read_partner_center(&referral(|_| {})).is_err());
}

proptest! {
    /// Whatever an administrator writes, it is refused or computed, and never panics.
    #[test]
    fn any_text_is_an_expression_or_refused(
        text in "(\\{\\{|\\}\\}|\\{%|%\\}| \
            |if|for|in|end|name|details.notes|\\||upper|cut|\\(|\\)|\\[|\\]|:|'|\"|[0-9]|\\*|-|~|,|\u{e4}){0,24}",
    ) {
        if let Ok(expression) = Expression::try_from(text) {
            let _ = expression.of_referral(&referral(|_| {}));
            let _ = expression.of_record(&record(|_| {}));
        }
    }
}
