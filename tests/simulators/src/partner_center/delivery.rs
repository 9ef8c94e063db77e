//! The delivery engine: ten tries with growing gaps, then the event is dead (contract
//! partner-center 4.5).
//!
//! The gaps are of the simulated time: moving the clock ends them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use crate::clock::Clock;

/// Tries before an event goes to the offline queue.
const TRIES: usize = 10;
/// How long a receiver may take. Microsoft publishes no figure (contract partner-center 6.11).
const TIME_OUT: Duration = Duration::from_secs(10);
/// How long an event is held back to be overtaken before it goes out alone.
const HELD_AT_MOST: Duration = Duration::from_secs(2);
/// How far behind the overtaking event the held one follows.
const OVERTAKING_GAP: Duration = Duration::from_millis(100);

/// An event ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) event: String,
    pub(crate) resource_uri: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) first_gap: Duration,
    pub(crate) longest_gap: Duration,
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    Pending,
    Held,
    Delivered,
    Lost,
    Dead,
}

/// One try.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Try {
    pub(crate) at: Timestamp,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
}

/// One delivery as the control page shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Delivery {
    pub(crate) id: usize,
    pub(crate) event: String,
    pub(crate) resource_uri: String,
    pub(crate) url: String,
    pub(crate) state: Standing,
    pub(crate) tries: Vec<Try>,
    #[serde(skip)]
    claimed: bool,
    #[serde(skip)]
    parcel: Parcel,
}

#[derive(Debug, Default)]
struct Log {
    list: Vec<Delivery>,
    held: Option<usize>,
    epoch: u32,
}

/// How an event is to be treated.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mischief {
    pub(crate) lose: bool,
    pub(crate) twice: bool,
    pub(crate) reorder: bool,
}

/// The engine; cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Deliveries {
    log: Arc<Mutex<Log>>,
    client: reqwest::Client,
    clock: Clock,
}

impl Deliveries {
    pub(crate) fn new(clock: Clock) -> anyhow::Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the simulators share nothing with the product, its client builder included"
        )]
        let builder = reqwest::Client::builder();
        let client = builder
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIME_OUT)
            .build()?;
        Ok(Self { log: Arc::default(), client, clock })
    }

    /// All deliveries, oldest first.
    pub(crate) fn list(&self) -> Vec<Delivery> {
        self.lock().list.clone()
    }

    /// One delivery by its number.
    pub(crate) fn get(&self, id: usize) -> Option<Delivery> {
        self.lock().list.get(id).cloned()
    }

    /// Forgets all deliveries and ends those under way.
    pub(crate) fn clear(&self) {
        let mut log = self.lock();
        *log = Log { epoch: log.epoch + 1, ..Log::default() };
    }

    /// Takes an event and sends it in the background. Answers the delivery's number.
    pub(crate) fn send(&self, parcel: Parcel, mischief: Mischief) -> usize {
        if mischief.lose {
            return self.note(parcel, Standing::Lost);
        }
        if mischief.twice {
            let double = self.note(parcel.clone(), Standing::Pending);
            self.start(double, Duration::ZERO);
        }
        let held = self.lock().held.take();
        if mischief.reorder && held.is_none() {
            let id = self.note(parcel, Standing::Held);
            self.lock().held = Some(id);
            self.start(id, HELD_AT_MOST);
            return id;
        }
        let id = self.note(parcel, Standing::Pending);
        self.start(id, Duration::ZERO);
        if let Some(held) = held {
            self.start(held, OVERTAKING_GAP);
        }
        id
    }

    fn note(&self, parcel: Parcel, state: Standing) -> usize {
        let mut log = self.lock();
        let id = log.list.len();
        let (event, resource_uri, url) =
            (parcel.event.clone(), parcel.resource_uri.clone(), parcel.url.clone());
        log.list.push(Delivery {
            id,
            event,
            resource_uri,
            url,
            state,
            tries: Vec::new(),
            claimed: false,
            parcel,
        });
        id
    }

    fn start(&self, id: usize, after: Duration) {
        let epoch = self.lock().epoch;
        let engine = self.clone();
        tokio::spawn(async move {
            engine.clock.sleep(after).await;
            engine.deliver(id, epoch).await;
        });
    }

    async fn deliver(&self, id: usize, epoch: u32) {
        let Some(parcel) = self.claim(id, epoch) else {
            return;
        };
        let mut gap = parcel.first_gap;
        for number in 1..=TRIES {
            let tried = self.post(&parcel).await;
            let delivered = tried.status.is_some_and(|status| (200..300).contains(&status));
            let state = match (delivered, number) {
                (true, _) => Standing::Delivered,
                (false, TRIES) => Standing::Dead,
                (false, _) => Standing::Pending,
            };
            if !self.record(id, epoch, tried, state) || state != Standing::Pending {
                return;
            }
            self.clock.sleep(gap).await;
            gap = gap.saturating_mul(2).min(parcel.longest_gap);
        }
    }

    /// A held event has two timers, the overtaking one and the last resort: the first to come takes
    /// it.
    fn claim(&self, id: usize, epoch: u32) -> Option<Parcel> {
        let mut log = self.lock();
        if log.epoch != epoch {
            return None;
        }
        if log.held == Some(id) {
            log.held = None;
        }
        let delivery = log.list.get_mut(id).filter(|delivery| !delivery.claimed)?;
        delivery.claimed = true;
        delivery.state = Standing::Pending;
        Some(delivery.parcel.clone())
    }

    fn record(&self, id: usize, epoch: u32, tried: Try, state: Standing) -> bool {
        let mut log = self.lock();
        let current = log.epoch == epoch;
        if let Some(delivery) = log.list.get_mut(id).filter(|_| current) {
            delivery.tries.push(tried);
            delivery.state = state;
        }
        current
    }

    async fn post(&self, parcel: &Parcel) -> Try {
        let at = self.clock.now();
        let mut request = self.client.post(&parcel.url).body(parcel.body.clone());
        for (name, value) in &parcel.headers {
            request = request.header(*name, value);
        }
        match request.send().await {
            Ok(response) => Try { at, status: Some(response.status().as_u16()), error: None },
            Err(error) => Try { at, status: None, error: Some(error.without_url().to_string()) },
        }
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Try {
    /// The receiver's status name as .NET spells it, such as `InternalServerError`; empty without
    /// an answer.
    pub(crate) fn status_name(&self) -> String {
        let reason = self
            .status
            .and_then(|status| StatusCode::from_u16(status).ok())
            .and_then(|status| status.canonical_reason());
        reason.unwrap_or_default().replace(' ', "")
    }
}
