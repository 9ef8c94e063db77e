//! Which CRM it is, where it is, and how its administrator set it up.

use std::fmt;
use std::str::FromStr;

use url::Url;

use super::{ARN_EXAMPLE, ENTRA, TENANT_EXAMPLE};
use crate::config::{Environment, Noted};

/// Where the CRM is, and with what to enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrmSettings {
    /// `CRM` decides which one it is, and so which other variables are read.
    pub connection: CrmConnection,
    /// `CRM_SECRET_ARN`: the secret with the credentials.
    pub secret_arn: String,
}

/// One CRM, with its own settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrmConnection {
    /// Dynamics 365 Sales.
    Dynamics(DynamicsSettings),
    /// Salesforce.
    Salesforce(SalesforceSettings),
}

/// A Dynamics 365 environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamicsSettings {
    /// `ENTRA_URL`: the token service.
    pub entra: Url,
    /// `DATAVERSE_URL`: the environment.
    pub url: Url,
    /// `DATAVERSE_TENANT_ID`: its tenant.
    pub tenant_id: String,
    /// `PUBLISHER_PREFIX`: the prefix of the custom columns, without the underscore.
    pub publisher_prefix: String,
    /// `DATAVERSE_ON_HOLD_STATUS`: the status reason of a deal that nobody has accepted yet, 2 when unset; `none` where there is none.
    pub on_hold_status: Option<i32>,
    /// `DATAVERSE_OPEN_STATUS`: the status reason of an accepted deal, 1 when unset.
    pub open_status: i32,
    /// `DATAVERSE_LOST_STATUS`: the status reason of a lost deal, 4 (Canceled) when unset.
    pub lost_status: i32,
    /// `DATAVERSE_DISQUALIFIED_STATUS`: the status reason of a lead that is disqualified, 6 (No Longer Interested) when unset.
    pub disqualified_status: i32,
}

/// A Salesforce organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SalesforceSettings {
    /// `SALESFORCE_URL`: its My Domain.
    pub url: Url,
    /// `SALESFORCE_API_VERSION`: such as `67.0`.
    pub api_version: String,
    /// `SALESFORCE_AUDIENCE`: whom a signed assertion is for; only read with a certificate.
    pub audience: String,
    /// `SALESFORCE_ON_HOLD_STAGE`: the stage of a deal that nobody has accepted yet.
    pub on_hold_stage: Option<String>,
    /// `SALESFORCE_ACTIVE_STAGE`: the stage of an accepted deal.
    pub active_stage: Option<String>,
    /// `SALESFORCE_WON_STAGE`.
    pub won_stage: Option<String>,
    /// `SALESFORCE_LOST_STAGE`.
    pub lost_stage: Option<String>,
    /// `SALESFORCE_DISQUALIFIED_STATUS`: the status of a disqualified lead; several with `;` between, of which the first is written.
    pub disqualified_statuses: Vec<String>,
    /// `SALESFORCE_CURRENCY`: the currency of an organisation that has only one.
    pub currency: Option<String>,
    /// `SALESFORCE_CONDITIONAL_UPDATES`: whether `If-Unmodified-Since` alone is relied on.
    pub conditional_updates: bool,
}

/// The CRMs that there is an adapter for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrmSystem {
    /// Dynamics 365 Sales.
    Dynamics,
    /// Salesforce.
    Salesforce,
}

/// There is no adapter for this CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be `dynamics` or `salesforce`")]
pub struct UnknownCrm;

impl FromStr for CrmSystem {
    type Err = UnknownCrm;

    fn from_str(text: &str) -> Result<Self, UnknownCrm> {
        match text {
            "dynamics" => Ok(Self::Dynamics),
            "salesforce" => Ok(Self::Salesforce),
            _ => Err(UnknownCrm),
        }
    }
}

/// The value of `CRM`, and the system in the keys of its records.
impl fmt::Display for CrmSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dynamics => "dynamics",
            Self::Salesforce => "salesforce",
        })
    }
}

impl CrmConnection {
    /// Which CRM it is.
    pub fn system(&self) -> CrmSystem {
        match self {
            Self::Dynamics(_) => CrmSystem::Dynamics,
            Self::Salesforce(_) => CrmSystem::Salesforce,
        }
    }
}

impl CrmSettings {
    /// Reads `CRM` (Dynamics when unset) and the variables of that CRM.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        let secret_arn = environment.required("CRM_SECRET_ARN", ARN_EXAMPLE);
        let connection = CrmConnection::read(environment);
        Ok(Self { connection: connection?, secret_arn: secret_arn? })
    }
}

