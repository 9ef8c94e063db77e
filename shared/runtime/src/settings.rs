//! The settings that several programs share. Names and meanings as in the deployment template.

use std::fmt;
use std::str::FromStr;

use url::Url;

use crate::config::{Environment, Noted};

const ENTRA: &str = "https://login.microsoftonline.com";
const TENANT_EXAMPLE: &str = "3fd1c2a8-6f1e-4d0b-9c55-0a7f0d6e2b11";
const ARN_EXAMPLE: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:partner-center-AbCdEf";

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

/// Where the CRM is, and with what to enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmSettings {
    /// `CRM`: which CRM it is.
    pub crm: CrmSystem,
    /// `ENTRA_URL`: the token service.
    pub entra: Url,
    /// `DATAVERSE_URL`: the Dynamics 365 environment.
    pub dataverse_url: Url,
    /// `DATAVERSE_TENANT_ID`: its tenant.
    pub tenant_id: String,
    /// `CRM_SECRET_ARN`: the secret with client id and client secret.
    pub secret_arn: String,
    /// `PUBLISHER_PREFIX`: the prefix of the custom columns, without the underscore.
    pub publisher_prefix: String,
}

/// The CRMs that there is an adapter for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrmSystem {
    /// Dynamics 365 Sales.
    Dynamics,
}

/// There is no adapter for this CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the only CRM so far is `dynamics`")]
pub struct UnknownCrm;

impl FromStr for CrmSystem {
    type Err = UnknownCrm;

    fn from_str(text: &str) -> Result<Self, UnknownCrm> {
        if text == "dynamics" { Ok(Self::Dynamics) } else { Err(UnknownCrm) }
    }
}

/// The value of `CRM`, and the system in the keys of its records.
impl fmt::Display for CrmSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dynamics => "dynamics",
        })
    }
}

impl PartnerCenterSettings {
    /// Reads the variables named at the fields.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        const SERVICE: &str = "https://api.partner.microsoft.com";
        let url = environment.base_url("PARTNER_CENTER_URL", Some(SERVICE), SERVICE);
        let entra = environment.base_url("ENTRA_URL", Some(ENTRA), ENTRA);
        let audience = environment
            .optional("PARTNER_CENTER_AUDIENCE")
            .unwrap_or_else(|| SERVICE.to_owned());
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

impl CrmSettings {
    /// Reads the variables named at the fields.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        let crm = environment.parsed_or("CRM", CrmSystem::Dynamics);
        let entra = environment.base_url("ENTRA_URL", Some(ENTRA), ENTRA);
        let dataverse_url = environment.base_url("DATAVERSE_URL", None, "https://contoso.crm.dynamics.com");
        let tenant_id = environment.required("DATAVERSE_TENANT_ID", TENANT_EXAMPLE);
        let secret_arn = environment.required("CRM_SECRET_ARN", ARN_EXAMPLE);
        let publisher_prefix = publisher_prefix(environment);
        Ok(Self {
            crm: crm?,
            entra: entra?,
            dataverse_url: dataverse_url?,
            tenant_id: tenant_id?,
            secret_arn: secret_arn?,
            publisher_prefix: publisher_prefix?,
        })
    }
}

/// It becomes part of column names in queries, so it may be nothing but what Dataverse allows: two to eight lower-case
/// letters or digits, a letter first.
fn publisher_prefix(environment: &Environment) -> Result<String, Noted> {
    const NAME: &str = "PUBLISHER_PREFIX";
    const DEFAULT: &str = "nwcs";
    let prefix = environment.optional(NAME).unwrap_or_else(|| DEFAULT.to_owned());
    let plain = prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if plain && prefix.starts_with(|first: char| first.is_ascii_lowercase()) && (2..=8).contains(&prefix.len()) {
        Ok(prefix)
    } else {
        Err(environment.note(
            NAME,
            "must be two to eight lower-case letters or digits, a letter first, without the underscore",
            DEFAULT,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_default_need_not_be_set() {
        let settings =
            Environment::of([("PARTNER_CENTER_TENANT_ID", "t"), ("PARTNER_CENTER_SECRET_ARN", "s")]).read(PartnerCenterSettings::read);
        let settings = settings.unwrap();
        assert_eq!(settings.url.as_str(), "https://api.partner.microsoft.com/");
        assert_eq!(settings.entra.as_str(), "https://login.microsoftonline.com/");
        assert_eq!(settings.audience, "https://api.partner.microsoft.com");
    }

    #[test]
    fn the_crm_is_read_and_everything_missing_is_named() {
        let variables = [
            ("DATAVERSE_URL", "http://127.0.0.1:7070"),
            ("DATAVERSE_TENANT_ID", "t"),
            ("CRM_SECRET_ARN", "s"),
        ];
        let settings = Environment::of(variables).read(CrmSettings::read).unwrap();
        assert_eq!((settings.crm, settings.publisher_prefix.as_str()), (CrmSystem::Dynamics, "nwcs"));

        let error = Environment::of([("CRM", "salesforce")]).read(CrmSettings::read).unwrap_err();
        let names: Vec<_> = error.problems.iter().map(|problem| problem.variable.as_str()).collect();
        assert_eq!(names, ["CRM", "DATAVERSE_URL", "DATAVERSE_TENANT_ID", "CRM_SECRET_ARN"]);
    }

    #[test]
    fn a_prefix_that_dataverse_would_not_allow_is_refused() {
        for (prefix, allowed) in [
            ("nwcs", true),
            ("a1", true),
            ("a", false),
            ("1a", false),
            ("nwcs_", false),
            ("NWCS", false),
            ("a' or 1", false),
        ] {
            let read = Environment::of([("PUBLISHER_PREFIX", prefix)]).read(publisher_prefix);
            assert_eq!(read.is_ok(), allowed, "{prefix}");
        }
    }
}
