//! What the seller reads is true: ✔ means that every synced field agrees, anything else names what
//! does not, and nothing differs without a reason.

use cosell_fakes::{Part, Refusal, Values};
use cosell_mapping::{OnHoldEdits, Required, Rule};
use cosell_model::crm::Phase;
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::state::DealState;
use cosell_model::value::Value;

use super::Pair;
use super::forgotten::lacks;

pub(super) fn check(pair: &Pair<'_>, wrong: &mut Vec<String>) {
    let Pair { end, referral, record, .. } = pair;
    if !pair.is_flagged() || is_shut(pair) {
        return;
    }
    let (apart, status) = (is_apart(pair), pair.status());
    if apart && !is_stage_excused(pair) {
        wrong.push(format!(
            "referral {} is {} but its record is {}",
            referral.id, referral.stage, record.phase
        ));
    }
    if record.phase.is_closed() {
        return check_closed(pair, wrong);
    }
    let differing: Vec<&Rule> = if referral.stage.is_terminal() || is_stuck(pair) {
        Vec::new()
    } else {
        synced(pair).filter(|rule| !agree(pair, rule)).collect()
    };
    // ✔ means that every synced field agrees, and nothing else.
    if status.starts_with('✔') {
        if !pair.link.dropped_writes.is_empty() {
            let dropped: Vec<&str> = pair.link.dropped_writes.keys().map(Field::as_str).collect();
            wrong.push(format!(
                "the seller of {} reads {status}, but the CRM did not keep {dropped:?}",
                record.key.id
            ));
        }
        let stage = apart.then_some("the stage");
        let help = is_help_apart(pair).then_some("the choice of help");
        let seen = is_never_compared(pair).then_some("the visibility");
        let labels = differing.iter().map(|rule| rule.name.as_str());
        let labels = labels.chain(stage).chain(help).chain(seen);
        for label in labels {
            wrong.push(format!(
                "the seller of {} reads {status}, but {label} differs",
                record.key.id
            ));
        }
    } else if !has_reason(pair, &differing, apart) {
        wrong.push(format!("referral {} is in sync, but the seller reads: {status}", referral.id));
    }
    for rule in differing {
        if !is_excused(pair, rule) {
            let (there, here) = (rule.read_partner_center(referral), rule.read_crm(record));
            wrong.push(format!(
                "{} differs for referral {}: {there:?} there, {here:?} here",
                rule.name, referral.id
            ));
        } else if !is_named(pair, rule) {
            wrong.push(format!(
                "{} of {} differs, and its seller reads nothing of it: {status}",
                rule.name, record.key.id
            ));
        }
    }
    let shown = pair.mapping.visibility_of(record) == Ok(Some(true));
    if !referral.stage.is_terminal()
        && referral.has("consent")
        && shown != referral.is_visible_to_microsoft()
        && !is_refused_at(&end.state.partner_center.refusals, VISIBLE)
    {
        wrong.push(format!("the CRM and referral {} disagree on who sees the deal", referral.id));
    }
}

/// A closed record is read-only where its CRM takes no notes on it. Where it does, it says the state
/// that it had when it was last written.
fn check_closed(pair: &Pair<'_>, wrong: &mut Vec<String>) {
    let takes_notes = pair.end.state.crm.closed_takes_notes
        && pair.record.phase != Phase::Qualified
        && !pair.end.weather.refuses
        && !pair.is_rewritten();
    let (state, status) = (pair.link.state.before_failing(), pair.status());
    let is_synced = *state == DealState::InSync;
    let is_ours = status.starts_with(['✔', '⚠', '✘']);
    if takes_notes && is_ours && status.starts_with('✔') != is_synced {
        wrong.push(format!(
            "the seller of the closed {} reads {status}, but the deal is {}",
            pair.record.key.id,
            state.name()
        ));
    }
}

/// Whether help is chosen that Microsoft was not asked for, and cannot be.
fn is_help_apart(pair: &Pair<'_>) -> bool {
    let Some(chosen) = chosen_help(pair) else { return false };
    match pair.link.microsoft.requested.as_deref() {
        Some(requested) => chosen != requested,
        None => pair.referral.is_incoming() && pair.link.microsoft_referral.is_none(),
    }
}

fn chosen_help<'a>(pair: &'a Pair<'_>) -> Option<&'a str> {
    let column = pair.record.get(&pair.mapping.help.column);
    pair.mapping.help_code(column).ok().flatten()
}

/// Whether the seller wants a deal shown of whose visibility nothing was ever known.
fn is_never_compared(pair: &Pair<'_>) -> bool {
    !pair.referral.has("consent")
        && !pair.link.last_synced.contains_key(&Field::Visibility)
        && pair.mapping.visibility_of(pair.record) == Ok(Some(true))
}

