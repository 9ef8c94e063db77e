//! Whether Microsoft's sellers may see a deal.

use super::*;
use crate::built_in_fields::VISIBILITY;

const COLUMN: &str = "nwcs_referralvisibility";
const CONSENT: &str = "/consent/consentToShareReferralWithMicrosoftSellers";

fn private() -> Json {
    json!(412_000_000)
}

fn visible() -> Json {
    json!(412_000_001)
}

fn shows(value: Json) -> impl FnOnce(&mut CrmRecord) {
    move |record| set(record, COLUMN, value)
}

fn shared(body: &mut Json) {
    body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
}

/// Plans for a pair that was in step, with what is last_synced after everything was stored.
fn step(link: &mut Link, referral: &Referral, record: &CrmRecord) -> Update {
    let update = plan_update(&shipped(), link, referral, record, now());
    link.last_synced = update.last_synced(&shipped(), None, None);
    update
}

fn created(record: &CrmRecord, policy: &Policy) -> NewReferral {
    plan_referral(&shipped(), policy, record)
}

#[test]
fn a_new_deal_is_private_unless_its_seller_says_otherwise() {
    for (column, consent) in [(Json::Null, false), (private(), false), (visible(), true)] {
        let NewReferral::Create { body, help } = created(&record(shows(column.clone())), &policy())
        else {
            panic!("not created")
        };
        assert_eq!(
            body["consent"]["consentToShareReferralWithMicrosoftSellers"], consent,
            "{column}"
        );
        assert_eq!(
            (&body["type"], &body["target"], help),
            (&json!("Independent"), &json!([]), None)
        );
    }
}

#[test]
fn without_private_deals_partner_led_ones_are_still_sent() {
    let mut shared_only = policy();
    shared_only.sync_private = false;
    assert!(matches!(created(&record(|_| {}), &shared_only), NewReferral::Skip(_)));
    assert!(matches!(created(&record(shows(private())), &shared_only), NewReferral::Skip(_)));
    assert!(matches!(created(&record(shows(visible())), &shared_only), NewReferral::Create { .. }));
    let (there, here) = (referral(|_| {}), record(shows(visible())));
    assert!(matches!(
        plan_adoption(&shipped(), &shared_only, &there, &here),
        Adoption::Link { .. }
    ));
}

#[test]
fn a_value_that_the_table_lacks_is_told_with_everything_else() {
    let unfit = record(|record| {
        set(record, COLUMN, json!(7));
        set(record, "nwcs_howcanmicrosofthelp", json!(8));
        set(record, "nwcs_products", Json::Null);
    });
    let NewReferral::Reject(problems) = created(&unfit, &policy()) else { panic!("not rejected") };
    let text = problems.join("\n");
    for told in [
        "How can Microsoft help?: the value `8`",
        "Referral Visibility: the value `7`",
        "Products is missing",
        "Customer contact's e-mail is missing",
    ] {
        assert!(text.contains(told), "{text}");
    }
}

#[test]
fn a_private_deal_becomes_visible_once_and_for_all() {
    let mut link = linked(&shipped(), &referral(|_| {}), &record(shows(private())));
    let update =
        plan_update(&shipped(), &link, &referral(|_| {}), &record(shows(visible())), now());
    assert_eq!(update.patch.len(), 1);
    assert_eq!((update.patch[0].path.as_str(), &update.patch[0].value), (CONSENT, &json!(true)));
    assert_eq!(update.notes(true, true), ["Sent to Partner Center: Referral Visibility."]);
    link.last_synced = update.last_synced(&shipped(), Some(&referral(shared)), None);
    assert!(is_quiet(&step(&mut link, &referral(shared), &record(shows(visible())))));
    let lowered = step(&mut link, &referral(shared), &record(shows(private())));
    assert!(lowered.patch.is_empty(), "a consent never goes down");
    assert_eq!(lowered.fields[COLUMN], visible());
    assert!(
        lowered.notes(true, true).iter().any(|note| note.contains("stays visible")),
        "{:?}",
        lowered.notes(true, true)
    );
}

#[test]
fn what_partner_center_shows_stands_in_the_crm_and_is_written_once() {
    let mut link = linked(&shipped(), &referral(|_| {}), &record(|_| {}));
    let update = plan_update(&shipped(), &link, &referral(shared), &record(|_| {}), now());
    assert_eq!(update.fields[COLUMN], visible());
    assert!(update.patch.is_empty());
    // A CRM that does not keep it is not asked again.
    link.last_synced = update.last_synced(&shipped(), None, Some(&record(|_| {})));
    assert!(is_quiet(&plan_update(&shipped(), &link, &referral(shared), &record(|_| {}), now())));
    let NewRecord::Create(write) = plan_record(&shipped(), &policy(), &referral(shared), now())
    else {
        panic!("not created")
    };
    assert_eq!(write.fields[COLUMN], visible());
}

#[test]
fn help_makes_a_deal_visible_and_the_next_look_shows_it() {
    let asking = record(|record| {
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
        for column in ["firstname", "lastname", "emailaddress1", "telephone1"] {
            set(record, &format!("parentcontactid/{column}"), json!("x"));
        }
    });
    let mut link = linked(&shipped(), &referral(|_| {}), &record(|_| {}));
    let update = plan_update(&shipped(), &link, &referral(|_| {}), &asking, now());
    link.last_synced = update.last_synced(&shipped(), Some(&referral(shared)), Some(&asking));
    link.steps.insert(cosell_model::link::Step::MicrosoftInvited);
    assert!(!link.last_synced.contains_key(VISIBILITY));
    assert_eq!(
        plan_update(&shipped(), &link, &referral(shared), &asking, now()).fields[COLUMN],
        visible()
    );
}

#[test]
fn closed_and_inbound_deals_are_not_made_visible_and_that_is_told_once() {
    let closed: fn(&mut Json) =
        |body| (body["status"], body["substatus"]) = (json!("Closed"), json!("Lost"));
    let inbound: fn(&mut Json) = |body| body["direction"] = json!("Incoming");
    for change in [closed, inbound] {
        let there = referral(change);
        let mut link = linked(&shipped(), &there, &record(|_| {}));
        let update = step(&mut link, &there, &record(shows(visible())));
        assert!(update.patch.is_empty());
        assert_eq!(update.notes(true, true).len(), 1, "{:?}", update.notes(true, true));
        assert!(is_quiet(&step(&mut link, &there, &record(shows(visible())))));
    }
}

#[test]
fn without_the_table_only_help_makes_a_deal_visible() {
    let mut mapping = shipped();
    mapping.visibility = None;
    let link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    let update = plan_update(&mapping, &link, &referral(shared), &record(shows(visible())), now());
    assert!(is_quiet(&update));
    assert!(!mapping.crm_columns().contains(COLUMN));
}
