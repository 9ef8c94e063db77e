//! A referral without a CRM record: the record is made, by upsert on the referral's id.

use std::collections::BTreeMap;

use cosell_mapping::{Carried, Mapping, Rule, Situation};
use cosell_model::audit::Side;
use cosell_model::crm::{CrmRecord, CrmWrite, Phase};
use cosell_model::field::Field;
use cosell_model::life_cycle::Stage;
use cosell_model::link::{DroppedWrite, LastSynced};
use cosell_model::notice::{Notice, OffReason, Refusal};
use cosell_model::patch::PatchOperation;
use cosell_model::referral::{Referral, ReferralKind};
use cosell_model::state::DealState;
use cosell_model::value::Value;
use jiff::Timestamp;

use super::{base, is_kept, reference, scope};
use crate::decide::connector::Connector;
use crate::pair::Pair;
use crate::plan::{Action, Effect, Plan};
use crate::policy::{Policy, Rules, Table};

pub(super) fn decide(rules: Rules<'_>, pair: &Pair) -> Plan {
    let Some(referral) = &pair.referral else { return Plan::default() };
    let policy = rules.policy;
    let unmapped_lead = referral.kind == ReferralKind::Lead
        && referral.stage == Stage::New
        && pair.table == Table::Opportunities;
    let off = scope::outside((policy.sync_private, policy.sync_leads), referral)
        .or_else(|| unmapped_lead.then_some(OffReason::NoLeadTable));
    if let Some(reason) = off {
        let notice = Notice::Off { reason: reason.clone() };
        return Plan::ending(DealState::Off { reason }, vec![notice]);
    }
    let mapping = rules.mapping_of(pair.table);
    let mut plan = Plan::default();
    plan.notices.push(Notice::RecordCreated { record: None });
    let write = whole(mapping, policy, referral, pair.now, &mut plan);
    let bare = bare(mapping, policy, referral, pair.now, None);
    plan.effects.push(Effect {
        field: Field::Reference,
        side: Side::Crm,
        before: Value::Nothing,
        after: Value::text(referral.id.to_string()),
        overruled: None,
        is_final: false,
        action: Action::CreateRecord { write, bare },
    });
    if referral.external_reference.is_none() {
        // Which record that is follows from the answer.
        let operation = PatchOperation::set(referral, "externalReferenceId", "".into());
        plan.effects.push(reference::naming(operation, Value::Nothing));
    }
    plan
}

/// The whole record, with what its seller is notified of.
fn whole(
    mapping: &Mapping,
    policy: &Policy,
    referral: &Referral,
    now: Timestamp,
    plan: &mut Plan,
) -> CrmWrite {
    let mut write = CrmWrite::default();
    for rule in &mapping.rules {
        match rule.carried_to_crm(referral) {
            Carried::Written { json, .. } => {
                write.fields.insert(rule.crm.as_str().to_owned(), json);
            }
            Carried::Unfit(error) => {
                let (field, reason) = (base::field(rule), error.to_string());
                plan.notices.push(Notice::FieldLeftEmpty { field, reason });
            }
            Carried::Elsewhen(_) | Carried::Empty | Carried::Missing | Carried::Inapplicable => {}
        }
    }
    mapping.show_visibility(referral, &mut write);
    let notices = plan.notices.clone();
    introduce(mapping, policy, referral, &mut write, (&DealState::InSync, &notices), now);
    write
}

/// The record of a referral whose CRM refused the whole: its name, and what the seller must know.
/// Without a record nobody would know of the invitation before it expires. Later reconciliations
/// fill the rest, field by field, as far as it is taken.
pub(crate) fn bare(
    mapping: &Mapping,
    policy: &Policy,
    referral: &Referral,
    now: Timestamp,
    refusal: Option<&Refusal>,
) -> CrmWrite {
    let mut write = CrmWrite::default();
    for rule in mapping.rules.iter().filter(|rule| rule.is_name()) {
        if let Carried::Written { json, .. } = rule.carried_to_crm(referral) {
            write.fields.insert(rule.crm.as_str().to_owned(), json);
        }
    }
    let refused = refusal.map(|refusal| Notice::WriteRefused { refusal: refusal.clone() });
    let reasons: Vec<Notice> = refused.into_iter().collect();
    let state = DealState::PartlySynced {
        fields: std::collections::BTreeSet::new(),
        blocked: true,
        reasons: reasons.clone(),
    };
    introduce(mapping, policy, referral, &mut write, (&state, &reasons), now);
    write
}

/// What every new record gets besides its fields: its phase, and what the seller is notified of.
fn introduce(
    mapping: &Mapping,
    policy: &Policy,
    referral: &Referral,
    write: &mut CrmWrite,
    (state, notices): (&DealState, &[Notice]),
    now: Timestamp,
) {
    // A new record is open; only another phase needs saying.
    let phase = mapping.stages.to_crm.get(&referral.stage).copied();
    write.phase = phase.filter(|phase| *phase != Phase::Open);
    let connector = Connector {
        referral: Some(referral.id),
        microsoft_crm_id: super::connector::microsoft_crm_id(referral),
        ..Connector::new(mapping, policy, now)
    };
    connector.introduce(write, state, notices);
}

/// What was last synced of a record that was made bare: what is empty is yet to be filled, and what
/// the CRM put there by itself (its own currency, a provisional date) is not the referral's.
pub(crate) fn yet_to_be_filled(
    mapping: &Mapping,
    mut synced: BTreeMap<Field, LastSynced>,
) -> BTreeMap<Field, LastSynced> {
    for rule in &mapping.rules {
        let field = base::field(rule);
        let Some(entry) = synced.get_mut(&field) else { continue };
        if entry.crm.is_nothing() {
            synced.remove(&field);
        } else if !rule.agrees(entry) {
            entry.partner_center = Value::Nothing;
        }
    }
    synced
}

/// The currency that a record of our own making has, as last synced.
pub(crate) fn made_currency(
    mapping: &Mapping,
    referral: &Referral,
    record: &CrmRecord,
) -> BTreeMap<Field, LastSynced> {
    let synced = yet_to_be_filled(mapping, start(mapping, referral, record));
    let is_currency = |field: &Field| mapping.is_currency(field.as_str());
    synced.into_iter().filter(|(field, _)| is_currency(field)).collect()
}

/// What a new link starts with.
pub(crate) fn start(
    mapping: &Mapping,
    referral: &Referral,
    record: &CrmRecord,
) -> BTreeMap<Field, LastSynced> {
    mapping.observe(referral, record).into_new_link()
}

/// What a new record was given and does not have. What belongs to a related record may have been
/// there before.
pub(crate) fn dropped(
    mapping: &Mapping,
    referral: &Referral,
    record: &CrmRecord,
    at: Timestamp,
) -> BTreeMap<Field, DroppedWrite> {
    let situation = Situation::of(referral, false);
    let given = mapping
        .rules
        .iter()
        .filter(|rule| rule.applies(situation))
        .filter(|rule| rule.to_crm.on_create() && !rule.crm.as_str().contains('/'));
    let dropped = given.filter_map(|rule: &Rule| {
        let partner_center = rule.read_partner_center(referral).ok()?;
        let asked = rule.across_to_crm(&partner_center).ok().filter(|asked| !asked.is_nothing())?;
        let now = rule.read_crm(record).ok()?;
        (!is_kept(&Value::Nothing, &asked, &now))
            .then(|| (base::field(rule), DroppedWrite { partner_center, at }))
    });
    dropped.collect()
}
