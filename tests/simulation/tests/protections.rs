//! The simulation can fail: without each protection it finds violations, with all of them it finds
//! none.

#![expect(clippy::unwrap_used, reason = "test code")]

use cosell_simulation::{Feature, Mappings, Protection, STEPS, Storms};

/// Many more than any protection was ever missed in, whichever way a change shifts the draws.
const ENOUGH: u64 = 20_000;

/// Whether storms with these features find that this protection is missing, by a violation that
/// `fits`.
fn is_missed(without: Protection, features: &[Feature], fits: impl Fn(&str) -> bool) -> bool {
    let mut storms = Storms::new(Mappings::read().unwrap());
    storms.features = features.iter().copied().collect();
    storms.without = Some(without);
    let finds = |seed| storms.run(seed, STEPS).violations.iter().any(|violation| fits(violation));
    (0..ENOUGH).any(finds)
}

fn is_twice(violation: &str) -> bool {
    violation.contains("referrals for opportunity")
        || violation.contains("referrals of Microsoft's")
}

fn is_restless(violation: &str) -> bool {
    violation.contains("come to rest") || violation.contains("quiet system")
}

#[test]
fn with_all_protections_nothing_goes_wrong() {
    let storms = Storms::new(Mappings::read().unwrap());
    for seed in 0..400 {
        assert_eq!(storms.run(seed, STEPS).violations, Vec::<String>::new(), "seed {seed}");
    }
}

/// The comparison is no empty one: a few of each storm's reconciliations that write go undisturbed.
#[test]
fn dry_runs_are_compared_with_what_is_written() {
    let storms = Storms::new(Mappings::read().unwrap());
    let compared: usize = (0..50).map(|seed| storms.run(seed, STEPS).compared).sum();
    assert!(compared > 100, "{compared}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let mut storms = Storms::new(Mappings::read().unwrap());
    storms.features = Feature::ALL.into();
    assert_eq!(storms.run(7, STEPS), storms.run(7, STEPS));
}

#[test]
fn without_the_claim_there_are_two_referrals() {
    assert!(is_missed(Protection::Claim, &[], is_twice));
}

#[test]
fn without_the_search_there_are_two_referrals() {
    assert!(is_missed(Protection::Search, &[], is_twice));
}

#[test]
fn without_values_for_each_side_the_system_does_not_come_to_rest() {
    assert!(is_missed(Protection::SeenPerSide, &[], is_restless));
}

#[test]
fn without_conditional_writes_of_the_link_an_operators_order_is_undone() {
    assert!(is_missed(Protection::ConditionalLink, &[], |violation| {
        violation.contains("is linked again")
            || violation.contains("vanished")
            || violation.contains("links of")
    }));
}

#[test]
fn without_the_breaker_a_fight_goes_on() {
    assert!(is_missed(Protection::Flapping, &[], |violation| violation.contains("within an hour")));
}

#[test]
fn without_asking_for_the_lead_its_opportunity_gets_a_deal_of_its_own() {
    let of_its_own = |violation: &str| violation.contains("a deal of its own beside its lead's");
    assert!(is_missed(Protection::Origin, &[], of_its_own));
}

#[test]
fn without_the_write_ahead_entry_an_edit_vanishes() {
    let vanishes = |violation: &str| violation.contains("vanished");
    assert!(is_missed(Protection::WriteAhead, &[], vanishes));
}

#[test]
fn without_values_in_versions_of_one_second_an_edit_vanishes() {
    let features = [Feature::Salesforce];
    assert!(is_missed(Protection::VersionValues, &features, |violation| {
        violation.contains("vanished") || violation.contains("closed or merged record")
    }));
}

#[test]
fn without_the_72_hours_a_win_is_sent_too_early() {
    let features = [Feature::Registration];
    let early = |violation: &str| violation.contains("too early to be registered");
    assert!(is_missed(Protection::WinHold, &features, early));
}

#[test]
fn without_the_schedule_a_win_that_waits_is_never_sent() {
    let features = [Feature::Registration];
    let waits = |violation: &str| violation.contains("is Active but its record is won");
    assert!(is_missed(Protection::Scheduled, &features, waits));
}

#[test]
fn without_a_note_of_the_registration_a_deal_is_registered_again() {
    let features = [Feature::Registration];
    let again = |violation: &str| violation.contains("was registered");
    assert!(is_missed(Protection::RegisteredOnce, &features, again));
}

#[test]
fn without_a_note_of_the_warning_the_seller_is_warned_again_and_again() {
    let features = [Feature::Expiry];
    let again = |violation: &str| violation.contains("was warned");
    assert!(is_missed(Protection::WarnedOnce, &features, again));
}

#[test]
fn without_deadlines_nobody_is_warned_of_an_invitation_that_expires() {
    let features = [Feature::Expiry];
    let unwarned = |violation: &str| violation.contains("nobody was warned");
    assert!(is_missed(Protection::Warnings, &features, unwarned));
}
