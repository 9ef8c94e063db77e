//! One rule, beside its `values`.

use super::draft::{Ruled, Table};
use crate::diagnostic::Diagnostics;
use crate::node::Node;
use crate::overlay::rules::SIDES;
use crate::suggestion::nearest;
use cosell_mapping::paths::{self, Access, Holds, Property};
use cosell_mapping::{Crm, Required, Rule, When};
use cosell_model::field::Field;
use cosell_model::value::Kind;

pub(super) fn check(ruled: &Ruled<'_>, crm: &Crm, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    let title = ruled.title();
    // The link keeps these beside the rules' values.
    if Field::from(rule.name.as_str()).rule_name().is_none() {
        diagnostics.error(
            node.place_of("name"),
            format!("the name `{}` is the sync's own", rule.name),
            "choose another",
        );
    }
    if rule.to_crm == When::Never && rule.to_partner_center == When::Never {
        diagnostics.error(
            node.blamed(&["to_crm", "to_partner_center", "name"]),
            format!("{title} goes nowhere"),
            "set to_crm or to_partner_center",
        );
    }
    if ruled.table == Table::Opportunities
        && rule.to_crm.on_update()
        && crm.is_of_a_related_record(&rule.crm)
    {
        diagnostics.error(
            node.blamed(&["crm", "to_crm"]),
            format!(
                "{title}: `{}` belongs to a related record, which is only filled on creation",
                rule.crm
            ),
            "set to_crm = \"create\"",
        );
    }
    conflict(ruled, diagnostics);
    check_path(ruled.table, *node, diagnostics);
    if let Some(property) = paths::property(rule.partner_center.as_str()) {
        access(ruled, property, diagnostics);
        kind(ruled, property.holds, diagnostics);
        length(ruled, property.holds, diagnostics);
    }
    if ruled.table == Table::Opportunities {
        creation(ruled, diagnostics);
    }
}

/// Only a field that is updated both ways can have changed on both sides.
fn conflict(ruled: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    let directions = [("to_crm", rule.to_crm), ("to_partner_center", rule.to_partner_center)];
    let idle = directions.iter().find(|(_, when)| !when.on_update());
    if let (Some(_), Some((direction, _))) = (node.get("conflict"), idle) {
        diagnostics.warning(
            node.blamed(&["conflict", direction]),
            format!(
                "{}: `conflict` has no effect, since the rule updates one side at most",
                ruled.title()
            ),
            format!("set {direction} = \"update\" or \"always\", or take it out"),
        );
    }
}

/// Whether each side has a path or an expression, and not both.
pub(super) fn check_sides(table: Table, node: Node<'_>, diagnostics: &mut Diagnostics) {
    let title = match node.get("name").and_then(Node::text) {
        Some(name) => format!("{} `{name}`", table.rule()),
        None => format!("a {} without name", table.rule()),
    };
    // Of anything else the schema check says that it is no table.
    for (path, computed) in SIDES.into_iter().filter(|_| node.value().is_table()) {
        match (node.get(path), node.get(computed)) {
            (None, None) => {
                let place = node.blamed(&[path, computed]);
                diagnostics.error(place, format!("{title} lacks `{path}`"), "add it");
            }
            (Some(_), Some(computed_node)) => diagnostics.error(
                computed_node.place(),
                format!("{title} has both `{path}` and `{computed}`"),
                "take one of the two out",
            ),
            _ => {}
        }
    }
}

/// Whether a referral has the path that the rule names.
pub(super) fn check_path(table: Table, node: Node<'_>, diagnostics: &mut Diagnostics) {
    let Some(path) = node.get("partner_center").and_then(Node::text) else {
        return;
    };
    if path.is_empty() || paths::property(path).is_some() {
        return;
    }
    let all: Vec<String> = paths::all().collect();
    let remedy = match nearest(path, all.iter().map(String::as_str)) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "docs/mapping.md tells which there are".to_owned(),
    };
    let name = node.get("name").and_then(Node::text).unwrap_or("without name");
    let what = format!("{} `{name}`: a referral has no `{path}`", table.rule());
    diagnostics.error(node.place_of("partner_center"), what, remedy);
}

fn access(ruled: &Ruled<'_>, property: Property, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    let (title, path) = (ruled.title(), &rule.partner_center);
    if rule.to_partner_center == When::Never {
        return;
    }
    let place = node.blamed(&["to_partner_center", "partner_center"]);
    match property.access {
        Access::ReadOnly => diagnostics.error(
            place,
            format!("{title}: `{path}` is read-only in Partner Center"),
            "set to_partner_center = \"never\"",
        ),
        Access::Governed => diagnostics.error(
            place,
            format!("{title}: `{path}` is kept by the sync itself"),
            "set to_partner_center = \"never\"",
        ),
        Access::Locked if rule.to_partner_center.on_update() => diagnostics.error(
            place,
            format!("{title}: Microsoft locks `{path}` once the referral exists"),
            "set to_partner_center = \"create\"",
        ),
        Access::Free | Access::Locked => {}
        Access::Unstated => diagnostics.warning(
            place,
            format!("{title}: Microsoft does not say whether `{path}` can be written"),
            "try it out, or set to_partner_center = \"never\"",
        ),
    }
}

