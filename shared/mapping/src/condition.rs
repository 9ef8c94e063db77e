//! For which deals a rule is there at all: `when = { deal = ["cosell"], direction = "incoming",
//! stage = ["Active"] }`.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use cosell_model::deal::DealKind;
use cosell_model::life_cycle::Stage;
use cosell_model::referral::Referral;

/// For which deals a rule is there; for any other the field does not sync, nothing is required, and
/// what was last synced stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What kind of deal it is; any when left out.
    #[serde(default)]
    pub deal: Vec<DealKind>,
    /// Who invited whom; either when left out.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Where the referral stands; anywhere when left out. A new referral of ours is Active.
    #[serde(default)]
    pub stage: Vec<Stage>,
}

/// Who invited whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The partner was invited.
    Incoming,
    /// The deal is the partner's own.
    Outgoing,
}

/// What a condition asks of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    deal: DealKind,
    direction: Direction,
    stage: Stage,
    /// What makes a new deal one for services is only known when it is filled.
    new: bool,
}

impl Situation {
    /// Of a deal in Partner Center; `helped` when the Microsoft referral of its engagement is
    /// known.
    pub fn of(referral: &Referral, helped: bool) -> Self {
        let direction = referral.get("direction").and_then(Json::as_str).unwrap_or_default();
        Self {
            deal: referral.deal(helped),
            direction: if direction.eq_ignore_ascii_case("Incoming") {
                Direction::Incoming
            } else {
                Direction::Outgoing
            },
            stage: referral.stage,
            new: false,
        }
    }

    /// Of a deal of this kind that is yet to be made in Partner Center, where it is born accepted
    /// (contract partner-center 2.10).
    pub fn of_new(deal: DealKind) -> Self {
        Self { deal, direction: Direction::Outgoing, stage: Stage::Active, new: true }
    }

    /// Of any deal that could be.
    pub fn imagined(deal: DealKind, direction: Direction, stage: Stage) -> Self {
        Self { deal, direction, stage, new: false }
    }
}

impl Condition {
    /// Whether it holds.
    pub fn holds(&self, situation: Situation) -> bool {
        let is_of_kind = |deal: &DealKind| {
            let for_services = situation.new
                && situation.deal == DealKind::Cosell
                && *deal == DealKind::ServicesCosell;
            *deal == situation.deal || for_services
        };
        (self.deal.is_empty() || self.deal.iter().any(is_of_kind))
            && self.direction.is_none_or(|direction| direction == situation.direction)
            && (self.stage.is_empty() || self.stage.contains(&situation.stage))
    }

    /// Whether no deal fulfils both.
    pub fn excludes(&self, other: &Self) -> bool {
        fn apart<T: PartialEq>(left: &[T], right: &[T]) -> bool {
            !left.is_empty() && !right.is_empty() && !left.iter().any(|one| right.contains(one))
        }
        let directions = self.direction.zip(other.direction);
        apart(&self.deal, &other.deal)
            || apart(&self.stage, &other.stage)
            || directions.is_some_and(|(left, right)| left != right)
    }
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
