//! The settings that several programs share. Names and meanings as in the deployment template.

use url::Url;

use crate::config::{Environment, Noted};

const ENTRA: &str = "https://login.microsoftonline.com";
const TENANT_EXAMPLE: &str = "3fd1c2a8-6f1e-4d0b-9c55-0a7f0d6e2b11";
const ARN_EXAMPLE: &str =
    "arn:aws:secretsmanager:eu-west-1:123456789012:secret:partner-center-AbCdEf";

/// Where Partner Center is, and with what to enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerCenterSettings {
    /// `PARTNER_CENTER_URL`: the referrals API.
    pub url: Url,
    /// `ENTRA_URL`: the token service.
    pub entra: Url,
    /// `PARTNER_CENTER_AUDIENCE`: the resource that a token is asked for.
    pub audience: String,
    /// `PARTNER_CENTER_TENANT_ID`: the partner's tenant.
    pub tenant_id: String,
    /// `PARTNER_CENTER_SECRET_ARN`: the secret with client id, client secret and refresh token.
    pub secret_arn: String,
}

impl PartnerCenterSettings {
    /// Reads the variables named at the fields.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        const SERVICE: &str = "https://api.partner.microsoft.com";
        let url = environment.base_url("PARTNER_CENTER_URL", Some(SERVICE), SERVICE);
        let entra = environment.base_url("ENTRA_URL", Some(ENTRA), ENTRA);
        let audience =
            environment.optional("PARTNER_CENTER_AUDIENCE").unwrap_or_else(|| SERVICE.to_owned());
        let tenant_id = environment.required("PARTNER_CENTER_TENANT_ID", TENANT_EXAMPLE);
        let secret_arn = environment.required("PARTNER_CENTER_SECRET_ARN", ARN_EXAMPLE);
        Ok(Self {
            url: url?,
            entra: entra?,
            audience,
            tenant_id: tenant_id?,
            secret_arn: secret_arn?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_default_need_not_be_set() {
        let settings = Environment::of([
            ("PARTNER_CENTER_TENANT_ID", "t"),
            ("PARTNER_CENTER_SECRET_ARN", "s"),
        ])
        .read(PartnerCenterSettings::read);
        let settings = settings.unwrap();
        assert_eq!(settings.url.as_str(), "https://api.partner.microsoft.com/");
        assert_eq!(settings.entra.as_str(), "https://login.microsoftonline.com/");
        assert_eq!(settings.audience, "https://api.partner.microsoft.com");
    }
}
