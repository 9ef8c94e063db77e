//! A referral's life cycle: its states and the transitions that Partner Center allows (contract
//! partner-center 2.10).

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::VariantArray;

/// Where a deal stands in Partner Center: the legal pairs of `status` and `substatus`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, VariantArray,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Stage {
    /// `New` with `Pending` or `Received`: waits for an answer.
    New,
    /// `Active`/`Accepted`.
    Active,
    /// `Closed`/`Won`.
    Won,
    /// `Closed`/`Lost`.
    Lost,
    /// `Closed`/`Declined`: the recipient refused.
    Declined,
    /// `Closed`/`Expired`: nobody answered in 14 days; only the service sets it.
    Expired,
    /// `Closed` with another substatus, such as `Error` (entered by mistake). Read, never sent.
    ClosedOtherwise,
}

/// A pair of `status` and `substatus` that no version of the contract knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown referral status `{status}`/`{substatus}`")]
pub struct UnknownStage {
    status: String,
    substatus: String,
}

impl Stage {
    /// Reads the pair, tolerant of case and of a missing substatus.
    pub fn read(status: &str, substatus: &str) -> Result<Self, UnknownStage> {
        match (status.to_ascii_lowercase().as_str(), substatus.to_ascii_lowercase().as_str()) {
            ("new", _) => Ok(Self::New),
            ("active", _) => Ok(Self::Active),
            ("closed", "won") => Ok(Self::Won),
            ("closed", "lost") => Ok(Self::Lost),
            ("closed", "declined") => Ok(Self::Declined),
            ("closed", "expired") => Ok(Self::Expired),
            ("closed", _) => Ok(Self::ClosedOtherwise),
            _ => Err(UnknownStage { status: status.to_owned(), substatus: substatus.to_owned() }),
        }
    }

    /// The pair to send, or `None` for stages that only the service sets.
    pub fn pair(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::New => Some(("New", "Pending")),
            Self::Active => Some(("Active", "Accepted")),
            Self::Won => Some(("Closed", "Won")),
            Self::Lost => Some(("Closed", "Lost")),
            Self::Declined => Some(("Closed", "Declined")),
            Self::Expired | Self::ClosedOtherwise => None,
        }
    }

    /// Closed: no field can be changed any more.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::New | Self::Active)
    }

    /// Whether Partner Center lets a client move a referral from here to `next`.
    pub fn may_become(self, next: Self) -> bool {
        match (self, next) {
            _ if next.pair().is_none() => false,
            // Declining is the answer to an invitation; an accepted deal is lost instead.
            (Self::New, _) | (Self::Active, Self::Active | Self::Won | Self::Lost) => true,
            _ => false,
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New => "New",
            Self::Active => "Active",
            Self::Won => "Won",
            Self::Lost => "Lost",
            Self::Declined => "Declined",
            Self::Expired => "Expired",
            Self::ClosedOtherwise => "Closed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Stage; 7] = [
        Stage::New,
        Stage::Active,
        Stage::Won,
        Stage::Lost,
        Stage::Declined,
        Stage::Expired,
        Stage::ClosedOtherwise,
    ];

    #[test]
    fn closed_is_terminal_and_goes_nowhere() {
        for from in ALL.into_iter().filter(|stage| stage.is_terminal()) {
            assert!(ALL.into_iter().all(|to| !from.may_become(to)), "{from}");
        }
    }

    #[test]
    fn active_never_goes_back_to_new() {
        assert!(!Stage::Active.may_become(Stage::New));
    }

    #[test]
    fn what_only_the_service_sets_is_never_sent() {
        assert!(ALL.into_iter().all(
            |from| !from.may_become(Stage::Expired) && !from.may_become(Stage::ClosedOtherwise)
        ));
    }

    #[test]
    fn every_pair_reads_back_as_its_stage() {
        for stage in ALL {
            if let Some((status, substatus)) = stage.pair() {
                assert_eq!(Stage::read(status, substatus).unwrap(), stage);
            }
        }
        assert_eq!(Stage::read("closed", "Error").unwrap(), Stage::ClosedOtherwise);
        assert!(Stage::read("Open", "").is_err());
    }
}
