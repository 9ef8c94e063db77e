//! The simulated services with clients on them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cosell_model::record_id::RecordIds;
use cosell_model::referral::Referral;
use cosell_partner_center::referrals::{self, Referrals};
use cosell_partner_center::registration::{self, Registration};
use cosell_partner_center::token::{
    self, Clock, PartnerCredentials, RefreshTokenStore, TokenEndpoint, TokenSettings, TokenSource,
};
use cosell_simulators::faults::{Action, Fault};
use cosell_simulators::partner_center::Switches;
use cosell_simulators::{Config, Simulators};
use cosell_sync::{Failure, FailureKind, System};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value as Json, json};

pub(crate) const TENANT: &str = "sim-partner-tenant";

/// Credentials in memory, with every refresh token that was ever stored.
pub(crate) struct MemoryStore {
    refresh_token: Mutex<SecretString>,
    stored: Mutex<Vec<String>>,
    refuses: bool,
}

impl MemoryStore {
    /// The refresh token that the simulator starts with.
    pub(crate) fn new(refuses: bool) -> Arc<Self> {
        Arc::new(Self {
            refresh_token: Mutex::new("sim-partner-refresh-token".into()),
            stored: Mutex::default(),
            refuses,
        })
    }

    pub(crate) fn replace(&self, refresh_token: &str) {
        *self.refresh_token.lock().unwrap() = refresh_token.into();
    }

    pub(crate) fn stored(&self) -> Vec<String> {
        self.stored.lock().unwrap().clone()
    }
}

#[async_trait]
impl RefreshTokenStore for MemoryStore {
    async fn load(&self) -> Result<PartnerCredentials, Failure> {
        let refresh_token = self.refresh_token.lock().unwrap().clone();
        Ok(PartnerCredentials {
            client_id: "sim-partner-client".into(),
            client_secret: "sim-partner-secret".into(),
            refresh_token,
        })
    }

    async fn store(
        &self,
        _redeemed: &PartnerCredentials,
        refresh_token: SecretString,
    ) -> Result<(), Failure> {
        if self.refuses {
            return Err(Failure::new(
                System::Aws,
                FailureKind::Transient,
                "the secret store is down",
            ));
        }
        self.stored.lock().unwrap().push(refresh_token.expose_secret().to_owned());
        *self.refresh_token.lock().unwrap() = refresh_token;
        Ok(())
    }
}

pub(crate) struct Stage {
    pub(crate) simulators: Simulators,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) tokens: Arc<TokenSource>,
    pub(crate) referrals: Referrals,
    pub(crate) registration: Registration,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let simulators = Simulators::start(Config::default()).await.unwrap();
        let store = MemoryStore::new(false);
        let tokens = token_source(&simulators, TokenEndpoint::V1, store.clone());
        let http = cosell_http::client().unwrap();
        let referrals = Referrals::new(
            http.clone(),
            &simulators.partner_center,
            referrals::DEFAULT_AUDIENCE,
            tokens.clone(),
        )
        .unwrap()
        .with_record_ids(RecordIds::guids("dynamics"));
        let registration = Registration::new(
            http,
            &simulators.registration,
            registration::DEFAULT_AUDIENCE,
            tokens.clone(),
        )
        .unwrap();
        Self { simulators, store, tokens, referrals, registration }
    }

    pub(crate) fn switch(&self, change: impl FnOnce(&mut Switches)) {
        let mut switches = self.simulators.partner_center_service.switches();
        change(&mut switches);
        self.simulators.partner_center_service.set_switches(switches);
    }

    /// The next `method` request of `service` meets `action`.
    pub(crate) fn fault(&self, service: &str, method: &str, action: Action) {
        self.simulators
            .faults
            .add(Fault { method: Some(method.into()), ..Fault::new(service, action) });
    }

    pub(crate) fn calls(&self, service: &str, method: &str) -> usize {
        self.simulators.journal.count(service, method, "")
    }
}

pub(crate) fn token_source(
    simulators: &Simulators,
    endpoint: TokenEndpoint,
    store: Arc<MemoryStore>,
) -> Arc<TokenSource> {
    let settings = TokenSettings::new(&simulators.entra, TENANT, endpoint).unwrap();
    let clock = simulators.clock.clone();
    let clock: Clock = Arc::new(move || clock.now());
    token::source(settings, cosell_http::client().unwrap(), store, clock)
}

pub(crate) fn answer(status: u16, retry_after: Option<u32>) -> Action {
    Action::Status { status, retry_after, code: None, body: None, content_type: None }
}

/// 200 with this content, whatever the service would say.
pub(crate) fn content(body: &Json) -> Action {
    Action::Status {
        status: 200,
        retry_after: None,
        code: None,
        body: Some(body.to_string()),
        content_type: None,
    }
}

/// A referral as the documentation's samples shorten it (contract partner-center 3.3).
pub(crate) fn part(referral: &Referral) -> Json {
    json!({
        "id": referral.id, "engagementId": referral.engagement, "status": "Active",
        "substatus": "Accepted",
        "type": referral.get("type"), "direction": "Outgoing", "qualification": "SalesQualified",
        "updatedDateTime": referral.updated, "eTag": referral.etag.as_str()
    })
}

/// A private deal that the service accepts.
pub(crate) fn deal(reference: &str) -> Json {
    json!({
        "name": "Cold-store rollout",
        "externalReferenceId": reference,
        "qualification": "SalesQualified",
        "type": "Independent",
        "customerProfile": {
            "name": "Norrsken Kylteknik AB",
            "address": {
                "addressLine1": "Hamngatan 4", "city": "Umeå", "state": "", "postalCode": "90326",
                "country": "SE"
            },
            "team": [
                {
                    "firstName": "Ida", "lastName": "Ek", "phoneNumber": "+46900000001",
                    "email": "ida.ek@norrsken.example"
                }
            ]
        },
        "consent": {
            "consentToToShareInfoWithOthers": true, "consentToContact": true,
            "consentToMicrosoftToContactSpecificPartners": true,
            "consentToShareReferralWithMicrosoftSellers": false
        },
        "details": {
            "notes": "Two warehouses.", "dealValue": 184_000, "currency": "SEK",
            "closingDateTime": "2026-09-30T00:00:00Z",
            "requirements": {
                "solutions": [
                    { "type": "Name", "id": "SOL-71402-QKD", "name": "Halcyon Cold Chain" }
                ]
            }
        },
        "team": [
            {
                "firstName": "Omar", "lastName": "Lind", "phoneNumber": "+46700000002",
                "email": "omar.lind@halcyon.example"
            }
        ],
        "target": []
    })
}
