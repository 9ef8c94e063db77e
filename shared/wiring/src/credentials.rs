//! Both systems' credentials in Secrets Manager. Each secret is a JSON object of texts.

use async_trait::async_trait;
use cosell_aws::secrets::{Rolled, SecretStore};
use cosell_dynamics::ClientCredentials;
use cosell_partner_center::token::{PartnerCredentials, RefreshTokenStore};
use cosell_runtime::clock;
use cosell_salesforce::Credentials;
use cosell_sync::Failure;
use secrecy::{ExposeSecret, SecretString};

const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";
const REFRESH_TOKEN: &str = "refresh_token";
const USERNAME: &str = "username";
const PRIVATE_KEY: &str = "private_key";

/// `{"client_id", "client_secret", "refresh_token"}`.
pub(crate) struct PartnerCenterCredentials {
    pub(crate) secrets: SecretStore,
    pub(crate) arn: String,
}

#[async_trait]
impl RefreshTokenStore for PartnerCenterCredentials {
    async fn load(&self) -> Result<PartnerCredentials, Failure> {
        let secret = self.secrets.get(&self.arn).await?;
        Ok(PartnerCredentials {
            client_id: secret.text(CLIENT_ID)?.expose_secret().to_owned(),
            client_secret: secret.text(CLIENT_SECRET)?,
            refresh_token: secret.text(REFRESH_TOKEN)?,
        })
    }

    async fn store(
        &self,
        redeemed: &PartnerCredentials,
        refresh_token: SecretString,
    ) -> Result<(), Failure> {
        let rolled = self
            .secrets
            .put_rolling(
                &self.arn,
                REFRESH_TOKEN,
                &redeemed.refresh_token,
                &refresh_token,
                clock::now(),
            )
            .await?;
        tracing::debug!(stored = rolled == Rolled::Written, "the refresh token was renewed");
        Ok(())
    }
}

/// `{"client_id", "client_secret"}`.
pub(crate) struct DynamicsCredentials {
    pub(crate) secrets: SecretStore,
    pub(crate) arn: String,
}

#[async_trait]
impl cosell_dynamics::CredentialStore for DynamicsCredentials {
    async fn load(&self) -> Result<ClientCredentials, Failure> {
        let secret = self.secrets.get(&self.arn).await?;
        Ok(ClientCredentials {
            client_id: secret.text(CLIENT_ID)?.expose_secret().to_owned(),
            client_secret: secret.text(CLIENT_SECRET)?,
        })
    }
}

/// `{"client_id", "client_secret"}`, or with a certificate `{"client_id", "username", "private_key"}`.
pub(crate) struct SalesforceCredentials {
    pub(crate) secrets: SecretStore,
    pub(crate) arn: String,
}

#[async_trait]
impl cosell_salesforce::CredentialStore for SalesforceCredentials {
    async fn load(&self) -> Result<Credentials, Failure> {
        let secret = self.secrets.get(&self.arn).await?;
        let client_id = secret.text(CLIENT_ID)?.expose_secret().to_owned();
        Ok(match secret.optional_text(PRIVATE_KEY) {
            Some(private_key) => Credentials::Certificate {
                client_id,
                username: secret.text(USERNAME)?.expose_secret().to_owned(),
                private_key,
            },
            None => {
                Credentials::ClientSecret { client_id, client_secret: secret.text(CLIENT_SECRET)? }
            }
        })
    }
}
