//! Invitations that expire soon.

use super::*;
use crate::plan::{Warnings, plan_warnings};
use cosell_model::deadline::Deadlines;

const EXPIRES: &str = "2026-12-05T09:30:00Z";

fn invited(expires: &str) -> Referral {
    referral(|body| {
        (body["status"], body["substatus"], body["direction"]) =
            (json!("New"), json!("Pending"), json!("Incoming"));
        body["expirationDateTime"] = json!(expires);
    })
}

fn at(
    link: &Link,
    referral: &Referral,
    half: Option<&Referral>,
    record: &CrmRecord,
    now: &str,
) -> Warnings {
    let now = now.parse().unwrap();
    plan_warnings(&shipped(), &Deadlines::default(), link, referral, half, record, now)
}

fn on_hold() -> CrmRecord {
    record(|record| record.phase = Phase::OnHold)
}

#[test]
fn each_threshold_warns_once_and_the_status_stays_until_the_answer() {
    let waiting = invited(EXPIRES);
    let mut link = linked(&shipped(), &waiting, &on_hold());
    assert_eq!(at(&link, &waiting, None, &on_hold(), "2026-11-30T09:29:00Z"), Warnings::default());
    let first = at(&link, &waiting, None, &on_hold(), "2026-11-30T09:30:00Z");
    assert_eq!(
        first.new,
        [
            "Answer by 2026-12-05 09:30 UTC, or Microsoft's invitation expires: less than 5 days are left."
        ]
    );
    assert_eq!(first.status.as_deref(), Some("Answer by 2026-12-05 09:30 UTC"));
    link.warned = first.warned;
    let again = at(&link, &waiting, None, &on_hold(), "2026-12-03T09:30:00Z");
    assert!(again.new.is_empty() && again.status.is_some());
    assert_eq!(again.warned, link.warned);
    let last = at(&link, &waiting, None, &on_hold(), "2026-12-04T09:30:00Z");
    assert!(last.new[0].ends_with("less than a day is left."), "{:?}", last.new);
    link.warned = last.warned;
    assert_eq!(
        at(&link, &referral(|_| {}), None, &record(|_| {}), "2026-12-04T12:00:00Z"),
        Warnings::default()
    );
}

#[test]
fn another_deadline_warns_anew() {
    let mut link = linked(&shipped(), &invited(EXPIRES), &on_hold());
    link.warned = at(&link, &invited(EXPIRES), None, &on_hold(), "2026-12-04T12:00:00Z").warned;
    let moved = invited("2026-12-08T09:30:00Z");
    assert_eq!(at(&link, &moved, None, &on_hold(), "2026-12-04T13:00:00Z").new.len(), 1);
}

#[test]
fn a_warning_that_the_audit_field_has_already_is_not_written_again() {
    let waiting = invited(EXPIRES);
    let link = linked(&shipped(), &waiting, &on_hold());
    let sentence = at(&link, &waiting, None, &on_hold(), "2026-12-01T09:30:00Z").new[0].clone();
    let told = record(|record| {
        record.phase = Phase::OnHold;
        set(record, "nwcs_audit", json!(format!("2026-12-01 09:30 UTC  {sentence}")));
    });
    let warnings = at(&link, &waiting, None, &told, "2026-12-01T09:31:00Z");
    assert_eq!((warnings.new.len(), warnings.lines.len()), (1, 0));
}

#[test]
fn microsofts_time_to_answer_is_told_without_a_change_of_the_status() {
    let own = referral(|_| {});
    let mut half = invited(EXPIRES);
    half.id = "8d3f9b10-5b9f-4a2c-9c61-1d6a0be7f002".parse().unwrap();
    let mut link = linked(&shipped(), &own, &record(|_| {}));
    let warnings = at(&link, &own, Some(&half), &record(|_| {}), "2026-12-01T09:30:00Z");
    assert!(
        warnings.new[0].starts_with("Microsoft has until 2026-12-05 09:30 UTC to answer"),
        "{warnings:?}"
    );
    assert_eq!(warnings.status, None);
    link.warned = warnings.warned.clone();
    let unrelated = at(&link, &own, None, &record(|_| {}), "2026-12-01T10:00:00Z");
    assert_eq!(
        unrelated.warned, warnings.warned,
        "a look that is not about the half forgets nothing"
    );
    assert!(at(&link, &own, Some(&half), &record(|_| {}), "2026-12-01T11:00:00Z").new.is_empty());
}

#[test]
fn nobody_is_warned_on_a_closed_record_or_by_a_setting_of_never() {
    let waiting = invited(EXPIRES);
    let lost = record(|record| record.phase = Phase::Lost);
    let link = linked(&shipped(), &waiting, &lost);
    assert_eq!(at(&link, &waiting, None, &lost, "2026-12-04T12:00:00Z"), Warnings::default());
    let never = "never".parse().unwrap();
    let now = "2026-12-04T12:00:00Z".parse().unwrap();
    let warnings = plan_warnings(&shipped(), &never, &link, &waiting, None, &on_hold(), now);
    assert_eq!(warnings, Warnings::default());
}
