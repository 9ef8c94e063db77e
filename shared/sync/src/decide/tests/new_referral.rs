//! Records without a referral.

use super::*;
use crate::decide::new_referral::microsoft_body;

#[test]
fn a_new_referral_carries_every_create_rule() {
    let plan = Deal::without_referral(|_| {}).plan();
    let body = created(&plan);
    assert_eq!(plan.help, HelpRequest::None);
    assert_eq!(body["externalReferenceId"], RECORD);
    assert_eq!(body["type"], "Independent");
    assert_eq!(body["target"], json!([]));
    assert_eq!(body["customerProfile"]["address"]["country"], "SE");
    assert_eq!(body["details"]["closingDateTime"], "2026-09-30T00:00:00Z");
    assert_eq!(
        body["details"]["requirements"]["solutions"],
        json!([{ "type": "Name", "id": "SOL-71402-QKD" }])
    );
    assert_eq!(
        body["team"][0],
        json!({ "firstName": "Omar", "lastName": "Lind", "email": "omar.lind@halcyon.example", "phoneNumber": "+46700000002" })
    );
    assert_eq!(body["consent"]["consentToShareReferralWithMicrosoftSellers"], false);
    assert!(!plan.effects[0].is_final, "a private deal can be closed as a mistake");
}

#[test]
fn a_new_referral_that_lacks_fields_names_them_all_at_once() {
    let incomplete = |record: &mut CrmRecord| {
        record.fields.remove("estimatedclosedate");
        set(record, "nwcs_products", Json::Null);
        set(record, "customerid_account/address1_country", json!("Sweden"));
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
    };
    let plan = Deal::without_referral(incomplete).plan();
    assert!(!refused(&plan).is_empty());
    let missing = plan.fields_of("field-missing");
    for field in ["closing_date", "solutions", "contact_email"] {
        assert!(missing.contains(field), "{missing:?}");
    }
    assert_eq!(plan.fields_of("field-unfit"), ["customer_country"].into());
    assert_eq!(plan.codes().last(), Some(&"change-to-retry"));
}

#[test]
fn a_default_is_sent_in_the_form_of_its_kind() {
    let mut deal = Deal::without_referral(|record| {
        for column in
            ["estimatedvalue", "estimatedclosedate", "customerid_account/address1_country"]
        {
            record.fields.remove(column);
        }
    });
    for (name, default) in
        [("deal_value", "1000"), ("closing_date", "2026-12-31"), ("customer_country", "se")]
    {
        rule_mut(&mut deal.mapping, name).default = Some(default.to_owned());
    }
    let plan = deal.plan();
    let body = created(&plan);
    assert_eq!(body["details"]["dealValue"], 1000);
    assert_eq!(body["details"]["closingDateTime"], "2026-12-31T00:00:00Z");
    assert_eq!(body["customerProfile"]["address"]["country"], "SE");
}

#[test]
fn asking_for_help_makes_a_shared_referral_and_an_invitation() {
    let plan = Deal::without_referral(asks).plan();
    let body = created(&plan);
    assert_eq!(body["type"], "Shared");
    assert_eq!(body["target"], json!([{ "type": "SolutionProfile", "id": "SOL-71402-QKD" }]));
    let mut effects = plan.effects.iter();
    let invitation = effects.find_map(|effect| match &effect.action {
        Action::RequestHelp(invitation) => Some(invitation),
        _ => None,
    });
    let engagement = "0f6f2b57-7f4e-4c8d-8c0e-55c7a1d4e3b2".parse().unwrap();
    let body = microsoft_body(invitation.unwrap(), engagement);
    assert_eq!(body["inviteContext"]["assistanceRequestCode"], "ProofOfConceptOrDemo");
    assert_eq!(body["target"][0]["id"], "msft");
}

#[test]
fn an_unflagged_record_is_not_ours() {
    let unflagged = |record: &mut CrmRecord| {
        set(record, "nwcs_syncwithpartnercenter", json!(false));
    };
    let plan = Deal::without_referral(unflagged).plan();
    assert_eq!(off(&plan), Some(&OffReason::NotFlagged));
    assert!(plan.effects.is_empty());
}

/// What every new referral carries besides its rules.
#[test]
fn a_new_referral_has_what_the_mapping_gives_each_and_what_follows_from_its_kind() {
    let mapping = shipped();
    let plan = Deal::without_referral(|_| {}).plan();
    let body = created(&plan);
    assert_eq!(body["qualification"], mapping.create["qualification"]);
    for name in mapping.create["consent"].as_object().unwrap().keys() {
        assert!(!body["consent"][name].is_null(), "{name}");
    }
    let attributes = &body["details"]["requirements"]["additionalRequirements"]["attributes"];
    assert_eq!(attributes[0]["type"], "CustomerMarketplaceIntent");
}
