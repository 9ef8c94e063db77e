//! The secret with a CRM's credentials: an object of texts. Which names are in it is the CRM's
//! matter.

use async_trait::async_trait;
use cosell_sync::Failure;
use secrecy::SecretString;

/// Where the secret is kept. Asked once per token, about once an hour, so a rotated secret is
/// picked up without a restart.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// The secret as it is now.
    async fn load(&self) -> Result<Box<dyn Secret>, Failure>;
}

/// A secret's texts, by name.
pub trait Secret: Send + Sync {
    /// A text that must be there.
    fn text(&self, name: &str) -> Result<SecretString, Failure>;

    /// A text that may be there.
    fn optional_text(&self, name: &str) -> Option<SecretString>;
}

/// The application's name in the services' secrets.
pub const CLIENT_ID: &str = "client_id";
/// Its password.
pub const CLIENT_SECRET: &str = "client_secret";
