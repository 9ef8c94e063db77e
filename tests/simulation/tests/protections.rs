//! The simulation can fail: without each protection it finds violations, with all of them it finds
//! none.

#![expect(clippy::unwrap_used, reason = "test code")]

use cosell_simulation::{Mappings, Protection, STEPS, Storms};

/// Many more than any protection was ever missed in, whichever way a change shifts the draws.
const ENOUGH: u64 = 20_000;

fn storms() -> Storms {
    Storms::new(Mappings::read().unwrap())
}

/// The first violation without this protection that `fits`.
fn first_violation(without: Protection, fits: impl Fn(&str) -> bool) -> Option<(u64, String)> {
    let mut storms = storms();
    storms.without = Some(without);
    (0..ENOUGH).find_map(|seed| {
        let violations = storms.run(seed, STEPS).violations;
        violations.into_iter().find(|violation| fits(violation)).map(|violation| (seed, violation))
    })
}

fn is_twice(violation: &str) -> bool {
    violation.contains("referrals for opportunity")
        || violation.contains("referrals of Microsoft's in")
}

#[test]
fn with_all_protections_nothing_goes_wrong() {
    let storms = storms();
    for seed in 0..400 {
        assert_eq!(storms.run(seed, STEPS).violations, Vec::<String>::new(), "seed {seed}");
    }
}

#[test]
fn without_the_claim_there_are_two_referrals() {
    assert!(first_violation(Protection::Claim, is_twice).is_some());
}

#[test]
fn without_the_search_there_are_two_referrals() {
    assert!(first_violation(Protection::Search, is_twice).is_some());
}

#[test]
fn without_seen_for_each_side_the_system_does_not_come_to_rest() {
    let restless =
        |violation: &str| violation.contains("come to rest") || violation.contains("quiet system");
    assert!(first_violation(Protection::SeenPerSide, restless).is_some());
}

#[test]
fn without_conditional_writes_of_the_link_an_operators_order_is_undone() {
    let undone = |violation: &str| {
        violation.contains("is linked again")
            || violation.contains("vanished")
            || violation.contains("links of")
    };
    assert!(first_violation(Protection::ConditionalLink, undone).is_some());
}

#[test]
fn without_the_breaker_a_fight_goes_on() {
    assert!(
        first_violation(Protection::Flapping, |violation| violation.contains("within an hour"))
            .is_some()
    );
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let storms = storms();
    assert_eq!(storms.run(7, STEPS), storms.run(7, STEPS));
}

#[test]
fn without_asking_for_the_lead_its_opportunity_gets_a_deal_of_its_own() {
    assert!(first_violation(Protection::Origin, |_| true).is_some());
}

#[test]
fn without_the_deferral_of_wins_a_win_is_sent_too_early() {
    let early = |violation: &str| violation.contains("too early to be registered");
    assert!(first_violation(Protection::WinHold, early).is_some());
}

#[test]
fn without_the_schedule_a_deferred_win_is_never_sent() {
    let unsent = |violation: &str| violation.contains("is Active but its record is won");
    assert!(first_violation(Protection::Scheduled, unsent).is_some());
}

#[test]
fn without_a_note_of_the_registration_a_deal_is_registered_twice() {
    let twice = |violation: &str| violation.contains("was registered");
    assert!(first_violation(Protection::RegisteredOnce, twice).is_some());
}

#[test]
fn without_warnings_nobody_knows_that_an_invitation_expires() {
    let silent = |violation: &str| violation.contains("nobody was warned");
    assert!(first_violation(Protection::Warnings, silent).is_some());
    assert!(first_violation(Protection::WarnedOnce, silent).is_some());
}
