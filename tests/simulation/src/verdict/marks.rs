//! The mark beside a deal's name: in the CRM only, as the sync status says, and never of its own
//! account.

use cosell_fakes::Written;

use super::End;
use crate::world::{LEAD, MARKS};

pub(super) fn check(end: &End<'_>, wrong: &mut Vec<String>) {
    let (state, weather) = (end.state, end.weather);
    let name_column = end.names.column(false, "name").unwrap_or_default();
    let status = &end.names.deals.columns.sync_status;
    for write in &state.writes {
        if let Written::Record(record) = &write.after
            && record.key.entity != LEAD
        {
            let name = record.get(name_column).as_str().unwrap_or_default();
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
                // Of a write in parts only the last says how the pair stands.
                if weather.marks
                    && !weather.refuses
                    && !record.phase.is_closed()
                    && record.key.entity != LEAD
                    && record.get(status) == "✔ Synced" =>
            {
                let name = record.get(name_column).as_str().unwrap_or_default();
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
