//! What the services refuse for a while, or until the value changes.

use cosell_fakes::{Part, Refusal, Values};
use jiff::{SignedDuration, Timestamp};

use crate::people::FIELDS;
use crate::world::World;

/// Codes that the adapters know, and one that nobody does.
const CODES: [Option<&str>; 3] = [None, Some("0x80040203"), Some("SOMETHING_NEW")];
const MESSAGE: &str = "this is not taken today";

/// Referral properties beside the fields that people edit.
const ELSE_THERE: [&str; 4] = [
    "/consent/consentToShareReferralWithMicrosoftSellers",
    "/customerProfile/team",
    "/externalReferenceId",
    "/registrations/-",
];

impl World {
    /// One of the services begins to refuse something.
    pub(crate) fn refusal_begins(&self) {
        if !self.weather.refuses || self.is_calm() {
            return;
        }
        let in_crm = self.draw(2) == 0;
        let (part, is_field) = self.part(in_crm);
        // Until the value changes; a record that cannot be closed is left to its seller.
        let subject = match part {
            Part::Close | Part::Update if in_crm => self.pick(self.open_records()),
            _ => None,
        };
        let lasts = (is_field || (part == Part::Close && subject.is_some())) && self.draw(2) == 0;
        let values = if lasts && is_field { Values::First } else { Values::All };
        let hours = if self.weather.days() { i64::from(self.draw(30)) } else { 0 };
        let minutes = hours * 60 + i64::from(2 + self.draw(60));
        let code = CODES[self.draw(3) as usize];
        let mut state = self.state();
        let until = (!lasts).then_some(state.now + SignedDuration::from_mins(minutes));
        let refusal = Refusal { part, subject, values, until, code, message: MESSAGE };
        let side = if in_crm { "the CRM" } else { "Partner Center" };
        state.note(|| format!("{side} begins to refuse {refusal:?}"));
        if in_crm {
            state.crm.refusals.push(refusal);
        } else {
            state.partner_center.refusals.push(refusal);
        }
    }

    fn part(&self, in_crm: bool) -> (Part, bool) {
        let field = FIELDS[self.draw(4) as usize];
        match (self.draw(8), in_crm) {
            (0, _) => (Part::Create, false),
            (1, _) => (Part::Close, false),
            (2, false) => (Part::Update, false),
            (2, true) if self.weather.shuts => (Part::Update, false),
            (3, true) => (Part::Qualify, false),
            (4, true) => (self.column("currency"), true),
            (5, true) => (self.column("solutions"), true),
            (3 | 4, false) => (Part::Patched(ELSE_THERE[self.draw(4) as usize].to_owned()), false),
            (5, false) => (Part::Field("/details/requirements/solutions".to_owned()), true),
            (_, true) => (self.column(field.0), true),
            (_, false) => (Part::Field(field.1.to_owned()), true),
        }
    }

    fn column(&self, field: &str) -> Part {
        Part::Field(self.names.column(false, field).unwrap_or_default().to_owned())
    }

    /// What is refused for a time stays so until [`Self::refusals_end`]: nothing may come to rest
    /// because of the clock alone.
    pub(crate) fn refusals_stay(&self) {
        let mut state = self.state();
        let state = &mut *state;
        for refusals in [&mut state.crm.refusals, &mut state.partner_center.refusals] {
            refusals.retain(|refusal| refusal.until.is_none_or(|until| state.now < until));
            for until in refusals.iter_mut().filter_map(|refusal| refusal.until.as_mut()) {
                *until = Timestamp::MAX;
            }
        }
    }

    /// What is refused for a time is taken again.
    pub(crate) fn refusals_end(&self) {
        let mut state = self.state();
        state.crm.refusals.retain(|refusal| refusal.until.is_none());
        state.partner_center.refusals.retain(|refusal| refusal.until.is_none());
        state.note(|| "what was refused for a time is taken again".to_owned());
    }
}
