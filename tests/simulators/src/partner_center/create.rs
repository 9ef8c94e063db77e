//! Creation: what a new referral needs, and what the service sets (contract partner-center 3.1,
//! checklist 2 and 3).

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::options::Options;
use super::refusal::Refusal;
use super::shape;
use super::store::{Owner, Store, Stored, seven_digits, text};
use super::switches::Switches;

/// Microsoft and partners have 14 days to answer (contract partner-center 3.6).
pub(crate) const ANSWER_TIME: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Properties that the caller may give; all others are the service's.
const WRITABLE: &[&str] = &[
    "name",
    "externalReferenceId",
    "mpnId",
    "qualification",
    "type",
    "customerProfile",
    "consent",
    "details",
    "team",
    "inviteContext",
    "target",
    "statusReason",
    "salesStage",
    "campaignId",
    "tags",
    "favorite",
];

/// Checks a creation body and makes the referral that would be stored.
pub(crate) fn build(
    body: Value,
    store: &Store,
    options: &Options,
    switches: &Switches,
    now: Timestamp,
) -> Result<Stored, Refusal> {
    let body = shape::camel_case(body);
    if !body.is_object() {
        return Err(Refusal::invalid("referral", "The body must be one JSON object."));
    }
    let mut document = shape::blank();
    for name in WRITABLE {
        if let Some(value) = body.get(*name).filter(|value| !value.is_null()) {
            document[*name] = value.clone();
        }
    }
    if text(&document, "/type").is_empty() {
        return Err(Refusal::invalid("/type", "The type is required."));
    }
    shape::check(&mut document)?;
    let owner = owner(&document);
    if switches.strict_create {
        strict(&document, owner)?;
    }
    if switches.bulk_rules {
        bulk(&document)?;
    }
    let engagement = engagement(&body, store, owner, switches)?;
    document["engagementId"] = json!(engagement);
    fill(&mut document, owner, options, now);
    Ok(Stored { owner, document })
}

/// A referral whose target is Microsoft's location is Microsoft's.
fn owner(document: &Value) -> Owner {
    let microsoft =
        |target: &Value| target["type"] == "BusinessProfileLocation" && target["id"] == "msft";
    match document["target"].as_array() {
        Some(targets) if targets.iter().any(microsoft) => Owner::Microsoft,
        _ => Owner::Partner,
    }
}

fn required<'a>(
    document: &Value,
    pointers: impl IntoIterator<Item = &'a str>,
) -> Result<(), Refusal> {
    let missing = |pointer: &&str| match document.pointer(pointer) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(_) => false,
    };
    match pointers.into_iter().find(missing) {
        Some(pointer) => Err(Refusal::invalid(pointer, "This field is required.")),
        None => Ok(()),
    }
}

fn strict(document: &Value, owner: Owner) -> Result<(), Refusal> {
    required(
        document,
        ["/customerProfile/name", "/customerProfile/address", "/customerProfile/address/country"],
    )?;
    required(document, ["/details/requirements/solutions/0/id"])?;
    complete_member(document, "/team")?;
    if owner == Owner::Microsoft {
        complete_member(document, "/customerProfile/team")?;
        required(document, ["/inviteContext/assistanceRequestCode"])?;
        services(document)?;
    }
    Ok(())
}

