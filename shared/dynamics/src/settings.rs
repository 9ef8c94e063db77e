//! Where the environment is and how it numbers its status reasons.

use cosell_runtime::config::{Environment, Noted};
use url::Url;

const ENTRA: &str = "https://login.microsoftonline.com";
const TENANT_EXAMPLE: &str = "3fd1c2a8-6f1e-4d0b-9c55-0a7f0d6e2b11";
const PREFIX: &str = "nwcs";

/// One Dynamics 365 environment. Origin, login host and scope are apart because national clouds use
/// other domains (contract dynamics365 1.4).
#[derive(Clone, Debug)]
pub struct Settings {
    /// The environment's origin, such as `https://northwind.crm4.dynamics.com`; path and query are
    /// ignored.
    pub origin: Url,
    /// The Web API's version, such as `v9.2`.
    pub api_version: String,
    /// The login host, such as `https://login.microsoftonline.com`.
    pub entra: Url,
    /// The tenant's id or domain.
    pub tenant: String,
    /// The scope to ask a token for; the origin with `/.default` when absent.
    pub scope: Option<String>,
    /// The prefix of the custom columns, without the underscore.
    pub publisher_prefix: String,
    /// Rows per page when listing changes, 1 to 5,000.
    pub page_size: u32,
    /// Status reason of an open deal.
    pub open_status: i32,
    /// Status reason of an open deal that is on hold. `None`: this environment has none, so a deal
    /// on hold is simply open.
    pub on_hold_status: Option<i32>,
    /// Status reason for `WinOpportunity`.
    pub won_status: i32,
    /// Status reason for `LoseOpportunity`: 4 Canceled or 5 Out-Sold.
    pub lost_status: i32,
    /// Status reason of a lead that is qualified.
    pub qualified_status: i32,
    /// Status reason of a lead that is disqualified: 4 Lost, 5 Cannot Contact, 6 No Longer
    /// Interested or 7 Canceled.
    pub disqualified_status: i32,
}

impl Settings {
    /// An environment with the out-of-box status reasons (contract dynamics365 2.3, 2.5, 2.8).
    pub fn new(origin: Url, entra: Url, tenant: impl Into<String>) -> Self {
        Self {
            origin,
            api_version: "v9.2".to_owned(),
            entra,
            tenant: tenant.into(),
            scope: None,
            publisher_prefix: PREFIX.to_owned(),
            page_size: 500,
            open_status: 1,
            on_hold_status: Some(2),
            won_status: 3,
            lost_status: 4,
            qualified_status: 3,
            disqualified_status: 6,
        }
    }

    /// Reads `ENTRA_URL`, `DATAVERSE_URL`, `DATAVERSE_TENANT_ID`, `PUBLISHER_PREFIX`, and the
    /// status reasons that are not the out-of-box ones: `DATAVERSE_ON_HOLD_STATUS` (`none` where
    /// there is none), `DATAVERSE_OPEN_STATUS`, `DATAVERSE_LOST_STATUS`,
    /// `DATAVERSE_DISQUALIFIED_STATUS`.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        let entra = environment.base_url("ENTRA_URL", Some(ENTRA), ENTRA);
        let url = environment.base_url("DATAVERSE_URL", None, "https://contoso.crm.dynamics.com");
        let tenant = environment.required("DATAVERSE_TENANT_ID", TENANT_EXAMPLE);
        let publisher_prefix = publisher_prefix(environment);
        let on_hold_status = match environment.optional("DATAVERSE_ON_HOLD_STATUS").as_deref() {
            Some("none") => Ok(None),
            _ => environment.parsed_or("DATAVERSE_ON_HOLD_STATUS", 2).map(Some),
        };
        let open_status = environment.parsed_or("DATAVERSE_OPEN_STATUS", 1);
        let lost_status = environment.parsed_or("DATAVERSE_LOST_STATUS", 4);
        let disqualified_status = environment.parsed_or("DATAVERSE_DISQUALIFIED_STATUS", 6);
        Ok(Self {
            publisher_prefix: publisher_prefix?,
            on_hold_status: on_hold_status?,
            open_status: open_status?,
            lost_status: lost_status?,
            disqualified_status: disqualified_status?,
            ..Self::new(url?, entra?, tenant?)
        })
    }

    /// The Web API's root, with a slash at its end.
    pub(crate) fn api_root(&self) -> Url {
        at(&self.origin, &format!("/api/data/{}/", self.api_version))
    }

    pub(crate) fn token_endpoint(&self) -> Url {
        at(&self.entra, &format!("/{}/oauth2/v2.0/token", self.tenant))
    }

    pub(crate) fn token_scope(&self) -> String {
        self.scope
            .clone()
            .unwrap_or_else(|| format!("{}/.default", self.origin.origin().ascii_serialization()))
    }
}

