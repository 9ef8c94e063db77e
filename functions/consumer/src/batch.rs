//! Running a FIFO batch: groups side by side, a group's messages in order up to its first failure, within the deadline.
//!
//! Knows nothing of deals. What is not known to be done is reported as failed and comes back; a message that was
//! reported although it was done costs one look that finds nothing to do.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;

/// A message of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// The queue's id, for the batch response.
    pub(crate) id: String,
    /// Its message group.
    pub(crate) group: String,
    /// Its body.
    pub(crate) body: String,
    /// For changing its visibility.
    pub(crate) receipt: String,
    /// How often it was received, this time included.
    pub(crate) receives: u32,
}

/// A message that must come back, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfinished {
    pub(crate) message: Received,
    /// How long it should stay invisible; `None` leaves the queue's own time-out.
    pub(crate) retry_after: Option<Duration>,
}

/// How much time is left.
pub(crate) trait TimeLeft {
    /// Until the function is stopped.
    fn left(&self) -> Duration;
}

/// A look at a pair takes a handful of calls of at most 20 s, mostly well under one second each. Below this nothing new is started.
const ENOUGH_TO_START: Duration = Duration::from_secs(20);
/// Kept for the answer itself.
const LAST_SECOND: Duration = Duration::from_secs(1);
/// Kept for changing visibilities and answering the batch.
const ENOUGH_TO_ANSWER: Duration = Duration::from_secs(3);

/// Runs `handle` for each message and returns those that must come back. `Err` of `handle` says when; `postpone` is given a
/// group's rest as soon as the group has failed.
pub(crate) async fn run<F, Fut>(
    batch: Vec<Received>,
    time: &impl TimeLeft,
    handle: F,
    postpone: impl AsyncFn(Vec<Unfinished>),
) -> Vec<Unfinished>
where
    F: Fn(Received) -> Fut,
    Fut: Future<Output = Result<(), Option<Duration>>>,
{
    let mut groups: BTreeMap<String, Vec<Received>> = BTreeMap::new();
    for message in batch {
        groups.entry(message.group.clone()).or_default().push(message);
    }
    let running = groups.into_values().map(async |group| {
        let unfinished = run_group(group, time, &handle).await;
        // A postponement that does not get through only means the queue's own time-out; the answer must not wait for it.
        let enough = time.left().saturating_sub(LAST_SECOND);
        if !unfinished.is_empty() && tokio::time::timeout(enough, postpone(unfinished.clone())).await.is_err() {
            tracing::warn!("visibilities could not be changed in time; the messages come back by the queue's own time-out");
        }
        unfinished
    });
    join_all(running).await.into_iter().flatten().collect()
}

async fn run_group<F, Fut>(group: Vec<Received>, time: &impl TimeLeft, handle: &F) -> Vec<Unfinished>
where
    F: Fn(Received) -> Fut,
    Fut: Future<Output = Result<(), Option<Duration>>>,
{
    let mut messages = group.into_iter();
    while let Some(message) = messages.next() {
        if let Err(retry_after) = run_one(message.clone(), time, handle).await {
            // The rest waits behind the failure, so that the group stays in order.
            let rest = messages.map(|message| Unfinished { message, retry_after });
            return std::iter::once(Unfinished { message, retry_after }).chain(rest).collect();
        }
    }
    Vec::new()
}

