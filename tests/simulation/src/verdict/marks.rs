//! The mark beside a deal's name: in the CRM only, as the sync status says, and never of its own
//! account.

use cosell_fakes::{State, Written};

use crate::weather::Weather;
use crate::world::{LEAD, MARKS};

pub(super) fn check(state: &State, weather: &Weather, wrong: &mut Vec<String>) {
    for write in &state.writes {
        if let Written::Record(record) = &write.after
            && record.key.entity != LEAD
        {
            let name = record.get("name").as_str().unwrap_or_default();
            if name.matches(MARKS).count() > usize::from(weather.marks) {
                wrong.push(format!("{} was given the marks of {name}", write.subject));
            }
        }
        match &write.after {
            Written::Referral(body)
                if body["name"].as_str().is_some_and(|name| name.contains(MARKS)) =>
            {
                wrong.push(format!("a mark leaked into the name of referral {}", write.subject));
            }
            Written::Record(record)
                if weather.marks
                    && record.key.entity != LEAD
                    && record.get("nwcs_syncstatus") == "✔ Synced" =>
            {
                let name = record.get("name").as_str().unwrap_or_default();
                let fits = name.chars().count() + 2 <= weather.name_length;
                if name.starts_with(MARKS[1]) || (fits && !name.starts_with(MARKS[0])) {
                    wrong.push(format!(
                        "{} is in sync but was left with the name {name}",
                        write.subject
                    ));
                }
            }
            _ => {}
        }
    }
}
