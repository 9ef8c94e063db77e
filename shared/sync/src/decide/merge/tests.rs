//! Merge as properties: whatever the values, the rule and the stores' lossiness.

use proptest::prelude::*;

use super::*;
use cosell_mapping::When;
use cosell_model::value::Kind;

fn rule(
    to_crm: When,
    to_partner_center: When,
    conflict: ConflictRule,
    crm_length: Option<usize>,
) -> Rule {
    Rule {
        name: "notes".into(),
        partner_center: "details.notes".into(),
        from_partner_center: None,
        crm: "description".into(),
        from_crm: None,
        kind: Kind::Text,
        to_crm,
        to_partner_center,
        when: None,
        conflict,
        required: Required::Never,
        fallback: Vec::new(),
        default: None,
        default_to_crm: None,
        transform: Vec::new(),
        values: std::collections::BTreeMap::new(),
        crm_length,
        label: "Notes".into(),
        remedy: String::new(),
        marked: false,
    }
}

fn value() -> impl Strategy<Value = Value> {
    // Few distinct texts, so that equal and changed both come up; long ones meet the length limit.
    prop_oneof![Just(Value::Nothing), "[ab]{1,8}".prop_map(Value::text)]
}

fn last_synced() -> impl Strategy<Value = LastSynced> {
    (value(), value()).prop_map(|(partner_center, crm)| LastSynced { partner_center, crm })
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
    fn after_one_write_the_deal_is_in_sync_however_lossy_the_store(
        to_crm in when(), to_partner_center in when(), conflict in conflict(), length in proptest::option::of(1_usize..6),
        before in proptest::option::of(last_synced()), mut now in last_synced(), newest in side(), loss in 0_usize..5,
    ) {
        let rule = rule(to_crm, to_partner_center, conflict, length);
        if let Merged::Write { side, value, .. } = merge(&rule, before.as_ref(), &now, newest, None) {
            match side {
                Side::Crm => lossy(&mut now.crm, &value, loss),
                Side::PartnerCenter => lossy(&mut now.partner_center, &value, loss),
            }
        }
        prop_assert_eq!(merge(&rule, Some(&now.clone()), &now, newest, None), Merged::Agrees);
    }

    #[test]
    fn a_side_is_written_only_where_the_rule_allows(
        to_crm in when(), to_partner_center in when(), conflict in conflict(), before in proptest::option::of(last_synced()), now in last_synced(), newest in side(),
    ) {
        if let Merged::Write { side, .. } = merge(&rule(to_crm, to_partner_center, conflict, None), before.as_ref(), &now, newest, None) {
            let allowed = match side { Side::Crm => to_crm, Side::PartnerCenter => to_partner_center };
            prop_assert!(allowed.on_update());
        }
    }

    #[test]
    fn a_change_on_one_side_alone_always_arrives(conflict in conflict(), before in last_synced(), changed in value(), newest in side(), changed_side in side()) {
        let mut now = before.clone();
        match changed_side {
            Side::Crm => now.crm = changed.clone(),
            Side::PartnerCenter => now.partner_center = changed.clone(),
        }
        prop_assume!(now != before && now.crm != now.partner_center);
        let merged = merge(&rule(When::Always, When::Always, conflict, None), Some(&before), &now, newest, None);
        prop_assert_eq!(merged, Merged::Write { side: changed_side.other(), value: changed, overruled: None });
    }

    #[test]
    fn both_changed_keeps_the_loser_in_the_record(before in last_synced(), now in last_synced(), newest in side(), conflict in conflict()) {
        prop_assume!(now.crm != before.crm && now.partner_center != before.partner_center && now.crm != now.partner_center);
        let merged = merge(&rule(When::Always, When::Always, conflict, None), Some(&before), &now, newest, None);
        let (side, value, lost) = match winner(conflict, newest).unwrap() {
            Side::Crm => (Side::PartnerCenter, now.crm, now.partner_center),
            Side::PartnerCenter => (Side::Crm, now.partner_center, now.crm),
        };
        prop_assert_eq!(merged, Merged::Write { side, value, overruled: Some(lost) });
    }

    #[test]
    fn equal_values_are_never_written(before in proptest::option::of(last_synced()), both in value(), newest in side(), conflict in conflict()) {
        let now = LastSynced { partner_center: both.clone(), crm: both };
        prop_assert_eq!(merge(&rule(When::Always, When::Always, conflict, None), before.as_ref(), &now, newest, None), Merged::Agrees);
    }
}