/// `PUBLISHER_PREFIX`, `nwcs` when unset. It becomes part of column names in queries, so it may be
/// nothing but what Dataverse allows: two to eight lower-case letters or digits, a letter first.
pub(crate) fn publisher_prefix(environment: &Environment) -> Result<String, Noted> {
    const NAME: &str = "PUBLISHER_PREFIX";
    let prefix = environment.optional(NAME).unwrap_or_else(|| PREFIX.to_owned());
    let plain = prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if plain
        && prefix.starts_with(|first: char| first.is_ascii_lowercase())
        && (2..=8).contains(&prefix.len())
    {
        Ok(prefix)
    } else {
        Err(environment.note(
            NAME,
            "must be two to eight lower-case letters or digits, a letter first, without the \
             underscore",
            PREFIX,
        ))
    }
}

fn at(origin: &Url, path: &str) -> Url {
    let mut url = origin.clone();
    url.set_path(path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let settings = Environment::of(variables.iter().copied()).read(Settings::read);
        settings
            .map_err(|error| error.problems.into_iter().map(|problem| problem.variable).collect())
    }

    #[test]
    fn the_environment_is_read_and_everything_missing_is_named() {
        let variables = [("DATAVERSE_URL", "http://127.0.0.1:7070"), ("DATAVERSE_TENANT_ID", "t")];
        let settings = read(&variables).unwrap();
        assert_eq!(
            (settings.publisher_prefix.as_str(), settings.on_hold_status),
            ("nwcs", Some(2))
        );
        assert_eq!((settings.lost_status, settings.disqualified_status), (4, 6));
        assert_eq!(read(&[]).unwrap_err(), ["DATAVERSE_URL", "DATAVERSE_TENANT_ID"]);
    }

    #[test]
    fn a_status_reason_can_be_another_or_none() {
        let status = |value| {
            let variables = [
                ("DATAVERSE_URL", "http://127.0.0.1:7070"),
                ("DATAVERSE_TENANT_ID", "t"),
                ("DATAVERSE_ON_HOLD_STATUS", value),
            ];
            read(&variables).map(|settings| settings.on_hold_status)
        };
        assert_eq!(status("none"), Ok(None));
        assert_eq!(status("412000007"), Ok(Some(412_000_007)));
        assert_eq!(status("On Hold"), Err(vec!["DATAVERSE_ON_HOLD_STATUS".to_owned()]));
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

    #[test]
    fn addresses_are_built_from_the_origins_alone() {
        let origin = Url::parse("https://northwind.crm4.dynamics.com/main.aspx?x=1").unwrap();
        let settings = Settings::new(
            origin,
            Url::parse("https://login.microsoftonline.com").unwrap(),
            "contoso.example",
        );
        assert_eq!(
            settings.api_root().as_str(),
            "https://northwind.crm4.dynamics.com/api/data/v9.2/"
        );
        assert_eq!(
            settings.token_endpoint().as_str(),
            "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"
        );
        assert_eq!(settings.token_scope(), "https://northwind.crm4.dynamics.com/.default");
    }
}
