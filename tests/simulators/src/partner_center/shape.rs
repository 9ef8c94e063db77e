//! The referral's shape: property names, types and closed value lists (contract partner-center 2).

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use super::store::text;

/// More team members or solutions are refused (contract partner-center 2.1 and 2.7).
const MOST_ROWS: usize = 50;

const TEXTS: &[&str] = &[
    "/name",
    "/externalReferenceId",
    "/mpnId",
    "/statusReason",
    "/campaignId",
    "/salesStage",
    "/customerProfile/name",
    "/customerProfile/size",
    "/details/notes",
    "/inviteContext/notes",
    "/inviteContext/invitedMpnId",
];

const LISTS: &[&str] = &[
    "/team",
    "/target",
    "/tags",
    "/registrations",
    "/customerProfile/team",
    "/customerProfile/ids",
    "/details/requirements/solutions",
    "/details/requirements/additionalRequirements/attributes",
];

const CHOICES: &[(&str, &[&str])] = &[
    ("/status", &["None", "New", "Active", "Closed"]),
    (
        "/substatus",
        &["None", "Pending", "Received", "Accepted", "Won", "Lost", "Declined", "Expired"],
    ),
    ("/type", &["Independent", "Shared"]),
    ("/qualification", &["None", "Direct", "MarketingQualified", "SalesQualified"]),
    (
        "/inviteContext/assistanceRequestCode",
        &[
            "WorkloadSpecificValueProposition",
            "CustomerTechnicalArchitecture",
            "ProofOfConceptOrDemo",
            "QuotesOrLicensing",
            "PostSalesCustomerSuccess",
            "GeneralOrOther",
            "Unknown",
        ],
    ),
];

const FLAGS: &[&str] = &[
    "/consent/consentToToShareInfoWithOthers",
    "/consent/consentToContact",
    "/consent/consentToMicrosoftToContactSpecificPartners",
    "/consent/consentToShareReferralWithMicrosoftSellers",
    "/favorite",
];

/// Properties that start as null.
const UNSET: &[&str] = &[
    "id",
    "engagementId",
    "name",
    "externalReferenceId",
    "organizationId",
    "organizationName",
    "mpnId",
    "createdDateTime",
    "updatedDateTime",
    "expirationDateTime",
    "acceptedDateTime",
    "closedDateTime",
    "status",
    "substatus",
    "statusReason",
    "type",
    "direction",
    "customerProfile",
    "consent",
    "details",
    "inviteContext",
    "eTag",
    "links",
    "salesStage",
    "campaignId",
    "referralSource",
    "callToAction",
    "referralProgram",
    "createdVia",
    "lastModifiedVia",
    "lastRunId",
    "trackingInfo",
];

/// A referral with every property the service may answer, all unset.
pub(crate) fn blank() -> Value {
    let mut blank = json!({
        "qualification": "None", "team": [], "target": [], "tags": [], "favorite": false,
        "dealSensitivity": "None",
        "quality": "Unknown", "isSpam": false, "registrationStatus": "None", "registrations": [],
    });
    for name in UNSET {
        blank[*name] = Value::Null;
    }
    blank
}

/// The names below a block that the service knows; `None` when every name is taken.
pub(crate) fn names_below(block: &str) -> Option<&'static [&'static str]> {
    match block {
        "/customerProfile" => {
            Some(&["name", "address", "size", "team", "ids", "isMatchingComplete"])
        }
        "/customerProfile/address" => Some(&[
            "addressLine1",
            "addressLine2",
            "city",
            "state",
            "postalCode",
            "country",
            "region",
        ]),
        "/consent" => Some(&[
            "consentToToShareInfoWithOthers",
            "consentToContact",
            "consentToMicrosoftToContactSpecificPartners",
            "consentToShareReferralWithMicrosoftSellers",
            "consentToShareCustomerContactLater",
        ]),
        "/details" => Some(&[
            "notes",
            "dealValue",
            "currency",
            "closingDateTime",
            "customerRequestedContact",
            "customerAction",
            "incentiveLevel",
            "requirements",
        ]),
        "/inviteContext" => Some(&["notes", "assistanceRequestCode", "invitedMpnId", "invitedBy"]),
        _ => None,
    }
}

