//! A trial in words.

use std::fmt::{Display, Write};

use cosell_mapping::Carried;
use cosell_mapping::{Mapping, When};
use cosell_model::audit::FieldChange;
use cosell_model::link::{DisconnectReason, Link};
use cosell_sync::plan::{FieldTrial, NewRecord, NewReferral, Trial, Update, Wish};
use serde_json::Value as Json;

use crate::table::shown;

/// Characters of a value that are shown: a line of notes is enough to recognise them.
const SHOWN: usize = 160;

/// A new CRM record.
pub(super) fn of_record(trial: &Trial<'_, NewRecord>) -> String {
    let mut text = String::new();
    match &trial.plan {
        NewRecord::Create(write) => {
            line(&mut text, "A new record in the CRM would be made.");
            if let Some(phase) = write.phase {
                line(&mut text, format_args!("Then it would be set to {phase}."));
            }
        }
        NewRecord::Skip(reason) => {
            line(&mut text, format_args!("No record would be made in the CRM: {reason}."))
        }
    }
    for field in &trial.fields {
        append(&mut text, field, &Way::to_crm(field));
    }
    besides(&mut text, trial);
    text
}

/// A new referral.
pub(super) fn of_referral(trial: &Trial<'_, NewReferral>) -> String {
    let mut text = String::new();
    match &trial.plan {
        NewReferral::Create { help, .. } => {
            line(&mut text, "A new referral in Partner Center would be made.");
            if let Some(help) = help {
                line(&mut text, format_args!("Then Microsoft would be asked to help: {help}."));
            }
        }
        NewReferral::Reject(problems) => {
            line(&mut text, "No referral would be made in Partner Center. The seller would read:");
            for problem in problems {
                line(&mut text, format_args!("  {problem}"));
            }
        }
        NewReferral::Skip(reason) => {
            line(&mut text, format_args!("No referral would be made in Partner Center: {reason}."))
        }
    }
    for field in &trial.fields {
        append(&mut text, field, &Way::to_partner_center(field));
    }
    besides(&mut text, trial);
    text
}

/// What a look at a pair would write.
pub(super) fn of_update(mapping: &Mapping, link: &Link, update: &Update) -> String {
    let mut text = paired(link);
    let held = update.held.iter().map(|held| format!("not carried: {}", held.reason));
    let waiting = update.conflicts.keys().map(|field| {
        format!(
            "not carried: {} was changed on both sides and waits: `cosell pair show --referral {}`",
            mapping.label(field),
            link.referral
        )
    });
    let dropped_writes = update.untold.keys().map(|field| {
        format!("the seller would be told that the CRM did not keep {}", mapping.label(field))
    });
    let changes = update.changes.iter().map(|change| changed(mapping, change));
    let mut lines: Vec<String> = changes.chain(held).chain(waiting).chain(dropped_writes).collect();
    let besides =
        [("/externalReferenceId", "the CRM ID"), ("/customerProfile/team", "the customer contact")];
    for (_, what) in besides
        .iter()
        .filter(|(path, _)| update.patch.iter().any(|operation| operation.path == *path))
    {
        lines.push(format!("{what} would be written to Partner Center"));
    }
    match &update.wish {
        Wish::Ask(invitation) => {
            lines.push(format!("Microsoft would be asked to help: {}", invitation.help))
        }
        Wish::Lacks(refusal) | Wish::Stands(refusal) => lines.extend(refusal.told.iter().cloned()),
        Wish::None | Wish::Rests => {}
    }
    if lines.is_empty() {
        lines.push("it is in step: nothing".to_owned());
    }
    line(&mut text, "A look at the pair would now write, by what was last last_synced:");
    for entry in lines {
        line(&mut text, format_args!("  {entry}"));
    }
    text
}

/// A pair across which nothing goes; `why` completes "A look would write nothing: ….".
pub(super) fn of_idle(link: &Link, why: &str) -> String {
    format!("{}A look at the pair would write no field: {why}.\n", paired(link))
}

/// A half that has a counterpart, though no link says so.
pub(super) fn of_counterpart(counterpart: &str) -> String {
    format!(
        "{counterpart} belongs to it already: a look would link the two and bring them in step, and make nothing.\n"
    )
}