#[test]
fn a_newly_linked_pair_fills_the_empty_side() {
    let now = LastSynced { partner_center: Value::Nothing, crm: Value::text("from the CRM") };
    let merged = merge(
        &rule(When::Always, When::Always, ConflictRule::PartnerCenter, None),
        None,
        &now,
        Side::PartnerCenter,
        None,
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
    let before = LastSynced { partner_center: Value::text("a"), crm: Value::text("a") };
    let now = LastSynced { partner_center: Value::text("b"), crm: Value::Nothing };
    let merged = merge(&rule, Some(&before), &now, Side::Crm, None);
    assert_eq!(
        merged,
        Merged::Write { side: Side::Crm, value: Value::text("b"), overruled: Some(Value::Nothing) }
    );
}

#[test]
fn a_required_field_is_not_emptied_in_partner_center() {
    let mut rule = rule(When::Always, When::Always, ConflictRule::Crm, None);
    rule.required = Required::Always;
    let before = LastSynced { partner_center: Value::text("a"), crm: Value::text("a") };
    let now = LastSynced { partner_center: Value::text("a"), crm: Value::Nothing };
    assert!(matches!(
        merge(&rule, Some(&before), &now, Side::Crm, None),
        Merged::Blocked(cosell_model::notice::Notice::CannotBeEmptied {
            side: Side::PartnerCenter,
            ..
        })
    ));
}

/// Both sides changed a field that an operator decides on.
fn asked() -> (Rule, LastSynced, LastSynced) {
    let before = LastSynced { partner_center: Value::text("a"), crm: Value::text("a") };
    let now = LastSynced { partner_center: Value::text("p"), crm: Value::text("c") };
    (rule(When::Always, When::Always, ConflictRule::Ask, None), before, now)
}

fn open(now: &LastSynced, decision: Option<Side>) -> OpenConflict {
    OpenConflict {
        partner_center: now.partner_center.clone(),
        crm: now.crm.clone(),
        since: jiff::Timestamp::UNIX_EPOCH,
        decision,
    }
}

#[test]
fn a_conflict_that_an_operator_decides_waits_until_it_is_decided() {
    let (rule, before, now) = asked();
    assert_eq!(merge(&rule, Some(&before), &now, Side::Crm, None), Merged::Ask);
    assert_eq!(merge(&rule, Some(&before), &now, Side::Crm, Some(&open(&now, None))), Merged::Ask);
    for (winner, value, lost) in [(Side::Crm, "c", "p"), (Side::PartnerCenter, "p", "c")] {
        let merged = merge(&rule, Some(&before), &now, Side::Crm, Some(&open(&now, Some(winner))));
        let expected = Merged::Write {
            side: winner.other(),
            value: Value::text(value),
            overruled: Some(Value::text(lost)),
        };
        assert_eq!(merged, expected);
    }
}

#[test]
fn a_decision_holds_only_for_the_values_it_was_made_on() {
    let (rule, before, now) = asked();
    let decided = open(&now, Some(Side::Crm));
    let later = LastSynced { crm: Value::text("d"), ..now };
    assert_eq!(merge(&rule, Some(&before), &later, Side::Crm, Some(&decided)), Merged::Ask);
}

#[test]
fn a_waiting_conflict_ends_when_one_side_takes_its_change_back() {
    let (rule, before, now) = asked();
    let taken_back = LastSynced { crm: Value::text("a"), ..now.clone() };
    let merged = merge(&rule, Some(&before), &taken_back, Side::Crm, Some(&open(&now, None)));
    let expected = Merged::Write { side: Side::Crm, value: Value::text("p"), overruled: None };
    assert_eq!(merged, expected);
}

#[test]
fn a_change_of_what_microsoft_locks_is_noticed_once() {
    let mut rule = rule(When::Create, When::Create, ConflictRule::Newest, None);
    let before = LastSynced { partner_center: Value::text("a"), crm: Value::text("a") };
    let now = LastSynced { crm: Value::text("b"), ..before.clone() };
    assert_eq!(
        merge(&rule, Some(&before), &now, Side::Crm, None),
        Merged::Agrees,
        "the mapping's own choice needs no notice"
    );
    rule.partner_center = "customerProfile.name".into();
    assert_eq!(merge(&rule, Some(&before), &now, Side::Crm, None), Merged::Locked);
    assert_eq!(merge(&rule, Some(&now), &now, Side::Crm, None), Merged::Agrees, "once");
    assert_eq!(
        merge(&rule, None, &now, Side::Crm, None),
        Merged::Agrees,
        "an adopted pair was never in sync"
    );
}
