//! One run of the poller.

mod due;

use std::sync::Arc;

use cosell_fakes::{Fault, Ports, Script, World};
use cosell_model::deadline::Deadlines;
use cosell_model::message::Cause;
use cosell_sync::port::Claims;
use cosell_sync::{FailureKind, Polled, Poller};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::reconcile::{record, shipped};

const REFERRAL: &str = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa";

/// A poller and what it polls.
struct Stage {
    world: Arc<World>,
    script: Arc<Script>,
    ports: Arc<Ports>,
    poller: Poller,
}

fn at(time: &str) -> Timestamp {
    format!("2026-11-21T{time}Z").parse().unwrap()
}

/// A flagged record changed at 09:00 and a referral changed at 09:59.
fn stage() -> Stage {
    let world = Arc::new(World::new(&shipped(), at("10:00:00")));
    world.put_record(record("1", json!({ "nwcs_syncwithpartnercenter": true })));
    world.put_record(record("2", json!({ "nwcs_syncwithpartnercenter": false })));
    let referral = json!({ "status": "Active", "substatus": "Accepted", "updatedDateTime": "2026-11-21T09:59:00Z" });
    world.put_referral(REFERRAL.parse().unwrap(), referral);
    let script = Arc::new(Script::default());
    let ports = Arc::new(Ports::new(world.clone(), script.clone(), "test"));
    let poller = Poller {
        partner_center: ports.clone(),
        crm: ports.clone(),
        leads: None,
        queue: ports.clone(),
        claims: ports.clone(),
        cursors: ports.clone(),
        schedule: ports.clone(),
        links: ports.clone(),
        attention: ports.clone(),
        deadlines: Deadlines::default(),
        overlap: SignedDuration::from_mins(5),
    };
    Stage { world, script, ports, poller }
}

#[tokio::test]
async fn the_first_run_finds_every_flagged_record_and_recent_referrals() {
    let Stage { world, poller, .. } = stage();
    assert_eq!(
        poller.poll(at("10:00:00"), "run").await.unwrap(),
        Polled { records: 1, referrals: 1, due: 0, skipped: false }
    );
    let causes: Vec<Cause> =
        world.state().queue.messages().iter().map(|message| message.cause).collect();
    assert_eq!(causes, [Cause::CrmPoll, Cause::Sweep]);
}

#[tokio::test]
async fn later_runs_reach_back_by_the_overlap_and_no_further() {
    let Stage { poller, .. } = stage();
    poller.poll(at("10:00:00"), "first").await.unwrap();
    let second = poller.poll(at("10:02:00"), "second").await.unwrap();
    assert_eq!(
        (second.records, second.referrals),
        (0, 1),
        "the referral lies in the overlap, the record does not"
    );
    let third = poller.poll(at("10:07:00"), "third").await.unwrap();
    assert_eq!(
        (third.records, third.referrals),
        (0, 1),
        "reaches back from the start of the second run"
    );
    let fourth = poller.poll(at("10:12:00"), "fourth").await.unwrap();
    assert_eq!(fourth.referrals, 0);
}

#[tokio::test]
async fn a_cursor_waits_for_the_queue() {
    let Stage { world, script, poller, .. } = stage();
    script.fault("queue.send", Fault::Before(FailureKind::Transient));
    poller.poll(at("10:00:00"), "fails").await.unwrap_err();
    assert!(!world.state().cursors.contains_key("crm"));
    assert_eq!(poller.poll(at("11:00:00"), "makes good").await.unwrap().records, 1);
}

#[tokio::test]
async fn a_failing_crm_does_not_stop_the_sweep_and_the_lease_is_given_back() {
    let Stage { world, script, poller, .. } = stage();
    script.fault("crm.changed", Fault::Before(FailureKind::Transient));
    poller.poll(at("10:00:00"), "fails").await.unwrap_err();
    assert_eq!(world.state().queue.len(), 1);
    assert!(!poller.poll(at("10:00:01"), "next").await.unwrap().skipped);
}

#[tokio::test]
async fn a_first_sweep_that_fails_still_sets_where_the_next_one_starts() {
    let Stage { script, poller, .. } = stage();
    script.fault("pc.changed", Fault::Before(FailureKind::Transient));
    poller.poll(at("10:00:00"), "fails").await.unwrap_err();
    assert_eq!(poller.poll(at("11:00:00"), "makes good").await.unwrap().referrals, 1);
}

#[tokio::test]
async fn two_runs_do_not_overlap() {
    let Stage { ports, poller, .. } = stage();
    ports.claim("poller", "other", at("09:59:59"), SignedDuration::from_secs(330)).await.unwrap();
    assert!(poller.poll(at("10:00:00"), "second").await.unwrap().skipped);
    assert!(!poller.poll(at("10:06:00"), "after it was cut off").await.unwrap().skipped);
}

#[tokio::test]
async fn a_partner_center_that_asks_to_wait_is_not_asked_for_invitations_too() {
    let Stage { script, poller, .. } = stage();
    script.fault("pc.changed", Fault::Before(FailureKind::Credentials));
    let failure = poller.poll(at("10:00:00"), "locked out").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(!script.take_calls().contains(&"pc.pending"));
    poller.poll(at("10:02:00"), "let in again").await.unwrap();
    assert!(script.take_calls().contains(&"pc.pending"));
}