impl CrmConnection {
    /// Reads `CRM` (Dynamics when unset) and the variables of that CRM: enough for who brings credentials of their own.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        match environment.parsed_or("CRM", CrmSystem::Dynamics)? {
            CrmSystem::Dynamics => DynamicsSettings::read(environment).map(Self::Dynamics),
            CrmSystem::Salesforce => SalesforceSettings::read(environment).map(Self::Salesforce),
        }
    }
}

impl DynamicsSettings {
    fn read(environment: &Environment) -> Result<Self, Noted> {
        let entra = environment.base_url("ENTRA_URL", Some(ENTRA), ENTRA);
        let url = environment.base_url("DATAVERSE_URL", None, "https://contoso.crm.dynamics.com");
        let tenant_id = environment.required("DATAVERSE_TENANT_ID", TENANT_EXAMPLE);
        let publisher_prefix = publisher_prefix(environment);
        let on_hold_status = match environment.optional("DATAVERSE_ON_HOLD_STATUS").as_deref() {
            Some("none") => Ok(None),
            _ => environment.parsed_or("DATAVERSE_ON_HOLD_STATUS", 2).map(Some),
        };
        let open_status = environment.parsed_or("DATAVERSE_OPEN_STATUS", 1);
        let lost_status = environment.parsed_or("DATAVERSE_LOST_STATUS", 4);
        let disqualified_status = environment.parsed_or("DATAVERSE_DISQUALIFIED_STATUS", 6);
        Ok(Self {
            entra: entra?,
            url: url?,
            tenant_id: tenant_id?,
            publisher_prefix: publisher_prefix?,
            on_hold_status: on_hold_status?,
            open_status: open_status?,
            lost_status: lost_status?,
            disqualified_status: disqualified_status?,
        })
    }
}

impl SalesforceSettings {
    fn read(environment: &Environment) -> Result<Self, Noted> {
        let url = my_domain(environment);
        let api_version =
            environment.optional("SALESFORCE_API_VERSION").unwrap_or_else(|| "67.0".to_owned());
        let api_version = if is_version(&api_version) {
            Ok(api_version)
        } else {
            Err(environment.note("SALESFORCE_API_VERSION", "must be a version's number", "67.0"))
        };
        let currency = environment.optional("SALESFORCE_CURRENCY");
        let is_code =
            |code: &String| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        let currency = match currency {
            Some(code) if !is_code(&code) => Err(environment.note(
                "SALESFORCE_CURRENCY",
                "must be an ISO 4217 code in capitals",
                "EUR",
            )),
            currency => Ok(currency),
        };
        let conditional_updates = environment.flag("SALESFORCE_CONDITIONAL_UPDATES", false);
        Ok(Self {
            url: url?,
            api_version: api_version?,
            audience: environment
                .optional("SALESFORCE_AUDIENCE")
                .unwrap_or_else(|| "https://login.salesforce.com".to_owned()),
            on_hold_stage: environment.optional("SALESFORCE_ON_HOLD_STAGE"),
            active_stage: environment.optional("SALESFORCE_ACTIVE_STAGE"),
            won_stage: environment.optional("SALESFORCE_WON_STAGE"),
            lost_stage: environment.optional("SALESFORCE_LOST_STAGE"),
            disqualified_statuses: listed(
                environment
                    .optional("SALESFORCE_DISQUALIFIED_STATUS")
                    .as_deref()
                    .unwrap_or_default(),
            ),
            currency: currency?,
            conditional_updates: conditional_updates?,
        })
    }
}

/// Tokens and records are at the organisation's own domain, never at the common login, Lightning or setup hosts (contract salesforce 1.1).
fn my_domain(environment: &Environment) -> Result<Url, Noted> {
    const NAME: &str = "SALESFORCE_URL";
    const EXAMPLE: &str = "https://northwind.my.salesforce.com";
    let url = environment.base_url(NAME, None, EXAMPLE)?;
    let host = url.host_str().unwrap_or_default();
    let common = ["login.salesforce.com", "test.salesforce.com"].contains(&host);
    if common || host.ends_with(".lightning.force.com") || host.ends_with(".salesforce-setup.com") {
        return Err(environment.note(NAME, "must be the organisation's My Domain", EXAMPLE));
    }
    Ok(url)
}

