//! What is seen of a pair: every rule's value on each side, the stage, the help that is asked for, and the CRM ID.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::scalar_text;
use crate::condition::Situation;
use crate::conversion_error::ConversionError;
use crate::mapping::Mapping;
use crate::rule::Rule;
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::life_cycle::Stage;
use cosell_model::link::{LastSynced, Link};
use cosell_model::referral::Referral;
use cosell_model::value::Value;

/// The name under which stage and phase stand among the seen values.
pub const STAGE: &str = "stage";
/// The name of the record's wish for Microsoft's help among the seen values.
pub const HELP: &str = "help";
/// The name of the deal's visibility to Microsoft's sellers among the seen values.
pub const VISIBILITY: &str = "visibility";
/// What the customer contact is called where it is sent as a whole.
pub const CONTACT: &str = "customer_contact";
/// The name of Partner Center's "CRM ID" among the seen values.
pub const REFERENCE: &str = "crm_id";

/// Both sides' values as they are now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// By rule name.
    pub values: BTreeMap<String, LastSynced>,
    /// Rules whose value could not be read on one side, or that are not there for this deal: nothing may be concluded from them.
    pub unreadable: BTreeSet<String>,
    /// Whether the CRM shows what Partner Center says of the deal's visibility.
    pub visibility_settled: bool,
}

impl Observation {
    /// What a new link starts with. The CRM ID counts as seen only once it stands in Partner Center, visibility once the CRM shows it.
    pub fn into_new_link(mut self) -> BTreeMap<String, LastSynced> {
        self.values.retain(|name, seen| match name.as_str() {
            REFERENCE => !seen.partner_center.is_nothing(),
            VISIBILITY => self.visibility_settled,
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
                observation.unreadable.insert(rule.name.clone());
                continue;
            }
            match rule.observe(referral, record) {
                Ok(seen) => drop(observation.values.insert(rule.name.clone(), seen)),
                Err(_) => drop(observation.unreadable.insert(rule.name.clone())),
            }
        }
        let mut note = |name: &str, partner_center, crm| {
            observation.values.insert(name.to_owned(), LastSynced { partner_center, crm })
        };
        note(STAGE, stage_value(referral.stage), phase_value(record.phase));
        let help = record.get(&self.help.column);
        note(
            HELP,
            Value::Nothing,
            if help.is_null() { Value::Nothing } else { Value::text(scalar_text(help)) },
        );
        let visibility = self.observe_visibility(referral, record);
        let reference = referral.external_reference.clone().map_or(Value::Nothing, Value::text);
        note(REFERENCE, reference, Value::text(record.key.id.clone()));
        observation.visibility_settled =
            visibility.as_ref().is_some_and(|seen| self.is_visibility_settled(seen));
        observation.values.extend(visibility.map(|seen| (VISIBILITY.to_owned(), seen)));
        observation
    }
}

impl Rule {
    fn observe(
        &self,
        referral: &Referral,
        record: &CrmRecord,
    ) -> Result<LastSynced, ConversionError> {
        // Services leave out what is null, but a whole block is never null: without it the answer was shortened.
        if let Some((block, _)) = self.partner_center.split_once('.')
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
        currencies.find(|rule| observed.values.contains_key(&rule.name))
    }
}

impl Rule {
    /// Whether both sides mean the same, each read in the other's form: a lossy copy agrees with its original.
    pub fn agrees(&self, now: &LastSynced) -> bool {
        self.across_to_crm(&now.partner_center).is_ok_and(|value| value == now.crm)
            || self
                .across_to_partner_center(&now.crm)
                .is_ok_and(|value| value == now.partner_center)
    }
}
