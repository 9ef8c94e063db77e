//! Writes under way: what the link notes before a write, and what a later look makes of it.
//!
//! An answer can be lost, and a request that hung can take effect after its sender has given up. Without a note, our own value would
//! look like somebody's edit; with an edit that takes the old value again on the other side, that would swallow the edit.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Update;
use crate::built_in_fields::VISIBILITY;
use cosell_mapping::{Mapping, Observation};
use cosell_model::audit::Side;
use cosell_model::field::Field;
use cosell_model::link::{LastSynced, Link, Pending};

/// A request that hung takes effect within a minute or two (a gateway holds it no longer), or never.
const MAY_LAND: SignedDuration = SignedDuration::from_mins(5);

/// What was last last_synced of a pair. A write that was under way took effect if its side has the very value that was asked for. If that
/// side has a third value, nobody can say what was last_synced last: then nothing was, so that the field's rule decides and the trail keeps
/// both values.
pub(super) fn known(
    mapping: &Mapping,
    link: &Link,
    observed: &Observation,
) -> BTreeMap<String, LastSynced> {
    let mut known = link.last_synced.clone();
    for (field, last_synced) in &mut known {
        cut_for_mark(mapping, field, last_synced, observed);
    }
    for (field, pending) in &link.pending {
        let Some(now) = observed.values.get(&Field::from(field.as_str())) else {
            continue;
        };
        let written = pending.side;
        if now.on(written) == pending.last_synced.on(written) {
            let mut last_synced = pending.last_synced.clone();
            cut_for_mark(mapping, field, &mut last_synced, observed);
            known.insert(field.clone(), last_synced);
        } else if known.get(field).is_some_and(|before| now.on(written) != before.on(written)) {
            known.remove(field);
        }
    }
    known
}

/// A name that was cut since, to make room for its mark, is no edit.
fn cut_for_mark(
    mapping: &Mapping,
    field: &str,
    last_synced: &mut LastSynced,
    observed: &Observation,
) {
    let (Some(rule), Some(now)) = (mapping.marked_name(), observed.values.get(&Field::from(field)))
    else {
        return;
    };
    if rule.name == field && rule.fitted(last_synced.crm.clone()) == now.crm {
        last_synced.crm.clone_from(&now.crm);
    }
}

/// The writes under way that took effect, though nobody waited for their answer.
pub(super) fn landed(link: &Link, observed: &Observation) -> Vec<(String, Side)> {
    let landed = link.pending.iter().filter(|(field, pending)| {
        let now = observed.values.get(&Field::from(field.as_str()));
        now.is_some_and(|now| now.on(pending.side) == pending.last_synced.on(pending.side))
    });
    landed.map(|(field, pending)| (field.clone(), pending.side)).collect()
}

impl Update {
    /// Notes on the link what is about to be written. An earlier note on the same field gives way, and what it meant is kept as last_synced.
    pub fn note_pending(&self, link: &mut Link, now: Timestamp) {
        // Visibility only goes up: whoever raised it, there is no edit to tell it from.
        for change in self.changes.iter().filter(|change| change.field != VISIBILITY) {
            let Some(mut last_synced) =
                self.observed.values.get(&Field::from(change.field.as_str())).cloned()
            else {
                continue;
            };
            let side = change.side;
            *last_synced.on_mut(side) = change.after.clone();
            match self.known.get(&change.field) {
                Some(known) => link.last_synced.insert(change.field.clone(), known.clone()),
                None => link.last_synced.remove(&change.field),
            };
            link.pending.insert(change.field.clone(), Pending { side, last_synced, since: now });
        }
    }

    /// What is still under way once this look's own writes were answered and `last_synced` is what is known now: writes of others that may
    /// land yet, as long as nothing newer is known of their field.
    pub fn still_pending(
        &self,
        link: &Link,
        last_synced: &BTreeMap<String, LastSynced>,
        now: Timestamp,
    ) -> BTreeMap<String, Pending> {
        let own = |field: &String| self.changes.iter().any(|change| change.field == *field);
        let may_land = |pending: &Pending| now.duration_since(pending.since) < MAY_LAND;
        let others = link.pending.iter();
        others
            .filter(|(field, pending)| {
                !own(field)
                    && may_land(pending)
                    && last_synced.get(*field) == link.last_synced.get(*field)
            })
            .map(|(field, pending)| (field.clone(), pending.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixtures::shipped;
    use crate::plan::plan_update;
    use crate::plan::tests::{is_quiet, linked, now, record, referral, set};

    /// The seller set the notes to `new`, which was being sent when the answer was lost.
    fn interrupted() -> Link {
        let mapping = shipped();
        let mut link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
        let edited = record(|record| set(record, "description", json!("new")));
        plan_update(&mapping, &link, &referral(|_| {}), &edited, now())
            .note_pending(&mut link, now());
        link
    }

    #[test]
    fn an_edit_back_to_the_old_value_wins_over_our_own_write_whose_answer_was_lost() {
        let sent = referral(|body| body["details"]["notes"] = json!("new"));
        let update = plan_update(&shipped(), &interrupted(), &sent, &record(|_| {}), now());
        assert_eq!(update.changes.len(), 1);
        assert_eq!(update.patch[0].value, json!("Two warehouses."), "the seller took it back");
        assert!(update.fields.is_empty());
    }

    #[test]
    fn when_nobody_can_say_whether_our_write_landed_an_edit_back_still_counts_as_one() {
        // The notes were on their way to Partner Center, somebody wrote a third text there, and the seller took the first one again.
        let third = referral(|body| body["details"]["notes"] = json!("third"));
        let update = plan_update(&shipped(), &interrupted(), &third, &record(|_| {}), now());
        assert!(update.has_conflict());
    }

    #[test]
    fn what_an_earlier_note_meant_outlives_the_note() {
        // A second write of the same field is under way, and its answer is lost as well.
        let third = referral(|body| body["details"]["notes"] = json!("third"));
        let mut link = interrupted();
        let update = plan_update(&shipped(), &link, &third, &record(|_| {}), now());
        update.note_pending(&mut link, now());
        assert_eq!(link.pending.len(), 1);
        let again = plan_update(&shipped(), &link, &third, &record(|_| {}), now());
        assert!(again.has_conflict(), "still nobody can say");
    }

    #[test]
    fn our_own_write_that_landed_is_no_news() {
        let landed = referral(|body| body["details"]["notes"] = json!("new"));
        let edited = record(|record| set(record, "description", json!("new")));
        assert!(is_quiet(&plan_update(&shipped(), &interrupted(), &landed, &edited, now())));
    }

    #[test]
    fn a_write_that_never_landed_is_made_again() {
        let edited = record(|record| set(record, "description", json!("new")));
        let update = plan_update(&shipped(), &interrupted(), &referral(|_| {}), &edited, now());
        assert_eq!(update.patch[0].value, json!("new"));
    }

    #[test]
    fn a_note_outlives_a_look_that_knows_nothing_newer_until_the_write_cannot_land_any_more() {
        let link = interrupted();
        let quiet = plan_update(&shipped(), &link, &referral(|_| {}), &record(|_| {}), now());
        let last_synced = quiet.last_synced(&shipped(), None, None);
        assert_eq!(
            quiet.still_pending(&link, &last_synced, now() + SignedDuration::from_mins(4)),
            link.pending
        );
        assert!(quiet.still_pending(&link, &last_synced, now() + MAY_LAND).is_empty());
        let mut newer = last_synced.clone();
        newer.remove("notes");
        assert!(quiet.still_pending(&link, &newer, now()).is_empty());
    }
}
