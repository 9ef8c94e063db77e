//! Decisions on a deal that is in sync until a test changes it.

mod adoption;
mod conditions;
mod deadline;
mod dropped_writes;
mod expressions;
mod fallback;
mod fields;
mod help;
mod new_record;
mod new_referral;
mod plan;
mod registration;
mod solutions;
mod stage;
mod unreadable;
mod visibility;
mod win_hold;
mod write_ahead;

use serde_json::{Value as Json, json};

use crate::fixtures::{Deal, RECORD, now, pair, record, referral, set, shipped};
use crate::pair::Standing;
use crate::plan::{Action, HelpRequest, Plan};
use cosell_mapping::{Mapping, Rule};
use cosell_model::audit::Side;
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::notice::{Notice, OffReason};
use cosell_model::patch::PatchVerb;
use cosell_model::state::DealState;
use cosell_model::value::Value;

/// The plan after both sides changed from a deal in sync.
fn after(
    change_referral: impl FnOnce(&mut Json),
    change_record: impl FnOnce(&mut CrmRecord),
) -> Plan {
    let mut deal = Deal::in_sync();
    deal.edit_referral(change_referral);
    deal.edit_record(change_record);
    deal.plan()
}

fn rule_mut<'a>(mapping: &'a mut Mapping, name: &str) -> &'a mut Rule {
    mapping.rules.iter_mut().find(|rule| rule.name == name).unwrap()
}

fn stage(body: &mut Json, status: &str, substatus: &str) {
    (body["status"], body["substatus"]) = (json!(status), json!(substatus));
}

fn pending(body: &mut Json) {
    stage(body, "New", "Pending");
}

/// The seller chose help, and the customer contact is complete.
fn asks(record: &mut CrmRecord) {
    set(record, "nwcs_howcanmicrosofthelp", json!(412_000_002));
    for (column, value) in [
        ("firstname", "Ida"),
        ("lastname", "Ek"),
        ("emailaddress1", "ida.ek@norrsken.example"),
        ("telephone1", "+4690"),
    ] {
        set(record, &format!("parentcontactid/{column}"), json!(value));
    }
}

/// The body of the referral that is made.
fn created(plan: &Plan) -> &Json {
    let mut effects = plan.effects.iter();
    let body = effects.find_map(|effect| match &effect.action {
        Action::CreateReferral(body) => Some(body),
        _ => None,
    });
    body.unwrap_or_else(|| panic!("not made: {:?}", plan.codes()))
}

/// Why a deal is refused.
fn refused(plan: &Plan) -> &[Notice] {
    match &plan.state {
        Some(DealState::Refused { reasons }) => reasons,
        other => panic!("{other:?}"),
    }
}

/// Why a deal takes no part.
fn off(plan: &Plan) -> Option<&OffReason> {
    match &plan.state {
        Some(DealState::Off { reason }) => Some(reason),
        _ => None,
    }
}
