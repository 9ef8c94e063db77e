use super::*;
use serde_json::json;

fn classified(status: u16, code: &str, message: &str) -> Refused {
    let body = json!({"error": {"code": code, "message": message}});
    ErrorResponse { status, body: &body, retry_after: None, request_id: None, once: false }
        .classify("saving")
}

#[test]
fn the_code_distinguishes_the_two_412s() {
    assert_eq!(classified(412, "0x80060882", "").kind, FailureKind::Stale);
    assert_eq!(classified(412, "0x80060892", "").kind, FailureKind::Rejected);
    assert_eq!(classified(412, "", "").kind, FailureKind::Stale);
}

#[test]
fn a_missing_column_is_named_with_its_table() {
    let payload = "Error identified in Payload provided by the user for Entity :'opportunities', \
                   ----> InnerException : The property 'nwcs_audit' does not exist on type \
                   'Microsoft.Dynamics.CRM.opportunity'.";
    assert!(
        classified(400, "0x80048d19", payload)
            .explanation
            .starts_with("table `opportunity` has no column `nwcs_audit`")
    );
    let query =
        "Could not find a property named 'telephone9' on type 'Microsoft.Dynamics.CRM.contact'.";
    assert!(
        classified(400, "0x80060888", query)
            .explanation
            .starts_with("table `contact` has no column `telephone9`")
    );
}

#[test]
fn a_too_long_value_names_column_and_length() {
    let text = "A validation error occurred.  The length of the 'name' attribute of the \
                'opportunity' entity exceeded the maximum allowed length of '300'.";
    assert!(
        classified(400, "0x80044331", text)
            .explanation
            .contains("column `name` is longer than its 300 characters")
    );
}

#[test]
fn a_missing_privilege_names_privilege_and_table() {
    let text = "Principal user (Id=1, type=8, roleCount=0) is missing prvReadOpportunity privilege \
                (Id=2) on OTC=3 for entity 'opportunity'.";
    let refused = classified(403, "0x80040220", text);
    assert_eq!(refused.kind, FailureKind::Credentials);
    assert!(
        refused.explanation.contains("`prvReadOpportunity` on table `opportunity`"),
        "{}",
        refused.explanation
    );
}

#[test]
fn a_missing_alternate_key_is_explained() {
    let text = "The specified key attributes are not a defined key for the opportunity entity";
    for code in ["0x80060888", "0x80040203", ""] {
        let refused = classified(400, code, text);
        assert!(refused.explanation.contains("alternate key"), "{code}");
        assert_eq!(refused.kind, FailureKind::Credentials, "{code}");
    }
}

#[test]
fn what_an_administrator_must_set_right_makes_messages_wait() {
    let table = [
        (403, "0x80072560"),
        (400, "0x80048d19"),
        (400, "0x80060888"),
        (404, "0x80060888"),
        (400, "0x80041103"),
        (400, "0x80041102"),
        (403, "0x80040220"),
        (403, "0x80048306"),
        (403, "0x80048405"),
        (403, "0x8004f507"),
        (404, "0x80060891"),
        (404, ""),
        (405, ""),
        (302, ""),
    ];
    for (status, code) in table {
        assert_eq!(classified(status, code, "").kind, FailureKind::Credentials, "{status} {code}");
    }
}

#[test]
fn what_concerns_one_record_does_not() {
    for (status, code) in [
        (400, "0x80044331"),
        (400, "0x8004431A"),
        (400, "0x80040203"),
        (400, "0x80040265"),
        (404, "0x80040217"),
        (405, "0x80040227"),
        (400, "0x8004022e"),
        (400, ""),
    ] {
        assert_eq!(classified(status, code, "").kind, FailureKind::Rejected, "{status} {code}");
    }
}

#[test]
fn texts_that_may_quote_customers_never_get_through() {
    let secret = "Fabrikam Inc";
    for code in [
        "0x80048d19",
        "0x80060888",
        "0x80044331",
        "0x8004431A",
        "0x80040220",
        "0x80040265",
        "0x80040203",
        "0x1234",
    ] {
        for text in [
            format!("The property '{secret}' of '{secret}' length of the '{secret}'"),
            format!("is missing prv{secret} '{secret}'"),
        ] {
            let explanation = classified(400, code, &text).explanation;
            assert!(
                !explanation.contains("Fabrikam Inc") && !explanation.contains("Inc"),
                "{code}: {explanation}"
            );
        }
    }
}

#[test]
fn passing_faults_are_transient_and_decimal_codes_count() {
    assert_eq!(classified(500, "-2147204784", "Generic SQL error.").kind, FailureKind::Transient);
    assert_eq!(classified(400, "0x80044151", "").kind, FailureKind::Transient);
    assert_eq!(classified(502, "", "").kind, FailureKind::Transient);
    assert_eq!(classified(429, "", "").kind, FailureKind::Throttled { retry_after: UNSPECIFIED });
}

#[test]
fn a_gateway_fault_leaves_open_whether_a_create_took_effect() {
    let kind = |once| {
        ErrorResponse { status: 504, body: &Json::Null, retry_after: None, request_id: None, once }
            .classify("creating")
            .kind
    };
    assert_eq!(kind(true), FailureKind::OutcomeUnknown);
    assert_eq!(kind(false), FailureKind::Transient);
}

#[test]
fn a_503_that_says_when_is_throttling() {
    let wait = Some(Duration::from_secs(7));
    let refused = ErrorResponse {
        status: 503,
        body: &Json::Null,
        retry_after: wait,
        request_id: None,
        once: false,
    }
    .classify("reading");
    assert_eq!(refused.kind, FailureKind::Throttled { retry_after: Duration::from_secs(7) });
}
