//! What an installing run has done so far, for its findings.

use std::collections::BTreeSet;

use crate::finding::{Finding, State};

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
