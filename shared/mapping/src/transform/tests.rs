use jiff::civil::date;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::fixtures::referral;
use crate::rule::{Rule, When};
use crate::tests::shipped;
use cosell_model::value::Value;

/// The rule of this name in the shipped mapping, with these transforms.
fn rule(name: &str, transforms: &[&str]) -> Rule {
    let mut rule = shipped().rules.into_iter().find(|rule| rule.name == name).unwrap();
    rule.transform = transforms.iter().map(|text| text.parse().unwrap()).collect();
    rule
}

fn to_crm(name: &str, transforms: &[&str], value: &Value) -> Value {
    rule(name, transforms).across_to_crm(value).unwrap()
}

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

#[test]
fn each_does_what_its_name_says() {
    for (transforms, text, expected) in [
        (&["trim"][..], "  Two warehouses. ", "Two warehouses."),
        (&["upper"], "straße", "STRASSE"),
        (&["lower"], "ÅRE", "åre"),
        (&["title"], "o'neill AND the cold-store", "O'neill And The Cold-Store"),
        (&["first_line"], "\n  one \ntwo", "one"),
        (&["one_line"], "one\r\n\n two", "one two"),
        (&["limit:3"], "åäöå", "åäö"),
        (&["prefix:MSFT: ", "suffix:!"], "deal", "MSFT: deal!"),
    ] {
        assert_eq!(
            to_crm("notes", transforms, &Value::text(text)),
            Value::text(expected),
            "{transforms:?}"
        );
    }
    assert_eq!(to_crm("deal_value", &["round:2"], &number("184000.555")), number("184000.56"));
    assert_eq!(to_crm("deal_value", &["times:0.001"], &number("184000")), number("184"));
    let day = |year, month, day| Value::Date(date(year, month, day));
    assert_eq!(to_crm("closing_date", &["days:-14"], &day(2026, 3, 1)), day(2026, 2, 15));
    assert_eq!(to_crm("closing_date", &["end_of_month"], &day(2028, 2, 3)), day(2028, 2, 29));
    assert_eq!(
        to_crm("closing_date", &["date_as:%d.%m.%Y"], &day(2026, 3, 1)),
        Value::text("01.03.2026")
    );
    assert_eq!(
        to_crm("customer_country", &["country_name"], &Value::text("SE")),
        Value::text("Sweden")
    );
    assert_eq!(
        to_crm("notes", &["upper"], &Value::Nothing),
        Value::Nothing,
        "nothing stays nothing"
    );
}

#[test]
fn a_rule_that_goes_both_ways_undoes_on_the_way_back() {
    let country = rule("customer_country", &["country_name"]);
    assert_eq!(
        country.across_to_partner_center(&Value::text("Czech Republic")).unwrap(),
        Value::text("CZ")
    );
    let error = country.across_to_partner_center(&Value::text("Atlantis")).unwrap_err().to_string();
    assert_eq!(
        error,
        "the transform `country_code` needs the English name or the two-letter code of a country"
    );
    let day = rule("closing_date", &["days:1", "date_as:%d.%m.%Y"]);
    assert_eq!(
        day.across_to_partner_center(&Value::text("01.03.2026")).unwrap(),
        Value::Date(date(2026, 2, 28))
    );
    let marked = rule("notes", &["prefix:MSFT: "]);
    assert_eq!(
        marked.across_to_partner_center(&Value::text("MSFT: deal")).unwrap(),
        Value::text("deal")
    );
    assert_eq!(
        marked.across_to_partner_center(&Value::text("deal")).unwrap(),
        Value::text("deal"),
        "the seller took it off"
    );
}

#[test]
fn a_rule_towards_partner_center_alone_carries_its_transforms_out_in_that_direction() {
    let mut day = rule("closing_date", &["date_from:%d.%m.%Y"]);
    day.to_crm = When::Never;
    assert_eq!(day.crm_kind(), cosell_model::value::Kind::Text);
    assert_eq!(
        day.across_to_partner_center(&Value::text(" 01.03.2026")).unwrap(),
        Value::Date(date(2026, 3, 1))
    );
    assert!(day.across_to_partner_center(&Value::text("soon")).is_err());
}

