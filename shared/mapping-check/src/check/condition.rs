//! A rule's `when`: whether it can ever hold.

use super::draft::{Ruled, Table};
use crate::diagnostic::Diagnostics;
use cosell_mapping::{Condition, Direction, Situation, When};
use cosell_model::deal::DealKind;
use cosell_model::life_cycle::Stage;
use strum::VariantArray;

/// The kinds that we make in Partner Center, as far as they are known before.
pub(super) const NEW: [DealKind; 3] = [DealKind::Private, DealKind::PartnerLed, DealKind::Cosell];

pub(super) fn check(ruled: &Ruled<'_>, diagnostics: &mut Diagnostics) {
    let Some(when) = &ruled.rule.when else { return };
    let place = ruled.node.blamed(&["when", "to_crm", "to_partner_center"]);
    if *when == Condition::default() {
        diagnostics.warning(
            place,
            format!("{}: `when` holds for every deal", ruled.title()),
            "name a deal, a direction or a stage, or take it out",
        );
    } else if !possible(ruled).iter().any(|situation| when.holds(*situation)) {
        diagnostics.error(
            place,
            format!("{}: `when` never holds", ruled.title()),
            "name kinds, a direction and stages that go together and with the rule's directions",
        );
    }
}

/// All that the rule can meet.
fn possible(ruled: &Ruled<'_>) -> Vec<Situation> {
    let rule = &ruled.rule;
    if rule.to_crm == When::Never && rule.to_partner_center == When::Create {
        return NEW.into_iter().map(Situation::of_new).collect();
    }
    let deals = DealKind::ALL
        .into_iter()
        .filter(|deal| ruled.table == Table::Opportunities || deal.is_lead());
    let all = deals.flat_map(|deal| {
        Stage::VARIANTS.iter().map(move |stage| Situation::imagined(deal, direction(deal), *stage))
    });
    all.collect()
}

fn direction(deal: DealKind) -> Direction {
    match deal {
        DealKind::Private | DealKind::PartnerLed | DealKind::Cosell | DealKind::ServicesCosell => {
            Direction::Outgoing
        }
        DealKind::InboundCosell
        | DealKind::PartnerToPartner
        | DealKind::QualifiedLead
        | DealKind::MarketplaceLead => Direction::Incoming,
    }
}
