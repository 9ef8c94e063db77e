//! Bringing a linked pair in step with the smallest change on each side.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{FieldChange, Side};
use crate::crm::{CrmRecord, CrmWrite, Phase};
use crate::life_cycle::Stage;
use crate::link::{Link, Seen};
use crate::mapping::{Mapping, STAGE};
use crate::merge::{Merged, merge};
use crate::patch::PatchOperation;
use crate::referral::Referral;
use crate::value::Value;

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
    /// The write to the CRM record, without the connector's own columns.
    pub crm: CrmWrite,
    /// What will be written, field by field; `after` is what we ask for.
    pub changes: Vec<FieldChange>,
    /// Changes that cannot be carried.
    pub held: Vec<Held>,
    /// Sentences for the seller.
    pub notes: Vec<String>,
}

/// A pair after its update.
pub struct Written<'a> {
    /// The referral as stored.
    pub referral: &'a Referral,
    /// The CRM record as stored.
    pub record: &'a CrmRecord,
}

impl Update {
    /// Whether one of the changes settled a conflict.
    pub fn has_conflict(&self) -> bool {
        self.changes.iter().any(|change| change.overruled.is_some())
    }

    /// What to remember as seen: both sides as stored; a held change that may be carried later keeps what was seen before.
    pub fn seen(&self, mapping: &Mapping, link: &Link, written: &Written<'_>) -> BTreeMap<String, Seen> {
        let mut seen = mapping.observe(written.referral, written.record);
        for held in self.held.iter().filter(|held| held.retry) {
            match link.seen.get(&held.field) {
                Some(before) => seen.insert(held.field.clone(), before.clone()),
                None => seen.remove(&held.field),
            };
        }
        seen
    }

    /// The changes as they were really stored.
    pub fn stored_changes(&self, seen: &BTreeMap<String, Seen>) -> Vec<FieldChange> {
        let stored = |change: &FieldChange| {
            let seen = seen.get(&change.field)?;
            Some(if change.side == Side::Crm {
                seen.crm.clone()
            } else {
                seen.partner_center.clone()
            })
        };
        self.changes
            .iter()
            .map(|change| FieldChange {
                after: stored(change).unwrap_or_default(),
                ..change.clone()
            })
            .collect()
    }
}

/// Compares a linked pair with what was last seen of it and decides what to write.
pub fn plan_update(mapping: &Mapping, link: &Link, referral: &Referral, record: &CrmRecord) -> Update {
    let mut planner = Planner {
        mapping,
        referral,
        record,
        update: Update::default(),
    };
    let now = mapping.observe(referral, record);
    planner.stage(link.seen.get(STAGE));
    let newest = if record.modified > referral.updated {
        Side::Crm
    } else {
        Side::PartnerCenter
    };
    for rule in &mapping.rules {
        let Some(present) = now.get(&rule.name) else { continue };
        match merge(rule, link.seen.get(&rule.name), present, newest) {
            Merged::InStep => {}
            Merged::Held(reason) => planner.hold(&rule.name, reason, false),
            Merged::Write { side, value, overruled } => {
                let before = if side == Side::Crm {
                    present.crm.clone()
                } else {
                    present.partner_center.clone()
                };
                let change = FieldChange {
                    field: rule.name.clone(),
                    side,
                    before,
                    after: value,
                    overruled,
                };
                planner.field(rule, change);
            }
        }
    }
    planner.reference();
    planner.notes();
    planner.update
}

struct Planner<'a> {
    mapping: &'a Mapping,
    referral: &'a Referral,
    record: &'a CrmRecord,
    update: Update,
}

