//! Notices on their way to a seller, and whether they arrived when the write that carried them was
//! not answered.

use std::collections::BTreeSet;

use cosell_model::audit::Side;
use cosell_model::crm::CrmRecord;
use cosell_model::field::Field;
use cosell_model::link::{LastSynced, Link, Notifying};

use super::case::Case;

/// Notices on their way to this record.
pub(crate) fn to(record: &CrmRecord, notices: impl IntoIterator<Item = String>) -> Notifying {
    let (revision, notices) = (record.revision().to_owned(), notices.into_iter().collect());
    Notifying { revision, notices, arrived: BTreeSet::new() }
}

/// The notices on their way that arrived when an earlier run ended: what was written with them did,
/// or, where nothing was, the record has another revision, and nobody else edited a synced field of
/// it. Where somebody did, nobody can say, since what a seller reads is never read back: then they
/// are written once more, rather than not at all. An edit of a column that is not synced looks like
/// our write of a line alone; the state stands in Sync status nevertheless.
pub(crate) fn arrived(case: &Case<'_>) -> BTreeSet<String> {
    let edited = |(field, now): (&Field, &LastSynced)| {
        case.base.get(field).map_or(!now.crm.is_nothing(), |base| base.crm != now.crm)
    };
    let is_ours = case.in_doubt.is_empty() && !case.observed.iter().any(edited);
    let ahead = case.link.write_ahead.iter().filter(|(_, entry)| entry.side == Side::Crm);
    let landed = ahead.into_iter().all(|(field, entry)| {
        case.observed.get(field).is_none_or(|now| now.crm == entry.values.crm)
    });
    arrived_unless(!is_ours || !landed, case.link, case.record)
}

/// The same of a deal whose fields are not read.
pub(crate) fn arrived_unless(edited: bool, link: &Link, record: &CrmRecord) -> BTreeSet<String> {
    let Some(known) = &link.notifying else { return BTreeSet::new() };
    let mut arrived = known.arrived.clone();
    if known.revision != record.revision() && !edited {
        arrived.extend(known.notices.iter().cloned());
    }
    arrived
}

/// What is kept of notices once these arrived and no other is on its way.
pub(crate) fn settled(record: &CrmRecord, arrived: BTreeSet<String>) -> Option<Notifying> {
    let settled = Notifying { arrived, ..to(record, []) };
    (!settled.arrived.is_empty()).then_some(settled)
}
