//! What the CRM shows of the sync: identifier, link, Sync status and the Audit field. Rendered from
//! the state and from the notices that the seller has not read; the seller's text is never read to
//! decide anything.

use std::collections::BTreeMap;

use cosell_model::audit::Side;
use cosell_model::crm::CrmRecord;
use cosell_model::field::Field;
use cosell_model::notice::Notice;
use cosell_model::state::DealState;
use cosell_model::value::Value;
use serde_json::Value as Json;

use super::case::Case;
use crate::decide::connector::{Connector, microsoft_crm_id};
use crate::decide::fold;
use crate::decide::progress::Progress;
use crate::identity::is_on;
use crate::pair::{Pair, Standing};
use crate::plan::{Action, Effect, Plan};
use crate::policy::Rules;

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    let columns = columns(case, plan, &Progress::planned(plan, case.link));
    plan.effects.extend(effect(columns));
}

/// The connector's columns of a linked deal, as they are to be written after `progress`: those that
/// the record lacks.
pub(crate) fn columns(case: &Case<'_>, plan: &Plan, progress: &Progress) -> BTreeMap<String, Json> {
    let record = progress.record.as_ref().unwrap_or(case.record);
    let folded = fold::of(case, plan, progress);
    let unread = fold::unread(case, progress, &folded.notices);
    if case.record.is_read_only() {
        return on_closed(case, plan, &folded.state, &unread, record);
    }
    let microsoft_id = case.microsoft().and_then(microsoft_crm_id);
    let connector = Connector {
        referral: Some(case.referral.id),
        microsoft_crm_id: microsoft_id.or_else(|| microsoft_crm_id(case.referral)),
        name: folded.name,
        marks: progress.may_mark,
        writes_besides: progress.writes_record(plan),
        planned: progress.planned_columns(plan),
        ..Connector::new(case.mapping, case.policy, case.now)
    };
    connector.columns(record, &folded.state, &unread)
}

/// A closed record is read-only for most purposes, and a CRM may refuse any write of it: only what
/// is new is tried there, once, in the columns of the sync alone.
fn on_closed(
    case: &Case<'_>,
    plan: &Plan,
    state: &DealState,
    unread: &[&Notice],
    record: &CrmRecord,
) -> BTreeMap<String, Json> {
    let deferral_changes = plan.memory.win_deferred_until != case.link.win_deferred_until;
    let is_registered = unread.iter().any(|notice| matches!(notice, Notice::Registered));
    if !(is_news(case.pair, state) || deferral_changes || is_registered) {
        return BTreeMap::new();
    }
    Connector::new(case.mapping, case.policy, case.now).notes_of_closed(record, state, unread)
}

/// Whether the deal comes to another state. What a closed record refused then is not tried again
/// while the state lasts.
fn is_news(pair: &Pair, state: &DealState) -> bool {
    pair.state().before_failing() != state
}

/// The plan with what its seller reads, where the plan is no more than a state.
pub(crate) fn with_status(rules: Rules<'_>, pair: &Pair, mut plan: Plan) -> Plan {
    let (Some(record), Some(state)) = (&pair.record, &plan.state) else { return plan };
    let mapping = rules.mapping_of(pair.table);
    let says = match state {
        DealState::Refused { .. } => true,
        DealState::Disconnected { .. } | DealState::Waiting { .. } => is_on(mapping, record),
        // Of what never took part, its record says nothing.
        DealState::Off { .. } => pair.is_linked() || was_notified(pair),
        _ => false,
    };
    if !says || (record.is_read_only() && !is_news(pair, state)) {
        return plan;
    }
    let link = pair.link.as_ref().filter(|_| pair.is_linked());
    let known = link.map(|link| &link.notified);
    let known = known.or_else(|| pair.unlinked.as_ref().map(|deal| &deal.notified));
    let unread: Vec<&Notice> = plan
        .notices
        .iter()
        .filter(|notice| !matches!(notice, Notice::Off { .. } | Notice::Restored { .. }))
        .filter(|notice| !known.is_some_and(|known| known.contains(&notice.key())))
        .collect();
    let connector = Connector {
        referral: link.map(|link| link.referral).filter(|_| pair.standing != Standing::Adopt),
        ..Connector::new(mapping, rules.policy, pair.now)
    };
    let mut columns = if record.is_read_only() {
        connector.notes_of_closed(record, state, &unread)
    } else {
        connector.columns(record, state, &unread)
    };
    if matches!(state, DealState::Off { .. }) {
        if pair.is_linked() {
            columns.retain(|column, _| mapping.columns.sync_status == column.as_str());
        } else {
            columns = connector.silent(record);
        }
    }
    plan.effects.extend(effect(columns));
    plan
}

/// Whether the seller of a deal that is not linked was notified why not.
fn was_notified(pair: &Pair) -> bool {
    !matches!(pair.state().before_failing(), DealState::New | DealState::Off { .. })
}

pub(super) fn effect(columns: BTreeMap<String, Json>) -> Option<Effect> {
    (!columns.is_empty()).then_some(Effect {
        field: Field::Stage,
        side: Side::Crm,
        before: Value::Nothing,
        after: Value::Nothing,
        overruled: None,
        is_final: false,
        action: Action::Notify(columns),
    })
}
