//! Both systems' credentials in Secrets Manager. Each secret is a JSON object of texts.

use async_trait::async_trait;
use cosell_aws::secrets::{Rolled, SecretStore};
use cosell_dynamics::{ClientCredentials, CredentialStore};
use cosell_engine::Failure;
use cosell_partner_center::token::{PartnerCredentials, RefreshTokenStore};
use cosell_runtime::clock;
use secrecy::{ExposeSecret, SecretString};

const CLIENT_ID: &str = "client_id";
const CLIENT_SECRET: &str = "client_secret";
const REFRESH_TOKEN: &str = "refresh_token";

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

    async fn store(&self, redeemed: &PartnerCredentials, refresh_token: SecretString) -> Result<(), Failure> {
        let rolled = self
            .secrets
            .put_rolling(&self.arn, REFRESH_TOKEN, &redeemed.refresh_token, &refresh_token, clock::now())
            .await?;
        tracing::debug!(stored = rolled == Rolled::Written, "the refresh token was renewed");
        Ok(())
    }
}

/// `{"client_id", "client_secret"}`.
pub(crate) struct CrmCredentials {
    pub(crate) secrets: SecretStore,
    pub(crate) arn: String,
}

#[async_trait]
impl CredentialStore for CrmCredentials {
    async fn load(&self) -> Result<ClientCredentials, Failure> {
        let secret = self.secrets.get(&self.arn).await?;
        Ok(ClientCredentials {
            client_id: secret.text(CLIENT_ID)?.expose_secret().to_owned(),
            client_secret: secret.text(CLIENT_SECRET)?,
        })
    }
}
