//! Seeded simulation of the real engine on a hostile world.
//!
//! The engine and core are the real ones; the system is a model with a virtual clock. Several
//! consumers, the poller and people on both sides are interleaved at every call to the system, with
//! crashes between any two calls, lost answers, lost and repeated webhooks, and a CRM that cuts,
//! rounds and ignores. After the storm everything finishes in calm weather, and the invariants of
//! [`verdict`] must hold. The same seed always gives the same run.

mod help;
mod invocation;
mod people;
mod schedule;
mod seat;
mod verdict;
mod weather;
mod world;

use std::sync::Arc;

use cosell_mapping::{ConflictRule, Crm, Mapping, OnHoldEdits, Placeholders};
use cosell_mapping_check::CheckError;
use cosell_model::deadline::Deadlines;
use cosell_model::flapping::FlappingLimits;
use cosell_sync::Policy;
use fastrand::Rng;

use invocation::Functions;
use schedule::Schedule;
pub use world::Protection;
use world::World;

/// Steps of a storm: enough for a handful of deals with a dozen edits.
pub const STEPS: u32 = 400;

/// A fight takes longer to show: so many times the steps.
const FIGHT: u32 = 40;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What is wrong; empty is good.
    pub violations: Vec<String>,
    /// What happened.
    pub history: Vec<String>,
}

/// In the mapping that marks names: short enough that they are cut, long enough for those that
/// automations insist on.
const SHORT_NAME: usize = 27;

/// The mappings that runs draw from: the one that ships, one with each conflict rule
/// that sends edits made on hold, and one with those rules that marks names.
#[derive(Clone, Debug)]
pub struct Mappings {
    shipped: Arc<Mapping>,
    mixed: Arc<Mapping>,
    marking: Arc<Mapping>,
}

impl Mappings {
    /// Reads them once for all runs.
    pub fn read() -> Result<Self, CheckError> {
        let placeholders =
            Placeholders::from([("prefix", "nwcs".to_owned()), ("team_phone", "+4670".to_owned())]);
        let shipped = cosell_mapping_check::parse(
            &Crm::of_guids("dynamics"),
            include_str!("../../../infra/mapping/dynamics.toml"),
            &placeholders,
        )?;
        let mut mixed = shipped.clone();
        let rules = [
            ("name", ConflictRule::Ask),
            ("notes", ConflictRule::Ask),
            ("deal_value", ConflictRule::Crm),
            ("closing_date", ConflictRule::PartnerCenter),
        ];
        for rule in &mut mixed.rules {
            if let Some((_, conflict)) = rules.iter().find(|(name, _)| rule.name == *name) {
                rule.conflict = *conflict;
            }
        }
        let mut marking = mixed.clone().marking_names();
        mixed.stages.on_hold_edits = OnHoldEdits::Send;
        for rule in marking.rules.iter_mut().filter(|rule| rule.marked) {
            rule.crm_length = Some(SHORT_NAME);
        }
        Ok(Self { shipped: Arc::new(shipped), mixed: Arc::new(mixed), marking: Arc::new(marking) })
    }
}

/// Runs one seed for `steps` steps of storm.
pub fn run(mappings: &Mappings, seed: u64, steps: u32, without: Option<Protection>) -> Verdict {
    let mut rng = Rng::with_seed(seed);
    let mapping = match rng.u32(0..3) {
        0 => &mappings.shipped,
        1 => &mappings.mixed,
        _ => &mappings.marking,
    };
    let world = Arc::new(World::new(rng, without, mapping));
    let never =
        FlappingLimits { swings: usize::MAX, writes: usize::MAX, ..FlappingLimits::default() };
    let policy = Policy {
        sync_private: true,
        sync_leads: true,
        referral_link_base: "https://partner.example/referrals".into(),
        flapping: if world.lacks(Protection::Flapping) { never } else { FlappingLimits::default() },
        deadlines: Deadlines::default(),
        words: cosell_sync::render::Words::default(),
    };
    let mut schedule =
        Schedule::new(world.clone(), Functions::new(world.clone(), mapping.clone(), policy));
    schedule.install();
    let steps = if world.weather.robots { steps * FIGHT } else { steps };
    (0..steps).for_each(|_| schedule.step());
    let mut violations = Vec::new();
    if !schedule.quiesce() {
        violations.push("the system does not come to rest".to_owned());
    }
    violations.extend(verdict::violations(&world, mapping));
    let before = world.state().writes.len();
    schedule.reconcile_again();
    let after = world.state().writes.len();
    if after != before {
        violations.push(format!("{} writes in a quiet system", after - before));
    }
    let history = std::mem::take(&mut world.state().history);
    Verdict { violations, history }
}

/// The shortest storm of this seed that goes wrong.
pub fn shortest(
    mappings: &Mappings,
    seed: u64,
    without: Option<Protection>,
) -> Option<(u32, Verdict)> {
    (1..=STEPS)
        .map(|steps| (steps, run(mappings, seed, steps, without)))
        .find(|(_, verdict)| !verdict.violations.is_empty())
}
