//! What may change and when: status pairs, transitions and locks (contract partner-center 2.10 and
//! 2.12).

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::store::{seven_digits, text};
use super::switches::LockedFields;

/// Set by the service alone.
const READ_ONLY: &[&str] = &[
    "/id",
    "/engagementId",
    "/organizationId",
    "/organizationName",
    "/createdDateTime",
    "/updatedDateTime",
    "/expirationDateTime",
    "/acceptedDateTime",
    "/closedDateTime",
    "/direction",
    "/eTag",
    "/links",
    "/referralSource",
    "/callToAction",
    "/referralProgram",
    "/dealSensitivity",
    "/quality",
    "/isSpam",
    "/createdVia",
    "/lastModifiedVia",
    "/lastRunId",
    "/registrationStatus",
    "/trackingInfo",
    "/details/incentiveLevel",
    "/customerProfile/isMatchingComplete",
    "/inviteContext/invitedBy",
];

/// Locked once the referral exists.
const LOCKED: &[&str] = &[
    "/mpnId",
    "/customerProfile/name",
    "/customerProfile/address",
    "/customerProfile/ids",
    "/consent/consentToToShareInfoWithOthers",
];

/// Locked once it has a value.
const LOCKED_WHEN_SET: &[&str] = &[
    "/inviteContext/notes",
    "/inviteContext/assistanceRequestCode",
    "/inviteContext/invitedMpnId",
];

const SHARE: &str = "/consent/consentToShareReferralWithMicrosoftSellers";

/// Compares before and after; refuses changes of locked fields or takes them back.
pub(crate) fn locks(
    before: &Value,
    after: &mut Value,
    asked_for_help: bool,
    mode: LockedFields,
) -> Result<(), Refusal> {
    let mut locked: Vec<&str> = [READ_ONLY, LOCKED].concat();
    let set = |pointer: &&&str| !text(before, pointer).is_empty();
    locked.extend(LOCKED_WHEN_SET.iter().filter(set));
    if asked_for_help {
        locked.push("/customerProfile/team");
    }
    if before.pointer(SHARE) == Some(&json!(true)) {
        locked.push(SHARE);
    }
    for pointer in locked {
        let old = before.pointer(pointer).unwrap_or(&Value::Null);
        let new = after.pointer(pointer).unwrap_or(&Value::Null);
        if old == new {
            continue;
        }
        if mode == LockedFields::Refuse {
            return Err(Refusal::invalid(pointer, "This field cannot be changed any more."));
        }
        restore(after, pointer, old.clone());
    }
    Ok(())
}

fn restore(document: &mut Value, pointer: &str, value: Value) {
    let Some((parent, name)) = pointer.rsplit_once('/') else {
        return;
    };
    if let Some(parent) = document.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.insert(name.to_owned(), value);
    }
}

/// Checks the status pair and the transition of the result as a whole.
pub(crate) fn transition(before: &Value, after: &Value) -> Result<(), Refusal> {
    let (from, to) = (text(before, "/status"), text(after, "/status"));
    let substatus = text(after, "/substatus");
    let allowed_next: &[&str] = match from {
        "New" => &["New", "Active", "Closed"],
        "Active" => &["Active", "Closed"],
        _ => &["Closed"],
    };
    if !allowed_next.contains(&to) {
        return Err(Refusal::invalid(
            "/status",
            format!("A referral cannot go from {from} to {to}."),
        ));
    }
    let allowed_sub: &[&str] = match to {
        "New" => &["Pending", "Received"],
        "Active" => &["Accepted"],
        _ => &["Won", "Lost", "Declined", "Expired"],
    };
    if !allowed_sub.contains(&substatus) {
        return Err(Refusal::invalid(
            "/substatus",
            format!("Substatus {substatus} does not go with status {to}."),
        ));
    }
    if substatus == "Expired" && before["substatus"] != "Expired" {
        return Err(Refusal::invalid("/substatus", "Only the service sets Expired."));
    }
    Ok(())
}

/// Sets the dates that follow from a status change.
pub(crate) fn settle(before: &Value, after: &mut Value, now: Timestamp) {
    if before["status"] == after["status"] {
        return;
    }
    after["expirationDateTime"] = Value::Null;
    let stamp = json!(seven_digits(now));
    match text(after, "/status") {
        "Active" => after["acceptedDateTime"] = stamp,
        "Closed" => after["closedDateTime"] = stamp,
        _ => {}
    }
}

/// A closed referral takes nothing but deal registrations.
pub(crate) fn terminal(status: u16) -> Refusal {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::CONFLICT);
    Refusal::whole(status, "The referral is closed and cannot be changed.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(status: &str, substatus: &str) -> Value {
        json!({ "status": status, "substatus": substatus })
    }

    #[test]
    fn statuses_move_only_forward_and_in_allowed_pairs() {
        assert!(transition(&at("New", "Pending"), &at("Active", "Accepted")).is_ok());
        assert!(transition(&at("New", "Pending"), &at("Closed", "Declined")).is_ok());
        assert!(transition(&at("Active", "Accepted"), &at("Closed", "Won")).is_ok());
        assert!(transition(&at("Active", "Accepted"), &at("New", "Pending")).is_err());
        assert!(transition(&at("Active", "Accepted"), &at("Active", "Won")).is_err());
        assert!(transition(&at("New", "Pending"), &at("Closed", "Expired")).is_err());
    }

    #[test]
    fn consent_to_share_goes_one_way() {
        let off = json!({ "consent": { "consentToShareReferralWithMicrosoftSellers": false } });
        let on = json!({ "consent": { "consentToShareReferralWithMicrosoftSellers": true } });
        assert!(locks(&off, &mut on.clone(), false, LockedFields::Refuse).is_ok());
        assert_eq!(
            locks(&on, &mut off.clone(), false, LockedFields::Refuse).unwrap_err().target,
            SHARE
        );
        let mut ignored = off;
        locks(&on, &mut ignored, false, LockedFields::Ignore).unwrap();
        assert_eq!(ignored, on);
    }
}
