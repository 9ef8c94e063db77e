//! A pair as text for people.

use std::fmt::Write;

use cosell_model::audit::Side;
use cosell_model::link::{DisconnectReason, Link, OpenConflict, Registering, Tombstone};
use cosell_model::message::Subject;
use jiff::Timestamp;

use crate::table::shown;

const NAME: usize = 20;

/// Everything an operator may act on.
pub(super) fn of(link: &Link, now: Timestamp) -> String {
    let mut text = of_identity(link);
    if let Some(tombstone) = &link.tombstone {
        line(&mut text, "disconnected", &format!("{:.0}: {}", tombstone.at, tombstone.reason));
        line(&mut text, "", &format!("nothing crosses; {}", remedy(link, tombstone)));
    }
    if let Some(until) = link.activity.paused_until(now) {
        line(&mut text, "flapping", &format!("until {until:.0}: it keeps changing back and forth"));
        line(
            &mut text,
            "",
            &format!(
                "find the other automation (`cosell audit --referral {0}` names the fields); `cosell pair look --referral {0}` does not wait",
                link.referral
            ),
        );
    }
    for (field, pending) in &link.pending {
        let what = format!(
            "{field} in {} since {:.0}, outcome not known yet",
            pending.side, pending.since
        );
        line(&mut text, "being written", &what);
    }
    if let Some(problem) = &link.problem {
        line(&mut text, "problem", problem);
    }
    if let Some(refused) = &link.microsoft.refused {
        line(&mut text, "Microsoft not asked", &refused.told.join(" "));
        line(
            &mut text,
            "",
            &format!("`cosell pair look --referral {}` tries again", link.referral),
        );
    }
    of_waiting(link, &mut text);
    if !link.conflicts.is_empty() {
        text.push_str("\nwaiting for a decision:\n");
    }
    for (field, conflict) in &link.conflicts {
        text.push_str(&of_conflict(field, conflict));
        if conflict.decision.is_none() {
            append(
                &mut text,
                format_args!(
                    "  settle it with: cosell pair settle --referral {} --field {} --winner crm|partner-center\n",
                    link.referral,
                    quoted(field)
                ),
            );
        }
    }
    text
}

/// What is only a matter of time, and what comes of a win.
fn of_waiting(link: &Link, text: &mut String) {
    if let Some(until) = link.win_waits {
        line(text, "win waits", &format!("until {until:.0}, so that the deal can be registered"));
    }
    for (referral, warned) in &link.warned {
        let whose = if *referral == link.referral { "our" } else { "Microsoft's" };
        line(
            text,
            "deadline",
            &format!("{whose} answer is due by {:.0}, as was told", warned.expires),
        );
    }
    match &link.registering {
        Some(Registering::Refused { told, .. }) => line(text, "registration", told),
        Some(Registering::Started) => line(text, "registration", "was sent, outcome not known yet"),
        Some(Registering::Done) => line(text, "registration", "stands in Partner Center"),
        None => {}
    }
}

/// Which two, and since when.
pub(super) fn of_identity(link: &Link) -> String {
    let mut text = String::new();
    line(&mut text, "referral", &link.referral.to_string());
    line(&mut text, &link.crm.entity, &format!("{} in {}", link.crm.id, link.crm.system));
    if let Some(lead) = &link.lead {
        line(&mut text, "was", &format!("{} {}", lead.entity, lead.id));
    }
    line(&mut text, "engagement", &known(link.engagement));
    let stage = link.microsoft.stage.map(|stage| format!(" ({stage})")).unwrap_or_default();
    line(&mut text, "Microsoft's referral", &format!("{}{stage}", known(link.microsoft_referral)));
    line(&mut text, "linked", &format!("{:.0}, last saved {:.0}", link.created, link.updated));
    text
}

/// One side of a pair that is to be, and what it belongs to now.
pub(super) fn of_half(half: &Subject, link: Option<&Link>) -> String {
    let (name, id) = match half {
        Subject::Referral(id) => ("referral", id.to_string()),
        Subject::Crm(key) => (key.entity.as_str(), key.id.clone()),
    };
    let Some(link) = link else {
        return format!("{name} {id}: not linked\n");
    };
    let other = match half {
        Subject::Referral(_) => format!("{} {}", link.crm.entity, link.crm.id),
        Subject::Crm(_) => format!("referral {}", link.referral),
    };
    match &link.tombstone {
        Some(Tombstone { reason, at }) => {
            format!("{name} {id}: was linked with {other}, parted {at:.0}: {reason}\n")
        }
        None => format!("{name} {id}: linked with {other}\n"),
    }
}

/// Both values.
pub(super) fn of_conflict(field: &str, conflict: &OpenConflict) -> String {
    let mut text = format!("{field}, since {:.0}\n", conflict.since);
    for (side, value) in
        [(Side::PartnerCenter, &conflict.partner_center), (Side::Crm, &conflict.crm)]
    {
        append(&mut text, format_args!("  {:<15} {}\n", side.to_string(), shown(value)));
    }
    if let Some(winner) = conflict.decision {
        append(
            &mut text,
            format_args!(
                "  decided for the value in {winner}, which has not reached the other side yet\n"
            ),
        );
    }
    text
}

/// What makes things cross again.
fn remedy(link: &Link, tombstone: &Tombstone) -> String {
    let referral = link.referral;
    match &tombstone.reason {
        DisconnectReason::RecordDeleted => format!(
            "restore the record, then `cosell pair look --referral {referral}`; or link another one: `cosell pair relink --referral {referral} --opportunity ID`"
        ),
        DisconnectReason::RecordMerged(into) => format!(
            "to go on with that record: `cosell pair relink --referral {referral} --opportunity {}`",
            into.id
        ),
        DisconnectReason::ReferralInvisible => {
            format!(
                "see that our user has its role in Partner Center, then `cosell pair look --referral {referral}`"
            )
        }
        DisconnectReason::Unlinked => format!(
            "switch Sync with Partner Center on, then `cosell pair relink --referral {referral} --opportunity {}`",
            link.crm.id
        ),
    }
}