impl Planner<'_> {
    fn hold(&mut self, field: &str, reason: String, retry: bool) {
        self.update.held.push(Held {
            field: field.to_owned(),
            reason,
            retry,
        });
    }

    fn field(&mut self, rule: &crate::mapping::Rule, change: FieldChange) {
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
                self.update.changes.push(change);
            }
            Side::Crm => {
                self.update.crm.fields.insert(rule.crm.clone(), rule.crm_json(&change.after));
                self.update.changes.push(change);
            }
        }
    }

    /// Stage and phase. A closed referral is final; otherwise a closed record outranks an open referral; otherwise Partner Center leads.
    fn stage(&mut self, seen: Option<&Seen>) {
        let (stage, phase) = (self.referral.stage, self.record.phase);
        let stage_changed = seen.is_none_or(|seen| seen.partner_center != crate::mapping::stage_value(stage));
        let phase_changed = seen.is_none_or(|seen| seen.crm != crate::mapping::phase_value(phase));
        let record_goes = self.mapping.stages.to_crm.get(&stage).copied();
        let referral_goes = self.referral_goes();
        if stage.is_terminal() {
            if stage_changed && record_goes.is_some_and(|goes| goes != phase) {
                self.move_record(record_goes);
            } else if phase_changed && record_goes.is_some_and(|goes| goes != phase) {
                self.hold(
                    STAGE,
                    format!("The record is {phase}, but the referral is closed ({stage}) in Partner Center, which is final."),
                    false,
                );
            }
        } else if phase_changed && (phase.is_closed() || !stage_changed) {
            self.move_referral(referral_goes.filter(|goes| *goes != stage));
        } else if stage_changed && record_goes.is_some_and(|goes| goes != phase) {
            self.move_record(record_goes);
        }
    }

    fn referral_goes(&self) -> Option<Stage> {
        let goes = self.mapping.stages.to_partner_center.get(&self.record.phase).copied()?;
        let unaccepted = self.referral.stage == Stage::New && self.record.phase == Phase::Lost;
        Some(if unaccepted {
            self.mapping.stages.lost_before_accepted
        } else {
            goes
        })
    }

    fn move_record(&mut self, phase: Option<Phase>) {
        let Some(phase) = phase else { return };
        self.update.crm.phase = Some(phase);
        let before = crate::mapping::phase_value(self.record.phase);
        self.update.changes.push(FieldChange {
            field: STAGE.into(),
            side: Side::Crm,
            before,
            after: crate::mapping::phase_value(phase),
            overruled: None,
        });
    }

    fn move_referral(&mut self, stage: Option<Stage>) {
        let Some(stage) = stage else { return };
        let present = self.referral.stage;
        let Some((status, substatus)) = stage.pair().filter(|_| present.may_become(stage)) else {
            self.hold(
                STAGE,
                format!("Partner Center does not let a referral go from {present} to {stage}."),
                false,
            );
            return;
        };
        self.update.patch.push(PatchOperation::set(self.referral, "status", status.into()));
        self.update
            .patch
            .push(PatchOperation::set(self.referral, "substatus", substatus.into()));
        let (before, after) = (crate::mapping::stage_value(present), crate::mapping::stage_value(stage));
        self.update.changes.push(FieldChange {
            field: STAGE.into(),
            side: Side::PartnerCenter,
            before,
            after,
            overruled: None,
        });
    }

    /// Partner Center's "CRM ID" names our record; a text somebody else put there is left alone.
    fn reference(&mut self) {
        if self.referral.external_reference.is_none() && !self.referral.stage.is_terminal() {
            let id = self.record.key.id.clone();
            self.update
                .patch
                .push(PatchOperation::set(self.referral, "externalReferenceId", id.into()));
        }
    }

    fn notes(&mut self) {
        let labels = |side: Side| -> String {
            let label = |change: &FieldChange| match self.mapping.rules.iter().find(|rule| rule.name == change.field) {
                Some(rule) => rule.label.clone(),
                None => format!("stage ({})", text(&change.after)),
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
        let mut notes = Vec::new();
        if !sent.is_empty() {
            notes.push(format!("Sent to Partner Center: {sent}."));
        }
        if !received.is_empty() {
            notes.push(format!("Received from Partner Center: {received}."));
        }
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
        notes.extend(self.update.held.iter().filter(|held| !held.retry).map(|held| held.reason.clone()));
        self.update.notes = notes;
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    }
}
