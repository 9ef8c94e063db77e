//! Merge as properties: whatever the values, the rule and the stores' lossiness.

use proptest::prelude::*;

use super::*;
use crate::mapping::When;
use crate::value::Kind;

fn rule(to_crm: When, to_partner_center: When, conflict: ConflictRule, crm_length: Option<usize>) -> Rule {
    Rule {
        name: "notes".into(),
        partner_center: "details.notes".into(),
        crm: "description".into(),
        kind: Kind::Text,
        to_crm,
        to_partner_center,
        conflict,
        required: Required::Never,
        default: None,
        values: std::collections::BTreeMap::new(),
        crm_length,
        label: "Notes".into(),
        cure: String::new(),
    }
}

fn value() -> impl Strategy<Value = Value> {
    // Few distinct texts, so that equal and changed both come up; long ones meet the length limit.
    prop_oneof![Just(Value::Nothing), "[ab]{1,8}".prop_map(Value::text)]
}

fn seen() -> impl Strategy<Value = Seen> {
    (value(), value()).prop_map(|(partner_center, crm)| Seen { partner_center, crm })
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![Just(When::Never), Just(When::Create), Just(When::Update), Just(When::Always)]
}

fn conflict() -> impl Strategy<Value = ConflictRule> {
    prop_oneof![
        Just(ConflictRule::Crm),
        Just(ConflictRule::PartnerCenter),
        Just(ConflictRule::Newest)
    ]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::PartnerCenter), Just(Side::Crm)]
}

/// A store that keeps what it is given, cuts it, or refuses it silently.
fn lossy(stored: &mut Value, written: &Value, loss: usize) {
    match loss {
        0 => *stored = written.clone(),
        1 => {}
        keep => {
            *stored = match written {
                Value::Text(text) => Value::text(text.chars().take(keep - 1).collect::<String>()),
                other => other.clone(),
            }
        }
    }
}

proptest! {
    #[test]
    fn after_one_write_the_pair_is_in_step_however_lossy_the_store(
        to_crm in when(), to_partner_center in when(), conflict in conflict(), length in proptest::option::of(1_usize..6),
        before in proptest::option::of(seen()), mut now in seen(), newest in side(), loss in 0_usize..5,
    ) {
        let rule = rule(to_crm, to_partner_center, conflict, length);
        if let Merged::Write { side, value, .. } = merge(&rule, before.as_ref(), &now, newest) {
            match side {
                Side::Crm => lossy(&mut now.crm, &value, loss),
                Side::PartnerCenter => lossy(&mut now.partner_center, &value, loss),
            }
        }
        prop_assert_eq!(merge(&rule, Some(&now.clone()), &now, newest), Merged::InStep);
    }

    #[test]
    fn a_side_is_written_only_where_the_rule_allows(
        to_crm in when(), to_partner_center in when(), conflict in conflict(), before in proptest::option::of(seen()), now in seen(), newest in side(),
    ) {
        if let Merged::Write { side, .. } = merge(&rule(to_crm, to_partner_center, conflict, None), before.as_ref(), &now, newest) {
            let allowed = match side { Side::Crm => to_crm, Side::PartnerCenter => to_partner_center };
            prop_assert!(allowed.on_update());
        }
    }

    #[test]
    fn a_change_on_one_side_alone_always_arrives(conflict in conflict(), before in seen(), changed in value(), newest in side(), changed_side in side()) {
        let mut now = before.clone();
        match changed_side {
            Side::Crm => now.crm = changed.clone(),
            Side::PartnerCenter => now.partner_center = changed.clone(),
        }
        prop_assume!(now != before && now.crm != now.partner_center);
        let merged = merge(&rule(When::Always, When::Always, conflict, None), Some(&before), &now, newest);
        prop_assert_eq!(merged, Merged::Write { side: other(changed_side), value: changed, overruled: None });
    }

    #[test]
    fn both_changed_keeps_the_loser_in_the_record(before in seen(), now in seen(), newest in side(), conflict in conflict()) {
        prop_assume!(now.crm != before.crm && now.partner_center != before.partner_center && now.crm != now.partner_center);
        let merged = merge(&rule(When::Always, When::Always, conflict, None), Some(&before), &now, newest);
        let (side, value, lost) = match winner(conflict, newest) {
            Side::Crm => (Side::PartnerCenter, now.crm, now.partner_center),
            Side::PartnerCenter => (Side::Crm, now.partner_center, now.crm),
        };
        prop_assert_eq!(merged, Merged::Write { side, value, overruled: Some(lost) });
    }

    #[test]
    fn equal_values_are_never_written(before in proptest::option::of(seen()), both in value(), newest in side(), conflict in conflict()) {
        let now = Seen { partner_center: both.clone(), crm: both };
        prop_assert_eq!(merge(&rule(When::Always, When::Always, conflict, None), before.as_ref(), &now, newest), Merged::InStep);
    }
}

#[test]
fn a_newly_linked_pair_fills_the_empty_side() {
    let now = Seen {
        partner_center: Value::Nothing,
        crm: Value::text("from the CRM"),
    };
    let merged = merge(
        &rule(When::Always, When::Always, ConflictRule::PartnerCenter, None),
        None,
        &now,
        Side::PartnerCenter,
    );
    assert_eq!(
        merged,
        Merged::Write {
            side: Side::PartnerCenter,
            value: Value::text("from the CRM"),
            overruled: None
        }
    );
}

#[test]
fn a_winner_that_cannot_be_carried_does_not_cost_the_other_side_its_change() {
    let mut rule = rule(When::Always, When::Always, ConflictRule::Crm, None);
    rule.required = Required::Always;
    let before = Seen {
        partner_center: Value::text("a"),
        crm: Value::text("a"),
    };
    let now = Seen {
        partner_center: Value::text("b"),
        crm: Value::Nothing,
    };
    let merged = merge(&rule, Some(&before), &now, Side::Crm);
    assert_eq!(
        merged,
        Merged::Write {
            side: Side::Crm,
            value: Value::text("b"),
            overruled: Some(Value::Nothing)
        }
    );
}

#[test]
fn a_required_field_is_not_emptied_in_partner_center() {
    let mut rule = rule(When::Always, When::Always, ConflictRule::Crm, None);
    rule.required = Required::Always;
    let before = Seen {
        partner_center: Value::text("a"),
        crm: Value::text("a"),
    };
    let now = Seen {
        partner_center: Value::text("a"),
        crm: Value::Nothing,
    };
    assert!(matches!(merge(&rule, Some(&before), &now, Side::Crm), Merged::Held(reason) if reason.starts_with("Notes cannot be emptied")));
}
