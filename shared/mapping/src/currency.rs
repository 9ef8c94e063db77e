//! Which rules are the deal's currency and the amounts that are in it: an amount without its
//! currency is another amount.

use crate::{Mapping, Observation, Rule};

const CURRENCY: &str = "details.currency";
const AMOUNT: &str = "details.dealValue";

impl Rule {
    /// Whether it is the deal's currency.
    pub fn is_currency(&self) -> bool {
        self.partner_center.eq_ignore_ascii_case(CURRENCY)
    }

    /// Whether it is in the deal's currency. Other amounts of a referral have currencies of their
    /// own.
    pub fn is_amount(&self) -> bool {
        self.partner_center.eq_ignore_ascii_case(AMOUNT)
    }
}

impl Mapping {
    /// Whether this is the name of the currency's rule.
    pub fn is_currency(&self, rule: &str) -> bool {
        self.rules.iter().any(|known| known.is_currency() && known.name == rule)
    }

    /// The currency's rule of this deal.
    pub fn currency(&self, observed: &Observation) -> Option<&Rule> {
        let mut currencies = self.rules.iter().filter(|rule| rule.is_currency());
        currencies.find(|rule| observed.values.contains_key(&rule.name))
    }
}
