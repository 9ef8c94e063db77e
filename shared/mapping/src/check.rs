//! The sense of a mapping that has the right form: what contradicts itself, Partner Center or the
//! sync.

mod absence;
mod choice;
mod column;
mod condition;
mod create;
mod expression;
mod lead;
mod referral;
mod registration;
mod rule;
mod transform;
mod whole;

use serde::de::DeserializeOwned;

use super::crm::Crm;
use super::document::{Content, Node};
use super::fault::Faults;
use super::form::{Form, RULE};
use super::layers::TakenOut;
use super::{Columns, Help, Rule, Stages, Visibility};

/// As much of a mapping as has the right form.
struct Draft<'a> {
    crm: &'a Crm,
    table: Table,
    rules: Vec<Ruled<'a>>,
    /// The rules that have not: what can be told of them nevertheless is told.
    unread: Vec<&'a Node>,
    columns: Option<Columns>,
    help: Option<Help>,
    visibility: Option<Visibility>,
    stages: Option<Stages>,
    taken_out: &'a [TakenOut],
    /// Where the rules and stages stand.
    at: &'a Node,
    root: &'a Node,
}

/// A rule and its places.
struct Ruled<'a> {
    rule: Rule,
    node: &'a Node,
    table: Table,
}

/// The CRM table that rules are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Opportunities,
    Leads,
    /// None: the rules fill a registration.
    Registrations,
}

impl Table {
    /// How a sentence speaks of one of its rules.
    fn rule(self) -> &'static str {
        match self {
            Self::Opportunities => "rule",
            Self::Leads => "lead rule",
            Self::Registrations => "registration rule",
        }
    }
}

/// Finds all that makes no sense in a merged file.
pub(super) fn check(crm: &Crm, root: &Node, taken_out: &[TakenOut], faults: &mut Faults) {
    system(crm, root, faults);
    let deals = Draft::of(crm, Table::Opportunities, root, root, taken_out);
    deals.check(faults);
    if let Some(at) = root.get("lead") {
        let leads = Draft::of(crm, Table::Leads, root, at, &[]);
        leads.check(faults);
        lead::check(&deals, &leads, faults);
    }
}

/// A mapping names the CRM that it is for: the columns of another would only be refused there.
fn system(crm: &Crm, root: &Node, faults: &mut Faults) {
    let Some(node) = root.get("system") else { return };
    if let Some(system) = node.text().filter(|system| *system != crm.system()) {
        let what = format!("`system` cannot be `{system}`; use {}", crm.system());
        faults.error(node.place, what, "correct the value");
    }
}

impl<'a> Draft<'a> {
    fn of(
        crm: &'a Crm,
        table: Table,
        root: &'a Node,
        at: &'a Node,
        taken_out: &'a [TakenOut],
    ) -> Self {
        let nodes = at.get("rule").map(Node::items).unwrap_or_default();
        let mut unread = Vec::new();
        let mut rules = Vec::new();
        for node in nodes {
            match Ruled::of(table, node) {
                Some(read) => rules.push(read),
                None => unread.push(node),
            }
        }
        Self {
            crm,
            table,
            rules,
            unread,
            columns: part(root, "columns"),
            help: part(root, "help"),
            visibility: part(root, "visibility"),
            stages: part(at, "stages"),
            taken_out,
            at,
            root,
        }
    }

    fn check(&self, faults: &mut Faults) {
        for ruled in &self.rules {
            rule::check(ruled, faults);
            choice::check(ruled, faults);
            transform::check(ruled, faults);
            absence::check(ruled, faults);
            condition::check(ruled, faults);
            expression::check(ruled, self.crm, faults);
        }
        for node in &self.unread {
            rule::check_path(self.table, node, faults);
        }
        column::check(self, faults);
        whole::check(self, faults);
        if self.table == Table::Leads {
            return;
        }
        if let (Some(help), Some(node)) = (&self.help, self.root.get("help")) {
            choice::check_help(help, node, faults);
        }
        if let (Some(visibility), Some(node)) = (&self.visibility, self.root.get("visibility")) {
            choice::check_visibility(visibility, node, faults);
        }
        referral::check(self, faults);
        registration::check(self.root, faults);
    }
}

impl<'a> Ruled<'a> {
    fn of(table: Table, node: &'a Node) -> Option<Self> {
        let mut faults = Faults::default();
        Form::Table(RULE).check(table.rule(), node, &mut faults);
        let rule = serde_json::from_value(node.to_json()).ok();
        rule.filter(|_| faults.errors() == 0).map(|rule| Self { rule, node, table })
    }

    /// How a sentence begins.
    fn title(&self) -> String {
        format!("{} `{}`", self.table.rule(), self.rule.name)
    }
}

fn part<T: DeserializeOwned>(root: &Node, key: &str) -> Option<T> {
    serde_json::from_value(root.get(key)?.to_json()).ok()
}

/// What stands at a dotted path of `[create]`, with its place.
fn below<'a>(node: &'a Node, path: &str) -> Option<&'a Node> {
    path.split('.').try_fold(node, |at, segment| match &at.content {
        Content::Table(_) => at.get(segment),
        Content::List(items) => items.get(segment.parse::<usize>().ok()?),
        Content::Scalar(_) => None,
    })
}

#[cfg(test)]
mod absence_tests;
#[cfg(test)]
mod condition_tests;
#[cfg(test)]
mod expression_tests;
#[cfg(test)]
mod lead_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod transform_tests;
