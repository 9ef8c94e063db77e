//! Solutions and the attributes of services.

use serde_json::Value as Json;

use super::*;
use cosell_mapping::Placeholders;
use cosell_mapping_check::{Examination, MappingFile};

const ATTRIBUTES: &str = "/details/requirements/additionalRequirements/attributes";

/// The shipped mapping with the three rules of services co-sell.
fn services() -> Mapping {
    let rule = |name: &str, kind: &str| {
        format!(
            "[[rule]]\nname = \"{name}\"\nlabel = \"{name}\"\nremedy = \"Choose it.\"\ncrm = \"nwcs_{name}\"\ncrm_length = 100\nkind = \"text\"\n\
             partner_center = \"details.requirements.additionalRequirements.attributes.{kind}\"\nto_crm = \"always\"\nto_partner_center = \"always\"\n"
        )
    };
    let own = format!(
        "version = 1\n{}{}{}",
        rule("role", "PartnerRole"),
        rule("area", "SolutionArea"),
        rule("play", "SolutionPlay")
    );
    let shipped = include_str!("../../../../../infra/mapping/dynamics.toml");
    let placeholders = Placeholders::from([
        ("prefix", "nwcs".to_owned()),
        ("team_phone", "+46700000002".to_owned()),
    ]);
    let file = |name, text| MappingFile { name, text };
    let examination =
        Examination::of(file("shipped", shipped), Some(file("own", &own)), &placeholders);
    examination.mapping().unwrap_or_else(|| panic!("{:#?}", examination.diagnostics)).clone()
}

fn sells(products: &str) -> impl FnOnce(&mut CrmRecord) {
    move |record| set(record, "nwcs_products", json!(products))
}

fn with_attributes(body: &mut Json, attributes: &Json) {
    body["details"]["requirements"]["additionalRequirements"] = json!({ "attributes": attributes });
}

fn names_all(record: &mut CrmRecord) {
    for (column, value) in [("role", "Advisor"), ("area", "Security"), ("play", "Modernise")] {
        set(record, &format!("nwcs_{column}"), json!(value));
    }
}

#[test]
fn a_category_is_sent_as_one_and_is_no_target() {
    let asking = record(|record| {
        sells("BigData; SOL-71402-QKD")(record);
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
        for column in ["firstname", "lastname", "emailaddress1", "telephone1"] {
            set(record, &format!("parentcontactid/{column}"), json!("x"));
        }
    });
    let NewReferral::Create { body, .. } = plan_referral(&shipped(), &policy(), &asking) else {
        panic!("not created")
    };
    assert_eq!(
        body["details"]["requirements"]["solutions"],
        json!([{ "type": "Category", "id": "BigData" }, { "type": "Name", "id": "SOL-71402-QKD" }])
    );
    assert_eq!(body["target"], json!([{ "type": "SolutionProfile", "id": "SOL-71402-QKD" }]));
}

#[test]
fn what_names_no_solution_is_told_before_it_is_sent() {
    let NewReferral::Reject(problems) =
        plan_referral(&shipped(), &policy(), &record(sells("Halcyon Cold Chain")))
    else {
        panic!("not rejected")
    };
    assert!(
        problems[0].starts_with("Products: `Halcyon Cold Chain` is neither the id of a solution"),
        "{problems:?}"
    );
    let update = after(|_| {}, sells("SOL-71402-QKD; Halcyon"));
    assert!(update.patch.is_empty());
    assert!(
        update.notes(true, true)[0].starts_with("Products was not sent: `Halcyon` is neither"),
        "{:?}",
        update.notes(true, true)
    );
}

#[test]
fn solutions_that_partner_center_has_may_have_any_form_and_keep_their_names() {
    let mapping = shipped();
    let legacy = |body: &mut Json| {
        body["details"]["requirements"]["solutions"] =
            json!([{ "id": "legacy/7", "name": "Halcyon" }])
    };
    let link = linked(&mapping, &referral(legacy), &record(sells("legacy/7")));
    let update =
        plan_update(&mapping, &link, &referral(legacy), &record(sells("legacy/7; SOL-1-A")), now());
    assert_eq!(
        update.patch[0].value,
        json!([{ "id": "legacy/7", "name": "Halcyon" }, { "type": "Name", "id": "SOL-1-A" }])
    );
}

