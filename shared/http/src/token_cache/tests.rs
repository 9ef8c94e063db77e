use std::sync::Mutex as StdMutex;
use std::sync::atomic::AtomicI64;

use secrecy::ExposeSecret as _;

use super::*;

/// Gives numbered tokens that live for an hour, unless a refusal is planned.
#[derive(Default)]
struct Scripted {
    asked: AtomicU64,
    /// The next answers.
    refusals: StdMutex<Vec<TokenError<std::fmt::Error>>>,
}

impl Grant for Scripted {
    type With = ();
    type Error = std::fmt::Error;

    async fn ask(&self, audience: &str) -> Result<Issued<()>, TokenError<std::fmt::Error>> {
        // Whoever asks at the same time comes in between.
        tokio::task::yield_now().await;
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(refusal) = self.refusals.lock().unwrap().pop() {
            return Err(refusal);
        }
        let secret = SecretString::from(format!("{audience}-{number}"));
        Ok(Issued { secret, with: (), life: Some(Duration::from_hours(1)) })
    }
}

struct Bench {
    cache: TokenCache<Scripted>,
    seconds: Arc<AtomicI64>,
}

impl Bench {
    fn new() -> Self {
        let seconds = Arc::new(AtomicI64::new(1_790_000_000));
        let clock = seconds.clone();
        let clock: Clock =
            Arc::new(move || Timestamp::from_second(clock.load(Ordering::SeqCst)).unwrap());
        Self { cache: TokenCache::new(Scripted::default(), clock), seconds }
    }

    fn refuse(&self, error: TokenError<std::fmt::Error>) {
        self.cache.grant.refusals.lock().unwrap().push(error);
    }

    fn asked(&self) -> u64 {
        self.cache.grant.asked.load(Ordering::SeqCst)
    }

    async fn secret(&self, audience: &str) -> String {
        self.cache.token(audience).await.unwrap().secret.expose_secret().to_owned()
    }
}

fn refused() -> TokenError<std::fmt::Error> {
    TokenError::Refused { service: "s", code: "c".to_owned(), remedy: "r", trace_id: None }
}

fn unavailable(retry_after: Option<Duration>) -> TokenError<std::fmt::Error> {
    TokenError::Unavailable { service: "s", status: 503, retry_after }
}

#[tokio::test]
async fn many_calls_ask_once_for_each_audience() {
    let bench = Bench::new();
    let (a, b, c) = tokio::join!(bench.secret("a"), bench.secret("a"), bench.secret("b"));
    assert_eq!((a.as_str(), b.as_str(), c.as_str()), ("a-1", "a-1", "b-2"));
    assert_eq!(bench.asked(), 2);
}

#[tokio::test]
async fn a_token_is_replaced_five_minutes_before_its_end() {
    let bench = Bench::new();
    assert_eq!(bench.secret("a").await, "a-1");
    bench.seconds.fetch_add(3600 - 301, Ordering::SeqCst);
    assert_eq!(bench.secret("a").await, "a-1");
    bench.seconds.fetch_add(1, Ordering::SeqCst);
    assert_eq!(bench.secret("a").await, "a-2");
}

#[tokio::test]
async fn calls_whose_token_was_not_accepted_get_the_same_new_one() {
    let bench = Bench::new();
    let dead = bench.cache.token("a").await.unwrap();
    let renewed = || bench.cache.renew("a", &dead);
    let (first, second) = tokio::join!(renewed(), renewed());
    assert_eq!(first.unwrap().secret.expose_secret(), "a-2");
    assert_eq!(second.unwrap().secret.expose_secret(), "a-2");
    assert_eq!(renewed().await.unwrap().secret.expose_secret(), "a-2", "it was replaced already");
    assert_eq!(bench.asked(), 2);
}

#[tokio::test]
async fn who_waits_while_the_sign_in_is_refused_shares_the_answer_and_who_comes_later_asks_anew() {
    let wait = Some(Duration::from_secs(9));
    for error in [refused(), unavailable(wait), TokenError::Unusable("no key")] {
        let bench = Bench::new();
        let expected = error.to_string();
        bench.refuse(error);
        let token = || bench.cache.token("a");
        let (first, second) = tokio::join!(token(), token());
        assert_eq!(
            [first, second].map(|answer| answer.unwrap_err().to_string()),
            [(); 2].map(|()| expected.clone())
        );
        assert_eq!(bench.asked(), 1);
        assert_eq!(bench.secret("a").await, "a-2");
    }
}

#[tokio::test]
async fn a_refusal_is_not_shared_with_another_audience_nor_trouble_with_anybody() {
    for (error, other) in [(refused(), "b"), (unavailable(None), "a")] {
        let bench = Bench::new();
        bench.refuse(error);
        let (first, second) = tokio::join!(bench.cache.token("a"), bench.cache.token(other));
        assert!(first.is_err() && second.is_ok());
    }
}

#[tokio::test]
async fn a_token_that_was_not_accepted_is_not_given_out_again() {
    let bench = Bench::new();
    let dead = bench.cache.token("a").await.unwrap();
    bench.refuse(unavailable(None));
    assert!(bench.cache.renew("a", &dead).await.is_err());
    assert_eq!(bench.secret("a").await, "a-3");
}

#[tokio::test]
async fn a_token_is_not_shown() {
    let bench = Bench::new();
    let token = bench.cache.token("hush").await.unwrap();
    let issued = Issued { secret: token.secret.clone(), with: (), life: None };
    let shown = format!("{token:?} {issued:?}");
    assert!(!shown.contains("hush"), "{shown}");
}
