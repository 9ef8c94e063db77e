use serde_json::json;

use super::*;

fn classified(status: u16, body: &Json) -> Refused {
    classified_once(status, body, false)
}

fn classified_once(status: u16, body: &Json, once: bool) -> Refused {
    let response = ErrorResponse { status, body, retry_after: None, once, reads: false };
    response.classify("saving")
}

fn body(code: &str, message: &str, fields: &[&str]) -> Json {
    json!([{"errorCode": code, "message": message, "fields": fields}])
}

#[test]
fn each_code_of_the_contract_has_its_kind() {
    use FailureKind::{Credentials, Rejected, Stale, Throttled, Transient};
    let wait = |retry_after| Throttled { retry_after };
    let table = [
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", wait(DAILY_LIMIT)),
        (
            403,
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
            wait(UNSPECIFIED),
        ),
        (400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access", Transient),
        (403, "UNABLE_TO_LOCK_ROW", "the status is inferred", Transient),
        (503, "SERVER_UNAVAILABLE", "", Transient),
        (500, "UNKNOWN_EXCEPTION", "", Transient),
        (412, "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", "", Stale),
        (404, "ENTITY_IS_DELETED", "entity is deleted", Stale),
        (404, "NOT_FOUND", "The requested resource does not exist", Stale),
        (
            404,
            "NOT_FOUND",
            "Provided external ID field does not exist or is not accessible: X__c",
            Credentials,
        ),
        (400, "DUPLICATE_VALUE", "", Rejected),
        (400, "INACTIVE_OWNER_OR_USER", "", Rejected),
        (
            400,
            "INVALID_FIELD",
            "No such column 'Foo__c' on sobject of type Opportunity",
            Credentials,
        ),
        (400, "INVALID_FIELD_FOR_INSERT_UPDATE", "", Credentials),
        (403, "API_DISABLED_FOR_ORG", "", Credentials),
        (410, "", "", Credentials),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Say why.", Rejected),
        (400, "DUPLICATES_DETECTED", "Use one of these records?", Rejected),
        (400, "STRING_TOO_LONG", "", Rejected),
        (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "", Rejected),
        (400, "INSUFFICIENT_ACCESS_OR_READONLY", "", Rejected),
        (400, "SOMETHING_NEW", "", Rejected),
    ];
    for (status, code, message, kind) in table {
        assert_eq!(classified(status, &body(code, message, &[])).kind, kind, "{code} {message}");
    }
}

#[test]
fn a_page_of_html_and_a_bare_object_are_understood() {
    assert_eq!(classified(503, &Json::Null).kind, FailureKind::Transient);
    assert_eq!(classified(420, &Json::Null).kind, FailureKind::Transient);
    let bare =
        json!({"errorCode": "REQUIRED_FIELD_MISSING", "message": "", "fields": ["CloseDate"]});
    assert!(classified(400, &bare).explanation.contains("`CloseDate`"));
}

#[test]
fn what_must_not_be_repeated_blindly_ends_unknown() {
    for status in [500, 502, 504] {
        assert_eq!(
            classified_once(status, &Json::Null, true).kind,
            FailureKind::OutcomeUnknown,
            "{status}"
        );
    }
    // Refused at the door.
    assert_eq!(classified_once(503, &Json::Null, true).kind, FailureKind::Transient);
}

#[test]
fn names_and_numbers_are_taken_from_the_text_and_values_are_not() {
    let explained = |code: &str, text: &str, fields: &[&str]| {
        classified(400, &body(code, text, fields)).explanation
    };
    let long = explained(
        "STRING_TOO_LONG",
        "Next Step: data value too large: Norrsken AB wants (max length=255)",
        &["NextStep"],
    );
    assert!(
        long.contains("`NextStep`") && long.contains("255") && !long.contains("Norrsken"),
        "{long}"
    );
    let column = explained(
        "INVALID_FIELD",
        "\nSELECT Foo__c FROM Opportunity\n ^\nERROR at Row:1:Column:8\n\
         No such column 'Foo__c' on entity",
        &[],
    );
    assert!(column.contains("`Foo__c`"), "{column}");
    let write = explained(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Unable to create/update fields: IsWon. Please check",
        &[],
    );
    assert!(write.contains("`IsWon`"), "{write}");
    let picklist = explained(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Region: bad value for restricted picklist field: Moon",
        &["Region__c"],
    );
    assert!(picklist.contains("`Region__c`") && !picklist.contains("Moon"), "{picklist}");
}

#[test]
fn an_administrators_sentence_is_passed_on_in_one_line() {
    let explained = classified(
        400,
        &body("FIELD_CUSTOM_VALIDATION_EXCEPTION", "A discount needs\nan approval.", &[]),
    )
    .explanation;
    assert!(explained.ends_with("A discount needs an approval."), "{explained}");
}

#[test]
fn two_texts_of_a_401_forbid_a_new_session() {
    assert!(may_sign_in_again(&body("INVALID_SESSION_ID", "Session expired or invalid", &[])));
    assert!(may_sign_in_again(&Json::Null));
    for text in NO_NEW_SESSION {
        assert!(!may_sign_in_again(&body("INVALID_SESSION_ID", text, &[])), "{text}");
    }
}

#[test]
fn a_value_that_must_be_unique_names_field_and_record() {
    let text = "duplicate value found: Customer_Key__c duplicates value on record with id: \
                001Kd00000Zq9Yb";
    let explained = classified(400, &body("DUPLICATE_VALUE", text, &[])).explanation;
    assert!(
        explained.contains("`Customer_Key__c`") && explained.contains("001Kd00000Zq9Yb"),
        "{explained}"
    );
}
