//! `cosell mapping show`: the mapping as it is in force.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result, bail};
use clap::Args;
use cosell_mapping::{Mapping, Rule, When};
use cosell_mapping_check::{Examination, Origin};
use cosell_model::field::RuleName;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::Which;
use crate::output;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Print JSON: the keys of the file, and in each rule its `origin`.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let examination = arguments.which.examination()?;
    let Some(mapping) = examination.mapping() else {
        bail!("the mapping cannot be used; `cosell mapping check` says why");
    };
    output::print(&if arguments.json {
        format!("{:#}\n", as_json(mapping, &examination)?)
    } else {
        as_text(mapping, &examination)
    })
}

fn origin(origins: &BTreeMap<RuleName, Origin>, rule: &Rule) -> String {
    let origin = origins.get(&rule.name);
    origin.map(ToString::to_string).unwrap_or_default()
}

pub(super) fn as_json(mapping: &Mapping, examination: &Examination) -> Result<Json> {
    let mut whole = serde_json::to_value(mapping)?;
    with_origins(&mut whole["rule"], &mapping.rules, &examination.origins)?;
    if let Some(lead) = &mapping.lead {
        with_origins(&mut whole["lead"]["rule"], &lead.rules, &examination.lead_origins)?;
    }
    if let Some(registration) = &mapping.registration {
        with_origins(
            &mut whole["registration"]["rule"],
            &registration.rules,
            &examination.registration_origins,
        )?;
    }
    Ok(whole)
}

fn with_origins(
    list: &mut Json,
    rules: &[Rule],
    origins: &BTreeMap<RuleName, Origin>,
) -> Result<()> {
    let list = list.as_array_mut().context("the mapping has no rules")?;
    for (json, rule) in list.iter_mut().zip(rules) {
        json["origin"] = json!(origin(origins, rule));
    }
    Ok(())
}

pub(super) fn as_text(mapping: &Mapping, examination: &Examination) -> String {
    let mut text = format!("{} {}\n\n", mapping.system, mapping.entity);
    text.push_str(&rules(&mapping.rules, &examination.origins));
    text.push_str(&titled("\nColumns", &pairs(&mapping.columns)));
    text.push_str(&titled("\nHow can Microsoft help?", &help(mapping)));
    if let Some(visibility) = &mapping.visibility {
        text.push_str(&titled("\nReferral Visibility", &pairs(visibility)));
    }
    text.push_str(&titled("\nStages", &pairs(&mapping.stages)));
    if !mapping.create.is_empty() {
        let create = leaves("", &Json::Object(mapping.create.clone()));
        text.push_str(&titled("\nEvery new referral carries", &create));
    }
    if let Some(lead) = &mapping.lead {
        let _ = write!(text, "\n{} {}\n\n", mapping.system, lead.entity);
        text.push_str(&rules(&lead.rules, &examination.lead_origins));
        text.push_str(&titled("\nStages", &pairs(&lead.stages)));
    }
    if let Some(registration) = &mapping.registration {
        let _ = write!(text, "\nRegistration of won deals: {}\n\n", word(registration.when));
        let of_creation: Vec<Rule> = registration.rules_of_creation().collect();
        text.push_str(&rules(&of_creation, &examination.registration_origins));
        let create = leaves("", &Json::Object(registration.create.clone()));
        if !create.is_empty() {
            text.push_str(&titled("\nEvery registration carries", &create));
        }
    }
    text
}

/// One line for each rule.
fn rules(rules: &[Rule], origins: &BTreeMap<RuleName, Origin>) -> String {
    let head = [
        "RULE",
        "FIELD",
        "PARTNER CENTER",
        "",
        "CRM",
        "KIND",
        "CONFLICT",
        "REQUIRED",
        "FROM",
        "MORE",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(rules.iter().map(|rule| {
        [
            rule.name.to_string(),
            rule.label.clone(),
            rule.from_partner_center
                .as_ref()
                .map_or_else(|| rule.partner_center.to_string(), ToString::to_string),
            arrow(rule.to_crm, rule.to_partner_center),
            rule.from_crm.as_ref().map_or_else(|| rule.crm.to_string(), ToString::to_string),
            word(rule.kind),
            // Where one side only is written, nobody can win.
            if is_two_way(rule) { rule.conflict.to_string() } else { "-".to_owned() },
            word(rule.required),
            origin(origins, rule),
            more(rule),
        ]
    }));
    aligned(&rows)
}

/// The keys that few rules have, as the file has them.
fn more(rule: &Rule) -> String {
    let mut parts = Vec::new();
    let mut list = |key: &str, items: Vec<String>| {
        if !items.is_empty() {
            parts.push(format!("{key} {}", items.join(", ")));
        }
    };
    list("transform", rule.transform.iter().map(ToString::to_string).collect());
    list("fallback", rule.fallback.iter().map(ToString::to_string).collect());
    if let Some(when) = &rule.when {
        let direction = when.direction.iter().map(word);
        let words = when.deal.iter().map(word).chain(direction).chain(when.stage.iter().map(word));
        list("when", words.collect());
    }
    list("default", rule.default.iter().cloned().collect());
    list("default_to_crm", rule.default_to_crm.iter().cloned().collect());
    parts.join("; ")
}

fn is_two_way(rule: &Rule) -> bool {
    rule.to_crm.on_update() && rule.to_partner_center.on_update()
}

/// Partner Center stands on the left, the CRM on the right.
fn arrow(to_crm: When, to_partner_center: When) -> String {
    match (to_crm, to_partner_center) {
        (When::Never, When::Never) => String::new(),
        (to_crm, When::Never) => format!("→ {}", word(to_crm)),
        (When::Never, to_partner_center) => format!("← {}", word(to_partner_center)),
        (to_crm, to_partner_center) if to_crm == to_partner_center => format!("↔ {}", word(to_crm)),
        (to_crm, to_partner_center) => format!("→ {}, ← {}", word(to_crm), word(to_partner_center)),
    }
}

fn help(mapping: &Mapping) -> Vec<[String; 2]> {
    let mut rows = vec![["column".to_owned(), mapping.help.column.to_string()]];
    rows.extend(pairs(&mapping.help.values));
    rows
}

/// A table's entries, by key.
fn pairs(table: &impl Serialize) -> Vec<[String; 2]> {
    leaves("", &serde_json::to_value(table).unwrap_or_default())
}

/// Every value in it, with its dotted path.
fn leaves(path: &str, json: &Json) -> Vec<[String; 2]> {
    let below = |segment: &str| {
        if path.is_empty() { segment.to_owned() } else { format!("{path}.{segment}") }
    };
    match json {
        Json::Object(entries) => {
            entries.iter().flat_map(|(key, value)| leaves(&below(key), value)).collect()
        }
        Json::Array(items) => {
            let items = items.iter().enumerate();
            items.flat_map(|(index, value)| leaves(&below(&index.to_string()), value)).collect()
        }
        scalar => vec![[path.to_owned(), plain(scalar)]],
    }
}

fn plain(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

/// The word that the file has for it.
fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).map(|json| plain(&json)).unwrap_or_default()
}

fn titled(title: &str, rows: &[[String; 2]]) -> String {
    let rows: Vec<[String; 3]> =
        rows.iter().map(|[name, value]| [String::new(), name.clone(), value.clone()]).collect();
    format!("{title}\n{}", aligned(&rows))
}

/// Columns as wide as their longest cell, two blanks between them.
fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Writing into a string cannot fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
