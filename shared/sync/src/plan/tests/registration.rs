//! Wins that wait, and the registration of won deals.

use super::*;
use crate::plan::{NewRegistration, plan_registration};
use cosell_mapping::RegisterWhen;

fn registering() -> Mapping {
    let mut mapping = shipped();
    mapping.registration.as_mut().unwrap().when = RegisterWhen::Won;
    mapping
}

/// A partner-led deal made two days ago.
fn led(change: impl FnOnce(&mut Json)) -> Referral {
    referral(|body| {
        body["consent"] = json!({ "consentToShareReferralWithMicrosoftSellers": true });
        body["createdDateTime"] = json!("2026-11-19T10:00:00.1234567Z");
        change(body);
    })
}

fn won(body: &mut Json) {
    (body["status"], body["substatus"]) = (json!("Closed"), json!("Won"));
}

fn won_record(change: impl FnOnce(&mut CrmRecord)) -> CrmRecord {
    record(|record| {
        record.phase = Phase::Won;
        set(record, "actualvalue", json!(205_000));
        set(record, "actualclosedate", json!("2026-11-20"));
        change(record);
    })
}

/// The plan at `now` for a pair whose record was won since it was last last_synced.
fn won_at(mapping: &Mapping, referral: &Referral, now: &str) -> Update {
    let link = linked(mapping, referral, &record(|_| {}));
    plan_update(mapping, &link, referral, &won_record(|_| {}), now.parse().unwrap())
}

#[test]
fn a_win_waits_until_72_hours_after_the_referral_was_made_when_deals_are_registered() {
    let update = won_at(&registering(), &led(|_| {}), "2026-11-22T10:00:00Z");
    assert_eq!(update.win_waits.unwrap().to_string(), "2026-11-22T10:05:00.1234567Z");
    assert!(update.patch.is_empty(), "{:?}", update.patch);
    let sent = won_at(&registering(), &led(|_| {}), "2026-11-22T10:05:01Z");
    assert_eq!((sent.win_waits, sent.patch.len()), (None, 2));
    let unregistered = won_at(&shipped(), &led(|_| {}), "2026-11-19T10:00:00Z");
    assert_eq!((unregistered.win_waits, unregistered.patch.len()), (None, 2));
}

#[test]
fn a_win_that_waits_is_found_again_and_the_other_fields_cross_meanwhile() {
    let mapping = registering();
    let open = led(|_| {});
    let mut link = linked(&mapping, &open, &record(|_| {}));
    let edited = won_record(|record| set(record, "estimatedvalue", json!(205_000)));
    let update =
        plan_update(&mapping, &link, &open, &edited, "2026-11-20T10:00:00Z".parse().unwrap());
    let paths: Vec<&str> = update.patch.iter().map(|operation| operation.path.as_str()).collect();
    assert_eq!(paths, ["/details/dealValue"]);
    let patched = led(|body| body["details"]["dealValue"] = json!(205_000));
    link.last_synced = update.last_synced(&mapping, Some(&patched), None);
    let later =
        plan_update(&mapping, &link, &patched, &edited, "2026-11-23T10:00:00Z".parse().unwrap());
    let paths: Vec<&str> = later.patch.iter().map(|operation| operation.path.as_str()).collect();
    assert_eq!(paths, ["/status", "/substatus"]);
}

#[test]
fn neither_a_private_deal_nor_a_lost_one_waits() {
    let private =
        led(|body| body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(false));
    assert_eq!(won_at(&registering(), &private, "2026-11-19T11:00:00Z").patch.len(), 2);
    let mapping = registering();
    let open = led(|_| {});
    let link = linked(&mapping, &open, &record(|_| {}));
    let lost = record(|record| record.phase = Phase::Lost);
    let update =
        plan_update(&mapping, &link, &open, &lost, "2026-11-19T11:00:00Z".parse().unwrap());
    assert_eq!((update.win_waits, update.patch.len()), (None, 3));
}

#[test]
fn a_win_waits_from_the_link_on_where_partner_center_does_not_say_when_the_deal_was_made() {
    let unsaid = led(|body| body["createdDateTime"] = Json::Null);
    let link = linked(&registering(), &unsaid, &record(|_| {}));
    let at = link.created + jiff::SignedDuration::from_hours(71);
    assert!(won_at(&registering(), &unsaid, &at.to_string()).win_waits.is_some());
}

