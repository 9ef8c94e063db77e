//! Whether Microsoft's sellers may see the deal: it only ever goes up (contract partner-center 2.5, 3.6). The CRM's column shows what
//! Partner Center says.

use serde_json::json;

use super::planner::Planner;
use crate::built_in_fields::VISIBILITY;
use cosell_model::audit::{FieldChange, Side};
use cosell_model::deal::CONSENT;
use cosell_model::link::LastSynced;
use cosell_model::patch::PatchOperation;
use cosell_model::value::Value;

impl Planner<'_> {
    /// `asking`: Microsoft is asked to help with this look, which its sellers can only do if they see the deal.
    pub(super) fn visibility(
        &mut self,
        last_synced: Option<&LastSynced>,
        now: Option<&LastSynced>,
        asking: bool,
    ) {
        if !self.referral.has("consent") {
            return;
        }
        if self.referral.is_visible_to_microsoft() {
            if let Some(now) = now.filter(|now| last_synced != Some(now)) {
                self.show(last_synced, now);
            }
        } else if asking {
            self.share();
        } else if let Some(now) = now.filter(|now| last_synced != Some(now)) {
            self.wish_to_share(last_synced, now);
        }
    }

    /// The CRM's column says what Partner Center says.
    fn show(&mut self, last_synced: Option<&LastSynced>, now: &LastSynced) {
        let Some((column, visible)) = self.mapping.visible() else {
            return;
        };
        if self.mapping.is_visibility_settled(now) {
            return;
        }
        if self.record.phase.is_closed() {
            let reason = "Referral Visibility was not written: the record is closed in the CRM.";
            return self.hold(VISIBILITY, reason.into(), true);
        }
        if last_synced.is_some_and(|last_synced| {
            last_synced.partner_center == now.partner_center
                && self.mapping.is_visibility_settled(last_synced)
        }) {
            let reason = "Referral Visibility was set back: what Microsoft's sellers could see once stays visible to them.";
            self.hold(VISIBILITY, reason.into(), false);
        }
        self.update.fields.insert(column.to_string(), visible.clone());
        let after =
            Value::text(visible.as_str().map_or_else(|| visible.to_string(), str::to_owned));
        self.note(Side::Crm, now.crm.clone(), after);
    }

    /// The deal is private: does its seller want otherwise?
    fn wish_to_share(&mut self, last_synced: Option<&LastSynced>, now: &LastSynced) {
        let changed = last_synced.is_none_or(|last_synced| last_synced.crm != now.crm);
        let reason = match self.mapping.visibility_of(self.record) {
            Ok(None | Some(false)) => return,
            Err(error) => format!("Referral Visibility: {error}."),
            Ok(Some(true)) if self.referral.stage.is_terminal() => {
                "Referral Visibility was not sent: the referral is closed in Partner Center."
                    .to_owned()
            }
            Ok(Some(true)) if self.referral.is_outgoing() => return self.share(),
            Ok(Some(true)) => {
                "Referral Visibility was not sent: whoever invited you decides who sees this deal."
                    .to_owned()
            }
        };
        if changed {
            self.hold(VISIBILITY, reason, false);
        }
    }

    fn share(&mut self) {
        self.update.patch.push(PatchOperation::set(self.referral, CONSENT, json!(true)));
        self.update.patched.push(VISIBILITY.to_owned());
        self.note(Side::PartnerCenter, Value::Bool(false), Value::Bool(true));
    }

    fn note(&mut self, side: Side, before: Value, after: Value) {
        self.update.changes.push(FieldChange {
            field: VISIBILITY.to_owned(),
            side,
            before,
            after,
            overruled: None,
        });
    }
}
