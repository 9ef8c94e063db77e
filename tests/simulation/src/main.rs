//! `make simulate`: runs seeds across cores and shows a failing seed's shortest history.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use cosell_simulation::{Feature, Mappings, Protection, STEPS, Storms};

/// Seeded simulation of the engine on a hostile world.
#[derive(Debug, Parser)]
#[command(name = "simulate")]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 2000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Print the history of the first seed, whatever it came to, and run no other.
    #[arg(long)]
    show: bool,
    /// What some storms play beside what all do, with commas between; everything where this is left
    /// out.
    #[arg(long, value_delimiter = ',')]
    features: Option<Vec<Feature>>,
    /// Play none of these features.
    #[arg(long, conflicts_with = "features")]
    plain: bool,
    /// Do not look for the shortest history of a failing seed.
    #[arg(long)]
    verdicts_only: bool,
    /// Switch a protection off: violations are then expected.
    #[arg(long)]
    without: Option<Protection>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut storms = match Mappings::read() {
        Ok(mappings) => Storms::new(mappings),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    storms.without = arguments.without;
    storms.details = arguments.show;
    if let Some(features) = arguments.features {
        storms.features = features.into_iter().collect();
    }
    if arguments.plain {
        storms.features.clear();
    }
    if arguments.show {
        let verdict = storms.run(arguments.from, STEPS);
        println!("{}\n{}", verdict.history.join("\n"), verdict.violations.join("\n"));
        return ExitCode::SUCCESS;
    }
    let started = Instant::now();
    let (next, end) = (AtomicU64::new(arguments.from), arguments.from + arguments.seeds);
    let failed = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let verdict = storms.run(seed, STEPS);
                    if let (false, Ok(mut failed)) = (verdict.violations.is_empty(), failed.lock())
                    {
                        failed.push((seed, verdict.violations));
                    }
                }
            });
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = arguments.seeds as f64 / seconds;
    println!("{} seeds in {seconds:.1} s, {rate:.0} seeds per second", arguments.seeds);
    let mut failed = failed.into_inner().unwrap_or_default();
    failed.sort_unstable();
    for (seed, violations) in &failed {
        println!("seed {seed}: {}", violations.join("; "));
    }
    let Some((seed, _)) = failed.first() else {
        return ExitCode::SUCCESS;
    };
    println!("{} seeds failed.", failed.len());
    if let Some((steps, verdict)) =
        (!arguments.verdicts_only).then(|| storms.shortest(*seed)).flatten()
    {
        println!(
            "\nThe shortest history of seed {seed} ({steps} steps): {}\n{}",
            verdict.violations.join("; "),
            verdict.history.join("\n")
        );
    }
    ExitCode::FAILURE
}