fn body(plan: NewRegistration) -> Json {
    match plan {
        NewRegistration::Register(operation) => {
            assert_eq!(operation.path, "/registrations/-");
            operation.value
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_won_deal_is_registered_with_its_contract_and_its_solutions() {
    let mut mapping = registering();
    let registration = mapping.registration.as_mut().unwrap();
    registration.create.insert("solutionDetails".into(), json!([{ "isDeployedOnAzure": true }]));
    let body = body(plan_registration(&mapping, &led(won), None, &won_record(|_| {})));
    let date = "2026-11-20T00:00:00Z";
    assert_eq!(
        body,
        json!({
            "type": "AzureIPCoSell",
            "contract": { "value": 205_000, "currency": "SEK", "signDateTime": date, "startDateTime": date },
            "solutionDetails": [{ "id": "SOL-71402-QKD", "isDeployedOnAzure": true, "value": 205_000, "currency": "SEK" }]
        })
    );
}

#[test]
fn each_of_several_solutions_is_named_and_none_gets_the_whole_value() {
    let two = led(|body| {
        won(body);
        body["details"]["requirements"]["solutions"] =
            json!([{ "id": "SOL-1", "name": "One" }, { "id": "SOL-2" }]);
    });
    let body = body(plan_registration(&registering(), &two, None, &won_record(|_| {})));
    let expected = json!([{ "id": "SOL-1", "name": "One", "currency": "SEK" }, { "id": "SOL-2", "currency": "SEK" }]);
    assert_eq!(body["solutionDetails"], expected);
}

#[test]
fn all_that_keeps_a_deal_from_being_registered_is_told_at_once() {
    let mapping = registering();
    let bare = led(|body| {
        won(body);
        body["details"]["requirements"]["solutions"] = json!([]);
    });
    let lacking = won_record(|record| {
        set(record, "actualvalue", Json::Null);
        set(record, "actualclosedate", Json::Null);
    });
    let NewRegistration::Tell(problems) = plan_registration(&mapping, &bare, None, &lacking) else {
        panic!("it lacks something");
    };
    let all = problems.join(" ");
    for missing in [
        "no solution",
        "Contract value is missing",
        "signing date is missing",
        "start date is missing",
    ] {
        assert_eq!(all.matches(missing).count(), 1, "{missing}: {all}");
    }
}

#[test]
fn a_contract_that_starts_before_it_is_signed_is_not_registered() {
    let mut mapping = registering();
    let rules = &mut mapping.registration.as_mut().unwrap().rules;
    rules.iter_mut().find(|rule| rule.name == "contract_start").unwrap().crm = "nwcs_start".into();
    let early = won_record(|record| set(record, "nwcs_start", json!("2026-11-19")));
    let plan = plan_registration(&mapping, &led(won), None, &early);
    assert!(
        matches!(&plan, NewRegistration::Tell(told) if told[1].starts_with("Contract start date is before Contract signing date")),
        "{plan:?}"
    );
    let same_day = won_record(|record| set(record, "nwcs_start", json!("2026-11-20")));
    body(plan_registration(&mapping, &led(won), None, &same_day));
}

#[test]
fn a_deal_is_registered_once_won_on_both_sides_shared_and_accepted() {
    let mapping = registering();
    let nothing = |referral: &Referral, half: Option<&Referral>, record: &CrmRecord| {
        assert_eq!(plan_registration(&mapping, referral, half, record), NewRegistration::Nothing);
    };
    nothing(&led(|_| {}), None, &won_record(|_| {}));
    nothing(&led(won), None, &record(|_| {}));
    let private = led(|body| {
        won(body);
        body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(false);
    });
    nothing(&private, None, &won_record(|_| {}));
    let half = |status: &str, substatus: &str| {
        led(|body| (body["status"], body["substatus"]) = (json!(status), json!(substatus)))
    };
    nothing(&led(won), Some(&half("New", "Pending")), &won_record(|_| {}));
    for (status, substatus) in [("Active", "Accepted"), ("Closed", "Won")] {
        body(plan_registration(
            &mapping,
            &led(won),
            Some(&half(status, substatus)),
            &won_record(|_| {}),
        ));
    }
    let declined = plan_registration(
        &mapping,
        &led(won),
        Some(&half("Closed", "Declined")),
        &won_record(|_| {}),
    );
    assert!(
        matches!(&declined, NewRegistration::Tell(told) if told[0].contains("Declined")),
        "{declined:?}"
    );
    assert_eq!(
        plan_registration(&shipped(), &led(won), None, &won_record(|_| {})),
        NewRegistration::Nothing
    );
}

#[test]
fn a_registration_that_stands_is_seen_even_where_the_list_is_left_out() {
    for (name, value) in
        [("registrations", json!([{ "id": "x" }])), ("registrationStatus", json!("ReviewPending"))]
    {
        let registered = led(|body| {
            won(body);
            body[name] = value;
        });
        let plan = plan_registration(&registering(), &registered, None, &won_record(|_| {}));
        assert_eq!(plan, NewRegistration::Done, "{name}");
    }
    let none = led(|body| {
        won(body);
        (body["registrations"], body["registrationStatus"]) = (json!([]), json!("None"));
    });
    body(plan_registration(&registering(), &none, None, &won_record(|_| {})));
}

#[test]
fn the_columns_of_a_registration_are_read_only_where_deals_are_registered() {
    assert!(!shipped().crm_columns().contains("actualclosedate"));
    assert!(registering().crm_columns().contains("actualclosedate"));
}

#[test]
fn a_win_waits_though_its_seller_shows_the_deal_to_microsoft_only_with_it() {
    let mapping = registering();
    let private =
        led(|body| body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(false));
    let link = linked(&mapping, &private, &record(|_| {}));
    let shown = won_record(|record| set(record, "nwcs_referralvisibility", json!(412_000_001)));
    let update =
        plan_update(&mapping, &link, &private, &shown, "2026-11-19T11:00:00Z".parse().unwrap());
    let paths: Vec<&str> = update.patch.iter().map(|operation| operation.path.as_str()).collect();
    assert_eq!(paths, ["/consent/consentToShareReferralWithMicrosoftSellers"]);
    assert!(update.win_waits.is_some());
}

#[test]
fn details_of_solutions_that_are_no_tables_stop_nothing() {
    let mut mapping = registering();
    let registration = mapping.registration.as_mut().unwrap();
    registration.create.insert("solutionDetails".into(), json!(["SOL-1"]));
    let body = body(plan_registration(&mapping, &led(won), None, &won_record(|_| {})));
    assert_eq!(body["solutionDetails"][0]["id"], "SOL-71402-QKD");
}
