//! Every notice and every state, in words.

use std::collections::BTreeSet;

use cosell_model::audit::Side;
use cosell_model::crm::{CrmKey, Phase};
use cosell_model::life_cycle::Stage;
use cosell_model::link::DisconnectReason;
use cosell_model::notice::{Inviter, Notice, OffReason, Refusal, Severity};
use cosell_model::state::{DealState, WaitingFor};
use cosell_model::value::Value;
use jiff::Timestamp;

use super::{redacted, sentence, status};
use crate::fixtures::{RECORD, shipped};

/// A customer's name, wherever one may stand.
const CUSTOMER: &str = "Norrsken";

fn at() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn refusal() -> Refusal {
    let sentence = format!("the CRM rejected (0x80040203): {CUSTOMER} is locked");
    Refusal { sentence, code: Some("0x80040203".into()) }
}

fn off_reasons() -> Vec<OffReason> {
    vec![
        OffReason::NotFlagged,
        OffReason::SwitchedOff,
        OffReason::ReferralInvisible,
        OffReason::RecordGone,
        OffReason::RecordMerged,
        OffReason::LeadsOff,
        OffReason::NoLeadTable,
        OffReason::LeadsOffNow,
        OffReason::LeadOfOurOwn,
        OffReason::Private,
        OffReason::KeptPrivate,
        OffReason::ClosedBefore,
        OffReason::RecordClosedBefore(Phase::Lost),
        OffReason::MicrosoftReferral,
        OffReason::NoEngagement,
        OffReason::NotOurEngagement,
        OffReason::BecameOpportunity(RECORD.into()),
        OffReason::Unlinked,
    ]
}

fn disconnect_reasons() -> [DisconnectReason; 4] {
    let into =
        CrmKey { system: "dynamics".into(), entity: "opportunity".into(), id: RECORD.into() };
    [
        DisconnectReason::RecordDeleted,
        DisconnectReason::RecordMerged(into),
        DisconnectReason::ReferralInvisible,
        DisconnectReason::Unlinked,
    ]
}

/// At least one notice of each code.
fn notices() -> Vec<Notice> {
    let mut notices = of_creation();
    notices.extend(of_identifiers());
    notices.extend(of_fields());
    notices.extend(of_the_deal());
    notices.extend(off_reasons().into_iter().map(|reason| Notice::Off { reason }));
    for reason in disconnect_reasons() {
        notices.push(Notice::Disconnected { reason: reason.clone() });
        notices.push(Notice::Restored { reason });
    }
    notices
}

fn of_creation() -> Vec<Notice> {
    let (field, reason) = (|| "deal_value".into(), || "expected a number".to_owned());
    let referral = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa".parse().unwrap();
    vec![
        Notice::ReferralCreated { referral: None },
        Notice::ReferralCreated { referral: Some(referral) },
        Notice::RecordCreated { record: None },
        Notice::RecordCreated { record: Some(format!("opportunity {RECORD}")) },
        Notice::Adopted,
        Notice::FieldLeftEmpty { field: field(), reason: reason() },
        Notice::FieldMissing { field: field() },
        Notice::FieldMissing { field: "solutions".into() },
        Notice::FieldUnfit { field: field(), reason: reason() },
        Notice::SolutionMissing { field: Some("solutions".into()) },
        Notice::SolutionMissing { field: None },
        Notice::AttributeMissing { attribute: "PartnerRole".into(), field: Some(field()) },
        Notice::AttributeMissing { attribute: "PartnerRole".into(), field: None },
        Notice::ChangeToRetry,
        Notice::LeadWithoutOpportunity,
        Notice::LeadNotConverted { refusal: refusal() },
        Notice::GoesOnFromLead,
        Notice::LeadAccepted { opportunity: RECORD.into() },
        Notice::LeadQualified { record: format!("opportunity {RECORD}") },
        Notice::Unlinked,
        Notice::Linked { record: Some(format!("opportunity {RECORD}")) },
        Notice::Linked { record: None },
    ]
}

