//! Bringing a linked pair in step with the smallest change on each side.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::Update;
use super::currency::Currency;
use super::seller::told_lately;
use super::update::Held;
use crate::built_in_fields::{CONTACT, REFERENCE, STAGE, VISIBILITY};
use crate::merge::{Merged, merge};
use cosell_mapping::attributes;
use cosell_mapping::{ConflictRule, Mapping, OnHoldEdits, Rule};
use cosell_model::audit::{FieldChange, Side, UndecidedField};
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::link::{LastSynced, Link, OpenConflict};
use cosell_model::patch::PatchOperation;
use cosell_model::record_id;
use cosell_model::referral::Referral;
use cosell_model::value::Value;

/// Compares a linked pair with what was last last_synced of it and decides what to write. `now` is when a new conflict begins to wait.
pub fn plan_update(
    mapping: &Mapping,
    link: &Link,
    referral: &Referral,
    record: &CrmRecord,
    now: Timestamp,
) -> Update {
    let observed = mapping.observe_linked(link, referral, record);
    let known = super::pending::known(mapping, link, &observed);
    let mut planner = Planner {
        mapping,
        referral,
        record,
        update: Update::default(),
        closing: Vec::new(),
        locked: Vec::new(),
        apart: Vec::new(),
        currency: Currency::unknown(),
        win_waits: super::win::waits(mapping, link, referral, record, now),
    };
    planner.stage(known.get(STAGE));
    let newest = if record.modified > referral.updated { Side::Crm } else { Side::PartnerCenter };
    let merged = |rule: &Rule| {
        // What cannot be read is no change.
        let present = observed.values.get(&Field::rule(&rule.name))?;
        let open = link.conflicts.get(rule.name.as_str());
        Some((present, open, merge(rule, known.get(rule.name.as_str()), present, newest, open)))
    };
    if let Some(rule) = mapping.currency(&observed)
        && let Some((present, _, merged)) = merged(rule)
    {
        let change = change_of(rule, present, merged);
        let written = change.filter(|change| planner.obstacle(rule, change).is_none());
        planner.currency = Currency::of(rule, present, written.map(|change| change.side));
    }
    for rule in &mapping.rules {
        let Some((present, open, merged)) = merged(rule) else {
            continue;
        };
        let decided = matches!(merged, Merged::Write { overruled: Some(_), .. });
        match merged {
            Merged::InStep => {}
            Merged::Locked => planner.locked.push(rule),
            Merged::Ask => planner.park(rule.name.as_str(), present, open, now),
            Merged::Held(reason) => planner.hold(rule.name.as_str(), reason, false),
            write @ Merged::Write { .. } => planner.write(rule, change_of(rule, present, write)),
        }
        if let Some(open) = open.filter(|_| decided)
            && planner.update.held.iter().any(|held| held.retry && held.field == rule.name.as_str())
        {
            // Decided, but it cannot be written yet: the decision stands.
            planner.update.conflicts.insert(rule.name.to_string(), open.clone());
        }
    }
    let asking = planner.help(link, observed.values.get(&Field::Help));
    planner.visibility(
        link.last_synced.get(VISIBILITY),
        observed.values.get(&Field::Visibility),
        asking,
    );
    planner.locked();
    planner.reference(link);
    planner.notes();
    let mut update = planner.update;
    // Last, so that a service that applies them one by one does not find the referral closed already.
    update.stage_operations = planner.closing.len();
    update.patch.append(&mut planner.closing);
    update.observed = observed;
    update.known = known;
    update.landed = super::pending::landed(link, &update.observed);
    update.untold = super::dropped_writes::untold(mapping, link, record, &update);
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
    /// Changed amounts whose currency is another there.
    apart: Vec<&'a Rule>,
    currency: Currency,
    /// Until when a win of the CRM is not sent.
    pub(super) win_waits: Option<Timestamp>,
}

