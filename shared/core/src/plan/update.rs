//! Bringing a linked pair in step with the smallest change on each side.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::audit::{FieldChange, ParkedField, Side};
use crate::crm::{CrmRecord, Phase};
use crate::link::{Link, OpenConflict, Seen};
use crate::mapping::{HELP, Mapping, Observation, REFERENCE, Rule, STAGE, phase_value, stage_value};
use crate::merge::{Merged, merge};
use crate::patch::PatchOperation;
use crate::referral::Referral;
use crate::value::Value;
use jiff::Timestamp;

/// A change that is not carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The rule.
    pub field: String,
    /// Why, in the seller's words.
    pub reason: String,
    /// Whether it may be carried later: then what was last seen stays as it was, so that the change is found again.
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
    pub parked: Vec<ParkedField>,
    /// Other sentences for the seller.
    pub remarks: Vec<String>,
    /// Fields whose write a side refused: they are found again.
    refused: BTreeSet<String>,
    sent: Option<String>,
    received: Option<String>,
    /// Earlier writes that took effect, though nobody waited for their answer: by rule name.
    pub landed: Vec<(String, Side)>,
    stage_operations: usize,
    /// The rules of the patch's operations, without those of the stage.
    patched: Vec<String>,
    /// Whether stage and phase disagree.
    pub apart: bool,
    /// What was seen before: as the link has it, or as a write left it whose outcome nobody had waited for.
    pub(super) known: BTreeMap<String, Seen>,
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

    /// What to remember as seen, given what was really stored; `None` for a side that was not written (yet).
    ///
    /// Starts from what the decision was made on, never from a later reading: an edit that somebody made in between must be
    /// found by the next look. A change that was not carried keeps what was seen before, so that it is found again.
    pub fn seen(&self, mapping: &Mapping, referral: Option<&Referral>, record: Option<&CrmRecord>) -> BTreeMap<String, Seen> {
        let mut seen = self.observed.values.clone();
        let mut keep: BTreeSet<&str> = self.observed.unreadable.iter().map(String::as_str).collect();
        keep.extend(self.held.iter().filter(|held| held.retry).map(|held| held.field.as_str()));
        keep.extend(self.conflicts.keys().map(String::as_str));
        keep.extend(self.refused.iter().map(String::as_str));
        for change in &self.changes {
            let Some(entry) = seen.get_mut(&change.field) else { continue };
            match (change.side, referral, record) {
                (Side::PartnerCenter, Some(referral), _) => entry.partner_center = stored_there(mapping, change, referral),
                (Side::Crm, _, Some(record)) => entry.crm = stored_here(mapping, change, record),
                _ => drop(keep.insert(&change.field)),
            }
        }
        match (referral, seen.get_mut(REFERENCE)) {
            (Some(referral), Some(entry)) => entry.partner_center = referral.external_reference.clone().map_or(Value::Nothing, Value::text),
            _ if !self.patch.is_empty() => drop(keep.insert(REFERENCE)),
            _ => {}
        }
        for field in keep {
            match self.known.get(field) {
                Some(before) => seen.insert(field.to_owned(), before.clone()),
                None => seen.remove(field),
            };
        }
        seen
    }

    /// The changes of the sides that were written, as they were really stored.
    pub fn stored_changes(&self, seen: &BTreeMap<String, Seen>, partner_center: bool, crm: bool) -> Vec<FieldChange> {
        let written = |change: &&FieldChange| if change.side == Side::Crm { crm } else { partner_center };
        let stored = |change: &FieldChange| {
            let seen = seen.get(&change.field)?;
            Some(if change.side == Side::Crm {
                seen.crm.clone()
            } else {
                seen.partner_center.clone()
            })
        };
        let stored = |change: &FieldChange| FieldChange {
            after: stored(change).unwrap_or_default(),
            ..change.clone()
        };
        self.changes.iter().filter(written).map(stored).collect()
    }

    /// Whether Partner Center stored every change as it was asked to.
    pub fn stored_as_asked(&self, seen: &BTreeMap<String, Seen>) -> bool {
        let there = self.changes.iter().filter(|change| change.side == Side::PartnerCenter);
        there
            .into_iter()
            .all(|change| seen.get(&change.field).is_some_and(|seen| seen.partner_center == change.after))
    }

    /// Gives up a field that its side refused, for this time.
    pub fn refuse(&mut self, field: &str) {
        self.refused.insert(field.to_owned());
        self.changes.retain(|change| change.field != field);
    }

    /// The patch in parts that can be refused one by one: each field, then the stage. With the rule's name.
    pub fn patch_in_parts(&self) -> Vec<(String, Vec<PatchOperation>)> {
        let (fields, stage) = self.patch.split_at(self.patch.len() - self.stage_operations);
        let named = self
            .patched
            .iter()
            .cloned()
            .zip(fields.iter().map(|operation| vec![operation.clone()]));
        let stage = (!stage.is_empty()).then(|| (STAGE.to_owned(), stage.to_vec()));
        named.chain(stage).collect()
    }

    /// Gives up the phase: the CRM refused it, and only a person can mend that. It is not tried again until a side changes.
    pub fn give_up_phase(&mut self) {
        self.phase = None;
        self.changes.retain(|change| !(change.side == Side::Crm && change.field == STAGE));
    }
}

