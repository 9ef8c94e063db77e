use cosell_runtime::config::Environment;
use cosell_wiring::MappingSettings;
use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use super::*;

fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn mapping(crm: &str) -> Mapping {
    let settings =
        Environment::of([("CRM", crm), ("TEAM_PHONE", "+46700000002")]).read(MappingSettings::read);
    cosell_wiring::mapping(&settings.unwrap()).unwrap()
}

fn policy() -> cosell_sync::Policy {
    Environment::of([("SYNC_PRIVATE", "true")]).read(PlanningSettings::read).unwrap().policy
}

/// What is printed of a side from a file, as text and as JSON.
fn tried(mapping: &Mapping, existing: Existing) -> (String, Json) {
    let (policy, leads) = (policy(), mapping.of_leads());
    let rules = Rules { deals: mapping, leads: leads.as_ref(), policy: &policy };
    let pair = sample::pair(rules, existing, now());
    let plan = rules.decide(&pair);
    let creation = Creation::planned(rules, &pair, &plan);
    let trial = Trial { rules, pair: &pair, plan: &plan, creation };
    (text::of(&trial), document::of(&trial).unwrap())
}

/// What is printed of an opportunity in a file.
fn of_opportunity(crm: &str, json: &Json) -> String {
    let mapping = mapping(crm);
    let record = sample::record(&mapping, json.as_object().unwrap(), now());
    tried(&mapping, record.into()).0
}

/// A referral from a file of this text.
fn referral(json: &Json) -> Referral {
    let path = std::env::temp_dir().join(format!("cosell-referral-{}.json", uuid::Uuid::new_v4()));
    std::fs::write(&path, json.to_string()).unwrap();
    let referral = sample::referral(&path, now());
    std::fs::remove_file(&path).unwrap();
    referral.unwrap()
}

/// What is printed of a referral in a file.
fn of_referral(json: &Json) -> String {
    tried(&mapping("dynamics"), referral(json).into()).0
}

fn opportunity() -> Json {
    json!({
        "opportunityid": "6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77", "statecode": 0,
        "nwcs_syncwithpartnercenter": true, "name": "Cold-store rollout", "estimatedvalue": 184_000,
        "estimatedclosedate": "2026-09-30",
        "transactioncurrencyid": { "isocurrencycode": "SEK" }, "nwcs_products": "SOL-71402-QKD",
        "customerid_account": {
            "name": "Norrsken", "address1_line1": "Hamngatan 4", "address1_city": "Umeå"
        },
        "customerid_account/address1_country": "Sweden",
        "owninguser": {
            "firstname": "Omar", "lastname": "Lind",
            "internalemailaddress": "omar.lind@halcyon.example"
        }
    })
}

#[test]
fn each_field_says_what_is_written_where_or_why_not_and_the_remedy() {
    let text = of_opportunity("dynamics", &opportunity());
    for expected in [
        "No referral would be made in Partner Center.\n",
        "  error    field-unfit: Customer country was not sent: it must be a two-letter",
        "(refused)\n",
        "✓ Deal value (rule deal_value)\n  there    estimatedvalue = 184000\n  written  details.dealValue = 184000\n",
        "✓ Customer (rule customer_name)\n  there    customerid_account/name = \"Norrsken\"\n  written  customerProfile.name = \"Norrsken\"\n  later    \
         nothing: Microsoft locks it",
        "✗ Customer country (rule customer_country)\n  there    customerid_account/address1_country = \"Sweden\"\n  not written: it must be a \
         two-letter country code such as SE. Fill in the two-letter",
        "· Notes (rule notes)\n  there    description = (empty)\n  not written: there is nothing to write\n",
    ] {
        assert!(text.contains(expected), "{expected}\n---\n{text}");
    }
    assert!(!text.contains("makes the referral"), "nothing is made: {text}");
    assert_snapshot!(text);
}

#[test]
fn a_whole_opportunity_shows_the_deal_and_the_request_for_help() {
    let mut whole = opportunity();
    whole["customerid_account/address1_country"] = json!("se");
    let text = of_opportunity("dynamics", &whole);
    assert!(
        text.starts_with("A new referral in Partner Center would be made.\n\nWould be written"),
        "{text}"
    );
    assert!(
        text.contains(
            "  externalReferenceId = \"6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77\" (by no rule)\n"
        ),
        "{text}"
    );
    whole["nwcs_howcanmicrosofthelp"] = json!(412_000_002);
    let text = of_opportunity("dynamics", &whole);
    let missing = "✗ Customer contact's e-mail (rule contact_email)\n  there    parentcontactid/emailaddress1 = (empty)\n  not written: it is \
                   required and missing. Microsoft needs a complete customer contact";
    assert!(text.contains(missing), "{text}");
    whole["parentcontactid"] = json!({
        "firstname": "Ida", "lastname": "Ek", "emailaddress1": "ida.ek@norrsken.example",
        "telephone1": "+4690"
    });
    let text = of_opportunity("dynamics", &whole);
    assert!(
        text.contains(
            "  Partner Center: asks Microsoft to help (help): (empty) → \"ProofOfConceptOrDemo\"; \
             final"
        ),
        "{text}"
    );
    assert_snapshot!(text);
}

