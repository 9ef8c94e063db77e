//! One of each.

use std::collections::BTreeMap;

use cosell_model::link::Link;
use cosell_model::referral::ReferralKind;

use super::End;
use crate::world::LEAD;

pub(super) fn exactly_one(end: &End<'_>, wrong: &mut Vec<String>) {
    let (state, column) = (end.state, &end.names.deals.columns.referral_id);
    let mut own: BTreeMap<&str, usize> = BTreeMap::new();
    let mut microsofts: BTreeMap<String, usize> = BTreeMap::new();
    for referral in &end.referrals {
        match (referral.kind, &referral.external_reference) {
            (ReferralKind::MicrosoftReferral, _) => {
                *microsofts.entry(format!("{:?}", referral.engagement)).or_default() += 1;
            }
            (_, Some(reference)) => *own.entry(reference).or_default() += 1,
            _ => {}
        }
    }
    let (mut records, mut leads): (BTreeMap<&str, usize>, BTreeMap<&str, usize>) =
        (BTreeMap::new(), BTreeMap::new());
    for record in state.records.values() {
        let of_its_table = if record.key.entity == LEAD { &mut leads } else { &mut records };
        if let Some(id) = record.get(column).as_str() {
            *of_its_table.entry(id).or_default() += 1;
        }
    }
    let mut links: BTreeMap<&str, usize> = BTreeMap::new();
    for link in state.links.values() {
        *links.entry(&link.crm.id).or_default() += 1;
    }
    let mut twice = |counts: &mut dyn Iterator<Item = (String, usize)>, what: &str| {
        wrong.extend(
            counts
                .filter(|(_, count)| *count > 1)
                .map(|(id, count)| format!("{count} {what} {id}")),
        );
    };
    let owned = |counts: BTreeMap<&str, usize>| {
        counts.into_iter().map(|(id, count)| (id.to_owned(), count)).collect::<Vec<_>>()
    };
    twice(&mut owned(own).into_iter(), "referrals for opportunity");
    twice(&mut microsofts.into_iter(), "referrals of Microsoft's in");
    twice(&mut owned(records).into_iter(), "records for referral");
    twice(&mut owned(leads).into_iter(), "leads for referral");
    twice(&mut owned(links).into_iter(), "links of opportunity");
    let referral_of = |id: &str| {
        let linked = |link: &&Link| link.crm.id == id && link.disconnected.is_none();
        state.links.values().find(linked).map(|link| link.referral)
    };
    for lead in state.records.values() {
        let Some(opportunity) = &lead.converted_into else { continue };
        let deals = (referral_of(&lead.key.id), referral_of(&opportunity.id));
        if matches!(deals, (Some(one), Some(other)) if one != other) {
            wrong.push(format!("{} has a deal of its own beside its lead's", opportunity.id));
        }
    }
}