/// A field as the service stored it; what it left out of its answer is taken as stored.
fn stored_there(mapping: &Mapping, change: &FieldChange, referral: &Referral) -> Value {
    match mapping.rules.iter().find(|rule| rule.name == change.field) {
        None => stage_value(referral.stage),
        Some(rule) if referral.has(&rule.partner_center) => rule.read_partner_center(referral).unwrap_or_default(),
        Some(_) => change.after.clone(),
    }
}

fn stored_here(mapping: &Mapping, change: &FieldChange, record: &CrmRecord) -> Value {
    match mapping.rules.iter().find(|rule| rule.name == change.field) {
        None => phase_value(record.phase),
        Some(rule) => rule.read_crm(record).unwrap_or_default(),
    }
}

/// Compares a linked pair with what was last seen of it and decides what to write. `now` is when a new conflict begins to wait.
pub fn plan_update(mapping: &Mapping, link: &Link, referral: &Referral, record: &CrmRecord, now: Timestamp) -> Update {
    let observed = mapping.observe(referral, record);
    let known = super::pending::known(link, &observed);
    let mut planner = Planner {
        mapping,
        referral,
        record,
        update: Update::default(),
        closing: Vec::new(),
        locked: Vec::new(),
    };
    planner.stage(known.get(STAGE));
    let newest = if record.modified > referral.updated {
        Side::Crm
    } else {
        Side::PartnerCenter
    };
    for rule in &mapping.rules {
        // What cannot be read is no change.
        let Some(present) = observed.values.get(&rule.name) else { continue };
        let open = link.conflicts.get(&rule.name);
        match merge(rule, known.get(&rule.name), present, newest, open) {
            Merged::InStep => {}
            Merged::Locked => planner.locked.push(rule),
            Merged::Ask => planner.park(&rule.name, present, open, now),
            Merged::Held(reason) => planner.hold(&rule.name, reason, false),
            Merged::Write { side, value, overruled } => {
                let before = if side == Side::Crm {
                    present.crm.clone()
                } else {
                    present.partner_center.clone()
                };
                planner.field(
                    rule,
                    FieldChange {
                        field: rule.name.clone(),
                        side,
                        before,
                        after: value,
                        overruled,
                    },
                );
            }
        }
        if let Some(open) = open
            && planner.update.held.iter().any(|held| held.retry && held.field == rule.name)
        {
            // Decided, but it cannot be written yet: the decision stands.
            planner.update.conflicts.insert(rule.name.clone(), open.clone());
        }
    }
    planner.locked();
    planner.help(link, observed.values.get(HELP));
    planner.reference(link.seen.get(REFERENCE));
    planner.notes();
    let mut update = planner.update;
    // Last, so that a service that applies them one by one does not find the referral closed already.
    update.stage_operations = planner.closing.len();
    update.patch.append(&mut planner.closing);
    update.observed = observed;
    update.known = known;
    update.landed = super::pending::landed(link, &update.observed);
    update
}

pub(super) struct Planner<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) referral: &'a Referral,
    pub(super) record: &'a CrmRecord,
    pub(super) update: Update,
    /// Goes behind the fields' operations.
    pub(super) closing: Vec<PatchOperation>,
    /// Changed fields that Microsoft locks.
    locked: Vec<&'a Rule>,
}

