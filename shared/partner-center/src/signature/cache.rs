//! Remembering certificates by address, so that nobody can make us hammer the certificate host.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use url::Url;

use super::certificate::SigningKey;
use super::fault::SignatureFault;

/// Least time between two fetches of one address, good or bad. A replaced certificate is noticed
/// after at most this long.
const REFRESH_INTERVAL: SignedDuration = SignedDuration::from_secs(60);

/// Longest time a key is used without being fetched again: a certificate that Microsoft withdraws
/// is gone within a day.
const KEEP: SignedDuration = SignedDuration::from_hours(24);

/// The one name that Microsoft's sample shows. It always has room, however many made-up names
/// others send.
const KNOWN_NAME: &str = "/cert/pcnotifications-dispatch.microsoft.com.cer";

/// Partner Center uses one address. The rest is room for a change of name, and for attempts with
/// made-up ones.
const CAPACITY: usize = 16;

/// What we know of the certificate at one address.
#[derive(Debug, Default)]
pub(super) struct Slot {
    attempted: Option<Timestamp>,
    key: Option<(SigningKey, Timestamp)>,
    fault: Option<SignatureFault>,
}

impl Slot {
    /// The key, while it may still be used.
    pub(super) fn key(&self, now: Timestamp) -> Option<&SigningKey> {
        let (key, fetched) = self.key.as_ref()?;
        (key.is_valid(now) && now.duration_since(*fetched) < KEEP).then_some(key)
    }

    /// Whether the certificate may be fetched now; if not, what the last attempt gave.
    pub(super) fn may_fetch(&self, now: Timestamp) -> Result<(), SignatureFault> {
        let recent =
            self.attempted.is_some_and(|at| at <= now && now.duration_since(at) < REFRESH_INTERVAL);
        if recent { Err(self.fault.clone().unwrap_or(SignatureFault::Mismatch)) } else { Ok(()) }
    }

    /// Notes an attempt before it is made, so that it counts even if the invocation is cut off.
    /// `pending` stands until its result is known.
    pub(super) fn attempt(&mut self, now: Timestamp, pending: SignatureFault) {
        self.attempted = Some(now);
        self.fault = Some(pending);
    }

    /// Takes a fetched key.
    pub(super) fn fetched(&mut self, key: SigningKey, now: Timestamp) {
        self.key = Some((key, now));
        self.fault = None;
    }

    /// Notes why the attempt failed. An older key stays in use.
    pub(super) fn failed(&mut self, fault: SignatureFault) {
        self.fault = Some(fault);
    }

    fn is_disposable(&self, now: Timestamp) -> bool {
        self.key(now).is_none() && self.may_fetch(now).is_ok()
    }
}

/// One slot an address. A slot is locked while its certificate is fetched, so that many deliveries
/// cause one fetch.
#[derive(Debug, Default)]
pub(super) struct Cache {
    slots: StdMutex<HashMap<Url, Arc<Mutex<Slot>>>>,
}

impl Cache {
    /// The slot of `url`. Full means [`SignatureFault::Busy`]: slots with a good key or a recent
    /// attempt are never given up.
    pub(super) fn slot(
        &self,
        url: &Url,
        now: Timestamp,
    ) -> Result<Arc<Mutex<Slot>>, SignatureFault> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(url) {
            return Ok(Arc::clone(slot));
        }
        if slots.len() >= CAPACITY {
            slots.retain(|_, slot| !slot.try_lock().is_ok_and(|slot| slot.is_disposable(now)));
        }
        if slots.len() >= CAPACITY && url.path() != KNOWN_NAME {
            return Err(SignatureFault::Busy);
        }
        Ok(Arc::clone(slots.entry(url.clone()).or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn url(n: usize) -> Url {
        Url::parse(&format!("https://a.example/cert/{n}.cer")).unwrap()
    }

    #[tokio::test]
    async fn made_up_addresses_fill_the_cache_for_a_minute_at_most() {
        let cache = Cache::default();
        for n in 0..CAPACITY {
            cache
                .slot(&url(n), at(0))
                .unwrap()
                .lock()
                .await
                .attempt(at(0), SignatureFault::Unreadable);
        }
        assert_eq!(cache.slot(&url(99), at(59)).unwrap_err().code(), "certificate-busy");
        assert!(cache.slot(&url(0), at(59)).is_ok());
        assert!(cache.slot(&url(99), at(60)).is_ok());
    }

    #[test]
    fn a_failure_is_remembered_for_the_refresh_interval() {
        let mut slot = Slot::default();
        assert!(slot.may_fetch(at(0)).is_ok());
        slot.attempt(at(0), SignatureFault::Busy);
        slot.failed(SignatureFault::Unreadable);
        assert_eq!(slot.may_fetch(at(59)).unwrap_err().code(), "certificate-unreadable");
        assert!(slot.may_fetch(at(60)).is_ok());
        assert!(slot.may_fetch(at(-5)).is_ok(), "a clock that was set back must not lock us out");
    }
}
