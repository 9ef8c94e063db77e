//! The simulation can fail: without each protection it finds violations, with all of them it finds none.

#![expect(clippy::unwrap_used, reason = "test code")]

use cosell_simulation::{Protection, STEPS, mapping, run};

/// Enough for every protection to be missed at least once, whichever way a change shifts the draws.
const SEEDS: u64 = 400;

fn failing(without: Option<Protection>) -> Vec<(u64, Vec<String>)> {
    let mapping = mapping().unwrap();
    let verdicts = (0..SEEDS).map(|seed| (seed, run(&mapping, seed, STEPS, without).violations));
    verdicts.filter(|(_, violations)| !violations.is_empty()).collect()
}

#[test]
fn with_all_protections_nothing_goes_wrong() {
    assert_eq!(failing(None), []);
}

#[test]
fn without_the_claim_there_are_two_referrals() {
    let failing = failing(Some(Protection::Claim));
    let twice = |violation: &String| violation.contains("referrals for opportunity") || violation.contains("halves of Microsoft's");
    assert!(failing.iter().flat_map(|(_, violations)| violations).any(twice), "{failing:?}");
}

#[test]
fn without_the_search_there_are_two_referrals() {
    let failing = failing(Some(Protection::Search));
    assert!(
        failing
            .iter()
            .flat_map(|(_, violations)| violations)
            .any(|violation| violation.contains("referrals for opportunity")),
        "{failing:?}"
    );
}

#[test]
fn without_seen_for_each_side_something_goes_wrong() {
    assert!(!failing(Some(Protection::SeenPerSide)).is_empty());
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let mapping = mapping().unwrap();
    assert_eq!(run(&mapping, 7, STEPS, None), run(&mapping, 7, STEPS, None));
}

/// A creation hung, and the search after it failed: its claim was given back.
#[test]
fn a_failed_search_after_an_unknown_outcome_keeps_the_claim() {
    let mapping = mapping().unwrap();
    for seed in [21_769, 42_668, 61_513] {
        assert_eq!(run(&mapping, seed, STEPS, None).violations, Vec::<String>::new(), "seed {seed}");
    }
}
