//! The simulated services' clock: the machine's time plus an offset that tests move, or a time that stands still.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// A clock that all simulated services share; cloning shares it.
#[derive(Clone, Debug)]
pub struct Clock {
    pace: Arc<Mutex<Pace>>,
    /// Changed whenever somebody moves, freezes or restarts the clock.
    moved: Arc<watch::Sender<()>>,
}

#[derive(Clone, Copy, Debug)]
enum Pace {
    /// Ahead of the machine's clock by so much.
    Running(SignedDuration),
    Frozen(Timestamp),
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            pace: Arc::new(Mutex::new(Pace::Running(SignedDuration::ZERO))),
            moved: Arc::new(watch::Sender::new(())),
        }
    }
}

impl Clock {
    /// Now, in the simulated services' time.
    pub fn now(&self) -> Timestamp {
        self.pace().now()
    }

    /// Moves the clock forward (or back, when negative) by `seconds`.
    pub fn advance(&self, seconds: i64) {
        self.move_by(SignedDuration::from_secs(seconds));
    }

    /// Lets this much time pass at once.
    pub fn pass(&self, time: Duration) {
        self.move_by(SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX));
    }

    /// Stops the clock where it stands: from now on it moves only when it is moved, so that what happens in one second is
    /// the test's choice.
    pub fn freeze(&self) {
        self.change(|pace| Pace::Frozen(pace.now()));
    }

    /// Lets the clock run on from where it stands.
    pub fn run(&self) {
        self.change(|pace| Pace::Running(pace.now().duration_since(machine())));
    }

    /// Whether it stands still.
    pub fn is_frozen(&self) -> bool {
        matches!(self.pace(), Pace::Frozen(_))
    }

    /// Waits until so much simulated time has passed: a clock that is moved ends it early, a frozen one that nobody moves never.
    pub async fn sleep(&self, time: Duration) {
        let mut moved = self.moved.subscribe();
        let start = self.now();
        loop {
            let passed = Duration::try_from(self.now().duration_since(start)).unwrap_or_default();
            let Some(left) = time.checked_sub(passed).filter(|left| !left.is_zero()) else {
                return;
            };
            // The clock itself holds the sender: it cannot end.
            if self.is_frozen() {
                let _ = moved.changed().await;
            } else {
                let _ = tokio::time::timeout(left, moved.changed()).await;
            }
        }
    }

    fn move_by(&self, time: SignedDuration) {
        self.change(|pace| match pace {
            Pace::Running(ahead) => Pace::Running(ahead.saturating_add(time)),
            Pace::Frozen(at) => Pace::Frozen(later(at, time)),
        });
    }

    fn change(&self, change: impl FnOnce(Pace) -> Pace) {
        {
            let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
            *pace = change(*pace);
        }
        self.moved.send_replace(());
    }

    fn pace(&self) -> Pace {
        *self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pace {
    fn now(self) -> Timestamp {
        match self {
            Self::Running(ahead) => later(machine(), ahead),
            Self::Frozen(at) => at,
        }
    }
}

fn later(at: Timestamp, time: SignedDuration) -> Timestamp {
    at.saturating_add(time).unwrap_or(Timestamp::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the simulators read the machine's clock"
)]
fn machine() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_it_is_moved() {
        let clock = Clock::default();
        clock.freeze();
        let at = clock.now();
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!((clock.now(), clock.is_frozen()), (at, true));
        clock.advance(3);
        clock.pass(Duration::from_millis(500));
        assert_eq!(clock.now(), at + SignedDuration::from_millis(3500));
        clock.advance(-4);
        assert_eq!(clock.now(), at - SignedDuration::from_millis(500));
    }

    #[test]
    fn a_clock_that_runs_again_goes_on_from_where_it_stood() {
        let clock = Clock::default();
        clock.freeze();
        clock.advance(3600);
        let at = clock.now();
        clock.run();
        assert!(!clock.is_frozen());
        assert!(clock.now() >= at && clock.now() < at + SignedDuration::from_mins(1));
    }

    #[tokio::test]
    async fn who_sleeps_wakes_when_the_clock_is_moved_far_enough() {
        let (clock, started) = (Clock::default(), Instant::now());
        for frozen in [false, true] {
            if frozen {
                clock.freeze();
            }
            let sleeper = tokio::spawn({
                let clock = clock.clone();
                async move { clock.sleep(Duration::from_hours(1)).await }
            });
            tokio::task::yield_now().await;
            clock.advance(1800);
            tokio::task::yield_now().await;
            assert!(!sleeper.is_finished());
            clock.advance(1800);
            sleeper.await.unwrap();
        }
        assert!(started.elapsed() < Duration::from_mins(1));
    }
}
