//! The form of a mapping file, as data: which keys there are, and what each takes.

use super::Expression;
use super::document::{Content, Node};
use super::fault::Faults;
use super::nearest::hint;
use super::reason::REASON;
use super::registration::REGISTRATION;
use super::transform::{NAMES, Transform, TransformError};
use serde_json::Value as Json;

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// Text that is not empty.
    Text,
    /// Text that may be empty.
    Remark,
    /// A whole number from 1.
    Count,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A table with these keys.
    Table(&'static [Key]),
    /// A text that must be one of these; what is wrong with it otherwise.
    Parsed(fn(&str) -> Result<(), String>),
    /// A list of texts, each of which must be one of these; what is wrong with it otherwise.
    Each(fn(&str) -> Result<(), String>),
    /// Text or a whole number.
    Code,
    /// A table from any text to text or a whole number.
    Codes,
    /// A table from one of these words to one of those.
    Pairs(&'static [&'static str], &'static [&'static str]),
    /// A table from one of these words to any text.
    Texts(&'static [&'static str]),
    /// What only a partner's own file may have: it is carried out before the form is looked at.
    Own,
    /// A list of these words.
    Words(&'static [&'static str]),
    /// A table that may hold anything.
    Free,
    /// A list of tables with these keys.
    Tables(&'static [Key]),
}

/// One key of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) needed: bool,
    /// The key that may stand in its place, and not beside it.
    pub(super) or: Option<&'static str>,
}

pub(super) const fn needed(name: &'static str, form: Form) -> Key {
    Key { name, form, needed: true, or: None }
}

pub(super) const fn optional(name: &'static str, form: Form) -> Key {
    Key { name, form, needed: false, or: None }
}

const fn either(name: &'static str, form: Form, or: &'static str) -> Key {
    Key { name, form, needed: true, or: Some(or) }
}

const WHEN: Form = Form::OneOf(&["never", "create", "update", "always"]);
const PHASES: &[&str] = &["on_hold", "open", "won", "lost"];
/// Qualifying a lead is the seller's: no referral puts a record there.
const PHASES_OF_LEADS: &[&str] = &["open", "lost"];
const PHASES_FROM_LEADS: &[&str] = &["open", "lost", "qualified"];
const STAGES: &[&str] = &["New", "Active", "Won", "Lost", "Declined", "Expired", "ClosedOtherwise"];

/// The whole file.
pub(super) const FILE: &[Key] = &[
    needed("version", Form::Count),
    needed("system", Form::Text),
    needed("entity", Form::Text),
    needed("columns", Form::Table(COLUMNS)),
    needed("help", Form::Table(HELP)),
    optional("visibility", Form::Table(VISIBILITY)),
    needed("stages", Form::Table(STAGE_TABLES)),
    optional("create", Form::Free),
    optional("rule", Form::Tables(RULE)),
    optional("lead", Form::Table(LEAD)),
    optional("registration", Form::Table(REGISTRATION)),
];

/// The table of leads.
const LEAD: &[Key] = &[
    needed("entity", Form::Text),
    needed("stages", Form::Table(STAGE_TABLES_OF_LEADS)),
    optional("rule", Form::Tables(RULE)),
];

const COLUMNS: &[Key] = &[
    needed("sync", Form::Text),
    needed("referral_id", Form::Text),
    needed("referral_link", Form::Text),
    needed("audit", Form::Text),
    needed("audit_length", Form::Count),
    needed("sync_status", Form::Text),
    needed("sync_status_length", Form::Count),
    needed("microsoft_crm_id", Form::Text),
];

const HELP: &[Key] = &[needed("column", Form::Text), needed("values", Form::Codes)];

const VISIBILITY: &[Key] =
    &[needed("column", Form::Text), needed("values", Form::Table(VISIBILITY_VALUES))];

const VISIBILITY_VALUES: &[Key] = &[needed("private", Form::Code), needed("microsoft", Form::Code)];

const STAGE_TABLES: &[Key] = &[
    needed("to_crm", Form::Pairs(STAGES, PHASES)),
    needed("to_partner_center", Form::Pairs(PHASES, STAGES)),
    needed("lost_before_accepted", Form::OneOf(STAGES)),
    optional("on_hold_edits", Form::OneOf(&["wait", "send"])),
    optional("reasons", Form::Texts(STAGES)),
    optional("reason", Form::Table(REASON)),
];