/// Property names with a small first letter at every level: the service reads names in either form.
pub(crate) fn camel_case(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let lowered =
                members.into_iter().map(|(name, value)| (lower_first(&name), camel_case(value)));
            Value::Object(lowered.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(camel_case).collect(),
        other => other,
    }
}

pub(crate) fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Checks types and closed lists of everything present, and stores the deal value as a number.
pub(crate) fn check(referral: &mut Value) -> Result<(), Refusal> {
    for block in ["/customerProfile", "/consent", "/details"] {
        if !referral.pointer(block).is_some_and(Value::is_object) {
            return Err(Refusal::invalid(block, "This block is required."));
        }
    }
    expect_all(referral, TEXTS, "a text", Value::is_string)?;
    expect_all(referral, LISTS, "a list of objects or texts", Value::is_array)?;
    expect_all(referral, FLAGS, "true or false", Value::is_boolean)?;
    for (pointer, choices) in CHOICES {
        let fits = |value: &Value| value.as_str().is_some_and(|value| choices.contains(&value));
        expect_all(referral, &[pointer], &choices.join(", "), fits)?;
    }
    money(referral)?;
    expect_all(referral, &["/details/closingDateTime"], "a date-time with offset", |value| {
        value.as_str().is_some_and(|date| date.parse::<Timestamp>().is_ok())
    })?;
    expect_all(
        referral,
        &["/customerProfile/address/country"],
        "a two-letter ISO code",
        |value| letters(value, 2),
    )?;
    rows(referral)
}

fn expect_all(
    referral: &Value,
    pointers: &[&str],
    wanted: &str,
    fits: impl Fn(&Value) -> bool,
) -> Result<(), Refusal> {
    let wrong = |pointer: &&&str| {
        referral.pointer(pointer).is_some_and(|value| !value.is_null() && !fits(value))
    };
    match pointers.iter().find(wrong) {
        Some(pointer) => Err(Refusal::invalid(*pointer, format!("Expected {wanted}."))),
        None => Ok(()),
    }
}

fn letters(value: &Value, count: usize) -> bool {
    value.as_str().is_some_and(|text| {
        text.len() == count && text.bytes().all(|byte| byte.is_ascii_uppercase())
    })
}

/// The value may come as text or number (contract partner-center 2.6).
fn money(referral: &mut Value) -> Result<(), Refusal> {
    expect_all(referral, &["/details/currency"], "a three-letter ISO code", |value| {
        letters(value, 3)
    })?;
    let Some(value) = referral.pointer_mut("/details/dealValue").filter(|value| !value.is_null())
    else {
        return Ok(());
    };
    let number = match &*value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) if text.parse::<Decimal>().is_ok() => serde_json::from_str(text).ok(),
        _ => None,
    };
    let negative = |number: &serde_json::Number| number.as_f64().is_none_or(|amount| amount < 0.0);
    match number.filter(|number| !negative(number)) {
        Some(number) => *value = Value::Number(number),
        None => {
            return Err(Refusal::invalid(
                "/details/dealValue",
                "Expected a decimal number that is not negative.",
            ));
        }
    }
    Ok(())
}

fn rows(referral: &Value) -> Result<(), Refusal> {
    for pointer in ["/team", "/customerProfile/team", "/details/requirements/solutions", "/target"]
    {
        let rows =
            referral.pointer(pointer).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if rows.len() > MOST_ROWS {
            return Err(Refusal::invalid(
                pointer,
                format!("At most {MOST_ROWS} entries are allowed."),
            ));
        }
        if let Some(index) = rows.iter().position(|row| !row.is_object()) {
            return Err(Refusal::invalid(format!("{pointer}/{index}"), "Expected an object."));
        }
        let choices: &[&str] = match pointer {
            "/target" => &["None", "BusinessProfileLocation", "SolutionProfile"],
            "/details/requirements/solutions" => &["None", "Category", "Name"],
            _ => continue,
        };
        for (index, row) in rows.iter().enumerate() {
            let kind = text(row, "/type");
            if !kind.is_empty() && !choices.contains(&kind) {
                return Err(Refusal::invalid(
                    format!("{pointer}/{index}/type"),
                    format!("Expected {}.", choices.join(", ")),
                ));
            }
        }
    }
    Ok(())
}