/// As Salesforce writes several choices: `Junk;Nurture later`.
fn listed(text: &str) -> Vec<String> {
    let names = text.split(';').map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

fn is_version(text: &str) -> bool {
    let major = text.strip_suffix(".0").unwrap_or_default();
    (2..=3).contains(&major.len()) && major.bytes().all(|byte| byte.is_ascii_digit())
}

/// `PUBLISHER_PREFIX`, `nwcs` when unset. It becomes part of column names in queries, so it may be nothing but what Dataverse allows: two
/// to eight lower-case letters or digits, a letter first.
pub fn publisher_prefix(environment: &Environment) -> Result<String, Noted> {
    const NAME: &str = "PUBLISHER_PREFIX";
    const DEFAULT: &str = "nwcs";
    let prefix = environment.optional(NAME).unwrap_or_else(|| DEFAULT.to_owned());
    let plain = prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if plain
        && prefix.starts_with(|first: char| first.is_ascii_lowercase())
        && (2..=8).contains(&prefix.len())
    {
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

    fn read(variables: &[(&str, &str)]) -> Result<CrmConnection, Vec<String>> {
        let settings = Environment::of(variables.iter().copied()).read(CrmSettings::read);
        let names = |error: crate::config::ConfigError| {
            error.problems.into_iter().map(|problem| problem.variable).collect()
        };
        settings.map(|settings| settings.connection).map_err(names)
    }

    #[test]
    fn dynamics_is_read_and_everything_missing_is_named() {
        let variables = [
            ("DATAVERSE_URL", "http://127.0.0.1:7070"),
            ("DATAVERSE_TENANT_ID", "t"),
            ("CRM_SECRET_ARN", "s"),
        ];
        let Ok(CrmConnection::Dynamics(settings)) = read(&variables) else {
            panic!("Dynamics when nothing is said")
        };
        assert_eq!(
            (settings.publisher_prefix.as_str(), settings.on_hold_status),
            ("nwcs", Some(2))
        );
        assert_eq!((settings.lost_status, settings.disqualified_status), (4, 6));
        assert_eq!(
            read(&[]).unwrap_err(),
            ["CRM_SECRET_ARN", "DATAVERSE_URL", "DATAVERSE_TENANT_ID"]
        );
        assert_eq!(read(&[("CRM", "hubspot"), ("CRM_SECRET_ARN", "s")]).unwrap_err(), ["CRM"]);
    }

    #[test]
    fn a_status_reason_can_be_another_or_none() {
        let status = |value| {
            let variables = [
                ("DATAVERSE_URL", "http://127.0.0.1:7070"),
                ("DATAVERSE_TENANT_ID", "t"),
                ("CRM_SECRET_ARN", "s"),
                ("DATAVERSE_ON_HOLD_STATUS", value),
            ];
            read(&variables).map(|connection| match connection {
                CrmConnection::Dynamics(settings) => settings.on_hold_status,
                CrmConnection::Salesforce(_) => panic!("not asked for"),
            })
        };
        assert_eq!(status("none"), Ok(None));
        assert_eq!(status("412000007"), Ok(Some(412_000_007)));
        assert_eq!(status("On Hold"), Err(vec!["DATAVERSE_ON_HOLD_STATUS".to_owned()]));
    }

    #[test]
    fn salesforce_needs_none_of_the_others_variables() {
        let base = [("CRM", "salesforce"), ("CRM_SECRET_ARN", "s")];
        assert_eq!(read(&base).unwrap_err(), ["SALESFORCE_URL"]);
        let with = |more: &[(&'static str, &'static str)]| read(&[&base[..], more].concat());
        let Ok(CrmConnection::Salesforce(settings)) =
            with(&[("SALESFORCE_URL", "https://northwind.my.salesforce.com")])
        else {
            panic!("Salesforce is asked for")
        };
        assert_eq!((settings.api_version.as_str(), settings.on_hold_stage), ("67.0", None));
        assert!(settings.disqualified_statuses.is_empty());
        let named = [
            ("SALESFORCE_URL", "https://northwind.my.salesforce.com"),
            ("SALESFORCE_DISQUALIFIED_STATUS", "Junk; Nurture later;"),
        ];
        let Ok(CrmConnection::Salesforce(settings)) = with(&named) else {
            panic!("several statuses may be named")
        };
        assert_eq!(settings.disqualified_statuses, ["Junk", "Nurture later"]);
        for host in [
            "login.salesforce.com",
            "northwind.lightning.force.com",
            "northwind.my.salesforce-setup.com",
        ] {
            let url: &'static str = format!("https://{host}").leak();
            assert_eq!(with(&[("SALESFORCE_URL", url)]).unwrap_err(), ["SALESFORCE_URL"], "{host}");
        }
        let wrong = [
            ("SALESFORCE_URL", "https://northwind.my.salesforce.com"),
            ("SALESFORCE_API_VERSION", "v67"),
            ("SALESFORCE_CURRENCY", "euro"),
        ];
        assert_eq!(with(&wrong).unwrap_err(), ["SALESFORCE_API_VERSION", "SALESFORCE_CURRENCY"]);
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
