//! What only leads have: they are never made in Partner Center, have no related records, and pass
//! on what was seen of them.

use super::draft::{Draft, Ruled};
use crate::diagnostic::Diagnostics;
use cosell_mapping::{Crm, Required, When, paths};

pub(super) fn check(deals: &Draft<'_>, leads: &Draft<'_>, diagnostics: &mut Diagnostics) {
    for ruled in &leads.rules {
        related(ruled, leads.crm, diagnostics);
        creation(ruled, diagnostics);
        if let Some(deal) = deals.rules.iter().find(|deal| deal.rule.name == ruled.rule.name) {
            namesake(ruled, deal, diagnostics);
        }
    }
}

fn related(ruled: &Ruled<'_>, crm: &Crm, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    if rule.to_crm != When::Never && crm.is_of_a_related_record(&rule.crm) {
        diagnostics.error(
            node.blamed(&["crm", "to_crm"]),
            format!(
                "{}: a lead has no related record to fill, and `{}` is one's",
                ruled.title(),
                rule.crm
            ),
            "name a column of the lead itself",
        );
    }
}

fn creation(ruled: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    let Ruled { rule, node, .. } = ruled;
    let idle = [
        ("to_partner_center", rule.to_partner_center == When::Create),
        ("required", rule.required != Required::Never),
        ("default", rule.default.is_some()),
    ];
    for (key, _) in idle.into_iter().filter(|(_, is_set)| *is_set) {
        diagnostics.warning(
            node.blamed(&[key]),
            format!(
                "{}: `{key}` has no effect, since a lead is never made in Partner Center",
                ruled.title()
            ),
            "take it out",
        );
    }
}

/// What was seen of a field goes with the deal when its lead becomes an opportunity: it must be the
/// same field.
fn namesake(ruled: &Ruled<'_>, deal: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    let place = |key: &str| {
        let of = |ruled: &Ruled<'_>| ruled.node.blamed(&[key, "name"]);
        // The partner's override is to blame, whichever of the two it changes.
        if of(deal).source > of(ruled).source { of(deal) } else { of(ruled) }
    };
    let (lead, deal) = (&ruled.rule, &deal.rule);
    let remedy =
        "write it as in the opportunity's rule of this name, or give this one another name";
    let known =
        [lead, deal].iter().all(|rule| paths::property(rule.partner_center.as_str()).is_some());
    if known && !lead.partner_center.is(deal.partner_center.as_str()) {
        let what = format!(
            "{} has the path `{}`, and the opportunity's rule of this name `{}`",
            ruled.title(),
            lead.partner_center,
            deal.partner_center
        );
        diagnostics.error(place("partner_center"), what, remedy);
    }
    // Nothing of a rule towards the CRM alone comes back: there it does no harm.
    let other = [
        ("from_partner_center", lead.from_partner_center != deal.from_partner_center),
        ("transform", lead.transform != deal.transform),
        ("values", lead.values != deal.values),
    ];
    for (key, _) in
        other.into_iter().filter(|(_, differs)| *differs && deal.to_partner_center.on_update())
    {
        let what =
            format!("{} has not the `{key}` of the opportunity's rule of this name", ruled.title());
        diagnostics.error(place(key), what, remedy);
    }
    if lead.kind != deal.kind {
        let what = format!(
            "{} is of another kind than the opportunity's rule of this name",
            ruled.title()
        );
        diagnostics.error(place("kind"), what, remedy);
    }
}