#[test]
fn a_salesforce_opportunity_is_read_as_a_query_returns_it() {
    let text = of_opportunity(
        "salesforce",
        &json!({
            "Id": "006Kd00000AbC1x", "Name": "Cold-store rollout",
            "Account": { "Name": "Norrsken" }, "Contact": { "LastName": "Ek" }
        }),
    );
    assert!(
        text.starts_with(
            "No referral would be made in Partner Center.\nNothing would be written.\n"
        ),
        "{text}"
    );
    for expected in [
        "State: Off: Sync with Partner Center is not set.",
        "there    Account/Name = \"Norrsken\"",
        "there    Contact/LastName = \"Ek\"",
    ] {
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_referral_shows_the_record_with_what_is_cut_and_what_has_no_room_in_this_direction() {
    let text = of_referral(&json!({
        "name": "Harbour sensors", "details": { "notes": "x".repeat(2_100), "dealValue": "much" },
        "team": [{ "email": "omar@halcyon.example" }]
    }));
    for expected in [
        "A new record in the CRM would be made.\n",
        "    then set to on hold\n",
        "  because  the column takes 2000 characters (crm_length): the last 100 are left out\n",
        "… (2002 characters)\n",
        "✗ Deal value (rule deal_value)\n  there    details.dealValue = \"much\"\n  not written: expected a number, found text of another form",
        "  there    team.0.email = \"omar@halcyon.example\"\n  not written: not in this direction (to_crm = \"never\")\n",
        "  nwcs_syncwithpartnercenter = true (by no rule)\n",
        "  warning  field-left-empty: Deal value was left empty: ",
    ] {
        assert!(text.contains(expected), "{expected}\n---\n{text}");
    }
    assert_snapshot!(text);
}

#[test]
fn a_program_gets_every_field_with_what_becomes_of_it() {
    let mapping = mapping("dynamics");
    let record = sample::record(&mapping, opportunity().as_object().unwrap(), now());
    let (_, json) = tried(&mapping, record.into());
    assert_eq!((&json["version"], &json["standing"]), (&json!(1), &json!("new-referral")));
    assert_eq!(
        (&json["plan"]["effects"][0]["side"], &json["state"]["state"]),
        (&json!("crm"), &json!("refused"))
    );
    assert_eq!(
        (&json["creation"]["side"], &json["creation"]["planned"]),
        (&json!("partner_center"), &json!(true))
    );
    let notice = &json["notices"][0];
    assert_eq!((&notice["code"], &notice["severity"]), (&json!("field-unfit"), &json!("error")));
    assert!(
        notice["sentence"].as_str().unwrap().starts_with("Customer country was not sent: "),
        "{json}"
    );
    let field = |rule: &str| {
        let fields = json["creation"]["fields"].as_array().unwrap();
        fields.iter().find(|field| field["rule"] == rule).unwrap().clone()
    };
    let expected = json!({
        "rule": "deal_value", "label": "Deal value", "from": "estimatedvalue", "there": 184_000,
        "to": "details.dealValue",
        "becomes": "written", "written": 184_000, "cut": 0, "default": false
    });
    assert_eq!(field("deal_value"), expected);
    let country = field("customer_country");
    assert_eq!((&country["becomes"], country.get("written")), (&json!("unfit"), None));
    assert!(
        country["why"].as_str().unwrap().starts_with("it must be a two-letter country code"),
        "{country}"
    );
    assert_eq!(field("notes")["becomes"], "empty");
}

#[test]
fn what_is_computed_not_for_this_deal_or_stands_in_is_shown() {
    let own = "version = 1\n[[rule]]\nname = \"name\"\nto_crm = \"never\"\n\
               from_crm = \"{{ customerid_account.name }}: {{ name }}\"\n\
               [[rule]]\nname = \"customer_country\"\n\
               fallback = [\"customerid_account/address2_country\"]\n\
               [[rule]]\nname = \"notes\"\nwhen = { direction = \"incoming\" }";
    let examination = super::super::tests::with(own);
    let mapping = examination.into_mapping().unwrap();
    let mut whole = opportunity();
    whole["customerid_account/address1_country"] = Json::Null;
    whole["customerid_account"]["address2_country"] = json!("se");
    let record = sample::record(&mapping, whole.as_object().unwrap(), now());
    let (text, _) = tried(&mapping, record.into());
    for expected in [
        "  there    {{ customerid_account.name }}: {{ name }} = \"Norrsken: Cold-store rollout\"\n  written  name = \"Norrsken: Cold-store rollout\"\n",
        "  there    customerid_account/address2_country = \"se\"\n  written  customerProfile.address.country = \"SE\"\n",
        "· Notes (rule notes)\n  there    description = (empty)\n  not written: the rule is not there for such a deal (when)\n",
    ] {
        assert!(text.contains(expected), "{expected}\n---\n{text}");
    }
}

#[test]
fn a_lead_is_tried_with_the_mapping_of_leads() {
    let inviter = json!({ "organizationId": "msft" });
    let text = of_referral(&json!({
        "name": "Harbour sensors", "qualification": "Direct", "direction": "Incoming",
        "inviteContext": { "invitedBy": inviter },
        "customerProfile": { "name": "Norrsken" }, "details": { "notes": "Two warehouses." }
    }));
    for expected in [
        "  there    customerProfile.name = \"Norrsken\"\n  written  companyname = \"Norrsken\"\n",
        "  there    name = \"Harbour sensors\"\n  written  subject = \"Harbour sensors\"\n",
    ] {
        assert!(text.contains(expected), "{expected}\n---\n{text}");
    }
    assert!(!text.contains("customerid_account"), "{text}");
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_the_reason() {
    let missing = sample::read(Path::new("no-such.json")).unwrap_err().to_string();
    assert!(missing.contains("no-such.json"), "{missing}");
    assert!(
        is_file("no-such.json")
            && !is_file("6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77")
            && !is_file("006Kd00000AbC1xIAF")
    );
}
