//! What is seen of a pair: every rule's value on each side, the stage, the help that is asked for,
//! and the CRM ID.

use std::collections::BTreeMap;

use crate::code::scalar_text;
use crate::condition::Situation;
use crate::conversion_error::ConversionError;
use crate::mapping::Mapping;
use crate::rule::Rule;
use cosell_model::audit::Side;
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::link::{LastSynced, Link};
use cosell_model::referral::Referral;
use cosell_model::value::Value;

/// Why the values of a rule are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// The rule's `when` does not hold for this deal: it has no such field.
    NotForThisDeal,
    /// The referral's answer was shortened: nothing is known of Partner Center's value.
    BlockMissing {
        /// The CRM's value, as far as it can be read.
        crm: Option<Value>,
    },
    /// What stands there is no value of the rule's kind.
    NoValue {
        /// Where it stands.
        side: Side,
        /// What is wrong with it; no customer data.
        reason: String,
    },
}

/// Both sides' values as they are now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// By field.
    pub values: BTreeMap<Field, LastSynced>,
    /// By field, those whose values are not known: no edit may be concluded from them.
    pub unreadable: BTreeMap<Field, Unreadable>,
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
                observation.unreadable.insert(Field::rule(&rule.name), Unreadable::NotForThisDeal);
                continue;
            }
            match rule.observe(referral, record) {
                Ok(seen) => drop(observation.values.insert(Field::rule(&rule.name), seen)),
                Err(why) => drop(observation.unreadable.insert(Field::rule(&rule.name), why)),
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
    fn observe(&self, referral: &Referral, record: &CrmRecord) -> Result<LastSynced, Unreadable> {
        let crm = self.read_crm(record);
        let no_value =
            |side, error: &ConversionError| Unreadable::NoValue { side, reason: error.to_string() };
        // Services leave out what is null, but a whole block is never null: without it the answer
        // was shortened.
        if let Some((block, _)) = self.partner_center.as_str().split_once('.')
            && !referral.has(block)
        {
            return Err(Unreadable::BlockMissing { crm: crm.ok() });
        }
        let partner_center = match self.read_partner_center(referral) {
            Err(ConversionError::BlockMissing { .. }) => {
                return Err(Unreadable::BlockMissing { crm: crm.ok() });
            }
            read => read.map_err(|error| no_value(Side::PartnerCenter, &error))?,
        };
        Ok(LastSynced { partner_center, crm: crm.map_err(|error| no_value(Side::Crm, &error))? })
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
