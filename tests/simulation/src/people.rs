//! What people and their automations do, at random.

mod colleagues;
mod help;
mod robots;
mod second_thoughts;
mod sellers;

use cosell_fakes::State;
use cosell_model::audit::Side;
use cosell_model::crm::CrmRecord;
use cosell_model::id::ReferralId;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::{Value as Json, json};

use crate::world::{Edit, LEAD, MARKS, World};

/// The fields that people edit on both sides: rule name, path in the referral.
pub(crate) const FIELDS: [(&str, &str); 4] = [
    ("name", "/name"),
    ("deal_value", "/details/dealValue"),
    ("notes", "/details/notes"),
    ("closing_date", "/details/closingDateTime"),
];

impl World {
    fn is_full(&self) -> bool {
        let state = self.state();
        self.weather.narrow && state.records.len() + state.referrals.len() > 3
    }

    /// One of the fields that people edit.
    fn field(&self) -> (&'static str, &'static str) {
        // The name is the automations' where there are any.
        let (first, count) = match (self.weather.robots, self.weather.narrow) {
            (true, _) => (1, 3),
            (false, true) => (0, 2),
            (false, false) => (0, 4),
        };
        FIELDS[first + self.draw(count) as usize]
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

    /// Whether somebody empties this field now. No CRM and no referral can do without a name;
    /// Salesforce insists on the close date, too.
    fn empties(&self, field: &str, side: Side) -> bool {
        let empties = match field {
            "notes" => self.weather.clears || self.weather.clears_required,
            "deal_value" => self.weather.clears_required,
            "closing_date" => {
                self.weather.clears_required && !(self.weather.salesforce && side == Side::Crm)
            }
            _ => false,
        };
        empties && self.draw(4) == 0
    }

    /// Notes an edit, from what stood there to what stands there now.
    fn remember(
        &self,
        state: &State,
        subject: &str,
        side: Side,
        field: &'static str,
        (before, value): (Json, Json),
    ) {
        let (moment, at, subject) = (state.moment, state.now, subject.to_owned());
        self.book().edits.push(Edit { subject, side, field, value, before, moment, at });
    }

    fn is_lead(&self, id: &str) -> bool {
        self.state().records.get(id).is_some_and(|record| record.key.entity == LEAD)
    }

    fn records_that(&self, keep: impl Fn(&CrmRecord) -> bool) -> Vec<String> {
        let state = self.state();
        let flagged =
            |record: &&CrmRecord| *record.get(self.names.sync()) == json!(true) && keep(record);
        state.records.values().filter(flagged).map(|record| record.key.id.clone()).collect()
    }

    pub(crate) fn open_records(&self) -> Vec<String> {
        self.records_that(|record| !record.phase.is_closed() && record.merged_into.is_none())
    }

    fn open_referrals(&self) -> Vec<ReferralId> {
        let state = self.state();
        let open = |body: &Json| body["status"] != "Closed" && !is_microsofts(body);
        state.referrals.iter().filter(|(_, body)| open(body)).map(|(id, _)| *id).collect()
    }
}

/// Whether it is Microsoft's referral of an engagement.
pub(crate) fn is_microsofts(body: &Json) -> bool {
    body["target"][0]["id"] == "msft"
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
