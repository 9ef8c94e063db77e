//! What Microsoft sends: a plausible inbound co-sell opportunity or lead (contract partner-center
//! 2.10 and 3.2, checklist 4).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::options::Options;
use super::store::{seven_digits, text};
use super::{create, shape};

/// The application that Microsoft's sellers' own system would write with.
const MICROSOFT_APP: &str = "2c9b7f52-0f3e-4a67-9a5d-5a1f0c77b001";

/// Lays `partial` over a complete inbound referral. `partial.kind` is `co-sell` (default) or
/// `lead`.
pub(crate) fn build(
    mut partial: Value,
    options: &Options,
    now: Timestamp,
) -> Result<Value, String> {
    let kind = partial.as_object_mut().and_then(|members| members.remove("kind"));
    let mut document = shape::blank();
    merge(&mut document, service_part(options));
    merge(&mut document, business_part(now));
    create::await_answer(&mut document, now);
    match kind.as_ref().map(|kind| kind.as_str().unwrap_or_default()) {
        None | Some("co-sell") => {
            document["type"] = json!("Shared");
            document["trackingInfo"] = json!({ "microsoftMsxId": msx_id() });
        }
        Some("lead") => {
            document["type"] = json!("Independent");
            document["name"] = json!("Enquiry about cold-chain monitoring");
            document["details"]["customerRequestedContact"] = json!(true);
        }
        Some(other) => return Err(format!("kind {other} does not exist; use co-sell or lead")),
    }
    merge(&mut document, shape::camel_case(partial));
    shape::check(&mut document)
        .map_err(|refusal| format!("{}: {}", refusal.target, refusal.message))?;
    if text(&document, "/id").parse::<Uuid>().is_err() {
        return Err("id must be a GUID".to_owned());
    }
    Ok(document)
}

/// A number in the form of Microsoft's own opportunity system.
pub(crate) fn msx_id() -> String {
    let random = Uuid::new_v4().simple().to_string().to_uppercase();
    format!("7-{}", &random[..10])
}

fn service_part(options: &Options) -> Value {
    json!({
        "id": Uuid::new_v4().to_string(),
        "engagementId": Uuid::new_v4().to_string(),
        "organizationId": options.organization_id,
        "organizationName": options.organization_name,
        "mpnId": options.mpn_id,
        "direction": "Incoming",
        "qualification": "SalesQualified",
        "createdVia": MICROSOFT_APP,
        "lastModifiedVia": MICROSOFT_APP,
        "inviteContext": {
            "notes": "Please take the technical lead.", "assistanceRequestCode": "Unknown",
            "invitedMpnId": null,
            "invitedBy": { "organizationId": "msft", "organizationName": "Microsoft" },
        },
        "target": [{ "type": "SolutionProfile", "id": "SOL-71402-QKD" }],
    })
}

fn business_part(now: Timestamp) -> Value {
    let closing = now.saturating_add(SignedDuration::from_hours(120 * 24)).unwrap_or(now);
    json!({
        "name": "Fleet telemetry pilot",
        "customerProfile": {
            "name": "Ostsjö Transport AB", "size": "251to1000employees", "isMatchingComplete": true,
            "address": {
                "addressLine1": "Kajen 12", "addressLine2": "", "city": "Gävle", "state": "",
                "postalCode": "80320",
                "country": "SE", "region": null,
            },
            "team": [{
                "firstName": "Nils", "lastName": "Berg", "phoneNumber": "+46260000004",
                "email": "nils.berg@ostsjo.example",
                "contactPreference": { "locale": "sv-se", "disableNotifications": false },
            }],
            "ids": [{ "profileType": "Duns", "id": "350000017" }],
        },
        "consent": {
            "consentToToShareInfoWithOthers": true, "consentToContact": true,
            "consentToMicrosoftToContactSpecificPartners": true,
            "consentToShareReferralWithMicrosoftSellers": true,
        },
        "details": {
            "notes": "Customer asks for a pilot with 40 lorries.", "dealValue": 62000.0,
            "currency": "EUR",
            "closingDateTime": format!("{}T00:00:00Z", seven_digits(closing).split('T').next().unwrap_or_default()),
            "customerRequestedContact": false, "customerAction": null, "incentiveLevel": null,
            "requirements": {
                "industries": [{ "id": "Travel & Transportation" }],
                "products": [{ "id": "Azure" }], "services": [{ "id": "Integration" }],
                "solutions": [{
                    "id": "SOL-71402-QKD", "name": "Halcyon Cold Chain", "type": "Name",
                    "price": 500, "quantity": 40, "currency": "EUR",
                }],
                "additionalRequirements": {
                    "attributes": [{ "type": "CustomerMarketplaceIntent", "id": "HaveNotDecided" }]
                },
            },
        },
    })
}

/// Lays `over` on top of `under`: objects member by member, everything else as a whole.
pub(crate) fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                merge(under.entry(name).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}
