//! What the CRM shows of the sync: identifier, link, Sync status and the Audit field. Rendered from
//! the state and from the notices that the seller has not read; the seller's text is never read to
//! decide anything.

use std::collections::BTreeMap;

use cosell_model::audit::Side;
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
        return on_closed(case, plan, record, &folded.state, &unread);
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

/// A closed record is read-only for most purposes: only what its seller waits for is tried there,
/// in the columns of the sync alone.
fn on_closed(
    case: &Case<'_>,
    plan: &Plan,
    record: &cosell_model::crm::CrmRecord,
    state: &DealState,
    unread: &[&Notice],
) -> BTreeMap<String, Json> {
    let deferral_changes = plan.memory.win_deferred_until != case.link.win_deferred_until;
    let is_for_closed = |notice: &&&Notice| {
        matches!(
            notice,
            Notice::WinDeferred { .. }
                | Notice::Registered
                | Notice::RegistrationBlocked
                | Notice::RegistrationDeclined { .. }
                | Notice::RegistrationRefused { .. }
                | Notice::RegistrationDates { .. }
                | Notice::RegistrationDateMissing { .. }
                | Notice::RegistrationWithoutSolution
        ) || (deferral_changes && matches!(notice, Notice::Sent { .. }))
    };
    let is_news = unread.iter().any(|notice| is_for_closed(&notice));
    if case.record.merged_into.is_some() || !(is_news || deferral_changes) {
        return BTreeMap::new();
    }
    let connector = Connector::new(case.mapping, case.policy, case.now);
    let mut columns = connector.columns(record, state, unread);
    let own = &case.mapping.columns;
    columns.retain(|column, _| own.audit == column.as_str() || own.sync_status == column.as_str());
    columns
}

/// The plan with what its seller reads, where the plan is no more than a state.
pub(crate) fn with_status(rules: Rules<'_>, pair: &Pair, mut plan: Plan) -> Plan {
    let (Some(record), Some(state)) = (&pair.record, &plan.state) else { return plan };
    let mapping = rules.mapping_of(pair.table);
    let says = match state {
        DealState::Refused { .. } => true,
        DealState::Disconnected { .. } | DealState::Waiting { .. } => is_on(mapping, record),
        // Of what never took part, its record says nothing.
        DealState::Off { .. } => pair.is_linked(),
        _ => false,
    };
    if record.is_read_only() || !says {
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
    let mut columns = connector.columns(record, state, &unread);
    if matches!(state, DealState::Off { .. }) {
        columns.retain(|column, _| mapping.columns.sync_status == column.as_str());
    }
    plan.effects.extend(effect(columns));
    plan
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