#[test]
fn of_several_items_one_is_picked_or_all_are_put_together() {
    let team = referral(|body| {
        body["customerProfile"]["team"] = serde_json::json!([
            { "lastName": "Ek", "email": "ida.ek@norrsken.example" }, { "lastName": "Berg" }
        ]);
    });
    let picked = |path: &str, transforms: &[&str]| {
        let mut rule = rule("notes", transforms);
        rule.partner_center = path.into();
        rule.across_to_crm(&rule.read_partner_center(&team).unwrap()).unwrap()
    };
    let last_name = "customerProfile.team.*.lastName";
    assert_eq!(picked(last_name, &["first"]), Value::text("Ek"));
    assert_eq!(picked(last_name, &["last", "upper"]), Value::text("BERG"));
    assert_eq!(picked(last_name, &["join:, "]), Value::text("Ek, Berg"));
    let email = "customerProfile.team.*.email";
    assert_eq!(picked(email, &["last"]), Value::Nothing, "the last contact has none");
    assert_eq!(picked(email, &["join:; "]), Value::text("ida.ek@norrsken.example"));
    assert_eq!(picked("team.*.email", &["first"]), Value::Nothing);
}

#[test]
fn what_is_no_transform_is_reported() {
    for (text, expected) in [
        ("uper", "there is no transform `uper`"),
        ("upper:x", "`upper` takes nothing behind its name"),
        ("limit", "`limit` needs a whole number from 1 behind a colon, as in `limit:80`"),
        ("limit:0", "`limit` needs a whole number from 1"),
        ("times:0", "`times` needs a number other than 0"),
        (
            "date_as:%Y",
            "`date_as` needs a form with day, month and year behind a colon, as in \
             `date_as:%d.%m.%Y`",
        ),
        ("prefix", "`prefix` needs a text"),
    ] {
        let error = text.parse::<Transform>().unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    for name in TransformName::VARIANTS {
        let unknown = name
            .parse::<Transform>()
            .is_err_and(|error| matches!(error, TransformError::Unknown(_)));
        assert!(!unknown, "{name}");
    }
}

fn undoable() -> impl Strategy<Value = (&'static str, Value, String)> {
    let text = "[a-z]{1,8}".prop_map(Value::text);
    let number = (-9_000_000_i64..9_000_000, 0_u32..3)
        .prop_map(|(units, scale)| Value::Number(Decimal::new(units, scale).normalize()));
    let day = (0_i32..20_000).prop_map(|days| {
        Value::Date(date(2000, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap())
    });
    prop_oneof![
        (
            Just("notes"),
            text.clone(),
            prop::sample::select(vec!["trim", "prefix:A: ", "suffix: z"]).prop_map(str::to_owned)
        ),
        (
            Just("customer_country"),
            prop::sample::select(vec!["SE", "US", "CI", "TR"]).prop_map(Value::text),
            Just("country_name".to_owned())
        ),
        (
            Just("deal_value"),
            number,
            prop::sample::select(vec!["round:3", "times:1000", "times:0.001"])
                .prop_map(str::to_owned)
        ),
        (
            Just("closing_date"),
            day,
            prop::sample::select(vec!["days:14", "days:-3", "date_as:%d.%m.%Y", "date_as:%F"])
                .prop_map(str::to_owned)
        ),
    ]
}

proptest! {
    #[test]
    fn what_can_be_undone_comes_back_as_it_was((name, value, transform) in undoable()) {
        let rule = rule(name, &[&transform]);
        prop_assert!(rule.transform.iter().all(Transform::can_be_undone));
        let there = rule.across_to_crm(&value).unwrap();
        prop_assert_eq!(rule.across_to_partner_center(&there).unwrap(), value);
    }

    #[test]
    fn whatever_is_written_behind_a_name_is_read_again_as_it_is_shown(text in "(limit|round|days|times|prefix|join|date_as|trim|x):?[ -~]{0,12}") {
        if let Ok(transform) = text.parse::<Transform>() {
            prop_assert_eq!(transform.to_string().parse::<Transform>(), Ok(transform));
        }
    }

    #[test]
    fn no_text_makes_a_transform_panic(text in ".{0,40}", at in 0_usize..TransformName::VARIANTS.len()) {
        let arguments = ["", ":3", ":%d.%m.%Y", ":x"];
        for argument in arguments {
            if let Ok(transform) = format!("{}{argument}", TransformName::VARIANTS[at]).parse::<Transform>() {
                let _ = transform.done(Value::text(text.clone()));
                let _ = transform.undone(Value::text(text.clone()));
            }
        }
    }
}
