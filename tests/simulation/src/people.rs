//! What people and their automations do, at random: sellers in the CRM, colleagues and Microsoft in
//! Partner Center.

use cosell_fakes::{State, convert};
use cosell_model::audit::Side;
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::id::ReferralId;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::{Value as Json, json};

use crate::world::{Edit, LEAD, MARKS, OPPORTUNITY, World};

/// The fields that people edit on both sides: rule name, CRM column, path in the referral.
pub(crate) const FIELDS: [(&str, &str, &str); 4] = [
    ("name", "name", "/name"),
    ("deal_value", "estimatedvalue", "/details/dealValue"),
    ("notes", "description", "/details/notes"),
    ("closing_date", "estimatedclosedate", "/details/closingDateTime"),
];

/// The lead's column for the same field.
fn on_lead(column: &'static str) -> &'static str {
    match column {
        "name" => "subject",
        "estimatedvalue" => "estimatedamount",
        same => same,
    }
}

/// What the automations insist on.
const CRM_NAME: &str = "NAME BY THE CRM'S WORKFLOW";
const PARTNER_CENTER_NAME: &str = "name by another integration";

impl World {
    /// A seller makes a complete, flagged opportunity; sometimes asks Microsoft for help.
    pub(crate) fn seller_shares(&self) {
        if self.is_full() {
            return;
        }
        let help = if self.draw(3) == 0 { json!(412_000_002) } else { Json::Null };
        let mut state = self.state();
        let key = state.new_key(OPPORTUNITY);
        let (id, number) = (key.id.clone(), state.number());
        let fields = json!({
            "nwcs_syncwithpartnercenter": true, "nwcs_howcanmicrosofthelp": help, "name": format!("deal {number}"), "estimatedvalue": 1000 + number,
            "estimatedclosedate": "2027-03-31", "transactioncurrencyid/isocurrencycode": "SEK", "nwcs_products": "SOL-71402-QKD",
            "customerid_account/name": "Norrsken", "customerid_account/address1_line1": "Hamngatan 4", "customerid_account/address1_city": "Umeå",
            "customerid_account/address1_country": "SE", "parentcontactid/firstname": "Ida", "parentcontactid/lastname": "Ek",
            "parentcontactid/emailaddress1": "ida@norrsken.example", "parentcontactid/telephone1": "+4690", "owninguser/firstname": "Omar",
            "owninguser/lastname": "Lind", "owninguser/internalemailaddress": "omar@halcyon.example"
        });
        state.records.insert(id.clone(), cosell_fakes::record(key, fields));
        state.touch(&id);
        state.note(|| format!("a seller shares {id}"));
    }

    fn is_full(&self) -> bool {
        let state = self.state();
        self.weather.narrow && state.records.len() + state.referrals.len() > 3
    }

    /// One of the fields that people edit.
    fn field(&self) -> (&'static str, &'static str, &'static str) {
        // The name is the automations' where there are any.
        let (first, count) = match (self.weather.robots, self.weather.narrow) {
            (true, _) => (1, 3),
            (false, true) => (0, 2),
            (false, false) => (0, 4),
        };
        FIELDS[first + self.draw(count) as usize]
    }

    /// Microsoft invites the partner.
    pub(crate) fn microsoft_invites(&self) {
        if self.is_full() {
            return;
        }
        let lead = self.weather.leads && self.draw(2) == 0;
        let mut state = self.state();
        let (id, engagement, number) =
            (ReferralId::new(state.guid()), state.guid(), state.number());
        let mut body = json!({
            "engagementId": engagement, "name": format!("invitation {number}"), "status": "New", "substatus": "Pending", "type": "Shared",
            "direction": "Incoming", "qualification": "SalesQualified", "externalReferenceId": null,
            "target": [{ "type": "SolutionProfile", "id": "SOL-71402-QKD" }],
            "customerProfile": { "name": "Ostsjö", "address": { "city": "Gävle", "country": "SE", "postalCode": "80320" } },
            "details": { "dealValue": 1000 + number, "currency": "EUR", "closingDateTime": "2027-06-30T00:00:00Z", "notes": format!("note {number}"),
                         "requirements": { "solutions": [{ "id": "SOL-71402-QKD" }] } }
        });
        if lead {
            (body["type"], body["target"]) = (json!("Independent"), json!([]));
            body["inviteContext"] = json!({ "invitedBy": { "organizationId": "msft" } });
        }
        state.change_referral(id, body);
        let what = if lead { "sends the lead" } else { "invites with" };
        state.note(|| format!("Microsoft {what} {id}"));
    }

    /// A seller edits a field of an open opportunity, now and then back to what it was before; or
    /// the account behind it.
    pub(crate) fn seller_edits(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let (field, column, _) = self.field();
        let is_lead = self.is_lead(&id);
        let deals_column = column;
        let column = if is_lead { on_lead(column) } else { column };
        let before = self.former(&id, Side::Crm, field);
        let account = self.draw(20) == 0 && !is_lead;
        let keeps_mark = self.draw(2) == 0;
        let mut state = self.state();
        if account {
            let name = format!("Norrsken {}", state.number());
            state.enter(&id, "customerid_account/name", &json!(name));
            state.note(|| format!("a seller renames the account of {id}"));
            return;
        }
        let value = before.unwrap_or_else(|| fresh(&mut state, field, Side::Crm));
        // No more than the opportunity has room for, which the lead becomes.
        let value = state.crm.kept(deals_column, &value);
        let typed = if field == "name" && !is_lead {
            self.typed(&value, keeps_mark)
        } else {
            value.clone()
        };
        let before = state.records[&id].get(column).clone();
        if before == typed {
            return;
        }
        state.enter(&id, column, &typed);
        state.note(|| format!("a seller sets {field} of {id} to {typed}"));
        if field != "name" || unmarked(&before) != unmarked(&typed) {
            self.remember(&state, &id, Side::Crm, field, value);
        }
    }

    /// Where names are marked a seller types over the mark, or behind it.
    fn typed(&self, name: &Json, keeps_mark: bool) -> Json {
        let marked = format!("{} {}", MARKS[0], unmarked(name));
        if self.weather.marks && keeps_mark && marked.chars().count() <= self.weather.name_length {
            json!(marked)
        } else {
            name.clone()
        }
    }

    /// Somebody edits a field of an open referral in Partner Center.
    pub(crate) fn colleague_edits(&self) {
        let Some(id) = self.pick(self.open_referrals()) else {
            return;
        };
        let (field, _, path) = self.field();
        let before = self.former(&id.to_string(), Side::PartnerCenter, field);
        let mut state = self.state();
        let mut body = state.referrals[&id].clone();
        let value = before.unwrap_or_else(|| fresh(&mut state, field, Side::PartnerCenter));
        if body.pointer(path) == Some(&value) {
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
        self.remember(&state, &id.to_string(), Side::PartnerCenter, field, value);
    }

    /// Sometimes a person takes an earlier value again.
    fn former(&self, subject: &str, side: Side, field: &str) -> Option<Json> {
        if self.draw(4) >= if self.weather.narrow { 3 } else { 1 } {
            return None;
        }
        let former: Vec<Json> = {
            let book = self.book();
            let edits = book.edits.iter().rev();
            let own = edits
                .filter(|edit| edit.subject == subject && edit.side == side && edit.field == field);
            own.skip(1).take(2).map(|edit| edit.value.clone()).collect()
        };
        self.pick(former)
    }

    /// A seller takes an opportunity off hold, wins or loses it.
    pub(crate) fn seller_moves(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let wins = self.draw(2) == 0;
        if self.is_lead(&id) {
            return self.seller_decides_on_lead(&id);
        }
        let mut state = self.state();
        let Some(record) = state.records.get_mut(&id) else {
            return;
        };
        record.phase = match record.phase {
            Phase::OnHold => Phase::Open,
            Phase::Open if wins => Phase::Won,
            Phase::Open => Phase::Lost,
            closed => closed,
        };
        let phase = record.phase;
        state.touch(&id);
        state.note(|| format!("a seller moves {id} to {phase}"));
    }

    /// A seller qualifies a lead, with or without flagging the opportunity at once, or disqualifies
    /// it.
    fn seller_decides_on_lead(&self, id: &str) {
        let (qualifies, flags, enters) = (self.draw(3) > 0, self.draw(2) == 0, self.draw(2) == 0);
        let mut state = self.state();
        if !qualifies {
            if let Some(lead) = state.records.get_mut(id) {
                lead.phase = Phase::Lost;
            }
            state.touch(id);
            state.note(|| format!("a seller disqualifies {id}"));
            return;
        }
        let Ok(opportunity) = convert(&mut state, id) else {
            return;
        };
        state.note(|| format!("a seller makes opportunity {opportunity} of {id}"));
        if flags {
            state.enter(&opportunity, "nwcs_syncwithpartnercenter", &json!(true));
        }
        if enters {
            let value = fresh(&mut state, "deal_value", Side::Crm);
            let value = state.crm.kept("estimatedvalue", &value);
            state.enter(&opportunity, "estimatedvalue", &value);
            state.note(|| format!("and sets deal_value to {value}"));
            self.remember(&state, &opportunity, Side::Crm, "deal_value", value);
        }
    }

    fn is_lead(&self, id: &str) -> bool {
        self.state().records.get(id).is_some_and(|record| record.key.entity == LEAD)
    }

    /// Microsoft, or a colleague, answers an open referral.
    pub(crate) fn referral_moves(&self) {
        let ids = self.state().referrals.keys().copied().collect::<Vec<_>>();
        let Some(id) = self.pick(ids) else { return };
        let end = ["Won", "Lost"][self.draw(2) as usize];
        let mut state = self.state();
        let mut body = state.referrals[&id].clone();
        let is_half = body["target"][0]["id"] == "msft";
        match body["status"].as_str() {
            Some("New") if is_half && end == "Lost" => {
                (body["status"], body["substatus"]) = (json!("Closed"), json!("Declined"));
            }
            Some("New") => {
                (body["status"], body["substatus"]) = (json!("Active"), json!("Accepted"));
                body["trackingInfo"] = json!({ "microsoftMsxId": format!("7-{id}") });
            }
            Some("Active") => (body["status"], body["substatus"]) = (json!("Closed"), json!(end)),
            _ => return,
        }
        let status = body["status"].clone();
        state.change_referral(id, body);
        state.note(|| format!("{id} becomes {status} in Partner Center"));
    }

    /// A record is deleted, or merged into another.
    pub(crate) fn record_goes(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let into = self.pick(self.open_records()).filter(|into| *into != id && self.draw(2) == 0);
        let into = into.filter(|into| !self.is_lead(&id) && !self.is_lead(into));
        let mut state = self.state();
        self.book().deleted.insert(id.clone());
        if let Some(into) = into {
            let into_key = state.records[&into].key.clone();
            if let Some(record) = state.records.get_mut(&id) {
                record.merged_into = Some(into_key);
            }
            state.touch(&id);
            state.note(|| format!("{id} is merged into {into}"));
        } else {
            state.records.remove(&id);
            state.note(|| format!("a seller deletes {id}"));
        }
    }

    /// A linked referral becomes invisible to our user, or visible again.
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

    /// Whoever could not see gets his role back. Nobody is told of it.
    pub(crate) fn everything_visible(&self) {
        self.state().hidden.clear();
    }

    /// Two automations, one on each side, insist on their own name for every deal that is synced.
    pub(crate) fn robots(&self) {
        if !self.weather.robots || self.is_calm() {
            return;
        }
        let mut state = self.state();
        let links: Vec<(ReferralId, String)> =
            state.links.values().map(|link| (link.referral, link.crm.id.clone())).collect();
        for (referral, record) in links {
            let insists = |record: &&CrmRecord| {
                !record.phase.is_closed()
                    && record.merged_into.is_none()
                    && record.get("name") != CRM_NAME
            };
            if state.records.get(&record).as_ref().is_some_and(insists) {
                state.enter(&record, "name", &json!(CRM_NAME));
            }
            let mut body = state.referrals[&referral].clone();
            if body["status"] != "Closed" && body["name"] == CRM_NAME {
                body["name"] = json!(PARTNER_CENTER_NAME);
                state.change_referral(referral, body);
            }
        }
    }

    pub(crate) fn open_records(&self) -> Vec<String> {
        let open = |record: &&CrmRecord| {
            let flagged = *record.get("nwcs_syncwithpartnercenter") == json!(true);
            flagged && !record.phase.is_closed() && record.merged_into.is_none()
        };
        self.state().records.values().filter(open).map(|record| record.key.id.clone()).collect()
    }

    fn remember(&self, state: &State, subject: &str, side: Side, field: &'static str, value: Json) {
        let moment = state.moment;
        self.book().edits.push(Edit { subject: subject.to_owned(), side, field, value, moment });
    }

    fn open_referrals(&self) -> Vec<ReferralId> {
        let state = self.state();
        let open = |body: &Json| body["status"] != "Closed" && body["target"][0]["id"] != "msft";
        state.referrals.iter().filter(|(_, body)| open(body)).map(|(id, _)| *id).collect()
    }
}

/// A value nobody used before.
fn fresh(state: &mut State, field: &str, side: Side) -> Json {
    let number = state.number();
    match (field, side) {
        ("deal_value", _) => json!(f64::from(number) + 0.4),
        ("closing_date", Side::Crm) => json!(day(number).to_string()),
        ("closing_date", Side::PartnerCenter) => json!(format!("{}T00:00:00Z", day(number))),
        _ => json!(format!("v{number} {}", "x".repeat((number % 40) as usize))),
    }
}

/// A name without its mark.
fn unmarked(name: &Json) -> &str {
    name.as_str().unwrap_or_default().trim_start_matches(|c: char| MARKS.contains(&c) || c == ' ')
}

fn day(number: u32) -> Date {
    date(2028, 1, 1).saturating_add(i64::from(number).days())
}
