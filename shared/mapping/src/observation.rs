//! What is seen of a pair: every rule's value on each side, the stage, the help that is asked for,
//! and the CRM ID.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::scalar_text;
use crate::condition::Situation;
use crate::conversion_error::ConversionError;
use crate::mapping::Mapping;
use crate::rule::Rule;
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::link::{LastSynced, Link};
use cosell_model::referral::Referral;
use cosell_model::value::Value;

/// Both sides' values as they are now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// By field.
    pub values: BTreeMap<Field, LastSynced>,
    /// Rules whose value could not be read on one side, or that are not there for this deal:
    /// nothing may be concluded from them.
    pub unreadable: BTreeSet<Field>,
    /// Whether the CRM shows what Partner Center says of the deal's visibility.
    pub visibility_settled: bool,
}

impl Observation {
    /// What a new link starts with. The CRM ID counts as seen only once it stands in Partner
    /// Center, visibility once the CRM shows it.
    pub fn into_new_link(mut self) -> BTreeMap<Field, LastSynced> {
        self.values.retain(|field, seen| match field {
            Field::Reference => !seen.partner_center.is_nothing(),
            Field::Visibility => self.visibility_settled,
            _ => true,
        });
        self.values
    }
}

impl Mapping {
    /// Both sides' values as they are now, of a pair that is not linked yet.
    pub fn observe(&self, referral: &Referral, record: &CrmRecord) -> Observation {
        self.observe_in(Situation::of(referral, false), referral, record)
    }

    /// Both sides' values as they are now.
    pub fn observe_linked(
        &self,
        link: &Link,
        referral: &Referral,
        record: &CrmRecord,
    ) -> Observation {
        self.observe_in(
            Situation::of(referral, link.microsoft_referral.is_some()),
            referral,
            record,
        )
    }

    fn observe_in(
        &self,
        situation: Situation,
        referral: &Referral,
        record: &CrmRecord,
    ) -> Observation {
        let mut observation = Observation::default();
        for rule in &self.rules {
            if !rule.applies(situation) {
                observation.unreadable.insert(Field::rule(&rule.name));
                continue;
            }
            match rule.observe(referral, record) {
                Ok(seen) => drop(observation.values.insert(Field::rule(&rule.name), seen)),
                Err(_) => drop(observation.unreadable.insert(Field::rule(&rule.name))),
            }
        }
        let mut note = |field, partner_center, crm| {
            observation.values.insert(field, LastSynced { partner_center, crm })
        };
        note(Field::Stage, stage_value(referral.stage), phase_value(record.phase));
        let help = record.get(self.help.column.as_str());
        note(
            Field::Help,
            Value::Nothing,
            if help.is_null() { Value::Nothing } else { Value::text(scalar_text(help)) },
        );
        let visibility = self.observe_visibility(referral, record);
        let reference = referral.external_reference.clone().map_or(Value::Nothing, Value::text);
        note(Field::Reference, reference, Value::text(record.key.id.clone()));
        observation.visibility_settled =
            visibility.as_ref().is_some_and(|seen| self.is_visibility_settled(seen));
        observation.values.extend(visibility.map(|seen| (Field::Visibility, seen)));
        observation
    }
}

impl Rule {
    fn observe(
        &self,
        referral: &Referral,
        record: &CrmRecord,
    ) -> Result<LastSynced, ConversionError> {
        // Services leave out what is null, but a whole block is never null: without it the answer
        // was shortened.
        if let Some((block, _)) = self.partner_center.as_str().split_once('.')
            && !referral.has(block)
        {
            return Err(ConversionError::BlockMissing { block: block.to_owned() });
        }
        Ok(LastSynced {
            partner_center: self.read_partner_center(referral)?,
            crm: self.read_crm(record)?,
        })
    }
}

/// A stage among the seen values.
pub fn stage_value(stage: Stage) -> Value {
    Value::Text(stage.to_string())
}

/// A phase among the seen values.
pub fn phase_value(phase: Phase) -> Value {
    Value::Text(phase.to_string())
}

impl Mapping {
    /// Whether this is the name of the currency's rule.
    pub fn is_currency(&self, rule: &str) -> bool {
        self.rules.iter().any(|known| known.is_currency() && known.name == rule)
    }

    /// The currency's rule of this deal.
    pub fn currency(&self, observed: &Observation) -> Option<&Rule> {
        let mut currencies = self.rules.iter().filter(|rule| rule.is_currency());
        currencies.find(|rule| observed.values.contains_key(&Field::rule(&rule.name)))
    }
}

impl Rule {
    /// Whether both sides mean the same, each read in the other's form: a lossy copy agrees with
    /// its original.
    pub fn agrees(&self, now: &LastSynced) -> bool {
        self.across_to_crm(&now.partner_center).is_ok_and(|value| value == now.crm)
            || self
                .across_to_partner_center(&now.crm)
                .is_ok_and(|value| value == now.partner_center)
    }
}
