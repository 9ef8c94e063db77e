//! One access token for all calls of an adapter, asked for once however many calls wait for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use tokio::sync::Mutex;

/// How early a token is replaced: far above one reconcile's calls, far below a token's hour.
const EARLY: Duration = Duration::from_mins(5);

/// A token as its service gave it. `Debug` hides the secret.
#[derive(Clone, Debug)]
pub struct Issued<T> {
    /// The token.
    pub secret: SecretString,
    /// What came with it.
    pub with: T,
    /// How long it lives; `None` where only a 401 tells that it is over.
    pub life: Option<Duration>,
}

/// Where tokens come from.
pub trait Grant: Send + Sync {
    /// What comes with a token, such as the address to use it at.
    type With: Clone + Send;
    /// Why there is none.
    type Error: Send;

    /// Asks the service for a token.
    fn ask(&self) -> impl Future<Output = Result<Issued<Self::With>, Self::Error>> + Send;

    /// The same answer for those who waited for it, if it is one that asking again would only make worse.
    fn shared(error: &Self::Error) -> Option<Self::Error>;
}

/// A token, and which one it is, so that a 401 drops only the token it was about.
#[derive(Clone, Debug)]
pub struct Bearer<T> {
    /// The token.
    pub secret: SecretString,
    /// What came with it.
    pub with: T,
    serial: u64,
}

/// One token for all calls. The lock is held while a token is fetched: whoever comes meanwhile waits and shares it, or shares the
/// refusal. Whoever comes later asks anew, since an operator may have mended it.
pub struct Bearers<G: Grant> {
    grant: G,
    /// How often we were refused or throttled. Noted before waiting for `cache`: a refusal with a higher number was given meanwhile.
    refusals: AtomicU64,
    cache: Mutex<Cache<G>>,
}

struct Cache<G: Grant> {
    held: Option<Held<G::With>>,
    issued: u64,
    refused: Option<Refusal<G::Error>>,
}

struct Held<T> {
    bearer: Bearer<T>,
    renew_at: Option<Instant>,
}

struct Refusal<E> {
    number: u64,
    error: E,
}

impl<G: Grant> Bearers<G> {
    /// No token is asked for until one is needed.
    pub fn new(grant: G) -> Self {
        Self {
            grant,
            refusals: AtomicU64::default(),
            cache: Mutex::new(Cache { held: None, issued: 0, refused: None }),
        }
    }

    /// The token for a call.
    pub async fn bearer(&self) -> Result<Bearer<G::With>, G::Error> {
        let noted = self.refusals.load(Ordering::SeqCst);
        self.held_or_new(&mut *self.cache.lock().await, noted).await
    }

    /// Another token than `refused`, which was not accepted: it is forgotten, unless it has been replaced already.
    pub async fn renew(&self, refused: &Bearer<G::With>) -> Result<Bearer<G::With>, G::Error> {
        let noted = self.refusals.load(Ordering::SeqCst);
        let mut cache = self.cache.lock().await;
        if cache.held.as_ref().is_some_and(|held| held.bearer.serial == refused.serial) {
            cache.held = None;
        }
        self.held_or_new(&mut cache, noted).await
    }

    async fn held_or_new(
        &self,
        cache: &mut Cache<G>,
        noted: u64,
    ) -> Result<Bearer<G::With>, G::Error> {
        let lives =
            |held: &&Held<G::With>| held.renew_at.is_none_or(|renew_at| Instant::now() < renew_at);
        if let Some(held) = cache.held.as_ref().filter(lives) {
            return Ok(held.bearer.clone());
        }
        let meanwhile = cache.refused.as_ref().filter(|refusal| refusal.number > noted);
        if let Some(shared) = meanwhile.and_then(|refusal| G::shared(&refusal.error)) {
            return Err(shared);
        }
        let asked = Instant::now();
        let issued = match self.grant.ask().await {
            Ok(issued) => issued,
            Err(error) => {
                if let Some(error) = G::shared(&error) {
                    let number = self.refusals.fetch_add(1, Ordering::SeqCst) + 1;
                    cache.refused = Some(Refusal { number, error });
                }
                return Err(error);
            }
        };
        cache.issued += 1;
        let bearer = Bearer { secret: issued.secret, with: issued.with, serial: cache.issued };
        // A function that is frozen between invocations may outlive this clock; the 401 of a dead token covers that.
        cache.held = Some(Held {
            bearer: bearer.clone(),
            renew_at: issued.life.map(|life| asked + life.saturating_sub(EARLY.min(life / 2))),
        });
        Ok(bearer)
    }
}
