//! Flapping: a deal that something else keeps changing back and forth, and is paused for a while.
//!
//! Our own echoes never write, so a field that swings, or is written again and again, is set by
//! somebody else: a workflow of the CRM, another integration. Nothing is lost by a pause: the next
//! reconciliation finds whatever has changed.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::field::Field;
use crate::side::Side;

/// A field that we wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    at: Timestamp,
    field: Field,
    side: Side,
}

/// A pause of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pause {
    until: Timestamp,
    /// How many pauses came one after the other.
    times: u32,
}

/// Our own recent writes of a deal, on its link.
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

/// When a deal counts as flapping, and for how long it is then paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlappingLimits {
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

/// A person who corrects a correction makes two or three swings an hour. Twenty saves of one field
/// in an hour are a busy afternoon; should it ever meet a person after all, the price is a quarter
/// of an hour's delay.
impl Default for FlappingLimits {
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

/// Fields that flap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flapping {
    /// Which.
    pub fields: BTreeSet<Field>,
    /// Until when the deal is paused.
    pub until: Timestamp,
}

impl FlappingLimits {
    /// Notes writes of these fields to these sides, and says whether that is once too often.
    pub fn note(
        &self,
        activity: &mut Activity,
        now: Timestamp,
        writes: &[(Field, Side)],
    ) -> Option<Flapping> {
        let last_pause =
            activity.pause.map_or(SignedDuration::ZERO, |pause| self.length(pause.times));
        let counted_from = now.saturating_sub(self.within + last_pause).unwrap_or(Timestamp::MIN);
        activity.written.retain(|written| written.at >= counted_from);
        activity.written.extend(writes.iter().map(|(field, side)| Written {
            at: now,
            field: field.clone(),
            side: *side,
        }));
        let fields: BTreeSet<Field> = writes
            .iter()
            .filter(|(field, _)| self.is_flapping(activity, field))
            .map(|(field, _)| field.clone())
            .collect();
        // Old pauses are forgotten once the pair has been quiet for as long as is counted.
        activity.pause = activity.pause.filter(|pause| pause.until >= counted_from);
        if fields.is_empty() {
            return None;
        }
        let times = activity.pause.map_or(1, |pause| pause.times.saturating_add(1));
        let until = now.saturating_add(self.length(times)).unwrap_or(Timestamp::MAX);
        activity.pause = Some(Pause { until, times });
        Some(Flapping { fields, until })
    }

    fn is_flapping(&self, activity: &Activity, field: &Field) -> bool {
        let sides: Vec<Side> = activity
            .written
            .iter()
            .filter(|written| written.field == *field)
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

    /// Writes `name` to alternating sides every `every`, and returns at which write the breaker
    /// tripped, and for how long.
    fn swing(
        activity: &mut Activity,
        start: Timestamp,
        every: SignedDuration,
        times: usize,
    ) -> Option<(usize, SignedDuration)> {
        (0..times).find_map(|turn| {
            let at = start + every * i32::try_from(turn).unwrap();
            let side = if turn % 2 == 0 { Side::Crm } else { Side::PartnerCenter };
            let tripped = FlappingLimits::default().note(activity, at, &[("name".into(), side)])?;
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
            FlappingLimits::default().note(
                &mut activity,
                start() + SignedDuration::from_secs(60) * turn,
                &[("name".into(), Side::Crm)],
            )
        };
        assert!((0..19).all(|turn| note(turn).is_none()));
        assert_eq!(note(19).unwrap().fields, BTreeSet::from(["name".into()]));
    }

    #[test]
    fn many_fields_edited_once_each_are_a_busy_seller() {
        let mut activity = Activity::default();
        for turn in 0..40 {
            let name = format!("field {turn}");
            let at = start() + SignedDuration::from_secs(30) * turn;
            assert_eq!(
                FlappingLimits::default().note(
                    &mut activity,
                    at,
                    &[(name.as_str().into(), Side::PartnerCenter)]
                ),
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
