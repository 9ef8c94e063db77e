//! Solutions and the attributes of services.

use cosell_mapping::{Crm, Placeholders, Required};
use cosell_mapping_check::{Examination, MappingFile};

use super::*;

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
    let examination = Examination::of(
        &Crm::of_guids("dynamics").with_currency_lookup("transactioncurrencyid"),
        file("shipped", shipped),
        Some(file("own", &own)),
        &placeholders,
    );
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
    let plan = Deal::without_referral(|record| {
        sells("BigData; SOL-71402-QKD")(record);
        asks(record);
    })
    .plan();
    let body = created(&plan);
    assert_eq!(
        body["details"]["requirements"]["solutions"],
        json!([{ "type": "Category", "id": "BigData" }, { "type": "Name", "id": "SOL-71402-QKD" }])
    );
    assert_eq!(body["target"], json!([{ "type": "SolutionProfile", "id": "SOL-71402-QKD" }]));
}

#[test]
fn what_names_no_solution_is_notified_before_it_is_sent() {
    let plan = Deal::without_referral(sells("Halcyon Cold Chain")).plan();
    let Notice::FieldUnfit { field, reason } = &refused(&plan)[0] else { panic!("{plan:?}") };
    assert_eq!(field, &"solutions");
    assert!(reason.contains("`Halcyon Cold Chain` is neither the id of a solution"), "{reason}");
    let plan = after(|_| {}, sells("SOL-71402-QKD; Halcyon"));
    assert!(plan.operations().is_empty());
    assert_eq!(plan.fields_of("field-unfit"), ["solutions"].into());
}

#[test]
fn solutions_that_partner_center_has_may_have_any_form_and_keep_their_names() {
    let legacy = |body: &mut Json| {
        body["details"]["requirements"]["solutions"] =
            json!([{ "id": "legacy/7", "name": "Halcyon" }]);
    };
    let mut deal = Deal::of(shipped(), legacy, sells("legacy/7"));
    deal.edit_record(sells("legacy/7; SOL-1-A"));
    assert_eq!(
        deal.plan().operations()[0].value,
        json!([{ "id": "legacy/7", "name": "Halcyon" }, { "type": "Name", "id": "SOL-1-A" }])
    );
}

#[test]
fn a_deal_without_any_solution_is_not_shared_with_microsoft_whatever_the_mapping_requires() {
    let mut mapping = shipped();
    rule_mut(&mut mapping, "solutions").required = Required::Never;
    let plan = |change: &dyn Fn(&mut CrmRecord)| {
        let mut deal = Deal::without_referral(change);
        deal.mapping = mapping.clone();
        deal.plan()
    };
    created(&plan(&|record| set(record, "nwcs_products", Json::Null)));
    let asking = plan(&|record| {
        asks(record);
        set(record, "nwcs_products", Json::Null);
    });
    let missing = Notice::SolutionMissing { field: Some("solutions".into()) };
    assert_eq!(refused(&asking)[0], missing);
    let unfit = plan(&|record| {
        sells("Halcyon")(record);
        set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
    });
    let of_solutions =
        refused(&unfit).iter().filter(|notice| notice.field() == Some(&"solutions".into()));
    assert_eq!(of_solutions.count(), 1, "notified once");
    assert!(!refused(&unfit).iter().any(|notice| notice.code() == "solution-missing"));
    assert!(refused(&unfit).len() > 4, "with everything else: {:?}", unfit.codes());
}

#[test]
fn a_services_deal_gets_its_attributes_beside_the_others() {
    let mut deal = Deal::without_referral(names_all);
    deal.mapping = services();
    assert_eq!(
        created(&deal.plan()).pointer(ATTRIBUTES).unwrap(),
        &json!([
            { "type": "CustomerMarketplaceIntent", "id": "HaveNotDecided" },
            { "type": "PartnerRole", "id": "Advisor" },
            { "type": "SolutionArea", "id": "Security" },
            { "type": "SolutionPlay", "id": "Modernise" }
        ])
    );
}

#[test]
fn a_services_deal_that_lacks_an_attribute_names_it_with_everything_else() {
    let mut deal = Deal::without_referral(|record| {
        set(record, "nwcs_area", json!("Security"));
        set(record, "name", Json::Null);
    });
    deal.mapping = services();
    let plan = deal.plan();
    assert_eq!(plan.fields_of("field-missing"), ["name"].into());
    let lacking: Vec<&str> = refused(&plan)
        .iter()
        .filter_map(|notice| match notice {
            Notice::AttributeMissing { field, .. } => field.as_ref().map(Field::as_str),
            _ => None,
        })
        .collect();
    assert_eq!(lacking, ["role", "play"]);
}

#[test]
fn attributes_that_change_together_are_replaced_one_after_the_other_and_the_rest_stays() {
    let there = json!([{ "type": "CustomerMarketplaceIntent", "id": "Yes" }, { "type": "PartnerRole", "id": "Advisor" }]);
    let mut deal = Deal::of(
        services(),
        |body| with_attributes(body, &there),
        |record| set(record, "nwcs_role", json!("Advisor")),
    );
    assert!(deal.plan().effects.is_empty());
    deal.edit_record(|record| {
        set(record, "nwcs_role", Json::Null);
        set(record, "nwcs_area", json!("Security"));
    });
    let plan = deal.plan();
    assert!(plan.paths().iter().all(|path| path == ATTRIBUTES), "{:?}", plan.paths());
    assert_eq!(
        plan.operations().last().unwrap().value,
        json!([there[0], { "type": "SolutionArea", "id": "Security" }])
    );
}

#[test]
fn an_attribute_that_changes_in_partner_center_reaches_the_crm() {
    let mut deal = Deal::of(services(), |_| {}, |_| {});
    deal.edit_referral(|body| {
        with_attributes(body, &json!([{ "type": "SolutionPlay", "id": "Modernise" }]));
    });
    let plan = deal.plan();
    assert_eq!(plan.columns()["nwcs_play"], json!("Modernise"));
    assert!(plan.operations().is_empty());
}