fn of_identifiers() -> Vec<Notice> {
    let referral = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa".parse().unwrap();
    let entity = || "opportunity".to_owned();
    vec![
        Notice::CounterpartClosed { referral, stage: Stage::Lost },
        Notice::CounterpartRecordClosed { referral, phase: Phase::Won },
        Notice::ReferenceUnreadable { entity: entity() },
        Notice::ReferenceTaken { entity: entity(), referral },
        Notice::ReferenceOfAnother { entity: entity() },
        Notice::ReferenceMissing { entity: entity() },
        Notice::NamedByAnother { referral },
        Notice::IdentifierUnreadable,
        Notice::IdentifierOfAnother { lead: true },
        Notice::IdentifierOfAnother { lead: false },
        Notice::IdentifierInvisible,
        Notice::LeadReferralOver { referral, stage: Some(Stage::Expired) },
        Notice::LeadReferralOver { referral, stage: None },
        Notice::LeadElsewhere { opportunity: RECORD.into(), referral },
        Notice::LeadOfAnother { referral, other: referral.to_string() },
    ]
}

fn of_fields() -> Vec<Notice> {
    let (field, reason) = (|| "deal_value".into(), || "expected a number".to_owned());
    let fields = || vec!["deal_value".into(), "notes".into()];
    let mut notices = vec![
        Notice::Sent { fields: fields(), stage: None },
        Notice::Sent { fields: fields(), stage: Some(Stage::Won) },
        Notice::Received { fields: fields(), phase: None },
        Notice::Received { fields: fields(), phase: Some(Phase::Won) },
        Notice::ReasonGiven { reason: format!("{CUSTOMER} did not respond.") },
        Notice::ConflictResolved { field: field(), rule: "newest".into() },
        Notice::DecisionNeeded { field: field() },
        Notice::CurrencyDiffers { field: field() },
        Notice::ReferralClosed { field: field() },
        Notice::RecordClosed { field: field() },
        Notice::AcceptanceNeeded { field: field() },
        Notice::Locked { fields: fields() },
        Notice::StageFinal { phase: Phase::Open, stage: Stage::Won },
        Notice::StageNotAllowed { from: Stage::New, to: Stage::Won },
        Notice::FieldRefused { fields: fields(), refusal: refusal() },
        Notice::FieldRefused { fields: vec![field()], refusal: refusal() },
        Notice::WriteRefused { refusal: refusal() },
        Notice::PhaseRefused { phase: Phase::Lost, refusal: refusal() },
        Notice::DroppedWrite { field: field(), at: at(), value: Value::text(CUSTOMER) },
        Notice::DroppedWrite { field: field(), at: at(), value: Value::Nothing },
        Notice::Flapping { fields: fields(), until: at() },
    ];
    for side in [Side::PartnerCenter, Side::Crm] {
        notices.push(Notice::CannotBeEmptied { field: field(), side });
        notices.push(Notice::FieldUnreadable { field: field(), side, reason: reason() });
        notices.push(Notice::NotConvertible { field: field(), side, reason: reason() });
        notices.push(Notice::OneWay { field: field(), side });
        notices.push(Notice::DecisionMade { winner: side });
    }
    notices
}

