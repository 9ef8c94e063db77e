//! Decisions on a pair that is in step until a test changes it.

mod absence;
mod conditions;
mod creation;
mod expressions;
mod fields;
mod help;
mod registration;
mod seller;
mod solutions;
mod stage;
mod trial;
mod visibility;
mod warning;

use serde_json::{Value as Json, json};

use super::*;
pub(crate) use crate::fixtures::{RECORD, now, record, referral, set, shipped};
use cosell_mapping::Mapping;
use cosell_model::audit::Side;
use cosell_model::crm::{CrmRecord, CrmWrite, Phase};
use cosell_model::life_cycle::Stage;
use cosell_model::link::Link;
use cosell_model::patch::PatchVerb;
use cosell_model::referral::Referral;

pub(crate) fn policy() -> Policy {
    Policy {
        sync_private: true,
        sync_leads: true,
        referral_link_base: "https://partner.example/referrals/".into(),
        breaker: Breaker::default(),
        deadlines: Deadlines::default(),
    }
}

pub(crate) fn linked(mapping: &Mapping, referral: &Referral, record: &CrmRecord) -> Link {
    Link {
        last_synced: crate::built_in_fields::by_name(
            mapping.observe(referral, record).into_new_link(),
        ),
        version: 1,
        ..Link::new(referral, record, now())
    }
}

/// There is nothing to do or to say.
pub(crate) fn is_quiet(update: &Update) -> bool {
    untouched(update)
        && update.patch.is_empty()
        && update.held.is_empty()
        && update.notes(true, true).is_empty()
}

/// Nothing is written to the CRM.
fn untouched(update: &Update) -> bool {
    update.fields.is_empty() && update.phase.is_none()
}

/// Plans after both sides changed from a pair that was in step.
fn after(
    change_referral: impl FnOnce(&mut Json),
    change_record: impl FnOnce(&mut CrmRecord),
) -> Update {
    let mapping = shipped();
    let link = linked(&mapping, &referral(|_| {}), &record(|_| {}));
    plan_update(&mapping, &link, &referral(change_referral), &record(change_record), now())
}
