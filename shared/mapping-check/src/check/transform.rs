//! A rule's `transform`: whether each step fits the one before, and can be undone where the rule
//! goes both ways.

use super::draft::Ruled;
use crate::diagnostic::Diagnostics;
use crate::node::{Node, to_blame};
use crate::source::Place;
use cosell_mapping::Shape;
use cosell_mapping::{Rule, Transform, When};

pub(super) fn check(ruled: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    let title = ruled.title();
    if rule.is_listing() && rule.to_partner_center != When::Never {
        diagnostics.error(
            node.blamed(&["partner_center", "to_partner_center"]),
            format!(
                "{title}: `{}` stands for several items, which can only be read",
                rule.partner_center
            ),
            "write the number of the item instead of *, or set to_partner_center = \"never\"",
        );
    }
    let Some(kind) = Shape::of(rule.kind) else {
        if !rule.transform.is_empty() {
            diagnostics.error(
                node.blamed(&["transform", "kind"]),
                format!("{title}: a rule of this kind takes no transform"),
                "use `values` for a choice, or another kind",
            );
        }
        return;
    };
    undoing(ruled, diagnostics);
    // A value's shape from its source on; what it must be in the end.
    let (from, to) = ends(rule, kind);
    let mut shape = from;
    for (at, step) in rule.transform.iter().enumerate() {
        let place = step_place(*node, at, &["kind", "partner_center", "crm"]);
        if step.takes() != shape {
            diagnostics.error(
                place,
                format!(
                    "{title}: `{step}` takes {}, and gets {}",
                    step.takes().word(),
                    shape.word()
                ),
                "put another transform before it, or take it out",
            );
            return;
        }
        shape = step.gives();
    }
    if to.is_some_and(|to| to != shape) || shape == Shape::List {
        let wanted = to.unwrap_or(Shape::Text);
        let remedy = match shape {
            Shape::List => {
                "pick one with first or last, or put them together with join: transform = \
                 [\"first\"]"
            }
            _ => "add a transform, or correct `kind`",
        };
        diagnostics.error(
            node.blamed(&["transform", "partner_center", "kind"]),
            format!("{title}: the value is {}, and must be {}", shape.word(), wanted.word()),
            remedy,
        );
    }
}

/// The place of a step, or of the override's line that makes it a wrong one.
fn step_place(rule: Node<'_>, at: usize, because: &[&str]) -> Place {
    let step = rule.get("transform").and_then(|list| list.item(at)).unwrap_or(rule).place();
    let because = rule.blamed_if_set(because);
    to_blame([step].into_iter().chain(because)).unwrap_or(step)
}

/// What the first step gets, and what the last must give: a CRM column may hold anything.
fn ends(rule: &Rule, kind: Shape) -> (Shape, Option<Shape>) {
    if rule.is_outward() {
        let first = rule.transform.first().map_or(kind, Transform::takes);
        (first, Some(kind))
    } else if rule.is_listing() {
        (Shape::List, None)
    } else {
        (kind, None)
    }
}

fn undoing(ruled: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    if rule.to_crm == When::Never || rule.to_partner_center == When::Never {
        return;
    }
    for (at, step) in rule.transform.iter().enumerate().filter(|(_, step)| !step.can_be_undone()) {
        let place = step_place(*node, at, &["to_crm", "to_partner_center"]);
        diagnostics.error(
            place,
            format!("{}: `{step}` cannot be undone, and the rule goes both ways", ruled.title()),
            "set to_crm or to_partner_center to \"never\", or make a rule for each direction",
        );
    }
}