/// What a field's merge wants to write.
fn change_of(rule: &Rule, present: &LastSynced, merged: Merged) -> Option<FieldChange> {
    let Merged::Write { side, value, overruled } = merged else {
        return None;
    };
    let before = if side == Side::Crm { &present.crm } else { &present.partner_center };
    Some(FieldChange {
        field: rule.name.to_string(),
        side,
        before: before.clone(),
        after: value,
        overruled,
    })
}

impl<'a> Planner<'a> {
    pub(super) fn hold(&mut self, field: &str, reason: String, retry: bool) {
        self.update.held.push(Held { field: field.to_owned(), reason, retry });
    }

    fn park(
        &mut self,
        field: &str,
        present: &LastSynced,
        open: Option<&OpenConflict>,
        now: Timestamp,
    ) {
        let LastSynced { partner_center, crm } = present.clone();
        let known = open.filter(|open| open.partner_center == partner_center && open.crm == crm);
        if known.is_none() {
            self.update.undecided.push(UndecidedField {
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

    fn write(&mut self, rule: &'a Rule, change: Option<FieldChange>) {
        let Some(change) = change else { return };
        if let Some((reason, retry)) = self.obstacle(rule, &change) {
            self.hold(rule.name.as_str(), reason, retry);
        } else if !self.currency.lets(rule, change.side) {
            self.without_currency(rule);
        } else if change.side == Side::PartnerCenter {
            let operation = self.operation(rule, &change);
            self.update.patch.push(operation);
            self.update.patched.push(rule.name.to_string());
            self.update.changes.push(change);
        } else {
            self.update.fields.insert(rule.crm.to_string(), rule.crm_json(&change.after));
            self.update.changes.push(change);
        }
    }

    /// What sets the field. An attribute is part of a list, which is only ever replaced as a whole: with what this look has set before.
    fn operation(&self, rule: &Rule, change: &FieldChange) -> PatchOperation {
        let json = rule
            .partner_center_json(&change.after, self.referral.get(rule.partner_center.as_str()));
        let Some(kind) = attributes::kind_of(rule.partner_center.as_str()) else {
            return PatchOperation::set(self.referral, rule.partner_center.as_str(), json);
        };
        let mut operation = PatchOperation::set(self.referral, attributes::LIST, Json::Null);
        let earlier = self.update.patch.iter().rev().find(|earlier| earlier.path == operation.path);
        let list =
            earlier.map(|earlier| &earlier.value).or_else(|| self.referral.get(attributes::LIST));
        operation.value = attributes::with(list, kind, &json);
        operation
    }

    /// Why a change cannot be written there now, and whether it is found again later.
    fn obstacle(&self, rule: &Rule, change: &FieldChange) -> Option<(String, bool)> {
        let label = &rule.label;
        match change.side {
            Side::PartnerCenter if self.referral.stage.is_terminal() => Some((
                format!(
                    "{label} was not sent: the referral is closed in Partner Center, which cannot be changed any more."
                ),
                false,
            )),
            Side::PartnerCenter
                if let Err(error) = rule.check_for_partner_center(
                    &change.after,
                    self.referral.get(rule.partner_center.as_str()),
                ) =>
            {
                Some((format!("{label} was not sent: {error}. {}", rule.remedy), false))
            }
            // A closed record is read-only for its seller too; a reopened one gets the change then.
            Side::Crm if self.record.phase.is_closed() => {
                Some((format!("{label} was not written: the record is closed in the CRM."), true))
            }
            Side::PartnerCenter if self.waits(rule, change) => {
                Some((format!("{label} is sent once the deal is accepted or off hold."), true))
            }
            Side::PartnerCenter | Side::Crm => None,
        }
    }

    /// Whether an edit waits until the record leaves hold, or the lead becomes an opportunity. A deal that somebody puts on hold after it was accepted is no invitation,
    /// and what an operator decided is an order.
    fn waits(&self, rule: &Rule, change: &FieldChange) -> bool {
        let on_hold = self.record.phase == Phase::OnHold
            || (self.mapping.is_of_leads && self.record.phase == Phase::Open);
        let invitation = on_hold && self.referral.stage == Stage::New;
        let ordered = rule.conflict == ConflictRule::Ask && change.overruled.is_some();
        invitation && !ordered && self.mapping.stages.on_hold_edits == OnHoldEdits::Wait
    }

    /// An amount waits for its currency.
    fn without_currency(&mut self, rule: &'a Rule) {
        let reason = format!(
            "{} waits: the deal has another currency in Partner Center than here.",
            rule.label
        );
        self.hold(rule.name.as_str(), reason, true);
        self.apart.push(rule);
    }

    fn locked(&mut self) {
        if self.update.patched.iter().any(|name| name == CONTACT) {
            // Sent as a whole, as Microsoft is asked to help.
            self.locked.retain(|rule| !rule.is_contact());
        }
        let labels: Vec<&str> = self.locked.iter().map(|rule| rule.label.as_str()).collect();
        let Some(first) = self.locked.first().filter(|_| !self.referral.stage.is_terminal()) else {
            return;
        };
        let reason = format!(
            "Changed here and not sent, because Microsoft locks it once a deal exists: {}.",
            labels.join(", ")
        );
        self.hold(first.name.as_str(), reason, false);
    }

    /// Partner Center's "CRM ID" names our record; a text somebody else put there is left alone, and a service that does not keep
    /// ours is not asked again. The lead that the record was is ours, too.
    fn reference(&mut self, link: &Link) {
        let id = self.record.key.id.clone();
        let last_synced = link.last_synced.get(REFERENCE);
        let tried = last_synced.is_some_and(|last_synced| {
            last_synced.partner_center.is_nothing() && last_synced.crm == Value::text(id.clone())
        });
        let ours = |present: &str| {
            link.lead.as_ref().is_some_and(|lead| record_id::same(&lead.id, present))
        };
        let free = self.referral.external_reference.as_deref().is_none_or(ours);
        if free && !self.referral.stage.is_terminal() && !tried {
            self.update.patch.push(PatchOperation::set(
                self.referral,
                "externalReferenceId",
                id.into(),
            ));
            self.update.patched.push(REFERENCE.to_owned());
        }
    }

    fn notes(&mut self) {
        let contact = self.update.patched.iter().find(|name| *name == CONTACT);
        let contact = contact.map(|name| self.mapping.label(name).to_owned()).into_iter();
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
                .chain(contact.clone().filter(|_| side == Side::PartnerCenter))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let (sent, received) = (labels(Side::PartnerCenter), labels(Side::Crm));
        self.update.sent = (!sent.is_empty()).then(|| format!("Sent to Partner Center: {sent}."));
        self.update.received =
            (!received.is_empty()).then(|| format!("Received from Partner Center: {received}."));
        let mut notes = Vec::new();
        let overruled: BTreeSet<&str> = self
            .update
            .changes
            .iter()
            .filter(|change| change.overruled.is_some())
            .map(|change| change.field.as_str())
            .collect();
        for rule in self.mapping.rules.iter().filter(|rule| overruled.contains(rule.name.as_str()))
        {
            notes.push(format!(
                "{} had changed on both sides; settled by the rule `{}`.",
                rule.label, rule.conflict
            ));
        }
        for parked in &self.update.undecided {
            let label = self.mapping.label(&parked.field);
            notes.push(format!(
                "{label} was changed here and in Partner Center: both keep their value until your sync operator decides."
            ));
        }
        notes.extend(self.apart.iter().filter_map(|rule| {
            let label = &rule.label;
            let told = format!("{label} is not carried over while the deal has another currency in Partner Center than here.");
            (!told_lately(self.mapping, self.record, &told)).then_some(told)
        }));
        notes.extend(
            self.update.held.iter().filter(|held| !held.retry).map(|held| held.reason.clone()),
        );
        self.update.remarks = notes;
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        _ => String::new(),
    }
}
