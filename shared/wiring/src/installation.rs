//! The installer of the co-sell fields, for the CRM that the environment names.

use std::sync::Arc;

use aws_config::SdkConfig;
use cosell_aws::secrets::SecretStore;
use cosell_dynamics::installation::{Access, DynamicsInstallation};
use cosell_runtime::clock;
use cosell_runtime::config::{Environment, Noted};
use cosell_runtime::settings::{CrmConnection, CrmSettings};
use cosell_salesforce::CredentialStore;
use cosell_salesforce::installation::{GivenToken, SalesforceInstallation};
use cosell_sync::installation::Installation;
use secrecy::SecretString;

use crate::DeploymentError;
use crate::credentials::{DynamicsCredentials, SalesforceCredentials};
use crate::crm::{environment, organisation};
use crate::settings::sync_leads;

/// The command line's, about the fields in the CRM.
#[derive(Clone, Debug)]
pub struct InstallationSettings {
    /// The CRM.
    pub connection: CrmConnection,
    /// As whom to enter.
    pub access: InstallationAccess,
    /// `SYNC_LEADS`: whether the fields of leads matter.
    pub sync_leads: bool,
}

/// As whom the installer enters the CRM. `Debug` hides the token.
#[derive(Clone, Debug)]
pub enum InstallationAccess {
    /// As the functions do.
    Deployment {
        /// `CRM_SECRET_ARN`: the secret with the credentials.
        secret_arn: String,
    },
    /// `CRM_ACCESS_TOKEN`: as whoever the token belongs to. Installing needs a right that the functions' user should not have.
    Token(SecretString),
}

impl InstallationSettings {
    /// Reads the variables named at the fields and in [`CrmConnection`]; with a token, `CRM_SECRET_ARN` is not read.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        let sync_leads = sync_leads(environment);
        if let Some(token) = environment.optional("CRM_ACCESS_TOKEN") {
            return Ok(Self {
                connection: CrmConnection::read(environment)?,
                access: InstallationAccess::Token(SecretString::from(token)),
                sync_leads: sync_leads?,
            });
        }
        let CrmSettings { connection, secret_arn } = CrmSettings::read(environment)?;
        Ok(Self {
            connection,
            access: InstallationAccess::Deployment { secret_arn },
            sync_leads: sync_leads?,
        })
    }
}

/// What the command line checks and installs the fields with. `sdk` leads to the deployment's secret; with a token it is not used.
pub fn installation(
    settings: InstallationSettings,
    sdk: &SdkConfig,
) -> Result<Box<dyn Installation>, DeploymentError> {
    let http = cosell_http::client()?;
    let secrets = SecretStore::new(sdk);
    Ok(match settings.connection {
        CrmConnection::Dynamics(dynamics) => {
            let access = match settings.access {
                InstallationAccess::Token(token) => Access::Token(token),
                InstallationAccess::Deployment { secret_arn: arn } => {
                    Access::Application(Arc::new(DynamicsCredentials { secrets, arn }))
                }
            };
            let prefix = dynamics.publisher_prefix.clone();
            Box::new(DynamicsInstallation::new(
                http,
                &environment(dynamics),
                access,
                prefix,
                Arc::new(clock::now),
            ))
        }
        CrmConnection::Salesforce(salesforce) => {
            let credentials: Arc<dyn CredentialStore> = match settings.access {
                InstallationAccess::Token(token) => Arc::new(GivenToken::new(token)),
                InstallationAccess::Deployment { secret_arn: arn } => {
                    Arc::new(SalesforceCredentials { secrets, arn })
                }
            };
            let organisation = organisation(salesforce);
            Box::new(SalesforceInstallation::new(
                http,
                organisation,
                credentials,
                Arc::new(clock::now),
            ))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_brings_a_token_needs_no_secret_and_the_token_is_not_shown() {
        let place =
            [("CRM", "salesforce"), ("SALESFORCE_URL", "https://northwind.my.salesforce.com")];
        let error =
            Environment::of(place).read(InstallationSettings::read).unwrap_err().to_string();
        assert!(error.contains("CRM_SECRET_ARN"), "{error}");

        let with_token = place.into_iter().chain([("CRM_ACCESS_TOKEN", "hush")]);
        let settings = Environment::of(with_token).read(InstallationSettings::read).unwrap();
        assert!(matches!(settings.access, InstallationAccess::Token(_)));
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
