//! Colleagues and Microsoft in Partner Center, and the service itself as time goes by.

use cosell_model::audit::Side;
use cosell_model::id::ReferralId;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::{fresh, is_microsofts};
use crate::world::World;

impl World {
    /// Microsoft invites the partner.
    pub(crate) fn microsoft_invites(&self) {
        if self.is_full() {
            return;
        }
        let lead = self.weather.leads && self.draw(2) == 0;
        let hours = i64::from(24 + self.draw(13 * 24));
        let mut state = self.state();
        let (id, engagement, number) =
            (ReferralId::new(state.guid()), state.guid(), state.number());
        let mut body = json!({
            "engagementId": engagement, "name": format!("invitation {number}"), "status": "New", "substatus": "Pending", "type": "Shared",
            "direction": "Incoming", "qualification": "SalesQualified", "externalReferenceId": null, "createdDateTime": state.now.to_string(),
            "target": [{ "type": "SolutionProfile", "id": "SOL-71402-QKD" }],
            "customerProfile": { "name": "Ostsjö", "address": { "city": "Gävle", "country": "SE", "postalCode": "80320" } },
            "details": { "dealValue": 1000 + number, "currency": "EUR", "closingDateTime": "2027-06-30T00:00:00Z", "notes": format!("note {number}"),
                         "requirements": { "solutions": [{ "id": "SOL-71402-QKD" }] } }
        });
        if lead {
            (body["type"], body["target"]) = (json!("Independent"), json!([]));
            body["inviteContext"] = json!({ "invitedBy": { "organizationId": "msft" } });
        }
        if self.weather.expires {
            let expires = state.now + SignedDuration::from_hours(hours);
            body["expirationDateTime"] = json!(expires.to_string());
        }
        state.change_referral(id, body);
        let what = if lead { "sends the lead" } else { "invites with" };
        state.note(|| format!("Microsoft {what} {id}"));
    }

    /// Somebody edits a field of an open referral in Partner Center.
    pub(crate) fn colleague_edits(&self) {
        let Some(id) = self.pick(self.open_referrals()) else {
            return;
        };
        let (field, path) = self.field();
        let before = self.former(&id.to_string(), Side::PartnerCenter, field);
        let empties = self.empties(field, Side::PartnerCenter);
        let mut state = self.state();
        let mut body = state.referrals[&id].clone();
        let value = match before {
            _ if empties => Json::Null,
            Some(before) => before,
            None => fresh(&mut state, field, Side::PartnerCenter),
        };
        let before = body.pointer(path).cloned().unwrap_or_default();
        if before == value {
            return;
        }
        match body.pointer_mut(path) {
            Some(property) => *property = value.clone(),
            // A referral without notes has no such property yet.
            None if field == "notes" => body["details"]["notes"] = value.clone(),
            None => return,
        }
        state.change_referral(id, body);
        state.note(|| format!("somebody sets {field} of {id} to {value}"));
        self.remember(&state, &id.to_string(), Side::PartnerCenter, field, (before, value));
    }

    /// Microsoft, or a colleague, answers an open referral.
    pub(crate) fn referral_moves(&self) {
        let ids = self.state().referrals.keys().copied().collect::<Vec<_>>();
        let Some(id) = self.pick(ids) else { return };
        let end = ["Won", "Lost"][self.draw(2) as usize];
        let declines = self.weather.expires && self.draw(4) == 0;
        let mut state = self.state();
        let mut body = state.referrals[&id].clone();
        match body["status"].as_str() {
            Some("New") if declines || (is_microsofts(&body) && end == "Lost") => {
                (body["status"], body["substatus"]) = (json!("Closed"), json!("Declined"));
                body["statusReason"] = json!("no capacity");
            }
            Some("New") => {
                (body["status"], body["substatus"]) = (json!("Active"), json!("Accepted"));
                body["trackingInfo"] = json!({ "microsoftMsxId": format!("7-{id}") });
            }
            Some("Active") => (body["status"], body["substatus"]) = (json!("Closed"), json!(end)),
            _ => return,
        }
        if body["status"] == "Closed" {
            body["closedDateTime"] = json!(state.now.to_string());
        }
        let status = body["substatus"].clone();
        state.change_referral(id, body);
        state.note(|| format!("{id} becomes {status} in Partner Center"));
    }

    /// A linked referral becomes invisible to the sync's service account, or visible again.
    pub(crate) fn referral_hides(&self) {
        let linked: Vec<ReferralId> = self.state().links.keys().copied().collect();
        let Some(id) = self.pick(linked) else { return };
        let mut state = self.state();
        if state.hidden.remove(&id) {
            state.note(|| format!("{id} is visible again"));
        } else {
            state.hidden.insert(id);
            state.note(|| format!("{id} is not visible any more"));
        }
    }

    /// Whoever could not see gets his role back. Nobody is notified of it.
    pub(crate) fn everything_visible(&self) {
        self.state().hidden.clear();
    }

    /// The service closes invitations that nobody answered in time, sooner or later.
    pub(crate) fn invitations_expire(&self) {
        let late = SignedDuration::from_hours(i64::from(self.weather.expires_late));
        let mut state = self.state();
        let now = state.now;
        let is_over = |body: &Json| {
            let expires = body["expirationDateTime"].as_str()?.parse::<Timestamp>().ok()?;
            Some(body["status"] == "New" && expires + late <= now)
        };
        let over: Vec<(ReferralId, Json)> = state
            .referrals
            .iter()
            .filter(|(_, body)| is_over(body) == Some(true))
            .map(|(id, body)| (*id, body.clone()))
            .collect();
        for (id, mut body) in over {
            (body["status"], body["substatus"]) = (json!("Closed"), json!("Expired"));
            body["closedDateTime"] = json!(now.to_string());
            state.change_referral(id, body);
            state.note(|| format!("{id} expires"));
        }
    }
}
