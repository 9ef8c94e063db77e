//! Sellers in the CRM.

use cosell_fakes::{State, convert};
use cosell_model::audit::Side;
use cosell_model::crm::{CrmRecord, Phase};
use serde_json::{Value as Json, json};

use super::{FIELDS, fresh, unmarked};
use crate::world::{LEAD, MARKS, OPPORTUNITY, World};

impl World {
    /// A seller makes a complete, flagged opportunity; sometimes asks Microsoft for help.
    pub(crate) fn seller_shares(&self) {
        if self.is_full() {
            return;
        }
        let (help, choices) = self.names.help();
        let choice = if self.draw(3) == 0 { choices[2].clone() } else { Json::Null };
        // Of a partner-led deal Microsoft's sellers know from the start.
        let led = self.weather.registers && self.draw(2) == 0;
        let mut state = self.state();
        let key = state.new_key(OPPORTUNITY);
        let (id, number) = (key.id.clone(), state.number());
        let mut fields = self.names.complete(number);
        fields.insert(self.names.sync().to_owned(), json!(true));
        fields.insert(help.to_owned(), choice);
        if let Some((column, [_, microsoft])) = self.names.visibility().filter(|_| led) {
            fields.insert(column.to_owned(), microsoft);
        }
        state.records.insert(id.clone(), cosell_fakes::record(key, Json::Object(fields)));
        state.touch(&id);
        state.note(|| format!("a seller shares {id}"));
    }

    /// A seller clears or rewrites Audit or Sync status.
    pub(crate) fn seller_rewrites(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let names = &self.names.of(self.is_lead(&id)).columns;
        let (audit, status) = (names.audit.to_string(), names.sync_status.to_string());
        let text =
            [Json::Null, json!("✔ Synced"), json!("my own notes")][self.draw(3) as usize].clone();
        let column = if self.draw(3) == 0 { status } else { audit.clone() };
        if column == audit {
            self.book().rewritten.insert(id.clone());
        }
        let mut state = self.state();
        state.enter(&id, &column, &text);
        state.note(|| format!("a seller sets {column} of {id} to {text}"));
    }

    /// A seller edits a field of an open opportunity, now and then back to what it was before; or
    /// the account behind it.
    pub(crate) fn seller_edits(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let (field, _) = self.field();
        let is_lead = self.is_lead(&id);
        if !self.weather.edits_leads && (is_lead || self.is_made_of_lead(&id)) {
            return;
        }
        let before = self.former(&id, Side::Crm, field);
        let account = self.draw(20) == 0 && !is_lead;
        let (keeps_mark, empties) = (self.draw(2) == 0, self.empties(field, Side::Crm));
        let customer = self.names.column(false, "customer_name").unwrap_or_default();
        let mut state = self.state();
        if account {
            let name = format!("Norrsken {}", state.number());
            state.enter(&id, customer, &json!(name));
            state.note(|| format!("a seller renames the account of {id}"));
            return;
        }
        let columns = (self.names.column(is_lead, field), self.names.column(false, field));
        let (Some(column), Some(deals_column)) = columns else {
            // Not all that an opportunity has is on a lead.
            return;
        };
        let value = match before {
            _ if empties => Json::Null,
            Some(before) => before,
            None => fresh(&mut state, field, Side::Crm),
        };
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
            self.remember(&state, &id, Side::Crm, field, (before, value));
        }
    }

    /// Whether the pair does not go on yet with this opportunity that a lead became.
    fn is_made_of_lead(&self, id: &str) -> bool {
        let state = self.state();
        let becomes =
            |lead: &CrmRecord| lead.converted_into.as_ref().is_some_and(|key| key.id == id);
        state.link_of(id).is_none() && state.records.values().any(becomes)
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

    /// A seller takes an opportunity off hold, wins or loses it.
    pub(crate) fn seller_moves(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let (wins, forgets) =
            (self.draw(2) == 0, self.weather.clears_required && self.draw(4) == 0);
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
        if phase == Phase::Won && !forgets {
            record.fields.extend(self.names.contract());
        }
        state.touch(&id);
        state.note(|| format!("a seller moves {id} to {phase}"));
    }

    /// A seller reopens an opportunity whose deal is over; where there is none yet, one is won or
    /// lost.
    pub(crate) fn seller_reopens(&self) {
        let closed = self.records_that(|record| {
            record.phase.is_closed() && record.merged_into.is_none() && record.key.entity != LEAD
        });
        let is_over = |id: &String| {
            let state = self.state();
            let link = state.link_of(id);
            link.is_some_and(|link| state.referrals[&link.referral]["status"] == "Closed")
        };
        let soon = self.draw(5) == 0;
        let Some(id) = self.pick(closed.into_iter().filter(|id| soon || is_over(id))) else {
            return self.seller_moves();
        };
        let mut state = self.state();
        if let Some(record) = state.records.get_mut(&id) {
            record.phase = Phase::Open;
        }
        state.touch(&id);
        state.note(|| format!("a seller reopens {id}"));
    }

    /// A seller qualifies a lead, with or without flagging the opportunity at once, or disqualifies
    /// it.
    fn seller_decides_on_lead(&self, id: &str) {
        let (qualifies, flags, enters) = (self.draw(3) > 0, self.draw(2) == 0, self.draw(2) == 0);
        // Who flags the opportunity may also fill what the conversion left empty.
        let completes = flags && enters;
        let enters = enters && self.weather.edits_leads;
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
            state.enter(&opportunity, self.names.sync(), &json!(true));
        }
        if completes {
            self.complete(&mut state, &opportunity);
        }
        if let Some(column) = self.names.column(false, "deal_value").filter(|_| enters) {
            let value = fresh(&mut state, "deal_value", Side::Crm);
            let value = state.crm.kept(column, &value);
            let before = state.records[&opportunity].get(column).clone();
            state.enter(&opportunity, column, &value);
            state.note(|| format!("and sets deal_value to {value}"));
            self.remember(&state, &opportunity, Side::Crm, "deal_value", (before, value));
        }
    }

    /// A seller fills what the conversion left empty.
    fn complete(&self, state: &mut State, opportunity: &str) {
        let number = state.number();
        for (column, value) in self.names.complete(number) {
            if !state.records[opportunity].get(&column).is_null() {
                continue;
            }
            state.enter(opportunity, &column, &value);
            let mut fields = FIELDS.map(|(field, _)| field).into_iter();
            let is_it = |field: &&str| self.names.column(false, field) == Some(&column);
            if let Some(field) = fields.find(is_it) {
                let value = state.crm.kept(&column, &value);
                self.remember(state, opportunity, Side::Crm, field, (Json::Null, value));
            }
        }
    }

    /// A record is deleted, or merged into another where the CRM merges such records.
    pub(crate) fn record_goes(&self) {
        let Some(id) = self.pick(self.open_records()) else {
            return;
        };
        let into = self.pick(self.open_records()).filter(|into| *into != id && self.draw(2) == 0);
        let into = into
            .filter(|into| !self.weather.salesforce && !self.is_lead(&id) && !self.is_lead(into));
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
}
