//! The co-sell fields in a customer's CRM: are they there, and making them. For the command line;
//! no function links it.

use async_trait::async_trait;
use cosell_sync::Failure;
use std::collections::BTreeSet;

use crate::schema::CrmSchema;

mod columns;
mod run;
mod tries;

pub use columns::Described;
pub use run::{Installer, Missing, Site};
pub use tries::Tries;

/// One CRM's installer.
#[async_trait]
pub trait Installation: CrmSchema {
    /// Compares what is there with what is wanted. Only reads.
    async fn check(&self) -> Result<Vec<Finding>, Failure>;

    /// Creates what is missing, then compares. What is there is neither changed nor deleted; where
    /// everything is there, nothing is written. A write that fails becomes a finding and ends the
    /// writing: the next run goes on from there.
    async fn install(&self) -> Result<Vec<Finding>, Failure>;
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where it belongs, such as `opportunity`.
    pub place: String,
    /// What it is, such as `Referral Identifier`.
    pub what: String,
    /// Its API name; empty for what has none.
    pub name: String,
    /// How it is.
    pub state: State,
}

/// How a thing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Right,
    /// As it should be, since this run.
    Created,
    /// Not there.
    Missing {
        /// What to do about it.
        remedy: String,
    },
    /// There, and otherwise than it should be.
    Wrong {
        /// How it is.
        is: String,
        /// How it should be.
        should: String,
        /// What to do about it.
        remedy: String,
    },
    /// Making or reading it was refused.
    Refused {
        /// What was being done, why not, and what to do about it.
        why: String,
    },
}

impl Finding {
    /// A thing and its state.
    pub fn new(
        place: impl Into<String>,
        what: impl Into<String>,
        name: impl Into<String>,
        state: State,
    ) -> Self {
        Self { place: place.into(), what: what.into(), name: name.into(), state }
    }

    /// Whether nothing is left to do about it.
    pub fn is_right(&self) -> bool {
        matches!(self.state, State::Right | State::Created)
    }
}

/// What an installing run has done so far.
#[derive(Debug, Default)]
pub struct Progress {
    created: BTreeSet<(String, String)>,
    refusal: Option<Finding>,
}

impl Progress {
    /// A thing of this place and name was made.
    pub fn created(&mut self, place: &str, name: &str) {
        tracing::info!(place, name, "created");
        self.created.insert((place.to_owned(), name.to_owned()));
    }

    /// Something was refused: that ends the writing. The first refusal is kept.
    pub fn refused(&mut self, finding: Finding) {
        self.refusal.get_or_insert(finding);
    }

    /// Whether something was refused.
    pub fn is_over(&self) -> bool {
        self.refusal.is_some()
    }

    /// Whether anything was made.
    pub fn has_created(&self) -> bool {
        !self.created.is_empty()
    }

    /// The findings after the run, with what was made in it and what was refused.
    pub fn into_findings(self, mut findings: Vec<Finding>) -> Vec<Finding> {
        for finding in findings.iter_mut().filter(|finding| finding.state == State::Right) {
            if self.created.contains(&(finding.place.clone(), finding.name.clone())) {
                finding.state = State::Created;
            }
        }
        if let Some(refusal) = self.refusal {
            // It says more than "missing" does.
            let same = |finding: &&mut Finding| {
                finding.place == refusal.place && finding.name == refusal.name
            };
            match findings.iter_mut().find(same) {
                Some(finding) => *finding = refusal,
                None => findings.push(refusal),
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_and_what_was_refused_stands_in_its_place() {
        let missing = || State::Missing { remedy: String::new() };
        let refused = |why: &str| State::Refused { why: why.to_owned() };
        let finding = |name: &str, state| Finding::new("lead", name, name, state);
        let mut progress = Progress::default();
        progress.created("lead", "a");
        progress.refused(finding("b", refused("first")));
        progress.refused(finding("c", refused("second")));
        assert!(progress.is_over() && progress.has_created());
        let findings = progress.into_findings(vec![
            finding("a", State::Right),
            finding("b", missing()),
            finding("c", missing()),
        ]);
        let states: Vec<&State> = findings.iter().map(|finding| &finding.state).collect();
        assert_eq!(states, [&State::Created, &refused("first"), &missing()]);
        assert_eq!(findings.iter().filter(|finding| finding.is_right()).count(), 1);
    }
}
