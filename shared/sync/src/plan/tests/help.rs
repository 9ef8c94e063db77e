//! Help that is chosen for a deal that exists already.

use super::*;
use cosell_model::link::Step;
use cosell_model::microsoft::Microsoft;

const CONSENT: &str = "/consent/consentToShareReferralWithMicrosoftSellers";

fn asks(record: &mut CrmRecord) {
    set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
    for (column, value) in [
        ("firstname", "Ida"),
        ("lastname", "Ek"),
        ("emailaddress1", "ida.ek@norrsken.example"),
        ("telephone1", "+4690"),
    ] {
        set(record, &format!("parentcontactid/{column}"), json!(value));
    }
}

fn private() -> Link {
    linked(&shipped(), &referral(|_| {}), &record(|_| {}))
}

fn plan(link: &Link, referral: &Referral, record: &CrmRecord) -> Update {
    plan_update(&shipped(), link, referral, record, now())
}

fn paths(update: &Update) -> Vec<&str> {
    update.patch.iter().map(|operation| operation.path.as_str()).collect()
}

#[test]
fn a_private_deal_is_shown_to_microsoft_and_gets_its_contact_in_one_patch_before_microsoft_is_asked()
 {
    let update = plan(
        &private(),
        &referral(|_| {}),
        &record(|record| {
            asks(record);
            set(record, "estimatedvalue", json!(205_000));
        }),
    );
    assert_eq!(paths(&update), ["/details/dealValue", "/customerProfile/team", CONSENT]);
    assert_eq!(update.patch[1].value[0]["email"], "ida.ek@norrsken.example");
    assert_eq!(update.patch[2].value, json!(true));
    let Wish::Ask(invitation) = &update.wish else { panic!("{:?}", update.wish) };
    assert_eq!(invitation.help, "ProofOfConceptOrDemo");
    assert_eq!(invitation.body["details"]["dealValue"], 205_000);
    assert_eq!(invitation.body["type"], "Shared");
    assert_eq!(invitation.body["consent"]["consentToShareReferralWithMicrosoftSellers"], true);
    assert_eq!(
        update.notes(true, true),
        ["Sent to Partner Center: Deal value, Referral Visibility, Customer contact."]
    );
}

#[test]
fn what_microsoft_needs_and_a_deal_lacks_is_told_at_once_and_the_rest_goes_on() {
    let lacking = record(|record| {
        asks(record);
        set(record, "parentcontactid/emailaddress1", Json::Null);
        set(record, "parentcontactid/telephone1", Json::Null);
        set(record, "description", json!("Three warehouses."));
    });
    let mut link = private();
    let update = plan(&link, &referral(|_| {}), &lacking);
    let Wish::Lacks(refusal) = &update.wish else { panic!("{:?}", update.wish) };
    let told = refusal.told.join("\n");
    assert!(
        told.contains("contact's e-mail is missing")
            && told.contains("contact's telephone is missing"),
        "{told}"
    );
    assert_eq!(paths(&update), ["/details/notes"], "neither consent nor contact");
    link.microsoft.refused = Some(refusal.clone());
    assert_eq!(plan(&link, &referral(|_| {}), &lacking).wish, Wish::Stands(refusal.clone()));
    let mended = record(asks);
    assert!(matches!(plan(&link, &referral(|_| {}), &mended).wish, Wish::Ask(_)));
}

#[test]
fn what_was_refused_is_asked_again_only_when_something_of_it_changed() {
    let mut link = private();
    let Wish::Ask(invitation) = plan(&link, &referral(|_| {}), &record(asks)).wish else {
        panic!("not asked")
    };
    link.microsoft.refused = Some(cosell_model::microsoft::Refusal {
        tried: invitation.digest.clone(),
        told: vec!["Refused.".into()],
    });
    let again = plan(&link, &referral(|_| {}), &record(asks));
    assert!(matches!(again.wish, Wish::Stands(_)));
    assert!(paths(&again).is_empty(), "a deal is not shown to Microsoft for nothing");
    let changed = record(|record| {
        asks(record);
        set(record, "nwcs_products", json!("SOL-99999-ABC"));
    });
    assert!(matches!(plan(&link, &referral(|_| {}), &changed).wish, Wish::Ask(_)));
}

#[test]
fn a_partner_led_deal_with_a_contact_needs_no_patch_and_keeps_the_customer_that_microsoft_knows() {
    let contact = json!([{ "firstName": "Nils", "lastName": "Berg", "phoneNumber": "+4626", "email": "nils@ostsjo.example" }]);
    let shared = referral(|body| {
        body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
        body["customerProfile"]["team"] = contact.clone();
    });
    let renamed = record(|record| {
        asks(record);
        set(record, "customerid_account/name", json!("Norrsken Holding"));
    });
    let link = linked(&shipped(), &shared, &renamed);
    let update = plan(&link, &shared, &renamed);
    assert!(paths(&update).is_empty());
    let Wish::Ask(invitation) = update.wish else { panic!("not asked") };
    assert_eq!(invitation.body["customerProfile"]["team"], contact);
    assert_eq!(invitation.body["customerProfile"]["name"], "Norrsken");
}

#[test]
fn microsoft_that_was_asked_is_not_asked_otherwise_and_the_seller_is_told_once() {
    let mut link = linked(&shipped(), &referral(|_| {}), &record(asks));
    link.steps.insert(Step::MicrosoftInvited);
    link.microsoft =
        Microsoft { asked: Some("ProofOfConceptOrDemo".into()), ..Microsoft::default() };
    for change in [json!(412_000_003), Json::Null] {
        let other = record(|record| {
            asks(record);
            set(record, "nwcs_howcanmicrosofthelp", change.clone());
        });
        let update = plan(&link, &referral(|_| {}), &other);
        assert!(!matches!(update.wish, Wish::Ask(_)));
        assert!(
            update.notes(true, true)[0].contains("neither changed nor taken back"),
            "{:?}",
            update.notes(true, true)
        );
        let told = Link { last_synced: update.last_synced(&shipped(), None, None), ..link.clone() };
        assert!(is_quiet(&plan(&told, &referral(|_| {}), &other)));
    }
}

#[test]
fn a_request_that_was_made_though_its_look_died_is_no_change_of_it() {
    let mut link = private();
    link.steps.insert(Step::MicrosoftInvited);
    link.microsoft.asked = Some("ProofOfConceptOrDemo".into());
    let update = plan(&link, &referral(|_| {}), &record(asks));
    assert!(update.notes(true, true).iter().all(|note| !note.contains("help?")));
}

#[test]
fn closed_inbound_and_closing_deals_are_never_shown_to_microsoft_nor_is_it_asked() {
    let closed: fn(&mut Json) =
        |body| (body["status"], body["substatus"]) = (json!("Closed"), json!("Won"));
    let inbound: fn(&mut Json) = |body| body["direction"] = json!("Incoming");
    for (change, told) in [(closed, "is closed"), (inbound, "takes part in it already")] {
        let there = referral(change);
        let link = linked(&shipped(), &there, &record(|_| {}));
        let update = plan(&link, &there, &record(asks));
        assert!(update.patch.is_empty() && !matches!(update.wish, Wish::Ask(_)), "{told}");
        let notes = update.notes(true, true).join(" ");
        assert!(notes.contains(told), "{notes}");
    }
    let won = record(|record| {
        asks(record);
        record.phase = Phase::Won;
    });
    let update = plan(&private(), &referral(|_| {}), &won);
    assert_eq!(paths(&update), ["/status", "/substatus"]);
    assert_eq!(update.wish, Wish::Rests);
}
