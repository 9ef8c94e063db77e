//! What brings a linked pair in step, and what to remember of it once it was written.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value as Json;

use super::invitation::Wish;
use crate::built_in_fields::{REFERENCE, STAGE, VISIBILITY, by_name};
use cosell_mapping::{Mapping, Observation, phase_value, stage_value};
use cosell_model::audit::{FieldChange, Side, UndecidedField};
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::field::Field;
use cosell_model::link::{DroppedWrite, LastSynced, OpenConflict};
use cosell_model::patch::PatchOperation;
use cosell_model::referral::Referral;
use cosell_model::value::Value;

/// A change that is not carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The rule.
    pub field: String,
    /// Why, in the seller's words.
    pub reason: String,
    /// Whether it may be carried later: then what was last last_synced stays as it was, so that the change is found again.
    pub retry: bool,
}

/// What brings a pair in step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    /// The patch of the referral; empty when there is nothing to write there.
    pub patch: Vec<PatchOperation>,
    /// The columns to write to the CRM record, without the connector's own.
    pub fields: BTreeMap<String, Json>,
    /// The phase to bring the CRM record to, after the columns are written.
    pub phase: Option<Phase>,
    /// What will be written, field by field; `after` is what we ask for.
    pub changes: Vec<FieldChange>,
    /// Changes that cannot be carried.
    pub held: Vec<Held>,
    /// Fields that changed on both sides and wait for an operator, as the link will have them.
    pub conflicts: BTreeMap<String, OpenConflict>,
    /// Those among them that nobody was told of yet.
    pub undecided: Vec<UndecidedField>,
    /// Other sentences for the seller.
    pub remarks: Vec<String>,
    /// Sentences for the Audit field alone: the trail has them elsewhere, or must not have them.
    pub asides: Vec<String>,
    /// Values that an earlier look wrote and the CRM did not keep, of which the seller is yet to be told.
    pub untold: BTreeMap<String, DroppedWrite>,
    /// What becomes of the seller's wish for Microsoft's help.
    pub wish: Wish,
    /// Fields whose write a side refused: they are found again.
    refused: BTreeSet<String>,
    pub(super) sent: Option<String>,
    pub(super) received: Option<String>,
    /// Earlier writes that took effect, though nobody waited for their answer: by rule name.
    pub landed: Vec<(String, Side)>,
    pub(super) stage_operations: usize,
    /// The rules of the patch's operations, without those of the stage.
    pub(super) patched: Vec<String>,
    /// Until when a win of the CRM waits, so that the deal can be registered.
    pub win_waits: Option<Timestamp>,
    /// Whether stage and phase disagree.
    pub apart: bool,
    /// What was last_synced before: as the link has it, or as a write left it whose outcome nobody had waited for.
    pub(super) known: BTreeMap<String, LastSynced>,
    pub(super) observed: Observation,
}

impl Update {
    /// Whether one of the changes settled a conflict.
    pub fn has_conflict(&self) -> bool {
        self.changes.iter().any(|change| change.overruled.is_some())
    }

    /// Sentences for the seller: of each side only if it was really written.
    pub fn notes(&self, partner_center: bool, crm: bool) -> Vec<String> {
        let sent = self.sent.iter().filter(|_| partner_center);
        let received = self.received.iter().filter(|_| crm);
        sent.chain(received).chain(&self.remarks).cloned().collect()
    }

    /// What to remember as last_synced, given what was really stored; `None` for a side that was not written (yet).
    ///
    /// Starts from what the decision was made on, never from a later reading: an edit that somebody made in between must be
    /// found by the next look. A change that was not carried keeps what was last_synced before, so that it is found again.
    pub fn last_synced(
        &self,
        mapping: &Mapping,
        referral: Option<&Referral>,
        record: Option<&CrmRecord>,
    ) -> BTreeMap<String, LastSynced> {
        let mut last_synced = by_name(self.observed.values.clone());
        let mut keep: BTreeSet<&str> = self.observed.unreadable.iter().map(Field::as_str).collect();
        keep.extend(self.held.iter().filter(|held| held.retry).map(|held| held.field.as_str()));
        keep.extend(self.conflicts.keys().map(String::as_str));
        keep.extend(self.refused.iter().map(String::as_str));
        for change in &self.changes {
            let Some(entry) = last_synced.get_mut(&change.field) else {
                continue;
            };
            match (change.side, referral, record) {
                (Side::PartnerCenter, Some(referral), _) => {
                    entry.partner_center = stored_there(mapping, change, referral)
                }
                (Side::Crm, _, Some(record)) => entry.crm = stored_here(mapping, change, record),
                _ => drop(keep.insert(&change.field)),
            }
        }
        match (referral, last_synced.get_mut(REFERENCE)) {
            (Some(referral), Some(entry)) => {
                entry.partner_center =
                    referral.external_reference.clone().map_or(Value::Nothing, Value::text)
            }
            _ if !self.patch.is_empty() => drop(keep.insert(REFERENCE)),
            _ => {}
        }
        if last_synced
            .get(VISIBILITY)
            .is_some_and(|last_synced| !mapping.is_visibility_settled(last_synced))
            && self.raises_visibility()
        {
            // The next look shows it in the CRM.
            last_synced.remove(VISIBILITY);
        }
        for field in keep {
            match self.known.get(field) {
                Some(before) => last_synced.insert(field.to_owned(), before.clone()),
                None => last_synced.remove(field),
            };
        }
        last_synced
    }

