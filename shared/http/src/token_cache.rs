//! The one cache of access tokens: a token is asked for once, however many calls wait for it.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::response::Response;
use crate::token_error::TokenError;

/// The time before its end at which a token is replaced: far above one reconcile's calls, far below
/// a token's hour.
const EARLY: Duration = Duration::from_mins(5);

/// Tells the time. The wall clock, because a function that sleeps between invocations outlives its
/// tokens.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A token as its endpoint gave it. `Debug` hides the secret.
#[derive(Clone, Debug)]
pub struct Issued<T> {
    /// The token.
    pub secret: SecretString,
    /// What came with it.
    pub with: T,
    /// Its life; `None` where only a 401 shows that it is over.
    pub life: Option<Duration>,
}

/// A service's sign-in.
pub trait Grant: Send + Sync {
    /// What comes with a token, such as the address to use it at.
    type With: Clone + Send + Sync;
    /// How the store of the credentials fails.
    type Error: Error + Send + Sync + 'static;

    /// Asks for a token. `audience` is what the token is for, where one sign-in serves several.
    fn ask(
        &self,
        audience: &str,
    ) -> impl Future<Output = Result<Issued<Self::With>, TokenError<Self::Error>>> + Send;

    /// False for a 401 that another token would meet again, since it is the application that is
    /// refused.
    fn may_renew(_refused: &Response) -> bool {
        true
    }
}

/// A token, and which one it is, so that a 401 drops only the token it was about. `Debug` hides the
/// secret.
#[derive(Clone, Debug)]
pub struct Token<T> {
    /// The token.
    pub secret: SecretString,
    /// What came with it.
    pub with: T,
    serial: u64,
}

/// One token of each audience for all calls. The lock is kept while a token is asked for: whoever
/// comes meanwhile waits and shares the token, or the refusal, and audiences do not race for a
/// rolling refresh token. Whoever comes later asks anew, since an operator may have put it right.
pub struct TokenCache<G: Grant> {
    grant: G,
    clock: Clock,
    /// Counts refusals. Noted before waiting for `state`: a refusal with a higher number was given
    /// meanwhile.
    refusals: AtomicU64,
    state: Mutex<State<G>>,
}

struct State<G: Grant> {
    issued: u64,
    tokens: HashMap<String, Cached<G::With>>,
    /// The last refusal of each audience: some are about the audience only.
    refused: HashMap<String, Refused<G::Error>>,
}

struct Cached<T> {
    token: Token<T>,
    renew_at: Option<Timestamp>,
}

struct Refused<E: Error + 'static> {
    number: u64,
    error: TokenError<E>,
}

impl<G: Grant> TokenCache<G> {
    /// An empty cache: no token is asked for until one is needed.
    pub fn new(grant: G, clock: Clock) -> Self {
        let state = State { issued: 0, tokens: HashMap::new(), refused: HashMap::new() };
        Self { grant, clock, refusals: AtomicU64::default(), state: Mutex::new(state) }
    }

    /// The token for a call to `audience`.
    pub async fn token(&self, audience: &str) -> Result<Token<G::With>, TokenError<G::Error>> {
        let noted = self.refusals.load(Ordering::SeqCst);
        self.cached_or_new(&mut *self.state.lock().await, audience, noted).await
    }

    /// Another token than `refused`, which was not accepted: it is dropped, unless it has been
    /// replaced already.
    pub async fn renew(
        &self,
        audience: &str,
        refused: &Token<G::With>,
    ) -> Result<Token<G::With>, TokenError<G::Error>> {
        let noted = self.refusals.load(Ordering::SeqCst);
        let mut state = self.state.lock().await;
        if state.tokens.get(audience).is_some_and(|cached| cached.token.serial == refused.serial) {
            state.tokens.remove(audience);
        }
        self.cached_or_new(&mut state, audience, noted).await
    }

    async fn cached_or_new(
        &self,
        state: &mut State<G>,
        audience: &str,
        noted: u64,
    ) -> Result<Token<G::With>, TokenError<G::Error>> {
        let now = (self.clock)();
        let lives =
            |cached: &&Cached<G::With>| cached.renew_at.is_none_or(|renew_at| now < renew_at);
        if let Some(cached) = state.tokens.get(audience).filter(lives) {
            return Ok(cached.token.clone());
        }
        let meanwhile = state.refused.get(audience).filter(|refused| refused.number > noted);
        if let Some(shared) = meanwhile.and_then(|refused| refused.error.shared()) {
            return Err(shared);
        }
        let issued = match self.grant.ask(audience).await {
            Ok(issued) => issued,
            Err(error) => {
                if let Some(error) = error.shared() {
                    let number = self.refusals.fetch_add(1, Ordering::SeqCst) + 1;
                    state.refused.insert(audience.to_owned(), Refused { number, error });
                }
                return Err(error);
            }
        };
        state.issued += 1;
        let token = Token { secret: issued.secret, with: issued.with, serial: state.issued };
        let renew_at = issued.life.map(|life| {
            let use_for = life.saturating_sub(EARLY.min(life / 2));
            // Longer than the calendar is for ever, and a 401 shows when it is over.
            now.saturating_add(use_for).unwrap_or(Timestamp::MAX)
        });
        state.tokens.insert(audience.to_owned(), Cached { token: token.clone(), renew_at });
        Ok(token)
    }
}

#[cfg(test)]
mod tests;
