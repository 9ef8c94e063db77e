//! Invitations that expire when nobody answers them (contract partner-center 3.6), and when to warn
//! of that.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};

use crate::life_cycle::Stage;
use crate::referral::Referral;

/// How many days before an invitation expires its seller is warned; each threshold warns once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Fewest first, each once.
    days: Vec<u16>,
}

/// Text that is no list of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be whole days with commas between them, at most 14 each, or never")]
pub struct DeadlinesError;

/// Microsoft gives 14 days.
const WINDOW: u16 = 14;
const NEVER: &str = "never";

impl Default for Deadlines {
    /// Five days before, which leaves a working day in any week, and one.
    fn default() -> Self {
        Self { days: vec![1, 5] }
    }
}

impl FromStr for Deadlines {
    type Err = DeadlinesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim() == NEVER {
            return Ok(Self { days: Vec::new() });
        }
        let day = |part: &str| {
            part.trim().parse().ok().filter(|day| (1..=WINDOW).contains(day)).ok_or(DeadlinesError)
        };
        let mut days: Vec<u16> = text.split(',').map(day).collect::<Result<_, _>>()?;
        days.sort_unstable();
        days.dedup();
        Ok(Self { days })
    }
}

impl fmt::Display for Deadlines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days.is_empty() {
            return f.write_str(NEVER);
        }
        let days: Vec<String> = self.days.iter().rev().map(u16::to_string).collect();
        f.write_str(&days.join(","))
    }
}

impl Deadlines {
    /// How long before the end the first warning is due; `None` when nobody is warned.
    pub fn first(&self) -> Option<SignedDuration> {
        self.days.last().copied().map(days)
    }

    /// The last threshold that is passed of an invitation that expires then; `None` before the
    /// first, and once it is over.
    pub fn reached(&self, expires: Timestamp, now: Timestamp) -> Option<u16> {
        let left = expires.duration_since(now);
        let passed = self.days.iter().copied().find(|threshold| left <= days(*threshold));
        passed.filter(|_| left > SignedDuration::ZERO)
    }
}

fn days(days: u16) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}

impl Referral {
    /// When it expires unless it is answered; `None` when it waits for no answer.
    pub fn expires(&self) -> Option<Timestamp> {
        self.time("expirationDateTime").filter(|_| self.stage == Stage::New)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(left_hours: i64) -> Option<u16> {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        Deadlines::default().reached(now + SignedDuration::from_hours(left_hours), now)
    }

    #[test]
    fn each_threshold_is_reached_when_that_many_days_are_left() {
        assert_eq!(reached(121), None);
        assert_eq!(reached(120), Some(5));
        assert_eq!(reached(25), Some(5));
        assert_eq!(reached(24), Some(1));
        assert_eq!(reached(0), None, "nobody can answer any more");
    }

    #[test]
    fn a_list_of_days_is_read_in_any_order_and_a_wrong_one_is_not() {
        let read = |text: &str| text.parse::<Deadlines>().map(|deadlines| deadlines.to_string());
        assert_eq!(read("1, 7,3,3").unwrap(), "7,3,1");
        assert_eq!(read("never").unwrap(), "never");
        for wrong in ["", "0", "15", "-1", "five", "1;2"] {
            assert_eq!(read(wrong), Err(DeadlinesError), "{wrong}");
        }
        assert_eq!("never".parse::<Deadlines>().unwrap().first(), None);
    }
}
