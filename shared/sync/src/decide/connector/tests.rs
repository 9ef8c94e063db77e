//! What the seller reads, as far as it fits.

use serde_json::{Value as Json, json};

use super::*;
use crate::fixtures::{now, policy, record, set, shipped};

const AUDIT: &str = "nwcs_audit";
const STATUS: &str = "nwcs_syncstatus";

/// The columns of a record after this state and these notices.
fn columns(
    mapping: &Mapping,
    record: &CrmRecord,
    state: &DealState,
    unread: &[&Notice],
) -> BTreeMap<String, Json> {
    let policy = policy();
    Connector::new(mapping, &policy, now()).columns(record, state, unread)
}

fn refused(notice: &Notice) -> DealState {
    DealState::Refused { reasons: vec![notice.clone()] }
}

fn given(reason: impl Into<String>) -> Notice {
    Notice::ReasonGiven { reason: reason.into() }
}

#[test]
fn what_is_wrong_is_written_once_and_success_clears_it_newest_first() {
    let mapping = shipped();
    let missing = Notice::FieldMissing { field: "solutions".into() };
    let written = columns(&mapping, &record(|_| {}), &refused(&missing), &[&missing]);
    assert!(written[STATUS].as_str().unwrap().starts_with("✘ Products is missing"));
    let failing = record(|record| record.fields.extend(written.clone()));
    assert!(columns(&mapping, &failing, &refused(&missing), &[]).is_empty());
    let created = Notice::ReferralCreated { referral: None };
    let fixed = columns(&mapping, &failing, &DealState::InSync, &[&created]);
    assert_eq!(fixed[STATUS], "✔ Synced");
    let lines: Vec<&str> = fixed[AUDIT].as_str().unwrap().lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], "2026-11-21 10:00 UTC  Created in Partner Center.");
    assert!(lines[1].starts_with("2026-11-21 10:00 UTC  Products is missing"), "{}", lines[1]);
}

#[test]
fn a_full_audit_field_lets_go_of_its_oldest_lines_and_fits_however_line_breaks_are_counted() {
    let mapping = shipped();
    let length = mapping.columns.audit_length;
    let mut reading = record(|_| {});
    for turn in 0..200 {
        let notice = given(format!("line {turn}"));
        let written = columns(&mapping, &reading, &DealState::InSync, &[&notice]);
        reading.fields.extend(written);
        let audit = reading.get(AUDIT).as_str().unwrap();
        let newest = format!("2026-11-21 10:00 UTC  Reason given in Partner Center: line {turn}.");
        assert_eq!(audit.lines().next(), Some(newest.as_str()));
        assert!(audit.replace('\n', "\r\n").chars().count() <= length);
    }
    let audit = reading.get(AUDIT).as_str().unwrap();
    assert!(audit.ends_with('…') && audit.chars().count() > length - 200, "{}", audit.len());
}

#[test]
fn a_second_failure_is_read_though_the_status_is_cut_alike() {
    let mapping = shipped();
    let long = |end: &str| Notice::HelpUnreadable { reason: format!("{} {end}", "x".repeat(120)) };
    let (first, second) = (long("first"), long("second"));
    let written = columns(&mapping, &record(|_| {}), &refused(&first), &[&first]);
    let status = written[STATUS].as_str().unwrap();
    assert!(status.ends_with('…'), "{status}");
    assert_eq!(status.chars().count(), mapping.columns.sync_status_length);
    let failing = record(|record| record.fields.extend(written.clone()));
    let written = columns(&mapping, &failing, &refused(&second), &[&second]);
    assert_eq!(written.keys().collect::<Vec<_>>(), [AUDIT]);
    assert!(written[AUDIT].as_str().unwrap().contains("second"));
    assert!(columns(&mapping, &failing, &refused(&first), &[]).is_empty());
}

