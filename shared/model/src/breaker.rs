//! The circuit breaker: notices a pair that keeps changing back and forth, and has it looked at less often.
//!
//! Our own echoes never write, so a field that swings, or is written again and again, is fought over by somebody else: a workflow of
//! the CRM, another integration. Nothing is lost by a pause: the next look finds whatever has changed.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::audit::Side;

/// A field that we wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    at: Timestamp,
    field: String,
    side: Side,
}

/// A pause of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pause {
    until: Timestamp,
    /// How many pauses came one after the other.
    times: u32,
}

/// What the breaker remembers of a pair, on its link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    written: Vec<Written>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pause: Option<Pause>,
}

impl Activity {
    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty() && self.pause.is_none()
    }

    /// Until when the pair is left alone, if it is.
    pub fn paused_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.pause.map(|pause| pause.until).filter(|until| *until > now)
    }
}

/// When a pair counts as fought over, and for how long it is then left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// So many writes of one field, each to the other side than the one before.
    pub swings: usize,
    /// So many writes of one field, whatever the side.
    pub writes: usize,
    /// Counted over this long, and over the last pause on top.
    pub within: SignedDuration,
    /// The first pause; each that follows is twice as long.
    pub pause: SignedDuration,
    /// The longest pause.
    pub longest: SignedDuration,
}

/// A person who corrects a correction makes two or three swings an hour. Twenty saves of one field in an hour are a busy afternoon;
/// should it ever meet a person after all, the price is a quarter of an hour's delay.
impl Default for Breaker {
    fn default() -> Self {
        Self {
            swings: 6,
            writes: 20,
            within: SignedDuration::from_hours(1),
            pause: SignedDuration::from_mins(15),
            longest: SignedDuration::from_hours(1),
        }
    }
}

/// The breaker tripped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tripped {
    /// The fields that are fought over, by rule name.
    pub fields: BTreeSet<String>,
    /// Until when the pair is left alone.
    pub until: Timestamp,
}

impl Breaker {
    /// Notes writes of these fields to these sides, and says whether that is once too often.
    pub fn note(
        &self,
        activity: &mut Activity,
        now: Timestamp,
        writes: &[(&str, Side)],
    ) -> Option<Tripped> {
        let last_pause =
            activity.pause.map_or(SignedDuration::ZERO, |pause| self.length(pause.times));
        let counted_from = now.saturating_sub(self.within + last_pause).unwrap_or(Timestamp::MIN);
        activity.written.retain(|written| written.at >= counted_from);
        activity.written.extend(writes.iter().map(|(field, side)| Written {
            at: now,
            field: (*field).to_owned(),
            side: *side,
        }));
        let fields: BTreeSet<String> = writes
            .iter()
            .filter(|(field, _)| self.is_fought_over(activity, field))
            .map(|(field, _)| (*field).to_owned())
            .collect();
        // Old pauses are forgotten once the pair has been quiet for as long as is counted.
        activity.pause = activity.pause.filter(|pause| pause.until >= counted_from);
        if fields.is_empty() {
            return None;
        }
        let times = activity.pause.map_or(1, |pause| pause.times.saturating_add(1));
        let until = now.saturating_add(self.length(times)).unwrap_or(Timestamp::MAX);
        activity.pause = Some(Pause { until, times });
        Some(Tripped { fields, until })
    }

    fn is_fought_over(&self, activity: &Activity, field: &str) -> bool {
        let sides: Vec<Side> = activity
            .written
            .iter()
            .filter(|written| written.field == field)
            .map(|written| written.side)
            .collect();
        let swings = 1 + sides.windows(2).filter(|pair| pair[0] != pair[1]).count();
        swings >= self.swings || sides.len() >= self.writes
    }

    fn length(&self, times: u32) -> SignedDuration {
        let doubled = 2_i32.saturating_pow(times.saturating_sub(1));
        self.pause.saturating_mul(doubled).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes `name` to alternating sides every `every`, and returns at which write the breaker tripped, and for how long.
    fn swing(
        activity: &mut Activity,
        start: Timestamp,
        every: SignedDuration,
        times: usize,
    ) -> Option<(usize, SignedDuration)> {
        (0..times).find_map(|turn| {
            let at = start + every * i32::try_from(turn).unwrap();
            let side = if turn % 2 == 0 { Side::Crm } else { Side::PartnerCenter };
            let tripped = Breaker::default().note(activity, at, &[("name", side)])?;
            Some((turn + 1, tripped.until.duration_since(at)))
        })
    }

    fn start() -> Timestamp {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_field_that_swings_is_paused_and_again_after_the_pause_for_longer() {
        let mut activity = Activity::default();
        let minute = SignedDuration::from_mins(1);
        assert_eq!(swing(&mut activity, start(), minute, 20), Some((6, minute * 15)));
        let after = start() + minute * 5 + minute * 15;
        assert_eq!(activity.paused_until(after - minute), Some(after));
        assert_eq!(activity.paused_until(after), None);
        assert_eq!(
            swing(&mut activity, after, minute, 1),
            Some((1, minute * 30)),
            "the fight goes on"
        );
    }

    #[test]
    fn corrections_through_a_day_are_not_a_fight() {
        let mut activity = Activity::default();
        assert_eq!(swing(&mut activity, start(), SignedDuration::from_mins(20), 30), None);
        assert!(
            activity.written.len() <= 4,
            "what no longer counts is forgotten: {}",
            activity.written.len()
        );
    }

    #[test]
    fn a_field_that_is_written_all_the_time_to_one_side_is_paused_too() {
        let mut activity = Activity::default();
        let mut note = |turn: i32| {
            Breaker::default().note(
                &mut activity,
                start() + SignedDuration::from_secs(60) * turn,
                &[("name", Side::Crm)],
            )
        };
        assert!((0..19).all(|turn| note(turn).is_none()));
        assert_eq!(note(19).unwrap().fields, BTreeSet::from(["name".to_owned()]));
    }

    #[test]
    fn many_fields_edited_once_each_are_a_busy_seller() {
        let mut activity = Activity::default();
        for turn in 0..40 {
            let name = format!("field {turn}");
            let at = start() + SignedDuration::from_secs(30) * turn;
            assert_eq!(
                Breaker::default().note(&mut activity, at, &[(&name, Side::PartnerCenter)]),
                None
            );
        }
    }

    #[test]
    fn after_a_long_quiet_the_pauses_start_small_again() {
        let mut activity = Activity::default();
        let minute = SignedDuration::from_mins(1);
        swing(&mut activity, start(), minute, 6);
        let much_later = start() + SignedDuration::from_hours(24);
        assert_eq!(swing(&mut activity, much_later, minute, 20), Some((6, minute * 15)));
    }
}
