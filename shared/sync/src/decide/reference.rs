//! Partner Center's "CRM ID" names our record. A text somebody else put there is left alone, and a
//! service that does not keep ours is not asked again. The lead that the record was is ours, too.

use cosell_model::audit::Side;
use cosell_model::field::Field;
use cosell_model::patch::PatchOperation;
use cosell_model::value::Value;

use super::case::Case;
use crate::plan::{Action, Effect, Plan};

const PATH: &str = "externalReferenceId";

pub(super) fn decide(case: &Case<'_>, plan: &mut Plan) {
    let id = case.record.key.id.clone();
    let tried = case.link.last_synced.get(&Field::Reference).is_some_and(|synced| {
        synced.partner_center.is_nothing() && synced.crm == Value::text(id.clone())
    });
    let is_ours = |present: &str| {
        case.link.lead.as_ref().is_some_and(|lead| case.mapping.record_ids.same(&lead.id, present))
    };
    let present = case.referral.external_reference.as_deref();
    if present.is_none_or(is_ours) && !case.referral.stage.is_terminal() && !tried {
        let before = present.map_or(Value::Nothing, Value::text);
        plan.effects.push(naming(PatchOperation::set(case.referral, PATH, id.into()), before));
    }
}

/// The effect that names a record in a referral.
pub(super) fn naming(operation: PatchOperation, before: Value) -> Effect {
    let after = operation.value.as_str().map_or(Value::Nothing, Value::text);
    Effect {
        field: Field::Reference,
        side: Side::PartnerCenter,
        before,
        after,
        overruled: None,
        is_final: false,
        action: Action::Patch(vec![operation]),
    }
}
