//! From a lead to its opportunity: what was seen of the lead goes with the deal.
//!
//! A field is the same on both when its rules have the same name and read the same values.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Carried;
use crate::crm::{CrmRecord, CrmWrite, Phase};
use crate::life_cycle::Stage;
use crate::link::{Link, Seen};
use crate::mapping::{HELP, Mapping, Rule, STAGE, phase_value};
use crate::referral::Referral;
use crate::value::Value;

/// Whether a lead is to become an opportunity: it was qualified in the CRM, or the referral was accepted (or won) in Partner Center.
pub fn accepted_as_lead(referral: &Referral, lead: &CrmRecord) -> bool {
    let accepted = matches!(referral.stage, Stage::Active | Stage::Won);
    lead.phase == Phase::Qualified || (accepted && lead.phase == Phase::Open)
}

/// What the opportunity of an accepted lead is made with: the referral's values, but what the seller entered in the lead meanwhile goes along.
pub fn plan_opportunity(deals: &Mapping, leads: &Mapping, link: &Link, referral: &Referral, lead: &CrmRecord) -> CrmWrite {
    let mut write = CrmWrite::default();
    for rule in deals.rules.iter().filter(|rule| rule.to_crm.on_create()) {
        let json = match entered(rule, leads, link, lead) {
            Some(Value::Nothing) => continue,
            Some(value) => rule.crm_json(&rule.fitted(value)),
            None => match rule.carried_to_crm(referral) {
                Carried::Written { json, .. } => json,
                _ => continue,
            },
        };
        write.fields.insert(rule.crm.clone(), json);
    }
    write
}

/// What a seller entered in the lead and a conversion by hand did not copy: the opportunity gets it, or it would be lost.
pub fn left_behind(deals: &Mapping, leads: &Mapping, link: &Link, lead: &CrmRecord, opportunity: &CrmRecord) -> CrmWrite {
    let mut write = CrmWrite::default();
    for rule in deals.rules.iter().filter(|rule| rule.to_crm.on_update()) {
        let lacks = rule.read_crm(opportunity).is_ok_and(|value| value.is_nothing());
        if let Some(value) = entered(rule, leads, link, lead).filter(|value| lacks && !value.is_nothing()) {
            write.fields.insert(rule.crm.clone(), rule.crm_json(&rule.fitted(value)));
        }
    }
    write
}

/// What a seller entered in the lead since its field was last seen.
fn entered(rule: &Rule, leads: &Mapping, link: &Link, lead: &CrmRecord) -> Option<Value> {
    let on_lead = counterpart(rule, leads)?;
    let seen = link.seen.get(&rule.name)?;
    on_lead.read_crm(lead).ok().filter(|value| *value != seen.crm)
}

fn counterpart<'a>(rule: &Rule, leads: &'a Mapping) -> Option<&'a Rule> {
    let named = leads.rules.iter().find(|lead| lead.name == rule.name)?;
    (named.kind == rule.kind && named.values == rule.values && named.partner_center.eq_ignore_ascii_case(&rule.partner_center))
        .then_some(named)
}

impl Link {
    /// The link of the opportunity that this link's lead became.
    ///
    /// What the opportunity lacks counts as never seen, so that it is filled and not emptied in Partner Center. The lead counts as having
    /// been on hold, so that an opportunity that is worked on accepts the referral.
    #[must_use]
    pub fn moved_to(&self, opportunity: &CrmRecord, deals: &Mapping, leads: &Mapping, referral: &Referral, now: Timestamp) -> Self {
        let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
        for rule in deals.rules.iter().filter(|rule| counterpart(rule, leads).is_some()) {
            let Some(before) = self.seen.get(&rule.name) else { continue };
            let is_there = rule.read_crm(opportunity).is_ok_and(|value| !value.is_nothing());
            if is_there {
                let crm = rule.fitted(before.crm.clone());
                let partner_center = before.partner_center.clone();
                seen.insert(rule.name.clone(), Seen { partner_center, crm });
            }
        }
        if let Some(stage) = self.seen.get(STAGE) {
            let partner_center = stage.partner_center.clone();
            let crm = phase_value(Phase::OnHold);
            seen.insert(STAGE.to_owned(), Seen { partner_center, crm });
        }
        let observed = deals.observe(referral, opportunity);
        seen.extend(observed.values.get(HELP).map(|help| (HELP.to_owned(), help.clone())));
        let mut conflicts = self.conflicts.clone();
        conflicts.retain(|field, _| seen.contains_key(field));
        Self {
            crm: opportunity.key.clone(),
            lead: Some(self.crm.clone()),
            seen,
            conflicts,
            pending: BTreeMap::new(),
            not_kept: BTreeMap::new(),
            problem: None,
            crm_version: opportunity.version.clone(),
            referral_etag: referral.etag.as_str().to_owned(),
            version: 0,
            updated: now,
            ..self.clone()
        }
    }
}

impl Rule {
    /// A value of this rule's kind as its column has room for.
    fn fitted(&self, value: Value) -> Value {
        match value {
            Value::Text(text) if self.crm_length.is_some() => Value::text(self.cut(&text)),
            value => value,
        }
    }
}
