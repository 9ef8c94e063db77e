//! What is only a matter of time.

use cosell_fakes::{Fault, World};
use cosell_model::id::ReferralId;
use cosell_model::link::Link;
use cosell_model::message::{Cause, Subject};
use cosell_model::notice::{Notice, OffReason};
use cosell_model::referral::Referral;
use cosell_model::state::{DealState, UnlinkedDeal};
use cosell_sync::FailureKind;
use cosell_sync::port::Schedule;
use jiff::SignedDuration;
use serde_json::json;

use super::{REFERRAL, Stage, at, stage};
use crate::reconcile::record;

const HALF: &str = "8d3f9b10-5b9f-4a2c-9c61-1d6a0be7f002";
const ENGAGEMENT: &str = "e1a5c1d2-3344-4c55-8d66-7788990011aa";

fn due(world: &World) -> Vec<String> {
    let queued = world.state().queue.messages();
    let due = queued.iter().filter(|message| message.cause == Cause::Due);
    due.map(|message| message.subject.to_string()).collect()
}

fn invite(world: &World, id: &str, days: i64) {
    let expires = at("10:00:00") + SignedDuration::from_hours(24 * days);
    let body = json!({
        "status": "New", "substatus": "Pending", "updatedDateTime": "2026-11-01T09:00:00Z", "engagementId": ENGAGEMENT,
        "expirationDateTime": expires.to_string()
    });
    world.put_referral(id.parse().unwrap(), body);
}

fn link(world: &World) {
    let id: ReferralId = REFERRAL.parse().unwrap();
    let body = world.state().referrals[&id].clone();
    let referral = Referral::parse(body, None, None).unwrap();
    let link = Link::new(&referral, &record("1", json!({})), at("09:00:00"));
    world.state().links.insert(id, link);
}

#[tokio::test]
async fn invitations_that_expire_soon_are_reconciled_every_few_hours_until_they_are_answered() {
    let Stage { world, poller, .. } = stage();
    invite(&world, REFERRAL, 4);
    invite(&world, HALF, 4);
    link(&world);
    poller.poll(at("10:00:00"), "first").await.unwrap();
    let both = [format!("referral#{HALF}"), format!("referral#{REFERRAL}")];
    let mut found = due(&world);
    found.sort();
    assert_eq!(found, both);
    poller.poll(at("12:00:00"), "too soon").await.unwrap();
    assert_eq!(due(&world).len(), 2);
    poller.poll(at("16:00:00"), "again").await.unwrap();
    assert_eq!(due(&world).len(), 4);
}

#[tokio::test]
async fn neither_a_far_deadline_nor_an_invitation_from_before_the_installation_is_enqueued() {
    let Stage { world, poller, .. } = stage();
    invite(&world, REFERRAL, 6);
    link(&world);
    poller.poll(at("10:00:00"), "far").await.unwrap();
    assert_eq!(due(&world), [""; 0]);
    world.state().links.clear();
    invite(&world, REFERRAL, 4);
    poller.poll(at("17:00:00"), "unknown").await.unwrap();
    assert_eq!(due(&world), [""; 0]);
}

#[tokio::test]
async fn what_is_on_the_schedule_is_enqueued_once_its_time_has_come() {
    let Stage { world, ports, poller, .. } = stage();
    poller.poll(at("10:00:00"), "first").await.unwrap();
    ports.note(REFERRAL.parse().unwrap(), at("12:30:00")).await.unwrap();
    poller.poll(at("12:29:00"), "before").await.unwrap();
    assert_eq!(due(&world), [""; 0]);
    poller.poll(at("12:36:00"), "then").await.unwrap();
    assert_eq!(due(&world), [format!("referral#{REFERRAL}")]);
    poller.poll(at("12:41:00"), "later").await.unwrap();
    assert_eq!(due(&world).len(), 1);
}

#[tokio::test]
async fn deals_that_were_refused_are_reconciled_every_few_hours_and_no_other_that_is_not_linked() {
    let Stage { world, poller, .. } = stage();
    let subject = |id: &str| Subject::Crm(record(id, json!({})).key);
    let reasons = vec![Notice::IdentifierUnreadable];
    let states = [
        ("1", DealState::Refused { reasons: reasons.clone() }),
        ("2", DealState::Off { reason: OffReason::NotFlagged }),
        ("3", DealState::Refused { reasons: reasons.clone() }),
        ("4", DealState::Refused { reasons }),
    ];
    for (id, state) in states {
        let deal = UnlinkedDeal::default().in_state(state, at("09:00:00"));
        world.state().unlinked.insert(subject(id), deal);
    }
    let refused: Vec<String> = ["1", "3", "4"].map(|id| subject(id).to_string()).into();
    let first = poller.poll(at("10:00:00"), "first").await.unwrap();
    assert_eq!((first.due, due(&world)), (3, refused));
    poller.poll(at("12:00:00"), "too soon").await.unwrap();
    assert_eq!(due(&world).len(), 3);
    world.state().unlinked.remove(&subject("1"));
    poller.poll(at("16:00:00"), "again").await.unwrap();
    assert_eq!(due(&world).len(), 5);
}

#[tokio::test]
async fn a_list_of_refused_deals_that_fails_is_asked_again_by_the_next_run() {
    let Stage { world, script, poller, .. } = stage();
    script.fault("attention.list", Fault::Before(FailureKind::Transient));
    poller.poll(at("10:00:00"), "fails").await.unwrap_err();
    assert!(!world.state().cursors.contains_key("refused"));
    poller.poll(at("10:02:00"), "makes good").await.unwrap();
    assert!(world.state().cursors.contains_key("refused"));
}
