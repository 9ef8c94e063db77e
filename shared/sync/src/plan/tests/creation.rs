//! Making or finding the missing half.

use super::*;

#[test]
fn a_new_referral_carries_every_create_rule() {
    let NewReferral::Create { body, help } = plan_referral(&shipped(), &policy(), &record(|_| {}))
    else {
        panic!("not created")
    };
    assert_eq!(help, None);
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
}

#[test]
fn a_new_referral_that_lacks_fields_names_them_all_at_once() {
    let incomplete = record(|record| {
        record.fields.remove("estimatedclosedate");
        set(record, "nwcs_products", Json::Null);
        set(record, "customerid_account/address1_country", json!("Sweden"));
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
    });
    let NewReferral::Reject(problems) = plan_referral(&shipped(), &policy(), &incomplete) else {
        panic!("not rejected")
    };
    let text = problems.join("\n");
    for label in [
        "Estimated close date is missing",
        "Products is missing",
        "Customer country: it must be a two-letter",
        "Customer contact's e-mail is missing",
    ] {
        assert!(text.contains(label), "{text}");
    }
}

#[test]
fn a_default_is_sent_in_the_form_of_its_kind() {
    let mut mapping = shipped();
    for (name, default) in
        [("deal_value", "1000"), ("closing_date", "2026-12-31"), ("customer_country", "se")]
    {
        let rule = mapping.rules.iter_mut().find(|rule| rule.name == name).unwrap();
        rule.default = Some(default.to_owned());
    }
    let bare = record(|record| {
        for column in
            ["estimatedvalue", "estimatedclosedate", "customerid_account/address1_country"]
        {
            record.fields.remove(column);
        }
    });
    let NewReferral::Create { body, .. } = plan_referral(&mapping, &policy(), &bare) else {
        panic!("not created")
    };
    assert_eq!(body["details"]["dealValue"], 1000);
    assert_eq!(body["details"]["closingDateTime"], "2026-12-31T00:00:00Z");
    assert_eq!(body["customerProfile"]["address"]["country"], "SE");
}

#[test]
fn asking_for_help_makes_a_shared_referral_and_an_invitation() {
    let asking = record(|record| {
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
        for (column, value) in [
            ("firstname", "Ida"),
            ("lastname", "Ek"),
            ("emailaddress1", "ida.ek@norrsken.example"),
            ("telephone1", "+4690"),
        ] {
            set(record, &format!("parentcontactid/{column}"), json!(value));
        }
    });
    let NewReferral::Create { body, help } = plan_referral(&shipped(), &policy(), &asking) else {
        panic!("not created")
    };
    assert_eq!(body["type"], "Shared");
    assert_eq!(body["target"], json!([{ "type": "SolutionProfile", "id": "SOL-71402-QKD" }]));
    let engagement = "0f6f2b57-7f4e-4c8d-8c0e-55c7a1d4e3b2".parse().unwrap();
    let invitation = NewReferral::invitation(&body, engagement, &help.unwrap());
    assert_eq!(invitation["inviteContext"]["assistanceRequestCode"], "ProofOfConceptOrDemo");
    assert_eq!(invitation["target"][0]["id"], "msft");
}

#[test]
fn an_unflagged_record_is_not_ours() {
    let unflagged = record(|record| set(record, "nwcs_syncwithpartnercenter", json!(false)));
    assert!(matches!(plan_referral(&shipped(), &policy(), &unflagged), NewReferral::Skip(_)));
}

#[test]
fn an_unanswered_referral_becomes_a_record_on_hold_that_shows_its_sync() {
    let inbound =
        referral(|body| (body["status"], body["substatus"]) = (json!("New"), json!("Pending")));
    let NewRecord::Create(write) = plan_record(&shipped(), &policy(), &inbound, now()) else {
        panic!("not created")
    };
    assert_eq!(write.phase, Some(Phase::OnHold));
    assert_eq!(write.fields["nwcs_syncstatus"], "✔ Synced");
    assert_eq!(write.fields["nwcs_syncwithpartnercenter"], true);
    assert_eq!(
        write.fields["nwcs_referrallink"],
        "https://partner.example/referrals/c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa"
    );
    assert_eq!(write.fields["nwcs_audit"], "2026-11-21 10:00 UTC  Created from Partner Center.");
    assert_eq!(write.fields["estimatedvalue"], 184_000);
    assert!(!write.fields.contains_key("nwcs_referralid"), "the identifier is the upsert's key");
}

#[test]
fn leads_private_deals_and_closed_referrals_follow_the_policy() {
    let skipped = |policy: &Policy, change: fn(&mut Json)| {
        matches!(plan_record(&shipped(), policy, &referral(change), now()), NewRecord::Skip(_))
    };
    let lead = |body: &mut Json| {
        body["direction"] = json!("Incoming");
        body["qualification"] = json!("Direct");
    };
    let mut without_leads = policy();
    without_leads.sync_leads = false;
    assert!(skipped(&without_leads, lead));
    assert!(!skipped(&policy(), lead));
    assert!(skipped(&policy(), |body| (body["status"], body["substatus"]) =
        (json!("Closed"), json!("Lost"))));
    let mut shared_only = policy();
    shared_only.sync_private = false;
    assert!(skipped(&shared_only, |_| {}));
    assert!(!skipped(&policy(), |_| {}));
}

#[test]
fn only_an_open_flagged_pair_is_adopted() {
    let adopt = |referral: &Referral, record: &CrmRecord| {
        plan_adoption(&shipped(), &policy(), referral, record)
    };
    assert_eq!(adopt(&referral(|_| {}), &record(|_| {})), Adoption::Link { invite: false });
    let unflagged = record(|record| set(record, "nwcs_syncwithpartnercenter", json!(false)));
    assert!(matches!(adopt(&referral(|_| {}), &unflagged), Adoption::Skip(_)));
    let lost =
        referral(|body| (body["status"], body["substatus"]) = (json!("Closed"), json!("Lost")));
    assert!(matches!(adopt(&lost, &record(|_| {})), Adoption::Tell(_)));
    assert!(matches!(
        adopt(&lost, &record(|record| record.phase = Phase::Lost)),
        Adoption::Skip(_)
    ));
    let shared = referral(|body| body["type"] = json!("Shared"));
    let asking = record(|record| set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002)));
    assert_eq!(adopt(&shared, &asking), Adoption::Link { invite: true });
}