const STAGE_TABLES_OF_LEADS: &[Key] = &[
    needed("to_crm", Form::Pairs(STAGES, PHASES_OF_LEADS)),
    needed("to_partner_center", Form::Pairs(PHASES_FROM_LEADS, STAGES)),
    needed("lost_before_accepted", Form::OneOf(STAGES)),
    optional("on_hold_edits", Form::OneOf(&["wait", "send"])),
    optional("reasons", Form::Texts(STAGES)),
    optional("reason", Form::Table(REASON)),
];

/// One `[[rule]]`.
pub(super) const RULE: &[Key] = &[
    needed("name", Form::Text),
    either("partner_center", Form::Text, "from_partner_center"),
    optional("from_partner_center", Form::Parsed(is_expression)),
    either("crm", Form::Text, "from_crm"),
    optional("from_crm", Form::Parsed(is_expression)),
    needed(
        "kind",
        Form::OneOf(&["text", "money", "date", "bool", "choice", "country", "solutions"]),
    ),
    optional("to_crm", WHEN),
    optional("to_partner_center", WHEN),
    optional("when", Form::Table(CONDITION)),
    optional("conflict", Form::OneOf(&["crm", "partner_center", "newest", "ask"])),
    optional("required", Form::OneOf(&["never", "cosell", "always"])),
    optional("fallback", Form::Each(|_| Ok(()))),
    optional("default", Form::Remark),
    optional("default_to_crm", Form::Remark),
    optional("transform", Form::Each(is_transform)),
    optional("values", Form::Codes),
    optional("crm_length", Form::Count),
    needed("label", Form::Text),
    optional("remedy", Form::Remark),
    optional("off", Form::Own),
];

/// A rule's `when`.
const CONDITION: &[Key] = &[
    optional("deal", Form::Words(DEALS)),
    optional("direction", Form::OneOf(&["incoming", "outgoing"])),
    optional("stage", Form::Words(STAGES)),
];

const DEALS: &[&str] = &[
    "private",
    "partner_led",
    "cosell",
    "services_cosell",
    "inbound_cosell",
    "partner_to_partner",
    "qualified_lead",
    "marketplace_lead",
];

impl Form {
    /// Notes where `node`, which is called `name`, does not have this form.
    pub(super) fn check(self, name: &str, node: &Node, faults: &mut Faults) {
        match self {
            Self::Table(keys) => table(name, keys, node, faults),
            Self::Tables(keys) => match &node.content {
                Content::List(items) => {
                    items.iter().for_each(|item| table(&titled(name, item), keys, item, faults));
                }
                _ => misfit(name, "a list of tables", node, faults),
            },
            Self::Each(fits) => each(name, fits, node, faults),
            Self::Parsed(fits) => match node.text().map(fits) {
                None => misfit(name, "text in quotation marks", node, faults),
                Some(Err(what)) => faults.error(
                    node.place,
                    format!("`{name}`: {what}"),
                    "docs/mapping.md shows how it is written",
                ),
                Some(Ok(())) => {}
            },
            Self::Words(words) => match &node.content {
                Content::List(items) => {
                    items.iter().for_each(|item| Self::OneOf(words).check(name, item, faults));
                }
                _ => misfit(name, &format!("a list of {}", words.join(", ")), node, faults),
            },
            Self::Code => {
                let is_code = match &node.content {
                    Content::Scalar(Json::Number(number)) => number.is_i64(),
                    Content::Scalar(json) => json.is_string(),
                    _ => false,
                };
                if !is_code {
                    misfit(name, "text or a whole number", node, faults);
                }
            }
            Self::Codes => entries(name, node, faults, |key, value, faults| {
                Self::Code.check(key, value, faults);
            }),
            Self::Pairs(from, to) => keyed(name, from, Self::OneOf(to), node, faults),
            Self::Texts(from) => keyed(name, from, Self::Remark, node, faults),
            Self::Own => faults.error(
                node.place,
                format!("`{name}` belongs into a partner's own file"),
                "take the rule out there",
            ),
            Self::Free => entries(name, node, faults, |_, _, _| {}),
            Self::OneOf(words) => match node.text() {
                Some(text) if words.contains(&text) => {}
                Some(text) => word(name, text, words, node, faults),
                None => misfit(name, &format!("one of {}", words.join(", ")), node, faults),
            },
            Self::Text => match node.text() {
                Some(text) if !text.trim().is_empty() => {}
                Some(_) => faults.error(node.place, format!("`{name}` is empty"), "fill it in"),
                None => misfit(name, "text in quotation marks", node, faults),
            },
            Self::Remark if node.text().is_none() => {
                misfit(name, "text in quotation marks", node, faults);
            }
            Self::Count if !is_count(node) => misfit(name, "a whole number from 1", node, faults),
            Self::Remark | Self::Count => {}
        }
    }
}