const VISIBLE: &str = "/consent/consentToShareReferralWithMicrosoftSellers";

/// Whether the CRM refuses any write of this record for the time being.
fn is_shut(pair: &Pair<'_>) -> bool {
    let shuts = |refusal: &Refusal| {
        let concerned =
            refusal.subject.as_ref().is_none_or(|subject| *subject == pair.record.key.id);
        refusal.part == Part::Update && concerned && holds(pair, refusal)
    };
    pair.end.state.crm.refusals.iter().any(shuts)
}

fn holds(pair: &Pair<'_>, refusal: &Refusal) -> bool {
    refusal.until.is_none_or(|until| pair.end.state.now < until)
}

/// Whether a service refuses something that does not end by itself.
pub(super) fn refuses_for_good(refusals: &[Refusal]) -> bool {
    refusals.iter().any(|refusal| refusal.until.is_none())
}

fn is_refused_at(refusals: &[Refusal], name: &str) -> bool {
    refusals.iter().any(|refusal| match &refusal.part {
        Part::Field(field) | Part::Patched(field) => field == name,
        Part::Update => true,
        _ => false,
    })
}

/// Whether stage and phase do not go together.
fn is_apart(pair: &Pair<'_>) -> bool {
    let expected = match pair.referral.stage {
        Stage::New if pair.mapping.is_of_leads => &[Phase::Open][..],
        // An accepted one is no lead any more.
        Stage::Active if pair.mapping.is_of_leads => &[],
        Stage::New => &[Phase::OnHold],
        Stage::Active => &[Phase::Open],
        _ => &[Phase::Won, Phase::Lost],
    };
    !expected.contains(&pair.record.phase)
}

fn is_stage_excused(pair: &Pair<'_>) -> bool {
    let (here, there) = (&pair.end.state.crm.refusals, &pair.end.state.partner_center.refusals);
    let concerns = |refusal: &&Refusal| {
        let subject = refusal.subject.as_ref();
        subject.is_none_or(|subject| *subject == pair.record.key.id) && holds(pair, refusal)
    };
    let closes = |refusal: &Refusal| {
        matches!(refusal.part, Part::Close | Part::Update | Part::Qualify | Part::Create)
    };
    // A closed referral is final, whatever the seller reopens.
    let reopened = pair.end.weather.reopens && pair.referral.stage.is_terminal();
    let waits = pair.end.weather.registers
        && pair.link.win_deferred_until.is_some_and(|until| until > pair.end.state.now);
    // A record that the CRM would not move is left to its seller, who is notified.
    let left = pair.end.weather.refuses
        && pair.link.phase_refused.is_some()
        && pair.status().starts_with('✘');
    reopened
        || left
        || is_stuck(pair)
        || waits
        || here.iter().chain(there).filter(concerns).any(closes)
}

/// Whether the CRM makes no opportunity of an accepted lead, and its seller was notified.
fn is_stuck(pair: &Pair<'_>) -> bool {
    let refused = "no opportunity could be made of the lead";
    pair.mapping.is_of_leads
        && pair.referral.stage != Stage::New
        && (pair.status().starts_with('✘')
            || pair.audit_column().contains(refused)
            || pair.is_rewritten())
        && pair.end.state.crm.refusals.iter().any(|refusal| holds(pair, refusal))
}

/// The fields that are kept in sync, one way or both.
fn synced<'a>(pair: &'a Pair<'_>) -> impl Iterator<Item = &'a Rule> {
    let is_synced = |rule: &&Rule| rule.to_crm.on_update() || rule.to_partner_center.on_update();
    pair.mapping.rules.iter().filter(is_synced)
}

/// Whether a seller's edit of this field waits for the record to leave hold.
pub(super) fn waits(pair: &Pair<'_>, rule: &Rule) -> bool {
    let Pair { link, referral, record, mapping, .. } = pair;
    let on_hold =
        record.phase == Phase::OnHold || (mapping.is_of_leads && record.phase == Phase::Open);
    let on_hold = on_hold && referral.stage == Stage::New;
    let edited = link
        .last_synced
        .get(rule.name.as_str())
        .is_none_or(|last_synced| rule.read_crm(record).as_ref() != Ok(&last_synced.crm));
    on_hold && edited && mapping.stages.on_hold_edits == OnHoldEdits::Wait
}

