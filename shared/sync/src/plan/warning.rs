//! Warning the seller of an invitation that expires soon (contract partner-center 3.6).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::seller::{minute, told_lately};
use cosell_mapping::Mapping;
use cosell_model::crm::CrmRecord;
use cosell_model::deadline::Deadlines;
use cosell_model::deal::DealKind;
use cosell_model::id::ReferralId;
use cosell_model::link::{Link, Warned};
use cosell_model::referral::Referral;

/// The deadlines of a pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Warnings {
    /// What the link notes after this look.
    pub warned: BTreeMap<ReferralId, Warned>,
    /// Thresholds that were passed since the seller was warned last, in the seller's words.
    pub new: Vec<String>,
    /// Those of them that the Audit field does not have yet.
    pub lines: Vec<String>,
    /// The sync status as long as the seller's answer is waited for.
    pub status: Option<String>,
}

/// What to warn of. `microsoft` is Microsoft's half, where this look is about it. A closed record's seller has nothing to answer.
pub fn plan_warnings(
    mapping: &Mapping,
    deadlines: &Deadlines,
    link: &Link,
    referral: &Referral,
    microsoft: Option<&Referral>,
    record: &CrmRecord,
    now: Timestamp,
) -> Warnings {
    let mut warnings = Warnings::default();
    let halves = [Some(referral), microsoft.filter(|_| !referral.stage.is_terminal())];
    for half in halves.into_iter().flatten() {
        let told = link.warned.get(&half.id);
        let due = half.expires().filter(|_| !record.is_read_only()).and_then(|expires| {
            let days = deadlines.reached(expires, now)?;
            Some(Warned { expires, days })
        });
        let Some(due) = due else { continue };
        if half.id == referral.id {
            warnings.status = Some(format!("Answer by {}", minute(due.expires)));
        }
        let is_new = told.is_none_or(|told| told.expires != due.expires || due.days < told.days);
        if is_new {
            let sentence = sentence(referral, half, &due);
            if !told_lately(mapping, record, &sentence) {
                warnings.lines.push(sentence.clone());
            }
            warnings.new.push(sentence);
        }
        warnings.warned.insert(half.id, due);
    }
    // Microsoft's half is not looked at each time: what was told of it stays until our own is closed.
    if !referral.stage.is_terminal() {
        for (id, told) in link.warned.iter().filter(|(id, _)| **id != referral.id) {
            warnings.warned.entry(*id).or_insert_with(|| told.clone());
        }
    }
    warnings
}

fn sentence(own: &Referral, half: &Referral, due: &Warned) -> String {
    let by = minute(due.expires);
    let left = match due.days {
        1 => "less than a day is left".to_owned(),
        days => format!("less than {days} days are left"),
    };
    if half.id != own.id {
        return format!(
            "Microsoft has until {by} to answer, or your request for help expires: {left}."
        );
    }
    let invitation = if own.deal(false) == DealKind::PartnerToPartner {
        "the partner's invitation"
    } else {
        "Microsoft's invitation"
    };
    format!("Answer by {by}, or {invitation} expires: {left}.")
}
