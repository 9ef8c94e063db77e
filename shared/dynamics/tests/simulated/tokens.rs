//! Who shares a refused token request, and who asks anew.

use std::time::Duration;

use cosell_simulators::faults::{Action, Fault};
use cosell_sync::FailureKind;
use cosell_sync::port::Crm;

use crate::environment::{Environment, referral, status};

impl Environment {
    fn token_requests(&self) -> usize {
        self.simulators.journal.count("entra", "POST", "")
    }

    /// How three calls at once fail.
    async fn three_fail(&self) -> [FailureKind; 3] {
        let call = || self.crm.find_by_referral(referral());
        let (a, b, c) = tokio::join!(call(), call(), call());
        [a, b, c].map(|answer| answer.unwrap_err().kind)
    }
}

#[tokio::test]
async fn who_waits_while_dead_credentials_are_refused_shares_the_answer() {
    let environment = Environment::start().await;
    let secret = environment.replace_secret("expired");
    assert_eq!(environment.three_fail().await, [FailureKind::Credentials; 3]);
    assert_eq!(environment.token_requests(), 1);

    environment.crm.find_by_referral(referral()).await.unwrap_err();
    assert_eq!(environment.token_requests(), 2, "who comes later asks anew");
    environment.replace_secret(secret);
    assert!(environment.crm.find_by_referral(referral()).await.is_ok());
}

#[tokio::test]
async fn who_waits_while_another_token_is_refused_shares_the_answer() {
    let environment = Environment::start().await;
    environment.opportunity().await;
    environment.simulators.journal.clear();
    environment.simulators.clock.advance(4000);
    let secret = environment.replace_secret("expired");
    // Until every call has had its 401.
    environment.simulators.faults.add(Fault::new("entra", Action::Slow { ms: 60_000 }));
    let refused = async {
        environment.simulators.journal.reaches(3, "dataverse", "GET", "").await;
        environment.simulators.faults.clear();
    };
    let (failures, ()) = tokio::join!(environment.three_fail(), refused);
    assert_eq!(failures, [FailureKind::Credentials; 3]);
    assert_eq!((environment.calls("GET", ""), environment.token_requests()), (3, 1));

    environment.replace_secret(secret);
    assert!(environment.crm.find_by_referral(referral()).await.is_ok());
}

#[tokio::test]
async fn who_waits_while_entra_asks_us_to_wait_shares_the_answer() {
    let environment = Environment::start().await;
    environment.simulators.faults.add(Fault::new("entra", status(429)));
    let retry_after = Duration::from_secs(10);
    assert_eq!(environment.three_fail().await, [FailureKind::Throttled { retry_after }; 3]);
    assert_eq!(environment.token_requests(), 1);
    assert!(environment.crm.find_by_referral(referral()).await.is_ok());
}

#[tokio::test]
async fn trouble_is_not_shared() {
    let environment = Environment::start().await;
    environment.simulators.faults.add(Fault::new("entra", status(503)));
    let call = || environment.crm.find_by_referral(referral());
    let (first, second) = tokio::join!(call(), call());
    assert_eq!(first.unwrap_err().kind, FailureKind::Transient);
    assert!(second.is_ok());
}
