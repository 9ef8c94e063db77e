//! Three-way comparison of one field: what each side has now against what was last synced on that
//! same side.

use cosell_mapping::{ConflictRule, ConversionError, Required, Rule};
use cosell_model::audit::Side;
use cosell_model::field::Field;
use cosell_model::link::{LastSynced, OpenConflict};
use cosell_model::notice::Notice;
use cosell_model::value::Value;

/// What to do about one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// Nothing: unchanged, already equal, or a change that the rule does not carry.
    Agrees,
    /// Write this value to this side.
    Write {
        /// The side to write.
        side: Side,
        /// The value, in that side's form.
        value: Value,
        /// Both sides had changed: the value that lost, in the written side's form.
        overruled: Option<Value>,
    },
    /// The change cannot be written: why.
    Blocked(Notice),
    /// The CRM changed what Microsoft locks once the deal exists: it cannot be written.
    Locked,
    /// Both sides had changed, and the rule is to ask an operator.
    Ask,
}

/// What a field is compared with.
#[derive(Clone, Copy, Debug)]
pub enum Base<'a> {
    /// What both sides had when they were last synced.
    Known(&'a LastSynced),
    /// They were synced, and nobody can say with which values: both sides count as changed.
    InDoubt,
    /// They never were (a pair just adopted, a rule just added): a side that has nothing is filled
    /// from the other.
    Never,
}

impl<'a> From<Option<&'a LastSynced>> for Base<'a> {
    fn from(known: Option<&'a LastSynced>) -> Self {
        known.map_or(Self::Never, Self::Known)
    }
}

/// Compares one field. `newest` is the side whose record changed last; `open` the conflict that
/// waits for an operator, if any.
pub fn merge<'a>(
    rule: &Rule,
    base: impl Into<Base<'a>>,
    now: &LastSynced,
    newest: Side,
    open: Option<&OpenConflict>,
) -> Merged {
    let base = base.into();
    let (from_partner_center, from_crm) = match base {
        Base::Known(last_synced) => {
            (last_synced.partner_center != now.partner_center, last_synced.crm != now.crm)
        }
        Base::InDoubt => (true, true),
        Base::Never => (!now.partner_center.is_nothing(), !now.crm.is_nothing()),
    };
    let was_synced = !matches!(base, Base::Never);
    let to_crm = from_partner_center && rule.to_crm.on_update();
    let to_partner_center = from_crm && rule.to_partner_center.on_update();
    if rule.agrees(now) {
        return Merged::Agrees;
    }
    match (to_crm, to_partner_center) {
        (false, false) if was_synced && from_crm && rule.is_locked() => Merged::Locked,
        (false, false) => Merged::Agrees,
        (true, false) => write(rule, Side::Crm, now, false),
        (false, true) => write(rule, Side::PartnerCenter, now, false),
        (true, true) => match (decision(open, now), winner(rule.conflict, newest)) {
            (Some(winner), _) => write(rule, winner.other(), now, true),
            (None, Some(winner)) => resolve(rule, winner.other(), now),
            (None, None) => Merged::Ask,
        },
    }
}

/// What an operator decided, or the rule when it could not be written yet, if it was decided on
/// these very values.
fn decision(open: Option<&OpenConflict>, now: &LastSynced) -> Option<Side> {
    open.filter(|open| open.is_of(now)).and_then(|open| open.decision)
}

/// The winner's value goes to `loser`; one that cannot be written loses, so that neither change
/// vanishes.
fn resolve(rule: &Rule, loser: Side, now: &LastSynced) -> Merged {
    match write(rule, loser, now, true) {
        Merged::Blocked(reason) => match write(rule, loser.other(), now, true) {
            Merged::Blocked(_) => Merged::Blocked(reason),
            written => written,
        },
        written => written,
    }
}

fn write(rule: &Rule, side: Side, now: &LastSynced, conflict: bool) -> Merged {
    let (across, replaced) = match side {
        Side::Crm => (rule.across_to_crm(&now.partner_center), &now.crm),
        Side::PartnerCenter => (rule.across_to_partner_center(&now.crm), &now.partner_center),
    };
    let value = match across {
        Ok(value) => value,
        Err(error) => return Merged::Blocked(blocked(rule, side, &error)),
    };
    if value.is_nothing() && rule.required != Required::Never {
        let field = Field::rule(&rule.name);
        return Merged::Blocked(Notice::CannotBeEmptied { field, side });
    }
    Merged::Write { side, value, overruled: conflict.then(|| replaced.clone()) }
}

fn blocked(rule: &Rule, side: Side, error: &ConversionError) -> Notice {
    let field = Field::rule(&rule.name);
    Notice::NotConvertible { field, side, reason: error.to_string() }
}

/// Who wins by the rule; `None` when an operator is to be asked.
fn winner(rule: ConflictRule, newest: Side) -> Option<Side> {
    match rule {
        ConflictRule::Crm => Some(Side::Crm),
        ConflictRule::PartnerCenter => Some(Side::PartnerCenter),
        ConflictRule::Newest => Some(newest),
        ConflictRule::Ask => None,
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod transforms;
