//! `cosell deadlines`: the invitations that wait for an answer, by the day they expire.

use std::fmt::Write;

use anyhow::{Context, Result};
use clap::Args;
use cosell_model::crm::CrmKey;
use cosell_model::referral::{Referral, ReferralKind};
use cosell_runtime::clock;
use cosell_sync::port::Links;
use cosell_wiring::EngineSettings;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::output;
use crate::record::explained;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Lists only those that expire within so many days.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=366))]
    within: Option<u16>,
    /// Prints a JSON array instead of a table.
    #[arg(long)]
    json: bool,
}

/// An invitation that waits.
struct Open {
    referral: Referral,
    due: Timestamp,
    /// The record of its deal, where it is synced.
    record: Option<CrmKey>,
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let settings = cosell_wiring::read(EngineSettings::read)?;
    let engine = cosell_wiring::operators_engine(settings, &crate::aws().await?)?;
    let now = clock::now();
    let pending = engine.partner_center.pending().await.map_err(|failure| explained(&failure));
    let pending = pending.context("cannot list the referrals that wait")?;
    let open = open(pending, &*engine.links, arguments.within, now).await?;
    output::print(&if arguments.json {
        format!("{:#}\n", open.iter().map(|open| as_json(open, now)).collect::<Json>())
    } else {
        as_table(&open, now)
    })
}

/// First what expires first. One without a date is passed over: it does not expire.
async fn open(
    pending: Vec<Referral>,
    links: &dyn Links,
    within: Option<u16>,
    now: Timestamp,
) -> Result<Vec<Open>> {
    let latest = within.map(|days| now + SignedDuration::from_hours(24 * i64::from(days)));
    let mut open = Vec::new();
    for referral in pending {
        let Some(due) = referral.expires().filter(|due| latest.is_none_or(|latest| *due <= latest))
        else {
            continue;
        };
        let own =
            links.by_referral(referral.id).await.map_err(|failure| explained(&failure))?.link();
        let link = match (own, referral.engagement) {
            (None, Some(engagement)) => {
                links.by_engagement(engagement).await.map_err(|failure| explained(&failure))?
            }
            (own, _) => own,
        };
        open.push(Open { record: link.map(|link| link.crm), referral, due });
    }
    open.sort_by_key(|open| (open.due, open.referral.id));
    Ok(open)
}

fn is_microsofts(open: &Open) -> bool {
    open.referral.kind == ReferralKind::MicrosoftReferral
}

fn whole_days(open: &Open, now: Timestamp) -> i64 {
    open.due.duration_since(now).as_hours().div_euclid(24)
}

fn as_json(open: &Open, now: Timestamp) -> Json {
    json!({
        "referral": open.referral.id,
        "record": open.record,
        "due": open.due,
        "days_left": whole_days(open, now),
        "kind": open.referral.deal(is_microsofts(open)),
        "answer_of": if is_microsofts(open) { "microsoft" } else { "partner" },
    })
}

fn as_table(open: &[Open], now: Timestamp) -> String {
    if open.is_empty() {
        return "no invitation waits for an answer\n".to_owned();
    }
    let mut text = String::new();
    // Writing into a string cannot fail.
    let _ = writeln!(
        text,
        "{:<16}  {:>9}  {:<9}  {:<18}  {:<36}  RECORD",
        "DUE (UTC)", "DAYS LEFT", "ANSWER OF", "KIND", "REFERRAL"
    );
    for open in open {
        let due = open.due.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M");
        let of = if is_microsofts(open) { "Microsoft" } else { "you" };
        let kind = open.referral.deal(is_microsofts(open)).to_string();
        let record = open.record.as_ref();
        let record = record
            .map_or_else(|| "not synced".to_owned(), |key| format!("{} {}", key.entity, key.id));
        let (left, id) = (whole_days(open, now), open.referral.id.to_string());
        let _ = writeln!(text, "{due:<16}  {left:>9}  {of:<9}  {kind:<18}  {id:<36}  {record}");
    }
    text
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    const REFERRAL: &str = "8d3f9b10-5b9f-4a2c-9c61-1d6a0be7f001";

    fn now() -> Timestamp {
        "2026-12-01T10:00:00Z".parse().unwrap()
    }

    fn waiting(id: &str, expires: &str, target: &Json) -> Referral {
        let body = json!({
            "id": id, "eTag": "\"1\"", "updatedDateTime": "2026-11-20T10:00:00Z", "status": "New",
            "substatus": "Pending",
            "type": "Shared", "direction": if target.is_null() { "Incoming" } else { "Outgoing" },
            "target": [{ "id": target }],
            "expirationDateTime": expires
        });
        Referral::parse(body, None, None).unwrap()
    }

    fn two() -> Vec<Open> {
        let own = waiting(REFERRAL, "2026-12-05T09:00:00Z", &Json::Null);
        let microsoft =
            waiting("8d3f9b10-5b9f-4a2c-9c61-1d6a0be7f002", "2026-12-02T09:00:00Z", &json!("msft"));
        let open = |referral: Referral, record| Open {
            due: referral.expires().unwrap(),
            referral,
            record,
        };
        let key = cosell_model::record_id::RecordIds::guids("dynamics")
            .key("opportunity", "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77");
        vec![open(microsoft, key), open(own, None)]
    }

    #[test]
    fn the_table_says_whose_answer_is_due_when_and_on_which_record() {
        let table = as_table(&two(), now());
        assert_snapshot!(table);
        assert_eq!(as_table(&[], now()), "no invitation waits for an answer\n");
    }

    #[test]
    fn json_has_the_same_for_programs() {
        let json: Json = two().iter().map(|open| as_json(open, now())).collect();
        let text = format!("{json:#}");
        assert_snapshot!(text);
    }
}
