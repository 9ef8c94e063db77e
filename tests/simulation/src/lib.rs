//! Seeded simulation of the real engine on a hostile world.
//!
//! The engine and core are the real ones; the outside is a model with a virtual clock. Several consumers, the poller and people on
//! both sides are interleaved at every call to the outside, with crashes between any two calls, lost answers, lost and repeated
//! webhooks, and a CRM that cuts, rounds and ignores. After the storm everything finishes in calm weather, and the invariants of
//! [`verdict`] must hold. The same seed always gives the same run.

mod people;
mod ports;
mod schedule;
mod verdict;
mod world;

use std::sync::Arc;

use cosell_core::mapping::{Mapping, MappingError, Placeholders};
use cosell_core::plan::Policy;
use cosell_engine::{Engine, Poller};
use jiff::SignedDuration;

use schedule::Schedule;
pub use world::Protection;
use world::World;

/// Steps of a storm: enough for a handful of deals with a dozen edits.
pub const STEPS: u32 = 400;

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What is wrong; empty is good.
    pub violations: Vec<String>,
    /// What happened.
    pub history: Vec<String>,
}

/// The shipped mapping, read once for all runs.
pub fn mapping() -> Result<Arc<Mapping>, MappingError> {
    let placeholders = Placeholders::from([("prefix", "nwcs".to_owned()), ("team_phone", "+4670".to_owned())]);
    Mapping::parse(include_str!("../../../infra/mapping/dynamics.toml"), &placeholders).map(Arc::new)
}

/// Runs one seed for `steps` steps of storm.
pub fn run(mapping: &Arc<Mapping>, seed: u64, steps: u32, without: Option<Protection>) -> Verdict {
    let world = Arc::new(World::new(seed, without));
    let engine = Engine {
        partner_center: world.clone(),
        crm: world.clone(),
        links: world.clone(),
        claims: world.clone(),
        audit: world.clone(),
        mapping: mapping.clone(),
        policy: Arc::new(Policy {
            sync_private: true,
            referral_link_base: "https://partner.example/referrals".into(),
        }),
    };
    let poller = Poller {
        partner_center: world.clone(),
        crm: world.clone(),
        queue: world.clone(),
        claims: world.clone(),
        cursors: world.clone(),
        overlap: SignedDuration::from_mins(5),
    };
    let mut schedule = Schedule::new(world.clone(), engine, poller);
    schedule.install();
    (0..steps).for_each(|_| schedule.step());
    let mut violations = Vec::new();
    if !schedule.quiesce() {
        violations.push("the system does not come to rest".to_owned());
    }
    violations.extend(verdict::violations(&world, mapping));
    let before = world.state().writes;
    schedule.look_again();
    let after = world.state().writes;
    if after != before {
        violations.push(format!("{} writes in a quiet system", after - before));
    }
    let history = std::mem::take(&mut world.state().history);
    Verdict { violations, history }
}

/// The shortest storm of this seed that goes wrong.
pub fn shortest(mapping: &Arc<Mapping>, seed: u64, without: Option<Protection>) -> Option<(u32, Verdict)> {
    (1..=STEPS)
        .map(|steps| (steps, run(mapping, seed, steps, without)))
        .find(|(_, verdict)| !verdict.violations.is_empty())
}
