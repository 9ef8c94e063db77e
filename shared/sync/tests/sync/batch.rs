//! One invocation's messages: what they cost, and what a failure, a panic or a deadline costs.

use std::cell::RefCell;
use std::time::Duration;

use cosell_fakes::Fault;
use cosell_model::crm::CrmKey;
use cosell_model::message::{Cause, PoisonMessage, Subject, SyncMessage};
use cosell_sync::batch::{Attendant, Received, Time, Unfinished};
use cosell_sync::{Failure, FailureKind, Outcome};
use jiff::Timestamp;
use serde_json::json;

use crate::reconcile::{Stage, complete, record};

/// A fixed time left, and a clock of tokio's.
struct Fixed(Duration);

impl Time for Fixed {
    fn now(&self) -> Timestamp {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    fn left(&self) -> Duration {
        self.0
    }

    async fn elapse(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

const PLENTY: Fixed = Fixed(Duration::from_secs(100));

/// Writes down what it is given.
#[derive(Default)]
struct Clerk {
    reconciled: RefCell<Vec<(Subject, usize, bool)>>,
    poison: RefCell<Vec<String>>,
    lost: RefCell<Vec<&'static str>>,
    postponed: RefCell<Vec<Unfinished>>,
    /// The queue never answers.
    hangs: bool,
}

impl Attendant for Clerk {
    fn reconciled(
        &self,
        message: &SyncMessage,
        messages: usize,
        _: Timestamp,
        result: &Result<Outcome, Failure>,
    ) {
        self.reconciled.borrow_mut().push((message.subject.clone(), messages, result.is_ok()));
    }

    fn poison(&self, id: &str, _: &PoisonMessage, _: &Result<(), Failure>) {
        self.poison.borrow_mut().push(id.to_owned());
    }

    fn lost(&self, _: &Subject, why: &'static str) {
        self.lost.borrow_mut().push(why);
    }

    async fn postpone(&self, messages: &[Unfinished]) {
        self.postponed.borrow_mut().extend_from_slice(messages);
        if self.hangs {
            std::future::pending::<()>().await;
        }
    }
}

fn key(id: &str) -> CrmKey {
    record(id, json!({})).key
}

fn about(subject: Subject, id: &str) -> Received {
    let message = SyncMessage { subject, cause: Cause::Webhook, observed: id.to_owned() };
    Received { id: id.to_owned(), body: message.body(), receipt: String::new(), receives: 1 }
}

/// With as many flagged, complete opportunities, and a message for each.
fn opportunities(count: usize) -> (Stage, Vec<Received>) {
    let stage = Stage::new();
    let ids: Vec<String> =
        (0..count).map(|n| format!("6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d{n:02}")).collect();
    for id in &ids {
        stage.world.put_record(record(id, complete()));
    }
    let messages = ids.iter().map(|id| about(Subject::Crm(key(id)), id)).collect();
    (stage, messages)
}

fn ids(unfinished: &[Unfinished]) -> Vec<&str> {
    unfinished.iter().map(|unfinished| unfinished.message.id.as_str()).collect()
}

async fn work(stage: &Stage, batch: Vec<Received>, time: &Fixed, clerk: &Clerk) -> Vec<Unfinished> {
    stage.engine.work(batch, time, "invocation", clerk).await
}

#[tokio::test]
async fn all_messages_of_a_pair_cost_one_look_from_whichever_side_they_name_it() {
    let (stage, mut batch) = opportunities(1);
    let clerk = Clerk::default();
    assert!(work(&stage, batch.clone(), &PLENTY, &clerk).await.is_empty());
    let referral = stage.the_link().referral;
    stage.script.take_calls();
    batch.extend((0..4).map(|n| about(Subject::Referral(referral), &format!("event {n}"))));
    assert!(work(&stage, batch, &PLENTY, &clerk).await.is_empty());
    assert_eq!(stage.script.take_calls(), ["pc.get", "crm.get"]);
    assert_eq!(clerk.reconciled.borrow()[1].1, 5);
}

#[tokio::test]
async fn a_failing_pair_costs_its_own_messages_only() {
    let (stage, batch) = opportunities(3);
    stage.fault("crm.get", Fault::Before(FailureKind::Transient));
    let clerk = Clerk::default();
    let unfinished = work(&stage, batch, &PLENTY, &clerk).await;
    assert_eq!(unfinished.len(), 1);
    assert_eq!(unfinished, *clerk.postponed.borrow());
    assert_eq!(unfinished[0].retry_after, Some(Duration::from_secs(5)));
    assert_eq!(stage.referrals().len(), 2);
}

#[tokio::test]
async fn a_throttled_side_is_left_alone_for_the_rest_of_the_invocation() {
    let (stage, batch) = opportunities(3);
    let wait = Duration::from_secs(37);
    stage.fault("crm.get", Fault::Before(FailureKind::Throttled { retry_after: wait }));
    let clerk = Clerk::default();
    let unfinished = work(&stage, batch.clone(), &PLENTY, &clerk).await;
    assert!(unfinished.iter().all(|unfinished| unfinished.retry_after == Some(wait)));
    assert_eq!(unfinished.len(), 3);
    let calls = stage.script.take_calls();
    // The three reads were under way side by side; what would have followed was not called.
    assert_eq!(
        calls.iter().filter(|call| call.starts_with("crm")).collect::<Vec<_>>(),
        [&"crm.get"; 3],
        "{calls:?}"
    );
    assert!(
        work(&stage, batch, &PLENTY, &clerk).await.is_empty(),
        "the next invocation asks again"
    );
}

#[tokio::test]
async fn a_panic_costs_one_pair() {
    let (stage, mut batch) = opportunities(2);
    stage.script.panic_on(&batch[0].id);
    batch.push(about(Subject::Crm(key(&batch[0].id)), "again"));
    let clerk = Clerk::default();
    let unfinished = work(&stage, batch.clone(), &PLENTY, &clerk).await;
    assert_eq!(ids(&unfinished), [batch[0].id.as_str(), "again"]);
    assert_eq!((clerk.lost.borrow().len(), stage.referrals().len()), (1, 1));
}

#[tokio::test]
async fn poison_is_audited_and_dropped_unless_it_cannot_be_audited() {
    let (stage, mut batch) = opportunities(1);
    batch.push(Received { body: "{\"from\":\"somebody else\"}".into(), ..batch[0].clone() });
    let clerk = Clerk::default();
    assert!(work(&stage, batch.clone(), &PLENTY, &clerk).await.is_empty());
    assert_eq!(clerk.poison.borrow().len(), 1);
    stage.fault("audit", Fault::Before(FailureKind::Transient));
    assert_eq!(work(&stage, batch.split_off(1), &PLENTY, &clerk).await.len(), 1);
}

#[tokio::test]
async fn without_enough_time_nothing_is_started_and_all_come_back_at_once() {
    let (stage, batch) = opportunities(2);
    let unfinished = work(&stage, batch, &Fixed(Duration::from_secs(5)), &Clerk::default()).await;
    assert!(unfinished.iter().all(|unfinished| unfinished.retry_after == Some(Duration::ZERO)));
    assert_eq!((unfinished.len(), stage.script.take_calls().len()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_reconciliation_that_hangs_is_cut_off_before_the_deadline_and_a_hanging_queue_does_not_hold_the_answer()
 {
    let (stage, batch) = opportunities(1);
    stage.script.hang_on(&batch[0].id);
    let clerk = Clerk { hangs: true, ..Clerk::default() };
    let started = tokio::time::Instant::now();
    let unfinished = work(&stage, batch, &PLENTY, &clerk).await;
    assert_eq!(
        (unfinished.len(), clerk.lost.borrow().as_slice()),
        (1, &["the deadline came first"][..])
    );
    assert!(started.elapsed() < Duration::from_secs(200));
}
