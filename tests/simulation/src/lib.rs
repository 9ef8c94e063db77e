#![doc = include_str!("../README.md")]

mod features;
mod invocation;
mod mappings;
mod people;
mod refusals;
mod rehearsal;
mod schedule;
mod seat;
mod verdict;
mod weather;
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use cosell_model::deadline::Deadlines;
use cosell_model::flapping::FlappingLimits;
use cosell_sync::Policy;
use cosell_sync::render::Words;
use fastrand::Rng;

pub use features::Feature;
use invocation::Functions;
pub use mappings::Mappings;
use mappings::Names;
use schedule::Schedule;
use weather::Weather;
pub use world::Protection;
use world::World;

/// Steps of a storm: enough for a handful of deals with a dozen edits.
pub const STEPS: u32 = 400;

/// A fight takes longer to show: so many times the steps.
const FIGHT: u32 = 40;

/// What storms play.
#[derive(Clone, Debug)]
pub struct Storms {
    mappings: Mappings,
    /// What some of them play beside what all do.
    pub features: BTreeSet<Feature>,
    /// Whether a history ends with the pairs, though nothing is wrong.
    pub details: bool,
    /// A protection that is switched off.
    pub without: Option<Protection>,
    /// How notices and states become text.
    pub words: Words,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What is wrong; empty is good.
    pub violations: Vec<String>,
    /// What happened.
    pub history: Vec<String>,
    /// So many dry runs were compared with what was written then.
    pub compared: usize,
}

impl Storms {
    /// The usual storms.
    pub fn new(mappings: Mappings) -> Self {
        Self {
            mappings,
            features: Feature::ALL.into(),
            details: false,
            without: None,
            words: Words::default(),
        }
    }

    /// Runs one seed for `steps` steps of storm.
    pub fn run(&self, seed: u64, steps: u32) -> Verdict {
        let mut rng = Rng::with_seed(seed);
        let weather = Weather::of(&mut rng, &self.features);
        let mapping = self.mappings.draw(&mut rng, &weather);
        let weather = weather.fit(mapping);
        let world = Arc::new(World::new(rng, weather, Names::new(mapping), self.without));
        let mut schedule =
            Schedule::new(world.clone(), Functions::new(world.clone(), policy(&world, self.words)));
        schedule.install();
        let steps = if world.weather.robots { steps * FIGHT } else { steps };
        (0..steps).for_each(|_| schedule.step());
        let mut violations = Vec::new();
        let rest = |schedule: &mut Schedule, violations: &mut Vec<String>| {
            if !schedule.quiesce() {
                violations.push("the system does not come to rest".to_owned());
            }
        };
        world.refusals_stay();
        rest(&mut schedule, &mut violations);
        if world.weather.refuses {
            schedule.pass_due_wins();
            schedule.reconcile_again();
            rest(&mut schedule, &mut violations);
            violations.extend(verdict::while_refused(&world));
            let loud = quiet(&world, &mut schedule);
            violations.extend(loud.map(|loud| format!("while something is refused: {loud}")));
            world.refusals_end();
            schedule.reconcile_again();
            rest(&mut schedule, &mut violations);
        }
        if world.weather.days() {
            schedule.wait_for_wins();
            rest(&mut schedule, &mut violations);
        }
        violations.extend(verdict::violations(&world));
        violations.extend(quiet(&world, &mut schedule));
        let mut history = std::mem::take(&mut world.state().history);
        if self.details || !violations.is_empty() {
            history.extend(verdict::pairs_in_the_end(&world));
        }
        let compared = world.book().compared;
        Verdict { violations, history, compared }
    }

    /// The shortest storm of this seed that goes wrong.
    pub fn shortest(&self, seed: u64) -> Option<(u32, Verdict)> {
        (1..=STEPS)
            .map(|steps| (steps, self.run(seed, steps)))
            .find(|(_, verdict)| !verdict.violations.is_empty())
    }
}

fn policy(world: &World, words: Words) -> Policy {
    let never =
        FlappingLimits { swings: usize::MAX, writes: usize::MAX, ..FlappingLimits::default() };
    Policy {
        sync_private: true,
        sync_leads: true,
        referral_link_base: "https://partner.example/referrals".into(),
        flapping: if world.lacks(Protection::Flapping) { never } else { FlappingLimits::default() },
        deadlines: if world.lacks(Protection::Warnings) {
            "never".parse().unwrap_or_default()
        } else {
            Deadlines::default()
        },
        words,
    }
}

/// Everything at rest is reconciled once more, and nothing may be written.
fn quiet(world: &World, schedule: &mut Schedule) -> Option<String> {
    if world.weather.days() {
        // A deadline may have come near since invitations were listed.
        schedule.reconcile_again();
    }
    let before = world.state().writes.len();
    schedule.reconcile_again();
    let after = world.state().writes.len();
    (after != before).then(|| format!("{} writes in a quiet system", after - before))
}
