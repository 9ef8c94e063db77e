//! The FIFO queue: order within a group, deduplication for five minutes, visibility, dead letters.
//! Every message is accounted for.

use std::collections::{BTreeMap, BTreeSet};

use cosell_model::message::SyncMessage;
use cosell_model::record_id::RecordIds;
use cosell_sync::batch::Received;
use jiff::{SignedDuration, Timestamp};

/// SQS hides a message this long when its function dies (the template's visibility time-out).
const VISIBILITY: SignedDuration = SignedDuration::from_secs(720);
/// The template's maxReceiveCount.
const RECEIVES: u32 = 300;
/// The template's batch size.
const BATCH: usize = 10;

#[derive(Clone, Debug)]
struct Queued {
    id: String,
    group: String,
    body: String,
    visible_at: Timestamp,
    receives: u32,
    in_flight: bool,
}

/// The queue and its books.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Vec<Queued>,
    /// When each deduplication id was last sent.
    sent_ids: BTreeMap<String, Timestamp>,
    /// How many messages were ever put on the queue.
    pub sent: usize,
    /// How many of them are done.
    pub deleted: usize,
    /// How many of them came back too often.
    pub dead: usize,
}

impl Queue {
    /// Says whether the message was taken: a twin within five minutes is dropped.
    pub fn send(&mut self, message: &SyncMessage, now: Timestamp) -> bool {
        let twin = self.sent_ids.get(&message.deduplication());
        if twin.is_some_and(|sent| now.duration_since(*sent) < SignedDuration::from_mins(5)) {
            return false;
        }
        self.sent_ids.insert(message.deduplication(), now);
        self.put(message.group(), message.body(), now);
        true
    }

    /// Somebody else's message.
    pub fn send_poison(&mut self, now: Timestamp) {
        self.put("poison".into(), "{\"from\":\"somebody else\"}".into(), now);
    }

    fn put(&mut self, group: String, body: String, now: Timestamp) {
        self.sent += 1;
        self.waiting.push(Queued {
            id: format!("m{}", self.sent),
            group,
            body,
            visible_at: now,
            receives: 0,
            in_flight: false,
        });
    }

    /// A batch of at most `limit` messages: of a group nobody works on, in order, up to its first
    /// invisible one.
    pub fn receive(&mut self, limit: usize, now: Timestamp) -> Vec<Received> {
        let busy: BTreeSet<String> = self
            .waiting
            .iter()
            .filter(|queued| queued.in_flight)
            .map(|queued| queued.group.clone())
            .collect();
        let mut closed = busy;
        let mut batch = Vec::new();
        for queued in &mut self.waiting {
            if batch.len() >= limit.min(BATCH) {
                break;
            }
            if closed.contains(&queued.group) {
                continue;
            }
            if queued.visible_at > now {
                closed.insert(queued.group.clone());
                continue;
            }
            queued.in_flight = true;
            queued.receives += 1;
            queued.visible_at = now + VISIBILITY;
            batch.push(Received {
                id: queued.id.clone(),
                body: queued.body.clone(),
                receipt: queued.id.clone(),
                receives: queued.receives,
            });
        }
        batch
    }

    /// Changes a message's visibility.
    pub fn postpone(&mut self, receipt: &str, after: SignedDuration, now: Timestamp) {
        if let Some(queued) = self.waiting.iter_mut().find(|queued| queued.id == receipt) {
            queued.visible_at = now + after;
        }
    }

    /// An invocation is over: what it named comes back, the rest of its batch is done. A dead one
    /// names all.
    pub fn settle(&mut self, batch: &[Received], unfinished: &BTreeSet<String>) {
        for received in batch {
            let Some(index) = self.waiting.iter().position(|queued| queued.id == received.id)
            else {
                continue;
            };
            if !unfinished.contains(&received.id) {
                self.waiting.remove(index);
                self.deleted += 1;
            } else if self.waiting[index].receives >= RECEIVES {
                self.waiting.remove(index);
                self.dead += 1;
            } else {
                self.waiting[index].in_flight = false;
            }
        }
    }

    /// The messages on the queue, in order.
    pub fn messages(&self) -> Vec<SyncMessage> {
        let ids = RecordIds::none();
        self.waiting
            .iter()
            .filter_map(|queued| SyncMessage::parse(&queued.body, &ids).ok())
            .collect()
    }

    /// How many messages are on the queue.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether no message is on the queue.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}
