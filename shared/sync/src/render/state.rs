//! Sync status: the state in one line.

use std::collections::BTreeSet;

use cosell_mapping::Mapping;
use cosell_model::field::Field;
use cosell_model::link::DisconnectReason;
use cosell_model::notice::{Notice, Severity};
use cosell_model::state::{DealState, WaitingFor};

use super::{label, labels, minute, sentences};

/// The text of the Sync status column. ✔ means that every synced field agrees, and nothing else.
pub fn status(mapping: &Mapping, state: &DealState) -> String {
    match state {
        DealState::New => "Not synced yet".to_owned(),
        DealState::InSync => "✔ Synced".to_owned(),
        DealState::PartlySynced { fields, blocked, reasons } => {
            let errors = reasons.iter().filter(|notice| notice.severity() == Severity::Error);
            let errors: Vec<&Notice> = errors.collect();
            let sign = if *blocked { '✘' } else { '⚠' };
            if errors.is_empty() {
                format!("{sign} Partly synced: {}", labels(mapping, fields))
            } else {
                let text = sentences(mapping, errors);
                let besides = besides(mapping, fields, &text);
                format!("{sign} {text}{besides}")
            }
        }
        DealState::Waiting { for_what, until, fields } => {
            let until = until.map(minute).unwrap_or_default();
            match for_what {
                WaitingFor::Answer if fields.is_empty() => format!("⚠ Answer by {until}"),
                WaitingFor::Answer => {
                    format!("⚠ Answer by {until}; sent once accepted: {}", labels(mapping, fields))
                }
                WaitingFor::WinDate => format!("⚠ Won: sent on {until}"),
                WaitingFor::Acceptance => {
                    format!("⚠ Sent once the deal is accepted: {}", labels(mapping, fields))
                }
                WaitingFor::Referral => disconnected(&DisconnectReason::ReferralInvisible),
            }
        }
        DealState::NeedsDecision { fields } => {
            format!("⚠ Needs a decision: {}", labels(mapping, fields))
        }
        DealState::Paused { until } => format!("⚠ Paused until {}", minute(*until)),
        DealState::Failing { attempts, next, .. } => {
            format!("⚠ Failing: attempt {attempts}, next try {}", minute(*next))
        }
        DealState::Off { reason } => format!("Off: {}.", super::sentences::off_reason(reason)),
        DealState::Disconnected { reason } => disconnected(reason),
        DealState::Refused { reasons } => format!("✘ {}", sentences(mapping, reasons)),
    }
}

/// The mapping's fields that do not agree either, where no error names them.
fn besides(mapping: &Mapping, fields: &BTreeSet<Field>, errors: &str) -> String {
    let is_unnamed =
        |field: &&Field| matches!(field, Field::Rule(_)) && !errors.contains(label(mapping, field));
    let unnamed: Vec<&Field> = fields.iter().filter(is_unnamed).collect();
    if unnamed.is_empty() {
        String::new()
    } else {
        format!(" Also not synced: {}.", labels(mapping, unnamed))
    }
}

fn disconnected(reason: &DisconnectReason) -> String {
    format!("✘ Not synced any more: {}.", super::sentences::disconnect_reason(reason))
}
