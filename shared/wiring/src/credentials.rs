//! Both systems' credentials in Secrets Manager. Each secret is a JSON object of texts.

use async_trait::async_trait;
use cosell_aws::secrets::{Rolled, SecretStore};
use cosell_crm::secret::{CLIENT_ID, CLIENT_SECRET, Secret, SecretSource};
use cosell_partner_center::token::{PartnerCredentials, RefreshTokenStore};
use cosell_runtime::clock;
use cosell_sync::Failure;
use secrecy::{ExposeSecret, SecretString};

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

/// The CRM's.
pub(crate) struct CrmSecret {
    pub(crate) secrets: SecretStore,
    pub(crate) arn: String,
}

/// What is in it.
struct Texts(cosell_aws::secrets::Secret);

#[async_trait]
impl SecretSource for CrmSecret {
    async fn load(&self) -> Result<Box<dyn Secret>, Failure> {
        Ok(Box::new(Texts(self.secrets.get(&self.arn).await?)))
    }
}

impl Secret for Texts {
    fn text(&self, name: &str) -> Result<SecretString, Failure> {
        Ok(self.0.text(name)?)
    }

    fn optional_text(&self, name: &str) -> Option<SecretString> {
        self.0.optional_text(name)
    }
}
