//! People who take back what they have just entered.

use cosell_fakes::Written;
use cosell_model::audit::Side;
use cosell_model::id::ReferralId;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::FIELDS;
use crate::world::{Edit, World};

impl World {
    /// Whoever entered what was written to the other side just now takes it back, where it still
    /// stands.
    pub(crate) fn somebody_takes_back(&self) {
        if self.weather.robots || self.draw(2) == 0 {
            return;
        }
        let Some(edit) = self.written_just_now() else {
            return;
        };
        let is_back = match edit.side {
            Side::Crm => self.seller_takes_back(&edit),
            Side::PartnerCenter => self.colleague_takes_back(&edit),
        };
        if !is_back {
            return;
        }
        let Edit { subject, side, field, value, before, .. } = edit;
        let known = |other: &Edit| {
            other.subject == subject
                && other.side == side
                && other.field == field
                && other.value == before
        };
        if !self.book().edits.iter().any(known) {
            // It stood there from the start.
            let (subject, value, at) = (subject.clone(), before.clone(), Timestamp::UNIX_EPOCH);
            let first = Edit { subject, side, field, value, before: Json::Null, moment: 0, at };
            self.book().edits.insert(0, first);
        }
        self.remember(&self.state(), &subject, side, field, (value, before));
    }

    /// The latest edit on the other side of what was written last.
    fn written_just_now(&self) -> Option<Edit> {
        let state = self.state();
        let write = state.writes.last()?;
        let link = state.link_of(&write.subject)?;
        let other = match write.after {
            Written::Referral(_) => link.crm.id.clone(),
            Written::Record(_) => link.referral.to_string(),
        };
        self.book().edits.iter().rfind(|edit| edit.subject == other).cloned()
    }

    fn seller_takes_back(&self, edit: &Edit) -> bool {
        let open = self.open_records().contains(&edit.subject);
        let column = self.names.column(self.is_lead(&edit.subject), edit.field);
        let Some(column) = column.filter(|_| open && edit.field != "name") else {
            return false;
        };
        let mut state = self.state();
        if state.records[&edit.subject].get(column) != &edit.value {
            return false;
        }
        state.enter(&edit.subject, column, &edit.before);
        state.note(|| {
            format!("a seller takes {} of {} back to {}", edit.field, edit.subject, edit.before)
        });
        true
    }

    fn colleague_takes_back(&self, edit: &Edit) -> bool {
        let Some(id) = edit.subject.parse::<ReferralId>().ok() else {
            return false;
        };
        let path = FIELDS.iter().find(|(field, _)| *field == edit.field).map(|(_, path)| *path);
        let open = self.open_referrals().contains(&id);
        let mut state = self.state();
        let mut body = state.referrals[&id].clone();
        let Some(property) = path.and_then(|path| body.pointer_mut(path)).filter(|_| open) else {
            return false;
        };
        if *property != edit.value {
            return false;
        }
        *property = edit.before.clone();
        state.change_referral(id, body);
        state.note(|| format!("somebody takes {} of {id} back to {}", edit.field, edit.before));
        true
    }
}
