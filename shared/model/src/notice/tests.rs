use super::*;

#[test]
fn a_code_is_the_tag_that_is_stored() {
    let notice = Notice::DecisionNeeded { field: Field::from("deal_value") };
    let json = serde_json::to_value(&notice).unwrap();
    assert_eq!(json, serde_json::json!({ "code": "decision-needed", "field": "deal_value" }));
    assert_eq!(notice.code(), "decision-needed");
    assert_eq!(serde_json::from_value::<Notice>(json).unwrap(), notice);
}

#[test]
fn another_value_is_another_notice() {
    let at: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
    let dropped = |value: &str| Notice::DroppedWrite {
        field: Field::from("notes"),
        at,
        value: Value::text(value),
    };
    assert_eq!(dropped("a").key(), dropped("a").key());
    assert_ne!(dropped("a").key(), dropped("b").key());
    assert!(!dropped("secret").key().contains("secret"));
}

#[test]
fn a_refusal_is_known_by_its_code_where_it_has_one() {
    let refused = |sentence: &str, code: Option<&str>| Notice::WriteRefused {
        refusal: Refusal { sentence: sentence.into(), code: code.map(str::to_owned) },
    };
    let code = Some("CANNOT_EXECUTE_FLOW_TRIGGER");
    assert_eq!(refused("Error ID: 1", code).key(), refused("Error ID: 2", code).key());
    assert_ne!(refused("Error ID: 1", code).key(), refused("Error ID: 1", Some("OTHER")).key());
    assert_ne!(refused("Too long.", None).key(), refused("Too short.", None).key());
}

/// Links, the audit log, metrics and scripts of operators have these: a code is never renamed, and
/// a new one is added here.
const CODES: &[&str] = &[
    "referral-created",
    "record-created",
    "adopted",
    "field-left-empty",
    "field-missing",
    "field-unfit",
    "solution-missing",
    "attribute-missing",
    "change-to-retry",
    "counterpart-closed",
    "counterpart-record-closed",
    "reference-unreadable",
    "reference-taken",
    "reference-of-another",
    "reference-missing",
    "named-by-another",
    "identifier-unreadable",
    "identifier-of-another",
    "identifier-invisible",
    "lead-referral-over",
    "lead-elsewhere",
    "lead-of-another",
    "lead-without-opportunity",
    "lead-not-converted",
    "goes-on-from-lead",
    "lead-accepted",
    "lead-qualified",
    "sent",
    "received",
    "reason-given",
    "conflict-resolved",
    "decision-needed",
    "decision-made",
    "currency-differs",
    "referral-closed",
    "record-closed",
    "acceptance-needed",
    "cannot-be-emptied",
    "field-unreadable",
    "not-convertible",
    "locked",
    "one-way",
    "stage-final",
    "stage-not-allowed",
    "field-refused",
    "write-refused",
    "phase-refused",
    "dropped-write",
    "flapping",
    "help-requested",
    "help-blocked",
    "help-refused",
    "help-unreadable",
    "help-already-requested",
    "help-referral-closed",
    "help-incoming",
    "microsoft-decided",
    "visibility-restored",
    "visibility-record-closed",
    "visibility-unreadable",
    "visibility-referral-closed",
    "visibility-incoming",
    "deadline-near",
    "win-deferred",
    "registered",
    "registration-blocked",
    "registration-declined",
    "registration-without-solution",
    "registration-dates",
    "registration-date-missing",
    "registration-refused",
    "disconnected",
    "restored",
    "unlinked",
    "linked",
    "off",
];

#[test]
fn codes_are_stable() {
    assert_eq!(Notice::CODES, CODES);
}

#[test]
fn codes_are_unique_and_in_kebab_case() {
    let unique: std::collections::BTreeSet<&&str> = CODES.iter().collect();
    assert_eq!(unique.len(), CODES.len());
    for code in CODES {
        let words = code.split('-');
        let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
        assert!(words.into_iter().all(is_word), "{code}");
    }
}