/// Equal, or as equal as a lossy CRM can be.
fn agree(pair: &Pair<'_>, rule: &Rule) -> bool {
    let (Ok(there), Ok(here)) =
        (rule.read_partner_center(pair.referral), rule.read_crm(pair.record))
    else {
        return false;
    };
    let crm = &pair.end.state.crm;
    let asked =
        rule.across_to_crm(&there).map(|value| crm.kept(rule.crm.as_str(), &rule.crm_json(&value)));
    asked.is_ok_and(|json| Value::from_json(rule.kind, &json).is_ok_and(|value| value == here))
        || rule.across_to_partner_center(&here).is_ok_and(|value| value == there)
}

/// Whether there is something that the seller must read.
fn has_reason(pair: &Pair<'_>, differing: &[&Rule], apart: bool) -> bool {
    let status = pair.status();
    let answer =
        status.starts_with("⚠ Answer by") && pair.link.warned.contains_key(&pair.link.referral);
    // What was refused, and is not any more, reads so until the next reconcile; what lasts may be
    // about a creation or help.
    let (here, there) = (&pair.end.state.crm.refusals, &pair.end.state.partner_center.refusals);
    let refused =
        status.starts_with('✘') && here.iter().chain(there).any(|refusal| holds(pair, refusal));
    // Of a lossy copy, nobody can say that it is no edit that waits; a text that is cut to what
    // stood there before looks ignored.
    let waiting = status.starts_with("⚠ Sent once the deal is accepted: ")
        && synced(pair).any(|rule| waits(pair, rule) && status.contains(&rule.label));
    let dropped = status.starts_with("⚠ Partly synced: ")
        && pair.link.dropped_writes.keys().any(|field| {
            pair.rule(field.as_str()).is_some_and(|rule| status.contains(&rule.label))
        });
    let chosen = chosen_help(pair).is_some();
    // What was taken back, or chosen once it was too late.
    let too_late =
        pair.link.microsoft.requested.is_some() || (pair.referral.stage.is_terminal() && chosen);
    let help = status.contains("How can Microsoft help?") && (is_help_apart(pair) || too_late);
    let help = help || chosen && lacks(pair.end, pair.record, status);
    let never_compared = is_never_compared(pair);
    let known = answer || refused || apart || waiting || dropped || help || never_compared;
    known || !differing.is_empty()
}

/// Whether a field may differ: it goes one way, waits, is not kept by this CRM, one side does not
/// take the other's value, or it is empty and must not be.
fn is_excused(pair: &Pair<'_>, rule: &Rule) -> bool {
    let (there, here) = (rule.read_partner_center(pair.referral), rule.read_crm(pair.record));
    let empty = |value: &Result<Value, _>| value.as_ref().is_ok_and(Value::is_nothing);
    let emptied = rule.required != Required::Never && (empty(&there) || empty(&here));
    let currency = pair.mapping.rules.iter().find(|rule| rule.is_currency());
    let waits_for_currency = rule.is_amount()
        && currency.is_some_and(|currency| !agree(pair, currency) && is_excused(pair, currency));
    let one_way = !(rule.to_crm.on_update() && rule.to_partner_center.on_update());
    let is_ignored = pair.end.weather.ignores_date && rule.name == "closing_date";
    emptied
        || waits_for_currency
        || one_way
        || is_ignored
        || waits(pair, rule)
        || is_refused(pair, rule)
}

fn is_refused(pair: &Pair<'_>, rule: &Rule) -> bool {
    let path = format!("/{}", rule.partner_center.as_str().replace('.', "/"));
    let refuses = |refusal: &Refusal, name: &str| {
        let is_it = match &refusal.part {
            Part::Field(field) | Part::Patched(field) => field == name,
            Part::Update | Part::Create => true,
            _ => false,
        };
        is_it && holds(pair, refusal) && refusal.values != Values::First
    };
    let state = pair.end.state;
    state.crm.refusals.iter().any(|refusal| refuses(refusal, rule.crm.as_str()))
        || state.partner_center.refusals.iter().any(|refusal| refuses(refusal, &path))
}

fn is_named(pair: &Pair<'_>, rule: &Rule) -> bool {
    let whole = |refusal: &Refusal| {
        matches!(refusal.part, Part::Update | Part::Create) && holds(pair, refusal)
    };
    let state = pair.end.state;
    let whole = state.crm.refusals.iter().chain(&state.partner_center.refusals).any(whole);
    let read = [pair.status(), pair.audit_column()];
    // A full line is cut: the rest is named in the state that operators list.
    let is_listed = || {
        let field = Field::from(rule.name.as_str());
        let (DealState::PartlySynced { fields, .. } | DealState::Waiting { fields, .. }) =
            &pair.link.state
        else {
            return false;
        };
        pair.status().ends_with('…') && fields.contains(&field)
    };
    whole || is_listed() || read.iter().any(|text| text.contains(&rule.label))
}
