//! Reading and checking a mapping file. A bad file stops the deployment, not the deals.

use std::collections::{BTreeMap, BTreeSet};

use super::{Mapping, Rule, STAGE, When};
use crate::life_cycle::Stage;
use crate::record_id::SYSTEMS;
use crate::value::Kind;

/// Values for the `{name}` placeholders of a mapping file, such as the publisher prefix.
pub type Placeholders = BTreeMap<&'static str, String>;

/// A mapping file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// Not TOML, or not of the mapping's form; the source names line and column.
    #[error("the mapping file cannot be read: {0}")]
    Form(#[from] toml::de::Error),
    /// Written for another version of this program.
    #[error("the mapping file has version {0}; this program reads version 1")]
    Version(u32),
    /// A placeholder without a value.
    #[error("the mapping file uses {{{0}}}, which no setting fills")]
    Placeholder(String),
    /// Rules that contradict themselves or the service, all of them.
    #[error("the mapping file has {} faults: {}", .0.len(), .0.join("; "))]
    Rules(Vec<String>),
}

/// Paths that Partner Center sets itself (contract partner-center 2.1, flag R).
const READ_ONLY: [&str; 12] = [
    "id",
    "engagementId",
    "organizationId",
    "organizationName",
    "createdDateTime",
    "updatedDateTime",
    "expirationDateTime",
    "acceptedDateTime",
    "closedDateTime",
    "direction",
    "eTag",
    "trackingInfo",
];

/// Paths that are locked once the referral exists or was shared (contract partner-center 2.12).
const LOCKED: [&str; 6] = ["customerProfile", "consent", "mpnId", "inviteContext", "type", "qualification"];

/// Paths that the stage table governs, or the sync itself.
const GOVERNED: [&str; 3] = ["status", "substatus", "externalReferenceId"];

impl Mapping {
    /// Reads and checks a mapping file's text.
    pub fn parse(text: &str, placeholders: &Placeholders) -> Result<Self, MappingError> {
        let mapping: Self = toml::from_str(&fill(text, placeholders)?)?;
        if mapping.version != 1 {
            return Err(MappingError::Version(mapping.version));
        }
        let faults = mapping.faults();
        if faults.is_empty() {
            Ok(mapping)
        } else {
            Err(MappingError::Rules(faults))
        }
    }

    fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = self.rules.iter().flat_map(rule_faults).collect();
        if !SYSTEMS.contains(&self.system.as_str()) {
            faults.push(format!("system `{}` is none of {}", self.system, SYSTEMS.join(", ")));
        }
        let mut names = BTreeSet::new();
        let mut crm_targets = BTreeSet::new();
        let mut partner_center_targets = BTreeSet::new();
        for rule in &self.rules {
            if !names.insert(&rule.name) {
                faults.push(format!("rule `{}` stands twice", rule.name));
            }
            if rule.to_crm != When::Never && !crm_targets.insert(&rule.crm) {
                faults.push(format!("two rules write the CRM column `{}`", rule.crm));
            }
            if rule.to_partner_center != When::Never && !partner_center_targets.insert(&rule.partner_center) {
                faults.push(format!("two rules write `{}` in Partner Center", rule.partner_center));
            }
        }
        if let Some((phase, stage)) = self.stages.to_partner_center.iter().find(|(_, stage)| stage.pair().is_none()) {
            faults.push(format!(
                "[stages.to_partner_center] {phase} = {stage}: only Microsoft sets that stage"
            ));
        }
        if !Stage::New.may_become(self.stages.lost_before_accepted) || !self.stages.lost_before_accepted.is_terminal() {
            faults.push("[stages] lost_before_accepted must be Declined or Lost".into());
        }
        faults
    }
}

impl Rule {
    /// Whether Microsoft takes the field only when a deal is created.
    pub(crate) fn is_locked(&self) -> bool {
        self.to_partner_center.on_create() && under(&self.partner_center, &LOCKED)
    }
}

fn rule_faults(rule: &Rule) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |text: String| faults.push(format!("rule `{}`: {text}", rule.name));
    let path = rule.partner_center.as_str();
    if rule.name == STAGE {
        fault(format!("the name `{STAGE}` is taken; stages have their own table"));
    }
    if rule.to_crm == When::Never && rule.to_partner_center == When::Never {
        fault("it goes nowhere; set to_crm or to_partner_center".into());
    }
    if GOVERNED.contains(&path) {
        fault(format!("`{path}` is kept by the sync itself"));
    }
    if rule.to_partner_center != When::Never && under(path, &READ_ONLY) {
        fault(format!(
            "`{path}` is read-only in Partner Center; set to_partner_center = \"never\""
        ));
    }
    if rule.to_partner_center.on_update() && under(path, &LOCKED) {
        fault(format!(
            "Microsoft locks `{path}` once the referral exists; set to_partner_center = \"create\""
        ));
    }
    if rule.to_crm.on_update() && rule.crm.contains('/') && !rule.crm.starts_with("transactioncurrencyid/") {
        fault(format!(
            "`{}` belongs to a related record, which is only filled on creation; set to_crm = \"create\"",
            rule.crm
        ));
    }
    match (rule.kind, rule.values.is_empty()) {
        (Kind::Choice, true) => fault("a choice needs its `values` table".into()),
        (Kind::Choice, false) => {
            let crm: BTreeSet<String> = rule.values.values().map(super::conversion::scalar_text).collect();
            if crm.len() != rule.values.len() && rule.to_partner_center != When::Never {
                fault("two codes share one CRM value, which cannot be turned back".into());
            }
        }
        (_, false) => fault("`values` belongs to a choice".into()),
        _ => {}
    }
    faults
}

fn under(path: &str, roots: &[&str]) -> bool {
    roots
        .iter()
        .any(|root| path == *root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('.')))
}

/// Replaces `{name}` where `name` is lower-case letters and underscores; TOML's own braces hold spaces or quotes.
fn fill(text: &str, placeholders: &Placeholders) -> Result<String, MappingError> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        filled.push_str(&rest[..open]);
        let after = &rest[open + 1..];
        let name_length = after.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(after.len());
        if name_length > 0 && after[name_length..].starts_with('}') {
            let name = &after[..name_length];
            let value = placeholders.get(name).ok_or_else(|| MappingError::Placeholder(name.to_owned()))?;
            filled.push_str(&toml_escape(value));
            rest = &after[name_length + 1..];
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Placeholders stand inside quoted texts: a value must not be able to leave them.
fn toml_escape(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .chars()
        .filter(|c| !c.is_control())
        .collect()
}