impl Planner<'_> {
    pub(super) fn hold(&mut self, field: &str, reason: String, retry: bool) {
        self.update.held.push(Held {
            field: field.to_owned(),
            reason,
            retry,
        });
    }

    fn park(&mut self, field: &str, present: &Seen, open: Option<&OpenConflict>, now: Timestamp) {
        let Seen { partner_center, crm } = present.clone();
        let known = open.filter(|open| open.partner_center == partner_center && open.crm == crm);
        if known.is_none() {
            self.update.parked.push(ParkedField {
                field: field.to_owned(),
                partner_center: partner_center.clone(),
                crm: crm.clone(),
            });
        }
        let conflict = known.cloned().unwrap_or(OpenConflict {
            partner_center,
            crm,
            since: now,
            decision: None,
        });
        self.update.conflicts.insert(field.to_owned(), conflict);
    }

    fn field(&mut self, rule: &Rule, change: FieldChange) {
        match change.side {
            Side::PartnerCenter if self.referral.stage.is_terminal() => {
                let reason = format!(
                    "{} was not sent: the referral is closed in Partner Center, which cannot be changed any more.",
                    rule.label
                );
                self.hold(&rule.name, reason, false);
            }
            // A closed record is read-only for its seller too; a reopened one gets the change then.
            Side::Crm if self.record.phase.is_closed() => {
                self.hold(
                    &rule.name,
                    format!("{} was not written: the record is closed in the CRM.", rule.label),
                    true,
                );
            }
            Side::PartnerCenter => {
                let json = rule.partner_center_json(&change.after, self.referral.get(&rule.partner_center));
                self.update
                    .patch
                    .push(PatchOperation::set(self.referral, &rule.partner_center, json));
                self.update.patched.push(rule.name.clone());
                self.update.changes.push(change);
            }
            Side::Crm => {
                self.update.fields.insert(rule.crm.clone(), rule.crm_json(&change.after));
                self.update.changes.push(change);
            }
        }
    }

    fn locked(&mut self) {
        let labels: Vec<&str> = self.locked.iter().map(|rule| rule.label.as_str()).collect();
        let Some(first) = self.locked.first().filter(|_| !self.referral.stage.is_terminal()) else {
            return;
        };
        let reason = format!(
            "Changed here and not sent, because Microsoft locks it once a deal exists: {}.",
            labels.join(", ")
        );
        self.hold(&first.name, reason, false);
    }

    /// Help that is chosen after the deal was shared is not asked for (yet): the seller must not believe it was.
    fn help(&mut self, link: &Link, now: Option<&Seen>) {
        let asked_before = link.microsoft_referral.is_some() || !link.steps.is_empty();
        let chosen = now.is_some_and(|now| !now.crm.is_nothing() && link.seen.get(HELP).is_some_and(|seen| seen.crm != now.crm));
        if chosen && !asked_before && !self.referral.stage.is_terminal() {
            let reason = "How can Microsoft help? was chosen after the deal was shared and was not sent: ask for help in Partner Center.";
            self.hold(HELP, reason.into(), false);
        }
    }

    /// Partner Center's "CRM ID" names our record; a text somebody else put there is left alone, and a service that does not keep
    /// ours is not asked again.
    fn reference(&mut self, seen: Option<&Seen>) {
        let id = self.record.key.id.clone();
        let tried = seen.is_some_and(|seen| seen.partner_center.is_nothing() && seen.crm == Value::text(id.clone()));
        if self.referral.external_reference.is_none() && !self.referral.stage.is_terminal() && !tried {
            self.update
                .patch
                .push(PatchOperation::set(self.referral, "externalReferenceId", id.into()));
            self.update.patched.push(REFERENCE.to_owned());
        }
    }

    fn notes(&mut self) {
        let labels = |side: Side| -> String {
            let label = |change: &FieldChange| match change.field.as_str() {
                STAGE => format!("stage ({})", text(&change.after)),
                field => self.mapping.label(field).to_owned(),
            };
            self.update
                .changes
                .iter()
                .filter(|change| change.side == side)
                .map(label)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let (sent, received) = (labels(Side::PartnerCenter), labels(Side::Crm));
        self.update.sent = (!sent.is_empty()).then(|| format!("Sent to Partner Center: {sent}."));
        self.update.received = (!received.is_empty()).then(|| format!("Received from Partner Center: {received}."));
        let mut notes = Vec::new();
        let overruled: BTreeSet<&str> = self
            .update
            .changes
            .iter()
            .filter(|change| change.overruled.is_some())
            .map(|change| change.field.as_str())
            .collect();
        for rule in self.mapping.rules.iter().filter(|rule| overruled.contains(rule.name.as_str())) {
            notes.push(format!(
                "{} had changed on both sides; settled by the rule `{}`.",
                rule.label, rule.conflict
            ));
        }
        for parked in &self.update.parked {
            let label = self.mapping.label(&parked.field);
            notes.push(format!(
                "{label} was changed here and in Partner Center: both keep their value until your sync operator decides."
            ));
        }
        notes.extend(self.update.held.iter().filter(|held| !held.retry).map(|held| held.reason.clone()));
        self.update.remarks = notes;
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    }
}