async fn run_one<F, Fut>(message: Received, time: &impl TimeLeft, handle: &F) -> Result<(), Option<Duration>>
where
    F: Fn(Received) -> Fut,
    Fut: Future<Output = Result<(), Option<Duration>>>,
{
    let left = time.left();
    if left < ENOUGH_TO_START {
        return Err(Some(Duration::ZERO));
    }
    let id = message.id.clone();
    // A panic costs its own message, not the batch.
    let guarded = AssertUnwindSafe(handle(message)).catch_unwind();
    match tokio::time::timeout(left.saturating_sub(ENOUGH_TO_ANSWER), guarded).await {
        Ok(Ok(result)) => result,
        Ok(Err(_panic)) => {
            tracing::error!(message.id = id, "the handler panicked; the message comes back");
            Err(None)
        }
        Err(_elapsed) => {
            tracing::error!(message.id = id, "the deadline came first; the message comes back");
            Err(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    struct Fixed(Duration);

    impl TimeLeft for Fixed {
        fn left(&self) -> Duration {
            self.0
        }
    }

    /// Runs without postponing.
    async fn run<Fut>(batch: Vec<Received>, time: &Fixed, handle: impl Fn(Received) -> Fut) -> Vec<Unfinished>
    where
        Fut: Future<Output = Result<(), Option<Duration>>>,
    {
        super::run(batch, time, handle, async |_| ()).await
    }

    const PLENTY: Fixed = Fixed(Duration::from_secs(100));

    fn message(id: &str, group: &str) -> Received {
        Received {
            id: id.into(),
            group: group.into(),
            body: String::new(),
            receipt: String::new(),
            receives: 1,
        }
    }

    fn ids(unfinished: &[Unfinished]) -> Vec<&str> {
        unfinished.iter().map(|unfinished| unfinished.message.id.as_str()).collect()
    }

    #[tokio::test]
    async fn a_group_stops_at_its_first_failure_and_others_go_on() {
        let seen = RefCell::new(Vec::new());
        let batch = vec![
            message("a1", "a"),
            message("b1", "b"),
            message("a2", "a"),
            message("a3", "a"),
            message("b2", "b"),
        ];
        let unfinished = run(batch, &PLENTY, |message| {
            seen.borrow_mut().push(message.id.clone());
            async move {
                if message.id == "a2" {
                    Err(Some(Duration::from_secs(7)))
                } else {
                    Ok(())
                }
            }
        })
        .await;
        assert_eq!(ids(&unfinished), ["a2", "a3"]);
        assert_eq!(unfinished[1].retry_after, Some(Duration::from_secs(7)));
        assert!(!seen.borrow().contains(&"a3".to_owned()) && seen.borrow().contains(&"b2".to_owned()));
    }

    #[tokio::test]
    async fn groups_run_side_by_side() {
        let meeting = tokio::sync::Barrier::new(2);
        let unfinished = run(vec![message("a", "a"), message("b", "b")], &PLENTY, |_| async {
            meeting.wait().await;
            Ok(())
        });
        assert!(tokio::time::timeout(Duration::from_secs(5), unfinished).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_panic_costs_one_message() {
        let unfinished = run(vec![message("bad", "a"), message("good", "b")], &PLENTY, |message| async move {
            assert!(message.id != "bad", "ordered by the test");
            Ok(())
        })
        .await;
        assert_eq!(ids(&unfinished), ["bad"]);
    }

    #[tokio::test]
    async fn without_enough_time_nothing_is_started_and_all_come_back_at_once() {
        let batch = vec![message("a1", "a"), message("b1", "b")];
        let unfinished = run(batch, &Fixed(Duration::from_secs(5)), |_| async { panic!("must not start") }).await;
        assert_eq!(ids(&unfinished), ["a1", "b1"]);
        assert!(unfinished.iter().all(|unfinished| unfinished.retry_after == Some(Duration::ZERO)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hanging_message_is_cut_off_before_the_deadline() {
        let unfinished = run(vec![message("hangs", "a")], &PLENTY, |_| std::future::pending()).await;
        assert_eq!(ids(&unfinished), ["hangs"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_group_is_postponed_at_once_and_a_hanging_queue_does_not_hold_the_answer() {
        let postponed = RefCell::new(Vec::new());
        let handle = |message: Received| async move {
            if message.group == "slow" {
                tokio::time::sleep(Duration::from_mins(1)).await;
            }
            Err(Some(Duration::from_secs(5)))
        };
        let postpone = async |group: Vec<Unfinished>| {
            postponed.borrow_mut().push(group[0].message.id.clone());
            std::future::pending::<()>().await;
        };
        let started = tokio::time::Instant::now();
        let unfinished = super::run(vec![message("s", "slow"), message("f", "fast")], &PLENTY, handle, postpone).await;
        assert_eq!(*postponed.borrow(), ["f", "s"]);
        assert_eq!(unfinished.len(), 2);
        assert!(started.elapsed() < Duration::from_secs(200));
    }
}