#[test]
fn a_deal_without_any_solution_is_not_shared_with_microsoft_whatever_the_mapping_requires() {
    let mut mapping = shipped();
    let rule = mapping.rules.iter_mut().find(|rule| rule.name == "solutions").unwrap();
    rule.required = cosell_mapping::Required::Never;
    let without = |help: Json| {
        record(|record| {
            set(record, "nwcs_products", Json::Null);
            set(record, "nwcs_howcanmicrosofthelp", help);
            for column in ["firstname", "lastname", "emailaddress1", "telephone1"] {
                set(record, &format!("parentcontactid/{column}"), json!("x"));
            }
        })
    };
    assert!(matches!(
        plan_referral(&mapping, &policy(), &without(Json::Null)),
        NewReferral::Create { .. }
    ));
    let NewReferral::Reject(problems) =
        plan_referral(&mapping, &policy(), &without(json!(412_000_002)))
    else {
        panic!("not rejected")
    };
    assert!(problems[0].starts_with("Products is missing: Microsoft helps"), "{problems:?}");
    let unfit = record(|record| {
        sells("Halcyon")(record);
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
    });
    let NewReferral::Reject(problems) = plan_referral(&mapping, &policy(), &unfit) else {
        panic!("not rejected")
    };
    let products = problems.iter().filter(|problem| problem.starts_with("Products")).count();
    assert_eq!(products, 1, "told once: {problems:?}");
    assert!(problems.len() > 4, "with everything else: {problems:?}");
}

#[test]
fn a_services_deal_gets_its_attributes_beside_the_others() {
    let NewReferral::Create { body, .. } =
        plan_referral(&services(), &policy(), &record(names_all))
    else {
        panic!("not created")
    };
    assert_eq!(
        body.pointer(ATTRIBUTES).unwrap(),
        &json!([
            { "type": "CustomerMarketplaceIntent", "id": "HaveNotDecided" },
            { "type": "PartnerRole", "id": "Advisor" },
            { "type": "SolutionArea", "id": "Security" },
            { "type": "SolutionPlay", "id": "Modernise" }
        ])
    );
}

#[test]
fn a_services_deal_that_lacks_an_attribute_is_told_which_with_everything_else() {
    let incomplete = record(|record| {
        set(record, "nwcs_area", json!("Security"));
        set(record, "name", Json::Null);
    });
    let NewReferral::Reject(problems) = plan_referral(&services(), &policy(), &incomplete) else {
        panic!("not rejected")
    };
    let text = problems.join("\n");
    for told in
        ["Deal name is missing", "role is missing: a services co-sell deal", "play is missing"]
    {
        assert!(text.contains(told), "{text}");
    }
    assert!(!text.contains("area is missing"), "{text}");
}

#[test]
fn attributes_that_change_together_are_replaced_one_after_the_other_and_the_rest_stays() {
    let mapping = services();
    let there = json!([{ "type": "CustomerMarketplaceIntent", "id": "Yes" }, { "type": "PartnerRole", "id": "Advisor" }]);
    let referral = referral(|body| with_attributes(body, &there));
    let before = record(|record| set(record, "nwcs_role", json!("Advisor")));
    let link = linked(&mapping, &referral, &before);
    assert!(is_quiet(&plan_update(&mapping, &link, &referral, &before, now())));
    let edited = record(|record| {
        set(record, "nwcs_role", Json::Null);
        set(record, "nwcs_area", json!("Security"));
    });
    let update = plan_update(&mapping, &link, &referral, &edited, now());
    assert!(update.patch.iter().all(|operation| operation.path == ATTRIBUTES));
    assert_eq!(
        update.patch.last().unwrap().value,
        json!([there[0], { "type": "SolutionArea", "id": "Security" }])
    );
}

#[test]
fn an_attribute_that_changes_in_partner_center_reaches_the_crm() {
    let mapping = services();
    let link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    let named = referral(|body| {
        with_attributes(body, &json!([{ "type": "SolutionPlay", "id": "Modernise" }]))
    });
    let update = plan_update(&mapping, &link, &named, &record(|_| {}), now());
    assert_eq!(update.fields["nwcs_play"], json!("Modernise"));
    assert!(update.patch.is_empty());
}
