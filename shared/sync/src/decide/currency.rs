//! An amount without its currency is another amount: 184,000 SEK must not become 184,000 EUR.
//!
//! Amounts are written to a side only where its currency agrees with the other's, or is written
//! there with them.

use cosell_mapping::Rule;
use cosell_model::audit::Side;
use cosell_model::field::Field;

use super::case::Case;
use super::{base, change};
use crate::plan::Plan;

/// Where amounts may be written.
pub(super) struct Currency {
    /// Both sides have the same, or one of them does not say.
    agrees: bool,
    /// The side that gets the other's currency now.
    written: Option<Side>,
}

impl Currency {
    /// The currency of this deal.
    pub(super) fn of(case: &Case<'_>, _plan: &Plan) -> Self {
        let mut currencies = case.mapping.rules.iter().filter(|rule| rule.is_currency());
        let readable = |rule: &&Rule| case.observed.contains_key(&base::field(rule));
        let Some(rule) = currencies.find(readable) else {
            return Self { agrees: true, written: None };
        };
        let Some(now) = case.observed.get(&base::field(rule)) else {
            return Self { agrees: true, written: None };
        };
        let agrees = rule.agrees(now) || now.crm.is_nothing() || now.partner_center.is_nothing();
        let change =
            change::merged(case, rule).and_then(|merged| change::change(rule, now, merged));
        let written = change.filter(|change| change::obstacle(case, rule, change).is_none());
        Self { agrees, written: written.map(|change| change.side) }
    }

    /// Whether the value of this rule may be written there.
    pub(super) fn lets(&self, rule: &Rule, side: Side) -> bool {
        !rule.is_amount() || self.agrees || self.written == Some(side)
    }
}

/// Whether two fields are taken or refused together: an amount and its currency.
pub(crate) fn go_together(rules: &[Rule], fields: &[&Field]) -> Vec<bool> {
    let is = |field: &Field, fits: fn(&Rule) -> bool| {
        rules.iter().any(|rule| fits(rule) && base::field(rule) == *field)
    };
    let is_coupled = fields.iter().any(|field| is(field, Rule::is_currency));
    let couples =
        |field: &&Field| is_coupled && (is(field, Rule::is_currency) || is(field, Rule::is_amount));
    fields.iter().map(couples).collect()
}
