//! Whether Microsoft's sellers may see the deal: it only ever goes up (contract partner-center 2.5, 3.6).

use serde_json::json;

use super::planner::Planner;
use crate::audit::{FieldChange, Side};
use crate::deal::CONSENT;
use crate::mapping::VISIBILITY;
use crate::patch::PatchOperation;
use crate::value::Value;

impl Planner<'_> {
    /// `asking`: Microsoft is asked to help with this look, which its sellers can only do if they see the deal.
    pub(super) fn visibility(&mut self, asking: bool) {
        let known = self.referral.has("consent");
        if asking && known && !self.referral.is_visible_to_microsoft() {
            self.share();
        }
    }

    fn share(&mut self) {
        self.update.patch.push(PatchOperation::set(self.referral, CONSENT, json!(true)));
        self.update.patched.push(VISIBILITY.to_owned());
        self.update.changes.push(FieldChange {
            field: VISIBILITY.to_owned(),
            side: Side::PartnerCenter,
            before: Value::Bool(false),
            after: Value::Bool(true),
            overruled: None,
        });
    }
}
