//! As much of a mapping as has the right form, and where it stands.

use cosell_mapping::{Columns, Crm, Help, Rule, Stages, Visibility};
use toml::de::DeValue;

use crate::deserializer::read;
use crate::node::Node;
use crate::overlay::rules::SIDES;
use crate::overlay::state::Unmapped;
use crate::source::Place;

/// The rules of one table, and what they are checked against.
pub(super) struct Draft<'a> {
    pub(super) crm: &'a Crm,
    pub(super) table: Table,
    pub(super) rules: Vec<Ruled<'a>>,
    /// The rules that have not the right form: what can be said of them nevertheless is said.
    pub(super) unread: Vec<Node<'a>>,
    pub(super) columns: Option<Columns>,
    pub(super) help: Option<Help>,
    pub(super) visibility: Option<Visibility>,
    pub(super) stages: Option<Stages>,
    /// What the shipped rules mapped and do not map any more.
    pub(super) unmapped: &'a [Unmapped],
    /// Where the rules and stages stand.
    pub(super) at: Node<'a>,
    pub(super) root: Node<'a>,
}

/// A rule and its places.
pub(super) struct Ruled<'a> {
    pub(super) rule: Rule,
    pub(super) node: Node<'a>,
    pub(super) table: Table,
}

/// The CRM table that rules are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Opportunities,
    Leads,
    /// None: the rules fill a registration.
    Registrations,
}

impl Table {
    /// How a sentence speaks of one of its rules.
    pub(super) fn rule(self) -> &'static str {
        match self {
            Self::Opportunities => "rule",
            Self::Leads => "lead rule",
            Self::Registrations => "registration rule",
        }
    }

    /// Its table of stages.
    pub(super) fn stages(self) -> &'static str {
        match self {
            Self::Leads => "lead.stages",
            Self::Opportunities | Self::Registrations => "stages",
        }
    }
}

impl<'a> Draft<'a> {
    pub(super) fn of(
        crm: &'a Crm,
        table: Table,
        root: Node<'a>,
        at: Node<'a>,
        unmapped: &'a [Unmapped],
    ) -> Self {
        let (rules, unread) = rules(table, at);
        Self {
            crm,
            table,
            rules,
            unread,
            columns: root.get("columns").and_then(read),
            help: root.get("help").and_then(read),
            visibility: root.get("visibility").and_then(read),
            stages: at.get("stages").and_then(read),
            unmapped,
            at,
            root,
        }
    }
}

/// The rules of a table, and those that have not the right form.
pub(super) fn rules(table: Table, at: Node<'_>) -> (Vec<Ruled<'_>>, Vec<Node<'_>>) {
    let (mut read, mut unread) = (Vec::new(), Vec::new());
    for node in at.get("rule").into_iter().flat_map(Node::items) {
        match Ruled::of(table, node) {
            Some(ruled) => read.push(ruled),
            None => unread.push(node),
        }
    }
    (read, unread)
}

impl<'a> Ruled<'a> {
    fn of(table: Table, node: Node<'a>) -> Option<Self> {
        let has_sides = SIDES
            .iter()
            .all(|(path, computed)| node.get(path).is_some() != node.get(computed).is_some());
        let rule = read(node).filter(|_| has_sides)?;
        Some(Self { rule, node, table })
    }

    /// How a sentence begins.
    pub(super) fn title(&self) -> String {
        format!("{} `{}`", self.table.rule(), self.rule.name)
    }
}

/// What stands at a dotted path of `[create]`.
pub(super) fn below<'a>(node: Node<'a>, path: &str) -> Option<Node<'a>> {
    path.split('.').try_fold(node, step)
}

/// Where a dotted path ends, because what is next is not there, or was taken out.
pub(super) fn end_of(node: Node<'_>, path: &str) -> Place {
    let mut at = node;
    for segment in path.split('.') {
        match step(at, segment) {
            Some(next) => at = next,
            None => return at.removal(segment).unwrap_or(at.place()),
        }
    }
    at.place()
}

fn step<'a>(at: Node<'a>, segment: &str) -> Option<Node<'a>> {
    match at.value() {
        DeValue::Table(_) => at.get(segment),
        DeValue::Array(_) => at.item(segment.parse().ok()?),
        _ => None,
    }
}

/// The lines of the override because of which no rule maps this path any more.
pub(super) fn unmapped<'a>(
    unmapped: &'a [Unmapped],
    table: &'a str,
    path: &'a str,
) -> impl Iterator<Item = Place> + 'a {
    let of_path =
        unmapped.iter().filter(move |rule| rule.table == table && rule.partner_center.is(path));
    of_path.map(|rule| rule.place)
}
