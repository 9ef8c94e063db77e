//! Deal registration on a won referral (contract partner-center 2.9 and 3.6).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::change::Write;
use super::refusal::Refusal;
use super::store::{Owner, Store, Stored, date, seven_digits, text};

/// The least time between creation and Won.
const LEAST_AGE: SignedDuration = SignedDuration::from_hours(72);

/// Checks that the deal may be registered and completes the new records.
pub(crate) fn check(
    before: &Stored,
    document: &mut Value,
    store: &Store,
    write: &Write<'_>,
) -> Result<(), Refusal> {
    eligible(&before.document, store, write.switches.registration_after_72_hours)?;
    let now = write.now;
    let Some(records) = document["registrations"].as_array_mut() else {
        return Err(Refusal::invalid("/registrations", "Expected a list."));
    };
    for (index, record) in records.iter_mut().enumerate() {
        dates(record)
            .map_err(|why| Refusal::invalid(format!("/registrations/{index}/contract"), why))?;
        if text(record, "/id").is_empty() {
            complete(record, now);
        }
    }
    document["registrationStatus"] = json!("ReviewPending");
    Ok(())
}

fn eligible(deal: &Value, store: &Store, after_72_hours: bool) -> Result<(), Refusal> {
    let refuse = |why: &str| Err(Refusal::invalid("/registrations", why));
    if deal["substatus"] != "Won" {
        return refuse("Only a won deal can be registered.");
    }
    if deal["consent"]["consentToShareReferralWithMicrosoftSellers"] != true {
        return refuse("A private deal cannot be registered.");
    }
    let microsoft = store.referral_of(text(deal, "/engagementId"), Owner::Microsoft);
    if microsoft
        .is_some_and(|other| !matches!(text(&other.document, "/substatus"), "Accepted" | "Won"))
    {
        return refuse("Microsoft has not accepted this deal.");
    }
    let age = date(deal, "/createdDateTime")
        .zip(date(deal, "/closedDateTime"))
        .map(|(from, to)| to.duration_since(from));
    if after_72_hours && age.is_none_or(|age| age < LEAST_AGE) {
        return refuse("The deal was won within 72 hours of its creation.");
    }
    Ok(())
}

fn dates(record: &Value) -> Result<(), &'static str> {
    let start = date(record, "/contract/startDateTime");
    let sign = date(record, "/contract/signDateTime");
    match (start, sign) {
        (Some(start), Some(sign)) if start < sign => {
            Err("The start date may not precede the sign date.")
        }
        (Some(_), Some(_)) => Ok(()),
        _ => Err("Start date and sign date are required."),
    }
}

fn complete(record: &mut Value, now: Timestamp) {
    let stamp = seven_digits(now);
    record["id"] = json!(Uuid::new_v4().to_string());
    record["registrationDateTime"] = json!(stamp);
    record["status"] = json!("ReviewPending");
    record["statusHistory"] = json!({ "reviewPendingDateTime": stamp });
}