/// A services co-sell deal names all of its attributes (contract partner-center 2.6, 3.1).
fn services(document: &Value) -> Result<(), Refusal> {
    let list = "/details/requirements/additionalRequirements/attributes";
    let attributes =
        document.pointer(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let named = |wanted: &&str| {
        attributes.iter().any(|attribute| {
            text(attribute, "/type") == *wanted && !text(attribute, "/id").is_empty()
        })
    };
    let all = ["PartnerRole", "SolutionArea", "SolutionPlay"];
    match all.iter().find(|wanted| !named(wanted)) {
        Some(missing) if all.iter().any(named) => Err(Refusal::invalid(
            list,
            format!("The attribute {missing} is required for services co-sell."),
        )),
        _ => Ok(()),
    }
}

/// At least one member with first name, last name, telephone and e-mail.
fn complete_member(document: &Value, list: &str) -> Result<(), Refusal> {
    let fields = ["/firstName", "/lastName", "/phoneNumber", "/email"];
    let complete =
        |member: &Value| fields.iter().all(|field| !text(member, field).trim().is_empty());
    if document
        .pointer(list)
        .and_then(Value::as_array)
        .is_some_and(|members| members.iter().any(complete))
    {
        return Ok(());
    }
    Err(Refusal::invalid(
        list,
        "At least one person with first name, last name, phone number and e-mail is required.",
    ))
}

fn bulk(document: &Value) -> Result<(), Refusal> {
    required(
        document,
        ["/name", "/customerProfile/address/addressLine1", "/customerProfile/address/city"],
    )?;
    required(document, ["/details/dealValue", "/details/currency", "/details/closingDateTime"])?;
    let consent = "/consent/consentToToShareInfoWithOthers";
    if document.pointer(consent) != Some(&json!(true)) {
        return Err(Refusal::invalid(
            consent,
            "Nothing is created without consent to share contacts.",
        ));
    }
    let attributes = "/details/requirements/additionalRequirements/attributes";
    let intent = |attribute: &Value| attribute["type"] == "CustomerMarketplaceIntent";
    if !document
        .pointer(attributes)
        .and_then(Value::as_array)
        .is_some_and(|all| all.iter().any(intent))
    {
        return Err(Refusal::invalid(
            attributes,
            "The attribute CustomerMarketplaceIntent is required.",
        ));
    }
    Ok(())
}

/// The engagement of the new referral: a fresh one, or the existing one that a connected referral
/// names.
fn engagement(
    body: &Value,
    store: &Store,
    owner: Owner,
    switches: &Switches,
) -> Result<String, Refusal> {
    let named = text(body, "/engagementId");
    if named.is_empty() {
        if owner == Owner::Microsoft && switches.strict_create {
            return Err(Refusal::invalid(
                "/engagementId",
                "A referral for Microsoft needs the engagement of your own referral.",
            ));
        }
        return Ok(Uuid::new_v4().to_string());
    }
    let own = store.referral_of(named, Owner::Partner).filter(|own| own.visible(switches));
    let Some(own) = own else {
        return Err(Refusal {
            target: "/engagementId".to_owned(),
            ..Refusal::whole(StatusCode::NOT_FOUND, "There is no such engagement.")
        });
    };
    if own.document["status"] == "Closed" {
        return Err(super::rules::terminal(switches.terminal_status));
    }
    let share = "/consent/consentToShareReferralWithMicrosoftSellers";
    if owner == Owner::Microsoft
        && switches.strict_create
        && own.document.pointer(share) != Some(&json!(true))
    {
        return Err(Refusal::invalid(
            share,
            "Your own referral is private: consent to share it with Microsoft sellers first.",
        ));
    }
    Ok(text(&own.document, "/engagementId").to_owned())
}

fn fill(document: &mut Value, owner: Owner, options: &Options, now: Timestamp) {
    document["id"] = json!(Uuid::new_v4().to_string());
    document["organizationId"] = json!(options.organization_id);
    document["organizationName"] = json!(options.organization_name);
    if document["mpnId"].is_null() {
        document["mpnId"] = json!(options.mpn_id);
    }
    document["direction"] = json!("Outgoing");
    document["createdVia"] = json!(options.client_id);
    document["lastModifiedVia"] = json!(options.client_id);
    if let Some(invite) = document["inviteContext"].as_object_mut() {
        let inviter = json!({
            "organizationId": options.organization_id, "organizationName": options.organization_name
        });
        invite.insert("invitedBy".to_owned(), inviter);
    }
    if document["consent"]["consentToShareReferralWithMicrosoftSellers"] != true {
        document["type"] = json!("Independent"); // the service derives the type from consent
    }
    match owner {
        Owner::Partner => {
            document["status"] = json!("Active");
            document["substatus"] = json!("Accepted");
            document["acceptedDateTime"] = json!(seven_digits(now));
        }
        Owner::Microsoft => await_answer(document, now),
    }
}

/// Makes a document New/Pending with its answer date.
pub(crate) fn await_answer(document: &mut Value, now: Timestamp) {
    document["status"] = json!("New");
    document["substatus"] = json!("Pending");
    document["acceptedDateTime"] = Value::Null;
    document["expirationDateTime"] = json!(now.checked_add(ANSWER_TIME).ok().map(seven_digits));
}

/// The links as live answers carry them: with `engagements`, and the GUID unquoted.
pub(crate) fn links(document: &mut Value, origin: &Url) {
    let base = format!("{origin}v1.0/engagements/referrals");
    document["links"] = json!({
        "relatedReferrals": {
            "uri": format!("{base}?$filter=engagementId eq {}", text(document, "/engagementId")),
            "method": "GET"
        },
        "self": { "uri": format!("{base}/{}", text(document, "/id")), "method": "GET" },
    });
}