pub(super) fn kind(ruled: &Ruled<'_>, holds: Holds, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    let (title, path, place) =
        (ruled.title(), &rule.partner_center, node.blamed(&["kind", "partner_center"]));
    let word: &str = rule.kind.into();
    let (what, wanted) = wanted(holds);
    if wanted.contains(&word) {
        return;
    }
    let is_written = rule.to_partner_center != When::Never;
    match (holds, rule.kind) {
        // What is only read becomes the text that it is.
        (Holds::Number | Holds::DateTime | Holds::Country, Kind::Text) if !is_written => {}
        (Holds::Country, Kind::Text) => diagnostics.warning(
            place,
            format!("{title}: Partner Center takes nothing but a two-letter code at `{path}`"),
            "set kind = \"country\", or \"choice\" with values",
        ),
        (Holds::Block | Holds::List, _) => {
            let below: Vec<String> = paths::all()
                .filter(|other| paths::is_at_or_below(other, path.as_str()))
                .skip(1)
                .take(4)
                .collect();
            let remedy = format!("name a path below it, such as {}", below.join(", "));
            diagnostics.error(
                node.place_of("partner_center"),
                format!("{title}: `{path}` is {what}"),
                remedy,
            );
        }
        _ => {
            let remedy = format!("set kind to one of {}", wanted.join(", "));
            let what = format!("{title}: `{path}` is {what}, which cannot be mapped as {word}");
            diagnostics.error(place, what, remedy);
        }
    }
}

/// What a path holds, and the kinds that carry it both ways.
fn wanted(holds: Holds) -> (&'static str, &'static [&'static str]) {
    match holds {
        Holds::Text => ("text", &["text", "choice"]),
        Holds::Currency => ("a currency code", &["text", "choice"]),
        Holds::Country => ("a country code", &["country", "choice"]),
        Holds::Code(_) => ("a code", &["choice", "text"]),
        Holds::Number => ("a number", &["money"]),
        Holds::DateTime => ("a date", &["date"]),
        Holds::Flag => ("true or false", &["bool"]),
        Holds::Solutions => ("a list of solutions", &["solutions"]),
        Holds::Block => ("an object", &[]),
        Holds::List => ("a list", &[]),
        Holds::Open => ("free-form", &["text", "money", "date", "bool", "choice", "country"]),
    }
}

pub(super) fn length(ruled: &Ruled<'_>, holds: Holds, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    let is_cut = matches!(rule.crm_kind(), Kind::Text | Kind::Solutions);
    if is_cut && rule.to_crm != When::Never && rule.crm_length.is_none() && holds != Holds::Currency
    {
        let what = format!(
            "{}: no `crm_length`; the CRM refuses what is too long for `{}`",
            ruled.title(),
            rule.crm
        );
        diagnostics.warning(
            node.blamed(&["crm", "crm_length", "kind", "to_crm", "partner_center", "transform"]),
            what,
            "set crm_length to what the column takes",
        );
    } else if !is_cut && rule.crm_length.is_some() {
        let what = format!("{}: `crm_length` has no effect on this kind", ruled.title());
        diagnostics.warning(node.blamed(&["crm_length", "kind"]), what, "take it out");
    }
}

/// `required`, `remedy` and `default`: all about new referrals.
fn creation(ruled: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    let title = ruled.title();
    if rule.required != Required::Never && rule.remedy.trim().is_empty() {
        diagnostics.error(
            node.blamed(&["required", "remedy"]),
            format!("{title} is required and has no `remedy`"),
            "write in `remedy` what a seller does when it is missing",
        );
    }
    if !rule.to_partner_center.on_create() {
        let idle =
            [("required", rule.required != Required::Never), ("default", rule.default.is_some())];
        for (key, _) in idle.into_iter().filter(|(_, is_set)| *is_set) {
            diagnostics.warning(
                node.blamed(&[key, "to_partner_center"]),
                format!(
                    "{title}: `{key}` has no effect, since the rule does not fill new referrals"
                ),
                "set to_partner_center = \"create\" or \"always\", or take it out",
            );
        }
    }
    if let Some(Err(problem)) = default_json(rule) {
        diagnostics.error(
            node.blamed(&["default", "kind", "partner_center", "values", "transform"]),
            format!("{title}: the default {problem}"),
            "correct it",
        );
    }
}

/// Whether the default can be sent; what is wrong with it otherwise.
fn default_json(rule: &Rule) -> Option<Result<(), String>> {
    let carried = rule.default_value()?.map_err(|error| format!("is not of its kind: {error}"));
    let carried = carried.and_then(|value| {
        rule.across_to_partner_center(&value).map_err(|error| format!("cannot be sent: {error}"))
    });
    Some(carried.map(drop))
}
