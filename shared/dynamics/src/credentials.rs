//! Who we are to Microsoft Entra.

use async_trait::async_trait;
use cosell_sync::Failure;
use secrecy::SecretString;

/// The app registration whose application user reads and writes the environment (contract
/// dynamics365 1.2).
#[derive(Clone, Debug)]
pub struct ClientCredentials {
    /// The application (client) id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
}

/// Where the credentials are kept. Asked once per token, about once an hour, so a rotated secret is
/// picked up without a restart.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// The credentials as they are now.
    async fn load(&self) -> Result<ClientCredentials, Failure>;
}
