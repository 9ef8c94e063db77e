//! A mapping held against the columns that a CRM really has. For the command line; no function
//! links it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use cosell_mapping::{Mapping, When};
use cosell_model::path::ColumnPath;
use cosell_model::value::Kind;
use cosell_sync::Failure;

use crate::finding::{Finding, State};

/// What a CRM tells of its columns.
#[async_trait]
pub trait CrmSchema: Send + Sync {
    /// Those of `entity` (`opportunity`, `lead`), and of the records around it, that `names` asks
    /// for, as a mapping writes them. What is not in the answer does not exist, or is hidden from
    /// the signed-in user. Only reads.
    async fn columns(
        &self,
        entity: &str,
        names: &BTreeSet<ColumnPath>,
    ) -> Result<BTreeMap<String, Column>, Failure>;
}

/// A column as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What it takes.
    pub holds: Holds,
    /// What the CRM calls its type.
    pub type_name: String,
    /// How many characters it takes; `None` where that is not limited or not known.
    pub length: Option<u64>,
    /// What may be chosen; `None` where it is no list.
    pub choices: Option<BTreeSet<String>>,
    /// Whether the signed-in user may fill it in a new record; `None` when the CRM does not tell.
    pub creatable: Option<bool>,
    /// Whether the signed-in user may change it later; `None` when the CRM does not tell.
    pub updatable: Option<bool>,
}

/// What a column takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Text.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    YesNo,
    /// A day or a moment.
    Day,
    /// One of a list.
    Choice,
    /// Nothing that a rule could carry, such as another record.
    Other,
}

impl Holds {
    fn takes(self, kind: Kind) -> bool {
        match kind {
            Kind::Text | Kind::Country | Kind::Choice => matches!(self, Self::Text | Self::Choice),
            Kind::Solutions => self == Self::Text,
            Kind::Money => self == Self::Number,
            Kind::Date => self == Self::Day,
            Kind::Bool => self == Self::YesNo,
        }
    }
}

/// What a mapping needs of one column.
struct Need<'a> {
    label: &'a str,
    column: &'a ColumnPath,
    /// `None` where it is only read, whatever it holds.
    kind: Option<Kind>,
    written: When,
    length: Option<usize>,
    /// The key of the mapping that holds the length.
    length_key: String,
    choices: BTreeSet<String>,
}

/// How every column that `mapping` names is, in the mapping's order; `columns` as
/// [`CrmSchema::columns`] gave them.
pub fn findings(mapping: &Mapping, columns: &BTreeMap<String, Column>) -> Vec<Finding> {
    let finding = |need: Need<'_>| {
        let state = match columns.get(need.column.as_str()) {
            Some(column) => need.compared(column),
            None => State::Missing {
                remedy: "or hidden from the signed-in user: correct its name in the mapping, make it, or let the user see it".to_owned(),
            },
        };
        Finding::new(&mapping.entity, need.label, need.column.as_str(), state)
    };
    needs(mapping).into_iter().map(finding).collect()
}

fn needs(mapping: &Mapping) -> Vec<Need<'_>> {
    let columns = &mapping.columns;
    let own = |label, column, kind, written, length: Option<(&str, usize)>| Need {
        label,
        column,
        kind: Some(kind),
        written,
        length: length.map(|(_, length)| length),
        length_key: length.map(|(key, _)| format!("[columns] {key}")).unwrap_or_default(),
        choices: BTreeSet::new(),
    };
    let audit = Some(("audit_length", columns.audit_length));
    let status = Some(("sync_status_length", columns.sync_status_length));
    let mut needs = vec![
        own("Sync with Partner Center", &columns.sync, Kind::Bool, When::Always, None),
        own("Referral Identifier", &columns.referral_id, Kind::Text, When::Always, None),
        own("Referral Link", &columns.referral_link, Kind::Text, When::Always, None),
        own("Audit", &columns.audit, Kind::Text, When::Always, audit),
        own("Sync status", &columns.sync_status, Kind::Text, When::Always, status),
        own("Microsoft CRM Identifier", &columns.microsoft_crm_id, Kind::Text, When::Always, None),
    ];
    needs.push(Need {
        choices: mapping.help.values.values().map(ToString::to_string).collect(),
        ..own("How can Microsoft help?", &mapping.help.column, Kind::Choice, When::Never, None)
    });
    needs.extend(mapping.visibility.iter().map(|visibility| {
        Need {
            choices: [&visibility.values.private, &visibility.values.microsoft]
                .map(ToString::to_string)
                .into(),
            ..own("Referral Visibility", &visibility.column, Kind::Choice, When::Always, None)
        }
    }));
    let standing_in = mapping.rules.iter().flat_map(|rule| {
        let columns = rule.columns().filter(|column| **column != rule.crm);
        let kind = Some(rule.crm_kind()).filter(|_| rule.from_crm.is_none());
        columns.map(move |column| Need {
            kind,
            ..own(&rule.label, column, Kind::Text, When::Never, None)
        })
    });
    needs.extend(standing_in);
    let with_column = mapping.rules.iter().filter(|rule| rule.from_crm.is_none());
    needs.extend(with_column.map(|rule| Need {
        label: &rule.label,
        column: &rule.crm,
        kind: Some(rule.crm_kind()),
        written: rule.to_crm,
        length: rule.crm_length.filter(|_| rule.to_crm != When::Never),
        length_key: format!("crm_length of rule `{}`", rule.name),
        choices: rule.values.values().map(ToString::to_string).collect(),
    }));
    needs
}

impl Need<'_> {
    fn compared(&self, column: &Column) -> State {
        let wrong =
            |is: String, should: String, remedy: String| State::Wrong { is, should, remedy };
        if let Some(kind) = self.kind.filter(|kind| !column.holds.takes(*kind)) {
            let remedy = "name another column, or correct the rule's kind";
            return wrong(column.type_name.clone(), wanted(kind).to_owned(), remedy.to_owned());
        }
        if let (Some(length), Some(room)) = (self.length, column.length)
            && room < length as u64
        {
            return wrong(
                format!("{room} characters long"),
                format!("{length}"),
                format!("lengthen the column, or set {} to {room}", self.length_key),
            );
        }
        if let Some(offered) = &column.choices {
            let absent: Vec<&str> = self.choices.difference(offered).map(String::as_str).collect();
            if !absent.is_empty() {
                let absent = absent.join(", ");
                return wrong(
                    format!("a list without {absent}"),
                    "one with every value of the mapping".to_owned(),
                    "add these to the list, or correct the values table".to_owned(),
                );
            }
        }
        let locked = [
            (self.written.on_create() && column.creatable == Some(false), "in a new record"),
            (self.written.on_update() && column.updatable == Some(false), "later"),
        ];
        match locked.iter().find(|(locked, _)| *locked) {
            Some((_, when)) => wrong(
                format!("read-only {when} for the signed-in user"),
                "writable".to_owned(),
                "let the user edit it, or change the rule's to_crm".to_owned(),
            ),
            None => State::Right,
        }
    }
}

fn wanted(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Country | Kind::Solutions => "text",
        Kind::Money => "a number",
        Kind::Date => "a date",
        Kind::Bool => "yes/no",
        Kind::Choice => "a list or text",
    }
}
