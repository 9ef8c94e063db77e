//! Rules with transforms, merged.

use jiff::civil::date;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::fixtures::shipped;
use cosell_mapping::When;

/// The rule of this name in the shipped mapping, with these transforms.
fn rule(name: &str, transforms: &[&str]) -> Rule {
    let mut rule = shipped().rules.into_iter().find(|rule| rule.name == name).unwrap();
    rule.transform = transforms.iter().map(|text| text.parse().unwrap()).collect();
    rule
}

fn undoable() -> impl Strategy<Value = (&'static str, Value, String)> {
    let text = "[a-z]{1,8}".prop_map(Value::text);
    let number = (-9_000_000_i64..9_000_000, 0_u32..3)
        .prop_map(|(units, scale)| Value::Number(Decimal::new(units, scale).normalize()));
    let day = (0_i32..20_000).prop_map(|days| {
        Value::Date(date(2000, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap())
    });
    prop_oneof![
        (
            Just("notes"),
            text.clone(),
            prop::sample::select(vec!["trim", "prefix:A: ", "suffix: z"]).prop_map(str::to_owned)
        ),
        (
            Just("customer_country"),
            prop::sample::select(vec!["SE", "US", "CI", "TR"]).prop_map(Value::text),
            Just("country_name".to_owned())
        ),
        (
            Just("deal_value"),
            number,
            prop::sample::select(vec!["round:3", "times:1000", "times:0.001"])
                .prop_map(str::to_owned)
        ),
        (
            Just("closing_date"),
            day,
            prop::sample::select(vec!["days:14", "days:-3", "date_as:%d.%m.%Y", "date_as:%F"])
                .prop_map(str::to_owned)
        ),
    ]
}

proptest! {
    /// Whatever was synced last, one write brings a rule with transforms in sync, and what it wrote
    /// is no edit.
    #[test]
    fn a_rule_with_transforms_is_in_sync_after_one_write(
        (name, there, transform) in undoable(), (_, other, _) in undoable(), newest in prop::sample::select(vec![Side::Crm, Side::PartnerCenter]),
    ) {
        let rule = rule(name, &[&transform]);
        let same_kind = std::mem::discriminant(&there) == std::mem::discriminant(&other);
        let crm = if same_kind { rule.across_to_crm(&other).unwrap_or_default() } else { Value::Nothing };
        let mut now = LastSynced { partner_center: there, crm };
        let mut rule = rule;
        (rule.to_crm, rule.to_partner_center, rule.required) = (When::Always, When::Always, Required::Never);
        if let Merged::Write { side, value, .. } = merge(&rule, None, &now, newest, None) {
            *now.on_mut(side) = value;
        }
        prop_assert!(rule.agrees(&now), "{:?}", now);
        prop_assert_eq!(merge(&rule, Some(&now.clone()), &now, newest, None), Merged::Agrees);
    }
}
