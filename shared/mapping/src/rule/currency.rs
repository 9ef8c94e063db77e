//! Which rules are the deal's currency and the amounts that are in it: an amount without its
//! currency is another amount.

use super::Rule;

const CURRENCY: &str = "details.currency";
const AMOUNT: &str = "details.dealValue";

impl Rule {
    /// Whether it is the deal's currency.
    pub fn is_currency(&self) -> bool {
        self.partner_center.is(CURRENCY)
    }

    /// Whether it is in the deal's currency. Other amounts of a referral have currencies of their
    /// own.
    pub fn is_amount(&self) -> bool {
        self.partner_center.is(AMOUNT)
    }
}
