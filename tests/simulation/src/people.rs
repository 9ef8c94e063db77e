//! What people do, at random: sellers in the CRM, colleagues and Microsoft in Partner Center. Every value is new.

use cosell_core::audit::Side;
use cosell_core::crm::Phase;
use cosell_core::id::ReferralId;
use serde_json::{Value as Json, json};

use crate::ports::{blank, kept};
use crate::world::{Edit, State, World};

/// The fields that people edit on both sides: rule name, CRM column, path in the referral.
const FIELDS: [(&str, &str, &str); 4] = [
    ("name", "name", "/name"),
    ("deal_value", "estimatedvalue", "/details/dealValue"),
    ("notes", "description", "/details/notes"),
    ("closing_date", "estimatedclosedate", "/details/closingDateTime"),
];

impl World {
    /// A seller makes a complete, flagged opportunity; sometimes asks Microsoft for help.
    pub(crate) fn seller_shares(&self) {
        let help = if self.draw(3) == 0 { json!(412_000_002) } else { Json::Null };
        let mut state = self.state();
        let (id, number) = (state.guid().to_string(), state.number());
        let fields = json!({
            "nwcs_syncwithpartnercenter": true, "nwcs_howcanmicrosofthelp": help, "name": format!("deal {number}"), "estimatedvalue": 1000 + number,
            "estimatedclosedate": "2027-03-31", "transactioncurrencyid/isocurrencycode": "SEK", "nwcs_products": "SOL-71402-QKD",
            "customerid_account/name": "Norrsken", "customerid_account/address1_line1": "Hamngatan 4", "customerid_account/address1_city": "Umeå",
            "customerid_account/address1_country": "SE", "parentcontactid/firstname": "Ida", "parentcontactid/lastname": "Ek",
            "parentcontactid/emailaddress1": "ida@norrsken.example", "parentcontactid/telephone1": "+4690", "owninguser/firstname": "Omar",
            "owninguser/lastname": "Lind", "owninguser/internalemailaddress": "omar@halcyon.example"
        });
        state.records.insert(id.clone(), blank(&id, fields));
        state.touch(&id);
        state.tell(|| format!("a seller shares {id}"));
    }

    /// Microsoft invites the partner.
    pub(crate) fn microsoft_invites(&self) {
        let mut state = self.state();
        let (id, engagement, number) = (ReferralId::new(state.guid()), state.guid(), state.number());
        let body = json!({
            "engagementId": engagement, "name": format!("invitation {number}"), "status": "New", "substatus": "Pending", "type": "Shared",
            "direction": "Incoming", "qualification": "SalesQualified", "externalReferenceId": null,
            "target": [{ "type": "SolutionProfile", "id": "SOL-71402-QKD" }],
            "customerProfile": { "name": "Ostsjö", "address": { "city": "Gävle", "country": "SE", "postalCode": "80320" } },
            "details": { "dealValue": 1000 + number, "currency": "EUR", "closingDateTime": "2027-06-30T00:00:00Z", "notes": format!("note {number}"),
                         "requirements": { "solutions": [{ "id": "SOL-71402-QKD" }] } }
        });
        state.put_referral(id, body);
        state.tell(|| format!("Microsoft invites with {id}"));
    }

    /// A seller edits a field of an open opportunity.
    pub(crate) fn seller_edits(&self) {
        let Some(id) = self.pick(self.opportunities()) else { return };
        let (field, column, _) = FIELDS[self.draw(4) as usize];
        let mut state = self.state();
        if state.records[&id].phase.is_closed() || *state.records[&id].get("nwcs_syncwithpartnercenter") != json!(true) {
            return;
        }
        let value = kept(&self.weather, column, &fresh(&mut state, field, Side::Crm));
        if let Some(record) = state.records.get_mut(&id) {
            record.fields.insert(column.into(), value.clone());
        }
        state.touch(&id);
        state.tell(|| format!("a seller sets {field} of {id} to {value}"));
        remember(&mut state, &id, Side::Crm, field, value);
    }

    /// Somebody edits a field of an open referral in Partner Center.
    pub(crate) fn colleague_edits(&self) {
        let ids = self.state().referrals.keys().copied().collect::<Vec<_>>();
        let Some(id) = self.pick(ids) else { return };
        let (field, _, path) = FIELDS[self.draw(4) as usize];
        let mut state = self.state();
        let mut body = state.referrals[&id].clone();
        let half = body["target"][0]["id"] == "msft";
        if body["status"] == "Closed" || half {
            return;
        }
        let value = fresh(&mut state, field, Side::PartnerCenter);
        if let Some(property) = body.pointer_mut(path) {
            *property = value.clone();
        } else {
            body["details"]["notes"] = value.clone();
        }
        let field = if body.pointer(path) == Some(&value) { field } else { "notes" };
        state.put_referral(id, body);
        state.tell(|| format!("somebody sets {field} of {id} to {value}"));
        remember(&mut state, &id.to_string(), Side::PartnerCenter, field, value);
    }

    /// A seller takes an opportunity off hold, wins or loses it.
    pub(crate) fn seller_moves(&self) {
        let Some(id) = self.pick(self.opportunities()) else { return };
        let wins = self.draw(2) == 0;
        let mut state = self.state();
        let Some(record) = state.records.get_mut(&id) else { return };
        record.phase = match record.phase {
            Phase::OnHold => Phase::Open,
            Phase::Open if wins => Phase::Won,
            Phase::Open => Phase::Lost,
            closed => closed,
        };
        let phase = record.phase;
        state.touch(&id);
        state.tell(|| format!("a seller moves {id} to {phase}"));
    }

    /// Microsoft, or a colleague, answers an open referral.
    pub(crate) fn referral_moves(&self) {
        let ids = self.state().referrals.keys().copied().collect::<Vec<_>>();
        let Some(id) = self.pick(ids) else { return };
        let end = ["Won", "Lost"][self.draw(2) as usize];
        let mut state = self.state();
        let mut body = state.referrals[&id].clone();
        match body["status"].as_str() {
            Some("New") => {
                (body["status"], body["substatus"]) = (json!("Active"), json!("Accepted"));
                body["trackingInfo"] = json!({ "microsoftMsxId": format!("7-{id}") });
            }
            Some("Active") => (body["status"], body["substatus"]) = (json!("Closed"), json!(end)),
            _ => return,
        }
        let status = body["status"].clone();
        state.put_referral(id, body);
        state.tell(|| format!("{id} becomes {status} in Partner Center"));
    }

    fn pick<T>(&self, from: impl IntoIterator<Item = T>) -> Option<T> {
        let mut from: Vec<T> = from.into_iter().collect();
        let count = u32::try_from(from.len()).ok().filter(|count| *count > 0)?;
        Some(from.swap_remove(self.draw(count) as usize))
    }
}

/// A value nobody used before.
fn fresh(state: &mut State, field: &str, side: Side) -> Json {
    let number = state.number();
    match (field, side) {
        ("deal_value", _) => json!(f64::from(number) + 0.4),
        ("closing_date", Side::Crm) => json!(format!("2027-{:02}-{:02}", 1 + number % 12, 1 + number % 28)),
        ("closing_date", Side::PartnerCenter) => json!(format!("2027-{:02}-{:02}T00:00:00Z", 1 + number % 12, 1 + number % 28)),
        _ => json!(format!("v{number} {}", "x".repeat((number % 40) as usize))),
    }
}

fn remember(state: &mut State, subject: &str, side: Side, field: &'static str, value: Json) {
    let moment = state.moment;
    state.edits.push(Edit {
        subject: subject.to_owned(),
        side,
        field,
        value,
        moment,
    });
}