#[test]
fn identifier_link_and_status_are_written_only_where_they_differ() {
    let (mapping, policy) = (shipped(), policy());
    let id: ReferralId = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa".parse().unwrap();
    let connector = Connector {
        referral: Some(id),
        microsoft_crm_id: Some("7-AB12CD34EF".into()),
        ..Connector::new(&mapping, &policy, now())
    };
    let mut known = record(|_| {});
    let columns = connector.columns(&known, &DealState::InSync, &[]);
    let expected = [
        ("nwcs_microsoftcrmid", json!("7-AB12CD34EF")),
        ("nwcs_referralid", json!(id)),
        ("nwcs_referrallink", json!(format!("https://partner.example/referrals/{id}"))),
        (STATUS, json!("✔ Synced")),
    ];
    let expected: BTreeMap<String, Json> =
        expected.into_iter().map(|(column, value)| (column.to_owned(), value)).collect();
    assert_eq!(columns, expected);
    known.fields.extend(columns);
    assert!(connector.columns(&known, &DealState::InSync, &[]).is_empty());
    for (column, value) in expected {
        let mut edited = known.clone();
        set(&mut edited, &column, Json::Null);
        let columns = connector.columns(&edited, &DealState::InSync, &[]);
        assert_eq!(columns, BTreeMap::from([(column, value)]));
    }
}

#[test]
fn what_the_seller_wrote_into_the_audit_field_stays_below_and_is_not_written_for_its_own_sake() {
    let mapping = shipped();
    let known = record(|record| {
        set(record, STATUS, json!("✔ Synced"));
        set(record, AUDIT, json!("call Ida on Monday"));
    });
    assert!(columns(&mapping, &known, &DealState::InSync, &[]).is_empty());
    let written = columns(&mapping, &known, &DealState::InSync, &[&given("none")]);
    assert!(written[AUDIT].as_str().unwrap().ends_with("\ncall Ida on Monday"));
}

#[test]
fn a_notice_that_is_no_line_writes_nothing() {
    let mapping = shipped();
    let known = record(|record| set(record, STATUS, json!("✔ Synced")));
    let waits = Notice::AcceptanceNeeded { field: "notes".into() };
    assert!(columns(&mapping, &known, &DealState::InSync, &[&waits]).is_empty());
}

#[test]
fn the_mark_goes_with_what_is_written_anyway_and_follows_the_state() {
    let mapping = shipped().marking_names();
    let missing = Notice::HelpBlocked;
    let blocked = || DealState::PartlySynced {
        fields: ["help".into()].into(),
        blocked: true,
        reasons: vec![Notice::HelpBlocked],
    };
    let open = DealState::PartlySynced {
        fields: ["notes".into()].into(),
        blocked: false,
        reasons: Vec::new(),
    };
    for (state, name) in [
        (DealState::InSync, "✔ Cold-store rollout"),
        (blocked(), "✘ Cold-store rollout"),
        (refused(&missing), "✘ Cold-store rollout"),
    ] {
        let policy = policy();
        let connector = Connector {
            name: Some(Value::text("Cold-store rollout")),
            ..Connector::new(&mapping, &policy, now())
        };
        let written = connector.columns(&record(|_| {}), &state, &[]);
        assert_eq!(written["name"], name);
        let known = record(|record| set(record, STATUS, written[STATUS].clone()));
        assert!(connector.columns(&known, &state, &[]).is_empty(), "for its own sake nothing is");
        let besides = Connector { writes_besides: true, ..connector };
        assert_eq!(besides.columns(&known, &state, &[])["name"], name);
        let unmarked = Connector { marks: false, ..besides };
        assert!(unmarked.columns(&known, &state, &[]).is_empty());
    }
    let marked = record(|record| set(record, "name", json!("✔ Cold-store rollout")));
    assert_eq!(columns(&mapping, &marked, &open, &[])["name"], "Cold-store rollout");
}

#[test]
fn a_new_record_gets_the_switch_the_status_and_its_first_line() {
    let (mapping, policy) = (shipped(), policy());
    let id: ReferralId = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa".parse().unwrap();
    let connector = Connector { referral: Some(id), ..Connector::new(&mapping, &policy, now()) };
    let mut write = CrmWrite::default();
    connector.introduce(&mut write, &DealState::InSync, &[Notice::RecordCreated { record: None }]);
    assert_eq!(write.fields["nwcs_syncwithpartnercenter"], true);
    assert_eq!(write.fields[STATUS], "✔ Synced");
    assert_eq!(write.fields[AUDIT], "2026-11-21 10:00 UTC  Created from Partner Center.");
    assert!(!write.fields.contains_key("nwcs_referralid"), "the identifier is the upsert's key");
}
