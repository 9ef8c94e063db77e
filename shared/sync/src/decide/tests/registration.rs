//! The registration of won deals.

use cosell_mapping::RegisterWhen;
use cosell_model::link::Registering;

use super::*;

pub(super) fn registering() -> Mapping {
    let mut mapping = shipped();
    mapping.registration.as_mut().unwrap().when = RegisterWhen::Won;
    mapping
}

/// A partner-led deal made two days ago.
pub(super) fn led(change: impl FnOnce(&mut Json)) -> impl FnOnce(&mut Json) {
    |body| {
        body["consent"] = json!({ "consentToShareReferralWithMicrosoftSellers": true });
        body["createdDateTime"] = json!("2026-11-19T10:00:00.1234567Z");
        change(body);
    }
}

pub(super) fn won_record(record: &mut CrmRecord) {
    record.phase = Phase::Won;
    set(record, "actualvalue", json!(205_000));
    set(record, "actualclosedate", json!("2026-11-20"));
}

fn won(body: &mut Json) {
    stage(body, "Closed", "Won");
}

/// A deal that was won on both sides.
fn deal(mapping: Mapping, change: impl FnOnce(&mut Json)) -> Deal {
    let change = led(|body| {
        won(body);
        change(body);
    });
    Deal::of(mapping, change, won_record)
}

/// What is registered.
fn registered(plan: &Plan) -> Option<&Json> {
    plan.effects.iter().find_map(|effect| match &effect.action {
        Action::Register(operation) => {
            assert_eq!(operation.path, "/registrations/-");
            assert!(effect.is_final && effect.side == Side::PartnerCenter);
            Some(&operation.value)
        }
        _ => None,
    })
}

fn body(plan: &Plan) -> Json {
    registered(plan).unwrap_or_else(|| panic!("not registered: {:?}", plan.codes())).clone()
}

fn says_nothing_of_it(plan: &Plan) {
    assert!(registered(plan).is_none() && plan.memory.registering.is_none(), "{plan:?}");
    let codes = plan.codes();
    assert!(!codes.iter().any(|code| code.starts_with("registration")), "{codes:?}");
}

#[test]
fn a_won_deal_is_registered_with_its_contract_and_its_solutions() {
    let mut mapping = registering();
    let registration = mapping.registration.as_mut().unwrap();
    registration.create.insert("solutionDetails".into(), json!([{ "isDeployedOnAzure": true }]));
    let plan = deal(mapping, |_| {}).plan();
    let date = "2026-11-20T00:00:00Z";
    assert_eq!(
        body(&plan),
        json!({
            "type": "AzureIPCoSell",
            "contract": { "value": 205_000, "currency": "SEK", "signDateTime": date, "startDateTime": date },
            "solutionDetails": [{ "id": "SOL-71402-QKD", "isDeployedOnAzure": true, "value": 205_000, "currency": "SEK" }]
        })
    );
    assert!(plan.codes().contains(&"registered"));
}

#[test]
fn each_of_several_solutions_is_named_and_none_gets_the_whole_value() {
    let two = |body: &mut Json| {
        body["details"]["requirements"]["solutions"] =
            json!([{ "id": "SOL-1", "name": "One" }, { "id": "SOL-2" }]);
    };
    let body = body(&deal(registering(), two).plan());
    let expected = json!([{ "id": "SOL-1", "name": "One", "currency": "SEK" }, { "id": "SOL-2", "currency": "SEK" }]);
    assert_eq!(body["solutionDetails"], expected);
}

#[test]
fn all_that_keeps_a_deal_from_being_registered_is_notified_at_once() {
    let bare = |body: &mut Json| body["details"]["requirements"]["solutions"] = json!([]);
    let mut deal = deal(registering(), bare);
    deal.edit_record(|record| {
        set(record, "actualvalue", Json::Null);
        set(record, "actualclosedate", Json::Null);
    });
    let plan = deal.plan();
    assert!(registered(&plan).is_none());
    let Some(Registering::Refused { reasons, sent: None }) = &plan.memory.registering else {
        panic!("{:?}", plan.memory.registering);
    };
    let codes: Vec<&str> = reasons.iter().map(Notice::code).collect();
    let missing = "field-missing";
    assert_eq!(
        codes,
        ["registration-blocked", "registration-without-solution", missing, missing, missing]
    );
    assert_eq!(
        plan.fields_of(missing),
        ["contract_sign", "contract_start", "contract_value"].into()
    );
}

#[test]
fn a_contract_that_starts_before_it_is_signed_is_not_registered() {
    let mut mapping = registering();
    let rules = &mut mapping.registration.as_mut().unwrap().rules;
    rules.iter_mut().find(|rule| rule.name == "contract_start").unwrap().crm = "nwcs_start".into();
    let mut deal = deal(mapping, |_| {});
    deal.set("nwcs_start", json!("2026-11-19"));
    let plan = deal.plan();
    assert!(registered(&plan).is_none());
    let dates = Notice::RegistrationDates {
        start: "Contract start date".into(),
        sign: "Contract signing date".into(),
    };
    assert!(plan.notices.contains(&dates), "{:?}", plan.notices);
    deal.set("nwcs_start", json!("2026-11-20"));
    body(&deal.plan());
}

#[test]
fn a_deal_is_registered_once_won_on_both_sides_shared_and_accepted() {
    says_nothing_of_it(&Deal::of(registering(), led(|_| {}), won_record).plan());
    says_nothing_of_it(&Deal::of(registering(), led(won), |_| {}).plan());
    let hide = |body: &mut Json| {
        body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(false);
    };
    says_nothing_of_it(&deal(registering(), hide).plan());
    says_nothing_of_it(&deal(shipped(), |_| {}).plan());

    let with_microsoft = |status: &str, substatus: &str| {
        let mut deal = deal(registering(), |_| {});
        deal.pair.microsoft = Some(referral(led(|body| stage(body, status, substatus))));
        deal.plan()
    };
    says_nothing_of_it(&with_microsoft("New", "Pending"));
    body(&with_microsoft("Active", "Accepted"));
    body(&with_microsoft("Closed", "Won"));
    let declined = with_microsoft("Closed", "Declined");
    assert!(registered(&declined).is_none());
    let notice = Notice::RegistrationDeclined { stage: Stage::Declined };
    assert!(declined.notices.contains(&notice), "{:?}", declined.notices);
}

#[test]
fn a_registration_that_stands_is_found_even_where_the_list_is_left_out() {
    for (name, value) in
        [("registrations", json!([{ "id": "x" }])), ("registrationStatus", json!("ReviewPending"))]
    {
        let plan = deal(registering(), |body| body[name] = value).plan();
        assert!(registered(&plan).is_none());
        assert_eq!(plan.memory.registering, Some(Registering::Done), "{name}");
    }
    let none = |body: &mut Json| {
        (body["registrations"], body["registrationStatus"]) = (json!([]), json!("None"));
    };
    body(&deal(registering(), none).plan());
}

#[test]
fn the_columns_of_a_registration_are_read_only_where_deals_are_registered() {
    assert!(!shipped().crm_columns().contains("actualclosedate"));
    assert!(registering().crm_columns().contains("actualclosedate"));
}

#[test]
fn details_of_solutions_that_are_no_tables_stop_nothing() {
    let mut mapping = registering();
    let registration = mapping.registration.as_mut().unwrap();
    registration.create.insert("solutionDetails".into(), json!(["SOL-1"]));
    let body = body(&deal(mapping, |_| {}).plan());
    assert_eq!(body["solutionDetails"][0]["id"], "SOL-71402-QKD");
}