    fn raises_visibility(&self) -> bool {
        let raises =
            |change: &FieldChange| change.field == VISIBILITY && change.side == Side::PartnerCenter;
        self.changes.iter().any(raises)
    }

    /// The changes of the sides that were written, as they were really stored.
    pub fn stored_changes(
        &self,
        last_synced: &BTreeMap<String, LastSynced>,
        partner_center: bool,
        crm: bool,
    ) -> Vec<FieldChange> {
        let written = |change: &&FieldChange| {
            if change.side == Side::Crm { crm } else { partner_center }
        };
        let stored = |change: &FieldChange| {
            let last_synced = last_synced.get(&change.field)?;
            Some(if change.side == Side::Crm {
                last_synced.crm.clone()
            } else {
                last_synced.partner_center.clone()
            })
        };
        let stored = |change: &FieldChange| FieldChange {
            // Visibility is not remembered before both sides agree.
            after: stored(change).unwrap_or_else(|| {
                if change.field == VISIBILITY { change.after.clone() } else { Value::Nothing }
            }),
            ..change.clone()
        };
        self.changes.iter().filter(written).map(stored).collect()
    }

    /// Whether Partner Center stored every change as it was asked to.
    pub fn stored_as_asked(&self, last_synced: &BTreeMap<String, LastSynced>) -> bool {
        let there = self.changes.iter().filter(|change| change.side == Side::PartnerCenter);
        there.into_iter().all(|change| match last_synced.get(&change.field) {
            Some(last_synced) => last_synced.partner_center == change.after,
            None => change.field == VISIBILITY,
        })
    }

    /// The deal's name in Partner Center after this look's patch, where names are marked.
    pub fn name_there(&self, mapping: &Mapping, patched: Option<&Referral>) -> Option<Value> {
        let rule = mapping.marked_name()?;
        let mut sent = self.changes.iter().filter(|change| change.side == Side::PartnerCenter);
        match (sent.find(|change| change.field == rule.name.as_str()), patched) {
            (Some(change), Some(referral)) => Some(stored_there(mapping, change, referral)),
            _ => mapping.name_there(&self.observed.values),
        }
    }

    /// Gives up a field that its side refused, for this time.
    pub fn refuse(&mut self, field: &str) {
        self.refused.insert(field.to_owned());
        self.changes.retain(|change| change.field != field);
    }

    /// Gives up the phase: the CRM refused it, and only a person can mend that. It is not tried again until a side changes.
    pub fn give_up_phase(&mut self) {
        self.phase = None;
        self.changes.retain(|change| !(change.side == Side::Crm && change.field == STAGE));
    }
}

/// A field as the service stored it; what it left out of its answer is taken as stored.
fn stored_there(mapping: &Mapping, change: &FieldChange, referral: &Referral) -> Value {
    match mapping.rules.iter().find(|rule| rule.name == change.field.as_str()) {
        None if change.field == VISIBILITY => Value::Bool(referral.is_visible_to_microsoft()),
        None => stage_value(referral.stage),
        Some(rule) if referral.has(rule.partner_center.as_str()) => {
            rule.read_partner_center(referral).unwrap_or_default()
        }
        Some(_) => change.after.clone(),
    }
}

fn stored_here(mapping: &Mapping, change: &FieldChange, record: &CrmRecord) -> Value {
    match mapping.rules.iter().find(|rule| rule.name == change.field.as_str()) {
        None if change.field == VISIBILITY => mapping.visibility_in(record),
        None => phase_value(record.phase),
        Some(rule) => rule.read_crm(record).unwrap_or_default(),
    }
}
