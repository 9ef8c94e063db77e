//! A trial in words.

use std::fmt::{Display, Write};

use cosell_mapping::Mapping;
use cosell_model::audit::Side;
use cosell_model::field::Field;
use cosell_model::link::Link;
use cosell_sync::pair::{Pair, Standing};
use cosell_sync::plan::{Action, Plan};
use cosell_sync::policy::Table;
use cosell_sync::render::{cut, label, sentence, status};

use super::creation::{Becomes, Creation, MadeField};
use super::{Trial, effects};
use crate::value::{recognisable, shown};

pub(super) fn of(trial: &Trial<'_>) -> String {
    let mut text = String::new();
    line(&mut text, found(trial.pair, trial.plan));
    of_plan(trial, &mut text);
    if let Some(creation) = &trial.creation {
        of_creation(creation, trial.pair.table, &mut text);
    }
    text
}

/// How the deal was found.
fn found(pair: &Pair, plan: &Plan) -> String {
    let both = pair.link.as_ref().map(two).unwrap_or_default();
    let makes = plan.effects.iter().any(|effect| {
        matches!(effect.action, Action::CreateRecord { .. } | Action::CreateReferral(_))
    });
    match &pair.standing {
        Standing::Linked => format!("{both} are linked."),
        Standing::AtRest(_) => format!("{both} are linked and left alone: neither is read."),
        Standing::Adopt => {
            format!("{both} name each other: they would be linked, and nothing would be made.")
        }
        Standing::NewRecord if makes => "A new record in the CRM would be made.".to_owned(),
        Standing::NewRecord => "No record would be made in the CRM.".to_owned(),
        Standing::NewReferral if makes => {
            "A new referral in Partner Center would be made.".to_owned()
        }
        Standing::NewReferral => "No referral would be made in Partner Center.".to_owned(),
        Standing::FormerLead { opportunity } => {
            format!("The lead's deal goes on as opportunity {opportunity}.")
        }
        Standing::Ignored(_) => "It takes no part in the sync: nothing would be made.".to_owned(),
        Standing::Contradiction(_) => {
            "The identifiers contradict each other: a person must decide.".to_owned()
        }
    }
}

fn two(link: &Link) -> String {
    format!("Referral {} and {} {}", link.referral, link.crm.entity, link.crm.id)
}

fn of_plan(trial: &Trial<'_>, text: &mut String) {
    let (mapping, plan) = (trial.mapping(), trial.plan);
    if plan.effects.is_empty() {
        line(text, "Nothing would be written.");
    } else {
        line(text, "\nWould be written, in this order:");
    }
    for effect in &plan.effects {
        for each in effects::lines(mapping, effect) {
            line(text, format_args!("  {each}"));
        }
    }
    if !plan.notices.is_empty() {
        line(text, "\nNotices, as the seller or the audit log would have them:");
    }
    for notice in &plan.notices {
        let (severity, code) = (notice.severity().to_string(), notice.code());
        line(text, format_args!("  {severity:<7}  {code}: {}", sentence(mapping, notice)));
    }
    of_open_fields(mapping, plan, text);
    text.push('\n');
    match trial.rules.state_after(trial.pair, plan) {
        Some(state) => {
            let status = cut(&status(mapping, &state), mapping.columns.sync_status_length);
            line(text, format_args!("State: {status} ({})", state.name()));
        }
        None => line(text, "State: known once both sides are there"),
    }
    if let Some(next) = plan.next {
        line(text, format_args!("Next reconciliation: by itself on {next:.0}"));
    }
}

/// Fields that do not agree after this plan.
fn of_open_fields(mapping: &Mapping, plan: &Plan, text: &mut String) {
    if !plan.conflicts.is_empty() {
        line(text, "\nChanged on both sides, awaiting a decision (`cosell deal resolve`):");
    }
    for (field, conflict) in &plan.conflicts {
        let (there, here) = (shown(&conflict.partner_center), shown(&conflict.crm));
        let name = named(mapping, field);
        line(
            text,
            format_args!("  {name}: {there} in {}, {here} in {}", Side::PartnerCenter, Side::Crm),
        );
    }
    let open = plan.deferred.union(&plan.differing);
    let open: Vec<String> = open
        .filter(|field| !plan.conflicts.contains_key(*field))
        .map(|field| named(mapping, field))
        .collect();
    if !open.is_empty() {
        line(text, format_args!("\nNot in sync, and not written now: {}", open.join(", ")));
    }
}

fn named(mapping: &Mapping, field: &Field) -> String {
    format!("{} ({field})", label(mapping, field))
}

fn of_creation(creation: &Creation<'_>, table: Table, text: &mut String) {
    let what = match (creation.side, table) {
        (Side::PartnerCenter, _) => "referral in Partner Center",
        (Side::Crm, Table::Opportunities) => "opportunity in the CRM",
        (Side::Crm, Table::Leads) => "lead in the CRM",
    };
    if creation.planned {
        line(text, format_args!("\nThe new {what}, field by field:"));
    } else {
        line(text, format_args!("\nWere it to be made now, the new {what}, field by field:"));
    }
    for field in &creation.fields {
        of_field(field, text);
    }
}

fn of_field(field: &MadeField<'_>, text: &mut String) {
    let mark = match &field.becomes {
        Becomes::Written { .. } => '✓',
        Becomes::Missing { .. } | Becomes::Unfit { .. } => '✗',
        Becomes::NotNow { .. } | Becomes::NotForThisDeal { .. } | Becomes::Empty { .. } => '·',
    };
    line(text, format_args!("\n{mark} {} (rule {})", field.label, field.rule));
    line(text, format_args!("  there    {} = {}", field.from, recognisable(&field.there)));
    match &field.becomes {
        Becomes::Written { written, cut, default } => {
            line(text, format_args!("  written  {} = {}", field.to, recognisable(written)));
            if let (Some(room), true) = (field.limits.room, *cut > 0) {
                let why = format_args!(
                    "  because  the column takes {room} characters (crm_length): the last {cut} \
                     are left out"
                );
                line(text, why);
            }
            if *default {
                line(text, "  because  nothing is there, so the rule's default is written");
            }
            if field.limits.locked {
                line(text, "  later    nothing: Microsoft locks it once the referral exists");
            }
        }
        Becomes::NotNow { why }
        | Becomes::NotForThisDeal { why }
        | Becomes::Empty { why }
        | Becomes::Missing { why }
        | Becomes::Unfit { why } => line(text, format_args!("  not written: {why}")),
    }
}

fn line(text: &mut String, line: impl Display) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{line}");
}