fn is_transform(text: &str) -> Result<(), String> {
    text.parse::<Transform>().map(drop).map_err(|error| match error {
        TransformError::Unknown(name) => {
            format!("there is no transform `{name}`{}", hint(&name, NAMES.iter().copied()))
        }
        other => other.to_string(),
    })
}

fn is_expression(text: &str) -> Result<(), String> {
    Expression::try_from(text.to_owned()).map(drop).map_err(|error| error.to_string())
}

fn each(name: &str, fits: fn(&str) -> Result<(), String>, node: &Node, faults: &mut Faults) {
    if !matches!(node.content, Content::List(_)) {
        return misfit(name, "a list of texts", node, faults);
    }
    for item in node.items() {
        match item.text().map(fits) {
            None => misfit(name, "a list of texts", item, faults),
            Some(Err(what)) => faults.error(
                item.place,
                format!("`{name}`: {what}"),
                "docs/mapping.md lists what there is",
            ),
            Some(Ok(())) => {}
        }
    }
}

/// Which keys `node` has that are none of `keys`, which it lacks, and what is wrong with the
/// others.
fn table(name: &str, keys: &[Key], node: &Node, faults: &mut Faults) {
    if !matches!(node.content, Content::Table(_)) {
        return misfit(name, "a table", node, faults);
    }
    for (given, entry) in node.entries() {
        if let Some(key) = keys.iter().find(|key| key.name == given) {
            key.form.check(key.name, &entry.value, faults);
        } else {
            let hint = hint(given, keys.iter().map(|key| key.name));
            let known: Vec<&str> = keys.iter().map(|key| key.name).collect();
            let remedy = format!("use one of {}", known.join(", "));
            faults.error(entry.key, format!("{name} has no key `{given}`{hint}"), remedy);
        }
    }
    for key in keys {
        let other = key.or.and_then(|or| Some((or, node.get(or)?)));
        match (node.get(key.name), other) {
            (None, None) if key.needed => {
                faults.error(node.place, format!("{name} lacks `{}`", key.name), "add it");
            }
            (Some(_), Some((or, other))) => {
                let what = format!("{name} has both `{}` and `{or}`", key.name);
                faults.error(other.place, what, "take one of the two out");
            }
            _ => {}
        }
    }
}

fn keyed(name: &str, keys: &[&str], values: Form, node: &Node, faults: &mut Faults) {
    if !matches!(node.content, Content::Table(_)) {
        return misfit(name, "a table", node, faults);
    }
    for (key, entry) in node.entries() {
        if keys.contains(&key.as_str()) {
            values.check(key, &entry.value, faults);
        } else {
            let hint = hint(key, keys.iter().copied());
            faults.error(
                entry.key,
                format!("`{name}` knows no `{key}`{hint}"),
                format!("use one of {}", keys.join(", ")),
            );
        }
    }
}

fn entries(name: &str, node: &Node, faults: &mut Faults, each: impl Fn(&str, &Node, &mut Faults)) {
    if !matches!(node.content, Content::Table(_)) {
        return misfit(name, "a table", node, faults);
    }
    for (key, entry) in node.entries() {
        each(key, &entry.value, faults);
    }
}

fn word(name: &str, text: &str, words: &[&str], node: &Node, faults: &mut Faults) {
    let hint = hint(text, words.iter().copied());
    let remedy = format!("use one of {}", words.join(", "));
    faults.error(node.place, format!("`{name}` cannot be `{text}`{hint}"), remedy);
}

fn misfit(name: &str, wanted: &str, node: &Node, faults: &mut Faults) {
    let remedy = match node.content {
        Content::Scalar(Json::Bool(false)) => {
            "write it so, or remove it: there is nothing of this name that false would take out"
        }
        _ => "write it so",
    };
    faults.error(node.place, format!("`{name}` must be {wanted}, and is {}", node.form()), remedy);
}

fn is_count(node: &Node) -> bool {
    matches!(&node.content, Content::Scalar(Json::Number(number)) if number.as_u64().is_some_and(|number| number > 0))
}

/// How a sentence speaks of a list's item: by its `name`, if it has one.
fn titled(list: &str, item: &Node) -> String {
    match item.get("name").and_then(Node::text) {
        Some(name) => format!("{list} `{name}`"),
        None => format!("a {list} without name"),
    }
}

/// How a sentence speaks of the file.
pub(super) const WHOLE: &str = "the mapping";

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
