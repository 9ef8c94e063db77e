//! Who we are to the organisation.

use async_trait::async_trait;
use cosell_sync::Failure;
use secrecy::SecretString;

/// The external client app that reads and writes the organisation (contract salesforce 1.5).
#[derive(Clone, Debug)]
pub enum Credentials {
    /// The client-credentials flow: the app runs as the user its policy names (contract salesforce
    /// 1.2).
    ClientSecret {
        /// The consumer key.
        client_id: String,
        /// The consumer secret.
        client_secret: SecretString,
    },
    /// The JWT bearer flow: the app's certificate vouches for a user (contract salesforce 1.3).
    Certificate {
        /// The consumer key.
        client_id: String,
        /// The user to act as, by user name.
        username: String,
        /// The certificate's RSA key as PEM, PKCS#8 or PKCS#1.
        private_key: SecretString,
    },
    /// A session that somebody opened already, for a command run by hand.
    AccessToken(SecretString),
}

/// Where the credentials are kept. Asked once per session, so a rotated secret is picked up without
/// a restart.
#[async_trait]
pub trait CredentialStore: Send + Sync {
    /// The credentials as they are now.
    async fn load(&self) -> Result<Credentials, Failure>;
}
