//! The mappings that runs draw from, and what a mapping calls the columns that people fill.

use std::collections::BTreeMap;
use std::sync::Arc;

use cosell_mapping::{ConflictRule, Crm, Mapping, OnHoldEdits, Placeholders, Rule};
use cosell_mapping_check::CheckError;
use cosell_model::value::Kind;
use fastrand::Rng;
use serde_json::{Value as Json, json};

use crate::weather::Weather;

/// In the mapping that marks names: short enough that they are cut, long enough for those that
/// automations insist on.
const SHORT_NAME: usize = 27;

/// For each CRM: the mapping that ships, one with each conflict rule that sends edits made on hold,
/// and one with those rules that marks names; and each of them once more with won deals registered.
#[derive(Clone, Debug)]
pub struct Mappings {
    dynamics: [[Arc<Mapping>; 2]; 3],
    salesforce: [[Arc<Mapping>; 2]; 3],
}

impl Mappings {
    /// Reads them once for all runs.
    pub fn read() -> Result<Self, CheckError> {
        Ok(Self {
            dynamics: variants("dynamics", include_str!("../../../infra/mapping/dynamics.toml"))?,
            salesforce: variants(
                "salesforce",
                include_str!("../../../infra/mapping/salesforce.toml"),
            )?,
        })
    }

    pub(crate) fn draw(&self, rng: &mut Rng, weather: &Weather) -> &Arc<Mapping> {
        let of_crm = if weather.salesforce { &self.salesforce } else { &self.dynamics };
        &of_crm[rng.usize(0..3)][usize::from(weather.registers)]
    }
}

fn variants(system: &'static str, shipped: &str) -> Result<[[Arc<Mapping>; 2]; 3], CheckError> {
    let placeholders =
        Placeholders::from([("prefix", "nwcs".to_owned()), ("team_phone", "+4670".to_owned())]);
    let shipped = cosell_mapping_check::parse(
        &Crm::of_guids(system).with_currency_lookup("transactioncurrencyid"),
        shipped,
        &placeholders,
    )?;
    let mut mixed = shipped.clone();
    let rules = [
        ("name", ConflictRule::Ask),
        ("notes", ConflictRule::Ask),
        ("deal_value", ConflictRule::Crm),
        ("closing_date", ConflictRule::PartnerCenter),
    ];
    for rule in &mut mixed.rules {
        if let Some((_, conflict)) = rules.iter().find(|(name, _)| rule.name == *name) {
            rule.conflict = *conflict;
        }
    }
    let mut marking = mixed.clone().marking_names();
    mixed.stages.on_hold_edits = OnHoldEdits::Send;
    for rule in marking.rules.iter_mut().filter(|rule| rule.marked) {
        rule.crm_length = Some(SHORT_NAME);
    }
    let both = |mapping: Mapping| {
        let registering = mapping.clone().registering_won();
        [Arc::new(mapping), Arc::new(registering)]
    };
    Ok([both(shipped), both(mixed), both(marking)])
}

/// What a mapping calls the columns that people fill.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) deals: Arc<Mapping>,
    pub(crate) leads: Option<Arc<Mapping>>,
}

impl Names {
    pub(crate) fn new(mapping: &Arc<Mapping>) -> Self {
        Self { deals: mapping.clone(), leads: mapping.of_leads().map(Arc::new) }
    }

    /// The mapping of opportunities, or of leads.
    pub(crate) fn of(&self, is_lead: bool) -> &Mapping {
        self.leads.as_ref().filter(|_| is_lead).unwrap_or(&self.deals)
    }

    /// The column of a rule.
    pub(crate) fn column(&self, is_lead: bool, field: &str) -> Option<&str> {
        let rule = self.of(is_lead).rules.iter().find(|rule| rule.name == field)?;
        Some(rule.crm.as_str())
    }

    /// Yes or no in the column that switches the sync on.
    pub(crate) fn sync(&self) -> &str {
        self.deals.columns.sync.as_str()
    }

    /// The column of the seller's choice of help, and what may be chosen.
    pub(crate) fn help(&self) -> (&str, Vec<Json>) {
        let help = &self.deals.help;
        (help.column.as_str(), help.values.values().map(|code| code.json().clone()).collect())
    }

    /// The column of who sees the deal: private, and with Microsoft.
    pub(crate) fn visibility(&self) -> Option<(&str, [Json; 2])> {
        let visibility = self.deals.visibility.as_ref()?;
        let values = &visibility.values;
        Some((
            visibility.column.as_str(),
            [values.private.json().clone(), values.microsoft.json().clone()],
        ))
    }

    /// What a seller enters who wins a deal, where the registration asks for more than the deal
    /// has.
    pub(crate) fn contract(&self) -> BTreeMap<String, Json> {
        let rules = self.deals.registration.iter().flat_map(|registration| &registration.rules);
        let own = |column: &str| self.deals.rules.iter().all(|rule| rule.crm.as_str() != column);
        let value = |rule: &Rule| match rule.kind {
            Kind::Money => json!(5000),
            Kind::Date => json!("2026-12-01"),
            _ => json!("SEK"),
        };
        rules
            .filter(|rule| own(rule.crm.as_str()))
            .map(|rule| (rule.crm.to_string(), value(rule)))
            .collect()
    }

    /// A complete opportunity as a seller enters it.
    pub(crate) fn complete(&self, number: u32) -> serde_json::Map<String, Json> {
        let value = |name: &str| {
            Some(match name {
                "name" => json!(format!("deal {number}")),
                "deal_value" => json!(1000 + number),
                "currency" => json!("SEK"),
                "closing_date" => json!("2027-03-31"),
                "solutions" => json!("SOL-71402-QKD"),
                "customer_name" => json!("Norrsken"),
                "customer_street" => json!("Hamngatan 4"),
                "customer_city" => json!("Umeå"),
                "customer_country" => json!("SE"),
                "contact_first_name" => json!("Ida"),
                "contact_last_name" => json!("Ek"),
                "contact_email" => json!("ida@norrsken.example"),
                "contact_phone" => json!("+4690"),
                "team_first_name" => json!("Omar"),
                "team_last_name" => json!("Lind"),
                "team_email" => json!("omar@halcyon.example"),
                _ => return None,
            })
        };
        let filled = |rule: &Rule| Some((rule.crm.to_string(), value(rule.name.as_str())?));
        self.deals.rules.iter().filter_map(filled).collect()
    }
}
