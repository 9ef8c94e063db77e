//! Help that is chosen for a deal that exists already.

use cosell_model::link::Step;
use cosell_model::microsoft::{Microsoft, RefusedRequest};

use super::*;
use crate::plan::Invitation;

const CONSENT: &str = "/consent/consentToShareReferralWithMicrosoftSellers";

fn invitation(plan: &Plan) -> Option<&Invitation> {
    let invitation = plan.effects.iter().find_map(|effect| match &effect.action {
        Action::RequestHelp(invitation) => Some((effect, invitation)),
        _ => None,
    });
    assert_eq!(invitation.is_some(), plan.help == HelpRequest::Ready);
    invitation.map(|(effect, invitation)| {
        assert!(effect.is_final && effect.field == Field::Help);
        invitation
    })
}

/// A private deal whose seller chose help.
fn asking() -> Deal {
    let mut deal = Deal::in_sync();
    deal.edit_record(asks);
    deal
}

#[test]
fn a_private_deal_is_shown_to_microsoft_and_gets_its_contact_in_one_patch_before_microsoft_is_asked()
 {
    let mut deal = asking();
    deal.set("estimatedvalue", json!(205_000));
    let plan = deal.plan();
    assert_eq!(plan.paths(), ["/details/dealValue", "/customerProfile/team", CONSENT]);
    let operations = plan.operations();
    assert_eq!(operations[1].value[0]["email"], "ida.ek@norrsken.example");
    assert_eq!(operations[2].value, json!(true));
    assert!(plan.effect("visibility").is_final, "a deal that was shown stays visible");
    let invitation = invitation(&plan).unwrap();
    assert_eq!(invitation.help, "ProofOfConceptOrDemo");
    assert_eq!(invitation.body["details"]["dealValue"], 205_000);
    assert_eq!(invitation.body["type"], "Shared");
    assert_eq!(invitation.body["consent"]["consentToShareReferralWithMicrosoftSellers"], true);
    let fields = vec!["deal_value".into(), Field::Contact, Field::Visibility];
    assert_eq!(
        deal.news(&plan),
        [Notice::Sent { fields, stage: None }, Notice::HelpRequested],
        "Microsoft is asked once the patch is stored"
    );
}

#[test]
fn what_microsoft_needs_and_a_deal_lacks_is_notified_at_once_and_the_rest_goes_on() {
    let mut deal = asking();
    deal.edit_record(|record| {
        set(record, "parentcontactid/emailaddress1", Json::Null);
        set(record, "parentcontactid/telephone1", Json::Null);
        set(record, "description", json!("Three warehouses."));
    });
    let plan = deal.plan();
    let HelpRequest::Blocked(refused) = plan.help.clone() else { panic!("{:?}", plan.help) };
    assert_eq!(refused.reasons[0], Notice::HelpBlocked);
    assert_eq!(plan.fields_of("field-missing"), ["contact_email", "contact_phone"].into());
    assert_eq!(plan.paths(), ["/details/notes"], "neither consent nor contact");
    deal.carry_out(&plan);
    assert_eq!(deal.link().microsoft.refused.as_ref(), Some(&refused));
    let again = deal.plan();
    assert_eq!(again.help, HelpRequest::Blocked(refused));
    assert!(again.effects.is_empty(), "notified once: {again:?}");
    deal.edit_record(asks);
    assert!(invitation(&deal.plan()).is_some());
}

#[test]
fn what_was_refused_is_asked_again_only_when_something_of_it_changed() {
    let mut deal = asking();
    let tried = invitation(&deal.plan()).unwrap().digest.clone();
    let refusal = cosell_model::notice::Refusal { sentence: "Refused.".into(), code: None };
    let reasons = vec![Notice::HelpRefused { refusal }];
    deal.link_mut().microsoft.refused = Some(RefusedRequest { tried, reasons });
    let again = deal.plan();
    assert!(matches!(again.help, HelpRequest::Blocked(_)));
    assert!(again.paths().is_empty(), "a deal is not shown to Microsoft for nothing");
    deal.set("nwcs_products", json!("SOL-99999-ABC"));
    assert!(invitation(&deal.plan()).is_some());
}

#[test]
fn a_partner_led_deal_with_a_contact_needs_no_patch_and_keeps_the_customer_that_microsoft_knows() {
    let contact = json!([{ "firstName": "Nils", "lastName": "Berg", "phoneNumber": "+4626", "email": "nils@ostsjo.example" }]);
    let shared = |body: &mut Json| {
        body["consent"]["consentToShareReferralWithMicrosoftSellers"] = json!(true);
        body["customerProfile"]["team"] = contact.clone();
    };
    let renamed = |record: &mut CrmRecord| {
        asks(record);
        set(record, "customerid_account/name", json!("Norrsken Holding"));
    };
    let plan = Deal::of(shipped(), shared, renamed).plan();
    assert!(plan.paths().is_empty());
    let invitation = invitation(&plan).unwrap();
    assert_eq!(invitation.body["customerProfile"]["team"], contact);
    assert_eq!(invitation.body["customerProfile"]["name"], "Norrsken");
}

#[test]
fn microsoft_that_was_asked_is_not_asked_otherwise_and_the_seller_is_notified_once() {
    for change in [json!(412_000_003), Json::Null] {
        let mut deal = Deal::of(shipped(), |_| {}, asks);
        deal.link_mut().steps.insert(Step::MicrosoftInvited);
        deal.link_mut().microsoft =
            Microsoft { requested: Some("ProofOfConceptOrDemo".into()), ..Microsoft::default() };
        deal.set("nwcs_howcanmicrosofthelp", change);
        let plan = deal.plan();
        assert!(invitation(&plan).is_none());
        assert_eq!(plan.help, HelpRequest::Sent);
        assert!(deal.says(&plan).contains(&"help-already-requested"), "{:?}", deal.says(&plan));
        deal.carry_out(&plan);
        let again = deal.plan();
        assert!(again.effects.is_empty() && deal.news(&again).is_empty(), "{again:?}");
    }
}

#[test]
fn a_request_that_was_made_though_its_reconciliation_died_is_no_change_of_it() {
    let mut deal = asking();
    deal.link_mut().steps.insert(Step::MicrosoftInvited);
    deal.link_mut().microsoft.requested = Some("ProofOfConceptOrDemo".into());
    let codes = deal.plan().codes();
    assert!(!codes.iter().any(|code| code.starts_with("help")), "{codes:?}");
}

#[test]
fn closed_inbound_and_closing_deals_are_never_shown_to_microsoft_nor_is_it_asked() {
    let closed: fn(&mut Json) = |body| stage(body, "Closed", "Won");
    let inbound: fn(&mut Json) = |body| body["direction"] = json!("Incoming");
    for (change, code) in [(closed, "help-referral-closed"), (inbound, "help-incoming")] {
        let mut deal = Deal::of(shipped(), change, |_| {});
        deal.edit_record(asks);
        let plan = deal.plan();
        assert!(plan.paths().is_empty() && invitation(&plan).is_none(), "{code}");
        assert!(plan.codes().contains(&code), "{:?}", plan.codes());
    }
    let mut won = asking();
    won.edit_record(|record| record.phase = Phase::Won);
    let plan = won.plan();
    assert_eq!(plan.paths(), ["/status", "/substatus"]);
    assert_eq!(plan.help, HelpRequest::Waiting);
}
