//! What a plan writes, in words.

use std::collections::BTreeMap;

use cosell_mapping::Mapping;
use cosell_model::crm::CrmWrite;
use cosell_model::patch::PatchOperation;
use cosell_sync::plan::{Action, Effect};
use cosell_sync::render::label;
use serde_json::Value as Json;

use crate::value::{change, recognisable, shown};

/// An effect: what is written where, and the single values of what is sent.
pub(super) fn lines(mapping: &Mapping, effect: &Effect) -> Vec<String> {
    let mut lines = vec![headline(mapping, effect)];
    lines.extend(details(mapping, effect).into_iter().map(|detail| format!("  {detail}")));
    lines
}

fn headline(mapping: &Mapping, effect: &Effect) -> String {
    let Effect { field, side, before, after, overruled, is_final, action } = effect;
    let mut text = match action {
        // Asked for by no field.
        Action::Notify(_) | Action::ReleaseLead { .. } => format!("{side}: {}", does(action)),
        Action::Patch(_) | Action::Columns(_) | Action::Phase(_) => {
            format!("{side}: {} ({field})", label(mapping, field))
        }
        _ => format!("{side}: {} ({field})", does(action)),
    };
    if !(before.is_nothing() && after.is_nothing()) {
        text = format!("{text}: {}", change(before, after));
    }
    if let Some(lost) = overruled {
        text = format!("{text} (changed on both sides; {} loses)", shown(lost));
    }
    if *is_final {
        text.push_str("; final: it cannot be taken back");
    }
    text
}

fn does(action: &Action) -> &'static str {
    match action {
        Action::Register(_) => "registers the won deal",
        Action::Patch(_) => "changes the referral",
        Action::CreateReferral(_) => "makes the referral",
        Action::RequestHelp(_) => "asks Microsoft to help",
        Action::FindHelp => {
            "looks for a Microsoft referral that an earlier reconciliation may have made"
        }
        Action::CreateRecord { .. } => {
            "makes the record, or one with its name alone where the CRM refuses the whole"
        }
        Action::ConvertLead(_) => {
            "makes an opportunity of the lead where there is none, and goes on with that"
        }
        Action::Columns(_) => "changes the record",
        Action::Phase(_) => "moves the record",
        Action::Notify(_) => "the sync's own columns",
        Action::ReleaseLead { .. } => {
            "notifies the lead's seller that the deal goes on as an opportunity, and switches its \
             sync off"
        }
    }
}

/// What is sent, where the change does not say it.
fn details(mapping: &Mapping, effect: &Effect) -> Vec<String> {
    match &effect.action {
        Action::CreateRecord { write, .. } | Action::ConvertLead(write) => of_write(mapping, write),
        Action::CreateReferral(body) => {
            let found = leaves(body).into_iter();
            found.map(|(path, json)| named(&path, &json, rule_at(mapping, &path))).collect()
        }
        Action::Register(operation) => plain(&leaves(&operation.value)),
        Action::Patch(operations)
            if operations.len() > 1 || effect.after.is_nothing() && effect.before.is_nothing() =>
        {
            operations.iter().map(sent).collect()
        }
        Action::Notify(columns) => plain(columns),
        Action::ReleaseLead { opportunity } => vec![format!("opportunity {opportunity}")],
        Action::Patch(_)
        | Action::Columns(_)
        | Action::Phase(_)
        | Action::RequestHelp(_)
        | Action::FindHelp => Vec::new(),
    }
}

fn sent(operation: &PatchOperation) -> String {
    let path = &operation.path;
    if path == "/externalReferenceId" && operation.value == "" {
        // The plan cannot know the record that is yet to be made.
        return format!("{path} = the new record's id");
    }
    format!("{path} = {}", recognisable(&operation.value))
}

fn of_write(mapping: &Mapping, write: &CrmWrite) -> Vec<String> {
    let of_rule = |column: &str| {
        let mut rules = mapping.rules.iter();
        rules.find(|rule| rule.crm.as_str() == column).map(|rule| rule.name.as_str())
    };
    let fields = write.fields.iter();
    let fields = fields.map(|(column, json)| named(column, json, of_rule(column)));
    fields.chain(write.phase.map(|phase| format!("then set to {phase}"))).collect()
}

/// The rule that fills this path, if one does.
fn rule_at<'a>(mapping: &'a Mapping, path: &str) -> Option<&'a str> {
    let fills = |root: &str| {
        let rest = path.strip_prefix(root).filter(|_| !root.is_empty());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let rule = mapping.rules.iter().find(|rule| fills(rule.partner_center.as_str()));
    rule.map(|rule| rule.name.as_str())
}

fn named(path: &str, json: &Json, rule: Option<&str>) -> String {
    let rule = rule.map_or_else(|| "by no rule".to_owned(), |rule| format!("rule {rule}"));
    format!("{path} = {} ({rule})", recognisable(json))
}

fn plain(values: &BTreeMap<String, Json>) -> Vec<String> {
    values.iter().map(|(name, json)| format!("{name} = {}", recognisable(json))).collect()
}

/// Every single value by its dotted path; what is empty counts as one.
fn leaves(json: &Json) -> BTreeMap<String, Json> {
    let mut found = BTreeMap::new();
    collect(json, String::new(), &mut found);
    found
}

fn collect(json: &Json, path: String, found: &mut BTreeMap<String, Json>) {
    let below = |name: &str| {
        if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
    };
    match json {
        Json::Object(properties) if !properties.is_empty() => {
            for (name, value) in properties {
                collect(value, below(name), found);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                collect(value, below(&index.to_string()), found);
            }
        }
        single => drop(found.insert(path, single.clone())),
    }
}