fn of_the_deal() -> Vec<Notice> {
    let reason = || "the value `7` has no entry in the mapping's `values` table".to_owned();
    let mut notices = vec![
        Notice::HelpRequested,
        Notice::HelpBlocked,
        Notice::HelpRefused { refusal: refusal() },
        Notice::HelpUnreadable { reason: reason() },
        Notice::HelpAlreadyRequested,
        Notice::HelpReferralClosed,
        Notice::HelpIncoming,
        Notice::VisibilityRestored,
        Notice::VisibilityRecordClosed,
        Notice::VisibilityUnreadable { reason: reason() },
        Notice::VisibilityReferralClosed,
        Notice::VisibilityIncoming,
        Notice::WinDeferred { until: at() },
        Notice::Registered,
        Notice::RegistrationBlocked,
        Notice::RegistrationDeclined { stage: Stage::Declined },
        Notice::RegistrationWithoutSolution,
        Notice::RegistrationDates { start: "Start".into(), sign: "Signature".into() },
        Notice::RegistrationDateMissing { label: "Signature".into() },
        Notice::RegistrationRefused { refusal: refusal() },
    ];
    for stage in [
        Stage::New,
        Stage::Active,
        Stage::Declined,
        Stage::Expired,
        Stage::Won,
        Stage::Lost,
        Stage::ClosedOtherwise,
    ] {
        notices.push(Notice::MicrosoftDecided { stage, reason: None });
        let reason = Some(format!("{CUSTOMER} is served already."));
        notices.push(Notice::MicrosoftDecided { stage, reason });
    }
    for inviter in [Inviter::Microsoft, Inviter::Partner, Inviter::Us] {
        for days in [1, 5] {
            notices.push(Notice::DeadlineNear { by: at(), days, inviter });
        }
    }
    notices
}

#[test]
fn no_notice_is_missing_here() {
    let all: BTreeSet<&str> = Notice::CODES.iter().copied().collect();
    let here: BTreeSet<&str> = notices().iter().map(Notice::code).collect();
    assert_eq!(here, all);
    assert_eq!(off_reasons().len(), OffReason::CODES.len());
}

#[test]
fn every_notice_has_a_sentence_that_ends_like_one_and_holds_no_placeholder() {
    let mapping = shipped();
    for notice in notices() {
        let text = sentence(&mapping, &notice);
        assert_ne!(text, notice.code(), "it has no sentence");
        assert!(text.ends_with(['.', '?', '!']), "{}: {text}", notice.code());
        assert!(text.starts_with(|c: char| c.is_uppercase() || c == 't'), "{text}");
        for odd in ["{", "}", "..", "  ", " .", ":.", "None", "Some(", "_", "\n"] {
            assert!(!text.contains(odd), "{}: `{odd}` in {text}", notice.code());
        }
    }
}

#[test]
fn every_notice_of_a_field_names_it_by_its_label() {
    let mapping = shipped();
    for notice in notices() {
        let text = sentence(&mapping, &notice);
        if let Some(field) = notice.field() {
            assert!(text.contains(super::label(&mapping, field)), "{}: {text}", notice.code());
        }
        match &notice {
            Notice::Sent { .. }
            | Notice::Received { .. }
            | Notice::Locked { .. }
            | Notice::Flapping { .. } => {
                assert!(text.contains("Deal value, Notes"), "{text}");
            }
            Notice::SolutionMissing { .. } => assert!(text.contains("Products"), "{text}"),
            _ => {}
        }
    }
}

#[test]
fn different_notices_read_differently() {
    let mapping = shipped();
    let sentences: BTreeSet<String> =
        notices().iter().map(|notice| sentence(&mapping, notice)).collect();
    assert_eq!(sentences.len(), notices().len());
}

/// A refusal's sentence is a service's own. It is for the seller and the audit log, and whoever
/// logs leaves it out.
fn refusal_of(notice: &Notice) -> Option<&Refusal> {
    match notice {
        Notice::LeadNotConverted { refusal }
        | Notice::FieldRefused { refusal, .. }
        | Notice::WriteRefused { refusal }
        | Notice::PhaseRefused { refusal, .. }
        | Notice::HelpRefused { refusal }
        | Notice::RegistrationRefused { refusal } => Some(refusal),
        _ => None,
    }
}

