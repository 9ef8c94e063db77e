//! Two automations, one on each side, insist on their own name for every deal that is synced.

use cosell_model::crm::CrmRecord;
use cosell_model::id::ReferralId;
use serde_json::json;

use crate::world::World;

/// What the automations insist on.
const CRM_NAME: &str = "NAME BY THE CRM'S WORKFLOW";
const PARTNER_CENTER_NAME: &str = "name by another integration";

impl World {
    /// The automations' turn.
    pub(crate) fn robots(&self) {
        if !self.weather.robots || self.is_calm() {
            return;
        }
        let column = self.names.column(false, "name").unwrap_or_default();
        let mut state = self.state();
        let links: Vec<(ReferralId, String)> =
            state.links.values().map(|link| (link.referral, link.crm.id.clone())).collect();
        for (referral, record) in links {
            let insists = |record: &&CrmRecord| {
                !record.phase.is_closed()
                    && record.merged_into.is_none()
                    && record.get(column) != CRM_NAME
            };
            if state.records.get(&record).as_ref().is_some_and(insists) {
                state.enter(&record, column, &json!(CRM_NAME));
            }
            let mut body = state.referrals[&referral].clone();
            if body["status"] != "Closed" && body["name"] == CRM_NAME {
                body["name"] = json!(PARTNER_CENTER_NAME);
                state.change_referral(referral, body);
            }
        }
    }
}
