use std::sync::Arc;

use async_trait::async_trait;
use cosell_partner_center::token::{
    self, PartnerCredentials, RefreshTokenStore, TokenEndpoint, TokenSettings,
};
use cosell_runtime::clock;
use cosell_simulators::{Config, Simulators};
use cosell_sync::Failure;
use secrecy::SecretString;

use super::*;

/// The simulated partner's consent.
struct Consent;

#[async_trait]
impl RefreshTokenStore for Consent {
    async fn load(&self) -> Result<PartnerCredentials, Failure> {
        Ok(PartnerCredentials {
            client_id: "sim-partner-client".into(),
            client_secret: SecretString::from("sim-partner-secret"),
            refresh_token: SecretString::from("sim-partner-refresh-token"),
        })
    }

    async fn store(&self, _: &PartnerCredentials, _: SecretString) -> Result<(), Failure> {
        Ok(())
    }
}

async fn registration() -> (Simulators, Registration) {
    let simulators = Simulators::start(Config::default()).await.unwrap();
    let entra =
        TokenSettings::new(&simulators.entra, "sim-partner-tenant", TokenEndpoint::V1).unwrap();
    let client = cosell_http::client().unwrap();
    let tokens = token::source(entra, client.clone(), Arc::new(Consent), Arc::new(clock::now));
    let audience = cosell_partner_center::registration::DEFAULT_AUDIENCE;
    let registration =
        Registration::new(client, &simulators.registration, audience, tokens).unwrap();
    (simulators, registration)
}

#[tokio::test]
async fn anothers_registration_is_taken_over_only_when_told_to() {
    let (_simulators, registration) = registration().await;
    let [ours, theirs] =
        ["http://127.0.0.1:9/ours", "http://127.0.0.1:9/theirs"].map(|url| address(url).unwrap());
    assert!(show(&registration).await.unwrap().starts_with("nothing is registered"));
    registration.create(&theirs, &["invoice-ready"]).await.unwrap();

    let refused = register(&registration, &ours, false).await.unwrap_err().to_string();
    assert!(refused.contains(theirs.as_str()) && refused.contains("--replace"), "{refused}");
    assert_eq!(registration.get().await.unwrap().unwrap().url, theirs.as_str(), "it is untouched");

    let replaced = register(&registration, &ours, true).await.unwrap();
    assert_eq!(replaced, format!("{ours} is registered in place of {theirs}"));
    assert_eq!(
        register(&registration, &ours, false).await.unwrap(),
        format!("{ours} was registered already")
    );
    assert!(show(&registration).await.unwrap().contains("referral-updated"));
}

#[tokio::test]
async fn a_first_registration_needs_no_permission() {
    let (_simulators, registration) = registration().await;
    let ours = address("http://127.0.0.1:9/ours").unwrap();
    assert_eq!(
        register(&registration, &ours, false).await.unwrap(),
        format!("{ours} is registered")
    );
}

#[test]
fn missing_events_are_shown() {
    let known = Registered {
        url: "https://a.example/".into(),
        events: vec!["Referral-Created".into(), "referral-updated".into(), "test-created".into()],
    };
    assert!(
        described(&known).contains("missing: related-referral-created, related-referral-updated;"),
        "{}",
        described(&known)
    );
}

#[test]
fn the_last_answer_decides_a_test() {
    let result = |answers: &[&str]| {
        let answers = answers.iter().map(ToString::to_string).collect();
        verdict(&ValidationResult { status: "completed".into(), answers })
    };
    assert!(result(&["InternalServerError", "OK"]).is_ok());
    assert!(result(&["Unauthorized"]).unwrap_err().to_string().contains("signature"));
    assert!(result(&[]).unwrap_err().to_string().contains("did not reach"));
}