#[test]
fn a_redacted_notice_leaves_no_customer_data() {
    let mapping = shipped();
    let mut held_some = 0;
    for notice in notices().iter().filter(|notice| refusal_of(notice).is_none()) {
        held_some += usize::from(format!("{notice:?}").contains(CUSTOMER));
        let Some(left) = redacted(notice) else { continue };
        let stored = serde_json::to_string(&left).unwrap();
        assert!(!stored.contains(CUSTOMER), "{stored}");
        assert!(!sentence(&mapping, &left).contains(CUSTOMER), "{stored}");
        assert_eq!(left.code(), notice.code());
    }
    assert!(held_some > 7, "the test says nothing");
}

#[test]
fn whatever_quotes_a_service_makes_the_outcome_one_whose_words_are_not_logged() {
    for notice in notices() {
        if refusal_of(&notice).is_some() {
            assert_eq!(notice.severity(), Severity::Error, "{}", notice.code());
        }
    }
}

#[test]
fn a_notice_with_an_entry_of_its_own_that_stands_is_known_by_its_key() {
    let keys: BTreeSet<String> = notices().iter().map(Notice::key).collect();
    assert_eq!(keys.len(), notices().len());
    for notice in notices() {
        assert!(notice.key().starts_with(notice.code()));
        assert!(!notice.key().contains(CUSTOMER));
    }
}

#[test]
fn every_state_has_a_line_and_only_one_has_the_check_mark() {
    let mapping = shipped();
    let fields = || BTreeSet::from(["deal_value".into(), "notes".into()]);
    let waiting = |for_what| DealState::Waiting { for_what, until: Some(at()), fields: fields() };
    let lines = [
        (DealState::New, "Not synced yet"),
        (DealState::InSync, "✔ Synced"),
        (
            DealState::PartlySynced { fields: fields(), blocked: false, reasons: Vec::new() },
            "⚠ Partly synced: Deal value, Notes",
        ),
        (
            DealState::PartlySynced {
                fields: fields(),
                blocked: true,
                reasons: vec![Notice::HelpBlocked],
            },
            "✘ Microsoft was not asked to help yet. Also not synced: Deal value, Notes.",
        ),
        (
            waiting(WaitingFor::Answer),
            "⚠ Answer by 2026-11-21 10:00 UTC; sent once accepted: Deal value, Notes",
        ),
        (
            DealState::Waiting {
                for_what: WaitingFor::Answer,
                until: Some(at()),
                fields: BTreeSet::new(),
            },
            "⚠ Answer by 2026-11-21 10:00 UTC",
        ),
        (waiting(WaitingFor::WinDate), "⚠ Won: sent on 2026-11-21 10:00 UTC"),
        (waiting(WaitingFor::Acceptance), "⚠ Sent once the deal is accepted: Deal value, Notes"),
        (
            waiting(WaitingFor::Referral),
            "✘ Not synced any more: the referral is not visible to the sync's service account any more (deleted, or a missing role in Partner Center).",
        ),
        (DealState::NeedsDecision { fields: fields() }, "⚠ Needs a decision: Deal value, Notes"),
        (DealState::Paused { until: at() }, "⚠ Paused until 2026-11-21 10:00 UTC"),
        (
            DealState::Failing {
                attempts: 3,
                since: at(),
                last: at(),
                cause: "the CRM transient".into(),
                earlier: BTreeSet::default(),
                next: at(),
                announced: None,
                before: Box::new(DealState::InSync),
            },
            "⚠ Failing: attempt 3, next try 2026-11-21 10:00 UTC",
        ),
        (
            DealState::Off { reason: OffReason::SwitchedOff },
            "Off: Sync with Partner Center was switched off.",
        ),
        (
            DealState::Disconnected { reason: DisconnectReason::RecordDeleted },
            "✘ Not synced any more: the record no longer exists in the CRM.",
        ),
        (
            DealState::Refused { reasons: vec![Notice::IdentifierUnreadable] },
            "✘ Referral Identifier is not a referral's id: clear it.",
        ),
    ];
    for (state, line) in lines {
        assert_eq!(status(&mapping, &state), line);
        assert_eq!(line.contains('✔'), state == DealState::InSync);
    }
}
