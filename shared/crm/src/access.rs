//! As whom a program enters the CRM.

use secrecy::SecretString;

/// As whom an installer enters the CRM. `Debug` hides the token.
#[derive(Clone, Debug)]
pub enum Access<S> {
    /// As the functions do, with this secret.
    Deployment(S),
    /// `CRM_ACCESS_TOKEN`: as whoever the token belongs to. Installing needs a right that the
    /// functions' user should not have.
    Token(SecretString),
}
