//! The installer of the co-sell fields, for the CRM that the environment names.

use std::sync::Arc;

use aws_config::SdkConfig;
use cosell_aws::secrets::SecretStore;
use cosell_crm::installation::Installation;
use cosell_crm::secret::SecretSource;
use cosell_crm::{Access, CrmSettings};
use cosell_runtime::clock;
use cosell_runtime::config::{Environment, Noted};

use crate::credentials::CrmSecret;
use crate::settings::sync_leads;
use crate::{CRMS, DeploymentError};

/// The command line's, about the fields in the CRM.
#[derive(Clone, Debug)]
pub struct InstallationSettings {
    /// The CRM, and as whom to enter: with the secret's ARN, or a token.
    pub crm: CrmSettings<Access<String>>,
    /// `SYNC_LEADS`: whether the fields of leads matter.
    pub sync_leads: bool,
}

impl InstallationSettings {
    /// Reads the variables named at the fields and in [`CrmSettings::read_for_installer`].
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        let sync_leads = sync_leads(environment);
        let crm = CrmSettings::read_for_installer(CRMS, environment);
        Ok(Self { crm: crm?, sync_leads: sync_leads? })
    }

    /// Whether it enters with a token, and not as the functions do.
    pub fn is_guest(&self) -> bool {
        matches!(self.crm.access, Access::Token(_))
    }
}

/// What the command line checks and installs the fields with. `sdk` leads to the deployment's
/// secret; with a token it is not used.
pub fn installation(
    settings: InstallationSettings,
    sdk: &SdkConfig,
) -> Result<Box<dyn Installation>, DeploymentError> {
    let access = match settings.crm.access {
        Access::Token(token) => Access::Token(token),
        Access::Deployment(arn) => {
            let secret = CrmSecret { secrets: SecretStore::new(sdk), arn };
            Access::Deployment(Arc::new(secret) as Arc<dyn SecretSource>)
        }
    };
    Ok(settings.crm.connection.installation(cosell_http::client()?, access, Arc::new(clock::now)))
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
        assert!(settings.is_guest());
        assert!(!format!("{settings:?}").contains("hush"));
    }
}