fn known(id: Option<impl ToString>) -> String {
    id.map_or_else(|| "none known".to_owned(), |id| id.to_string())
}

/// As a shell takes it.
fn quoted(field: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if field.chars().all(plain) {
        field.to_owned()
    } else {
        format!("'{}'", field.replace('\'', r"'\''"))
    }
}

fn line(text: &mut String, name: &str, value: &str) {
    append(text, format_args!("{name:NAME$}  {value}\n"));
}

fn append(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const REFERRAL: &str = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa";

    fn link(more: &serde_json::Value) -> Link {
        let mut link = json!({
            "referral": REFERRAL, "crm": { "system": "dynamics", "entity": "opportunity", "id": "o1" }, "version": 1,
            "created": "2026-09-01T08:00:00Z", "updated": "2026-09-02T08:00:00.5Z"
        });
        link.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(link).unwrap()
    }

    fn now() -> Timestamp {
        "2026-09-03T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_pair_in_step_is_its_identity() {
        let engagement = "0d2ad5a5-6a59-4b1f-8a40-1a2a3b4c5d6e";
        let expected = format!(
            "\
referral              {REFERRAL}
opportunity           o1 in dynamics
engagement            {engagement}
Microsoft's referral  none known
linked                2026-09-01T08:00:00Z, last saved 2026-09-02T08:00:00Z
"
        );
        assert_eq!(of(&link(&json!({ "engagement": engagement })), now()), expected);
    }

    #[test]
    fn what_is_a_matter_of_time_and_what_comes_of_a_win_are_shown() {
        let more = json!({
            "win_waits": "2026-09-04T08:05:00Z", "registering": { "refused": { "told": "Contract value is missing." } },
            "warned": { (REFERRAL): { "expires": "2026-09-07T08:00:00Z", "days": 5 } }
        });
        let text = of(&link(&more), now());
        for line in [
            "win waits             until 2026-09-04T08:05:00Z, so that the deal can be registered",
            "deadline              our answer is due by 2026-09-07T08:00:00Z, as was told",
            "registration          Contract value is missing.",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn a_conflict_shows_both_values_and_how_to_settle_it() {
        let since = "2026-09-02T08:00:00Z";
        let text = of(
            &link(&json!({ "conflicts": {
                "close date": { "partner_center": { "date": "2027-03-31" }, "crm": "nothing", "since": since },
                "name": { "partner_center": { "text": "a" }, "crm": { "text": "b" }, "since": since, "decision": "crm" },
            }})),
            now(),
        );
        let expected = format!(
            "
waiting for a decision:
close date, since {since}
  Partner Center  2027-03-31
  CRM             nothing
  settle it with: cosell pair settle --referral {REFERRAL} --field 'close date' --winner crm|partner-center
name, since {since}
  Partner Center  \"a\"
  CRM             \"b\"
  decided for the value in CRM, which has not reached the other side yet
"
        );
        assert!(text.ends_with(&expected), "{text}");
    }

    #[test]
    fn a_write_without_a_known_outcome_is_shown() {
        let pending = json!({ "name": { "side": "crm", "last_synced": { "partner_center": "nothing", "crm": "nothing" }, "since": "2026-09-02T08:00:00Z" } });
        let text = of(&link(&json!({ "pending": pending })), now());
        assert!(
            text.ends_with("being written         name in CRM since 2026-09-02T08:00:00Z, outcome not known yet\n"),
            "{text}"
        );
    }

    #[test]
    fn a_pause_is_shown_while_it_lasts() {
        let slowed = |until: &str| {
            of(&link(&json!({ "activity": { "pause": { "until": until, "times": 1 } } })), now())
        };
        let text = slowed("2026-09-03T08:15:00Z");
        assert!(
            text.contains("flapping              until 2026-09-03T08:15:00Z")
                && text.contains("cosell pair look --referral"),
            "{text}"
        );
        assert!(!slowed("2026-09-03T07:59:00Z").contains("flapping"));
    }

    #[test]
    fn each_parting_names_its_cure() {
        let merged = json!({ "record_merged": { "system": "dynamics", "entity": "opportunity", "id": "o2" } });
        for (reason, why, remedy) in [
            (json!("record_deleted"), "no longer exists", "restore the record"),
            (merged, "merged into opportunity o2", "--opportunity o2"),
            (json!("referral_invisible"), "not visible", "role in Partner Center"),
            (json!("unlinked"), "an operator unlinked", "--opportunity o1"),
        ] {
            let text = of(
                &link(&json!({ "tombstone": { "reason": reason, "at": "2026-09-02T08:00:00Z" } })),
                now(),
            );
            assert!(
                text.contains("disconnected          2026-09-02T08:00:00Z: ")
                    && text.contains(why)
                    && text.contains(remedy),
                "{text}"
            );
        }
    }

    #[test]
    fn a_half_says_what_it_belongs_to() {
        let link =
            link(&json!({ "tombstone": { "reason": "unlinked", "at": "2026-09-02T08:00:00Z" } }));
        let half = Subject::Crm(link.crm.clone());
        assert_eq!(
            of_half(&half, Some(&link)),
            format!(
                "opportunity o1: was linked with referral {REFERRAL}, parted 2026-09-02T08:00:00Z: an operator unlinked the pair\n"
            )
        );
        assert_eq!(of_half(&half, None), "opportunity o1: not linked\n");
    }
}