/// Why nothing crosses, once `reason` is so.
pub(super) fn why_parted(reason: &DisconnectReason) -> String {
    format!("{reason}; `cosell pair show` tells the remedy")
}

/// One direction of a rule.
pub(super) struct Way<'a> {
    to: &'a str,
    /// The rule's key for this direction.
    key: &'a str,
    room: Option<usize>,
    locked: bool,
}

impl<'a> Way<'a> {
    pub(super) fn to_crm(field: &FieldTrial<'a>) -> Self {
        Self {
            to: field.rule.crm.as_str(),
            key: "to_crm",
            room: field.rule.crm_length,
            locked: false,
        }
    }

    pub(super) fn to_partner_center(field: &FieldTrial<'a>) -> Self {
        Self {
            to: field.rule.partner_center.as_str(),
            key: "to_partner_center",
            room: None,
            locked: field.rule.is_locked(),
        }
    }

    /// Where it is written.
    pub(super) fn to(&self) -> &'a str {
        self.to
    }
}

/// Why a field is not written.
pub(super) fn why_not(field: &FieldTrial<'_>, way: &Way<'_>) -> String {
    let remedy = &field.rule.remedy;
    let why = match &field.carried {
        Carried::Elsewhen(When::Update) => {
            format!("not on creation, only when it changes later ({} = \"update\")", way.key)
        }
        Carried::Elsewhen(_) => format!("not in this direction ({} = \"never\")", way.key),
        Carried::Inapplicable => "the rule is not there for such a deal (when)".to_owned(),
        Carried::Missing => format!("it is required and missing. {remedy}"),
        Carried::Unfit(error) => format!("{error}. {remedy}"),
        Carried::Empty | Carried::Written { .. } => "there is nothing to write".to_owned(),
    };
    why.trim_end().to_owned()
}

fn append<'a>(text: &mut String, field: &FieldTrial<'a>, way: &Way<'a>) {
    let rule = field.rule;
    let mark = match &field.carried {
        Carried::Written { .. } => '✓',
        Carried::Missing | Carried::Unfit(_) => '✗',
        Carried::Elsewhen(_) | Carried::Empty | Carried::Inapplicable => '·',
    };
    line(text, format_args!("\n{mark} {} (rule {})", rule.label, rule.name));
    line(text, format_args!("  there    {} = {}", field.from, value(&field.there)));
    match &field.carried {
        Carried::Written { json, cut, default } => {
            line(text, format_args!("  written  {} = {}", way.to, value(json)));
            if let (Some(room), true) = (way.room, *cut > 0) {
                let why = format_args!(
                    "  because  the column takes {room} characters (crm_length): the last {cut} are left out"
                );
                line(text, why);
            }
            if *default {
                line(text, "  because  nothing is there, so the rule's default is written");
            }
            if way.locked {
                line(text, "  later    nothing: Microsoft locks it once the referral exists");
            }
        }
        _ => line(text, format_args!("  not written: {}", why_not(field, way))),
    }
}

fn besides<Plan>(text: &mut String, trial: &Trial<'_, Plan>) {
    if !trial.besides.is_empty() {
        line(text, "\nBesides, by no rule:");
    }
    for (name, json) in &trial.besides {
        line(text, format_args!("  {name} = {}", value(json)));
    }
}

fn paired(link: &Link) -> String {
    let (referral, crm) = (link.referral, &link.crm);
    format!("Referral {referral} and {} {} are paired: nothing new is made.\n", crm.entity, crm.id)
}

fn changed(mapping: &Mapping, change: &FieldChange) -> String {
    let overruled = change.overruled.as_ref();
    let overruled =
        overruled.map(|lost| format!(" (changed on both sides; {} loses)", shown(lost)));
    format!(
        "{} in {}: {} -> {}{}",
        mapping.label(&change.field),
        change.side,
        shown(&change.before),
        shown(&change.after),
        overruled.unwrap_or_default()
    )
}

/// A value on one line, not longer than it must be to recognise it.
fn value(json: &Json) -> String {
    if json.is_null() {
        return "nothing".to_owned();
    }
    let text = json.to_string();
    let length = text.chars().count();
    if length <= SHOWN {
        return text;
    }
    let start: String = text.chars().take(SHOWN).collect();
    format!("{start}… ({length} characters)")
}

fn line(text: &mut String, line: impl Display) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{line}");
}
