//! Where the organisation is and how its administrator set it up.

use cosell_runtime::config::{Environment, Noted};
use url::Url;

/// The newest generally available version that the contract knows (contract salesforce 1.6).
pub(crate) const DEFAULT_VERSION: &str = "67.0";

/// One Salesforce organisation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The organisation's My Domain, such as `https://northwind.my.salesforce.com`; never
    /// `login.salesforce.com` (contract salesforce 1.1).
    pub my_domain: Url,
    /// The REST API's version, such as `67.0`.
    pub api_version: String,
    /// Whom a signed assertion is for: `https://login.salesforce.com`, or
    /// `https://test.salesforce.com` for a sandbox (contract salesforce 1.3).
    pub audience: String,
    /// Rows per page when listing changes; the service takes 200 to 2,000, and as a hint only.
    pub page_size: u32,
    /// The stage of a deal that nobody has accepted yet. `None`: this organisation has none, so
    /// such a deal is simply open.
    pub on_hold_stage: Option<String>,
    /// The stage of an accepted deal; the first open stage of the organisation when absent.
    pub open_stage: Option<String>,
    /// The stage of a won deal; the organisation's first won stage when absent.
    pub won_stage: Option<String>,
    /// The stage of a lost deal; the organisation's first closed stage that is not won when absent.
    pub lost_stage: Option<String>,
    /// The statuses of a disqualified lead: the first is what we write, all are read as
    /// disqualified. `Closed - Not Converted` when empty.
    pub disqualified_statuses: Vec<String>,
    /// The currency of an organisation that has only one, as ISO 4217 code: its opportunities do
    /// not tell it.
    pub single_currency: Option<String>,
    /// Whether `If-Unmodified-Since` alone guards a write. It was not seen live for opportunities
    /// (contract salesforce 9.2): otherwise each write is also preceded by a read that compares.
    pub conditional_updates: bool,
}

impl Settings {
    /// An organisation as it is shipped.
    pub fn new(my_domain: Url) -> Self {
        Self {
            my_domain,
            api_version: DEFAULT_VERSION.to_owned(),
            audience: "https://login.salesforce.com".to_owned(),
            page_size: 2000,
            on_hold_stage: None,
            open_stage: None,
            won_stage: None,
            lost_stage: None,
            disqualified_statuses: Vec::new(),
            single_currency: None,
            conditional_updates: false,
        }
    }

    /// Reads `SALESFORCE_URL` and, where they are set, `SALESFORCE_API_VERSION`,
    /// `SALESFORCE_AUDIENCE` (only used with a certificate), the stages `SALESFORCE_ON_HOLD_STAGE`,
    /// `SALESFORCE_ACTIVE_STAGE`, `SALESFORCE_WON_STAGE` and `SALESFORCE_LOST_STAGE`,
    /// `SALESFORCE_DISQUALIFIED_STATUS` (several with `;` between), `SALESFORCE_CURRENCY` and
    /// `SALESFORCE_CONDITIONAL_UPDATES`.
    pub fn read(environment: &Environment) -> Result<Self, Noted> {
        let url = my_domain(environment);
        let api_version = match environment.optional("SALESFORCE_API_VERSION") {
            Some(version) if !is_version(&version) => Err(environment.note(
                "SALESFORCE_API_VERSION",
                "must be a version's number",
                DEFAULT_VERSION,
            )),
            version => Ok(version.unwrap_or_else(|| DEFAULT_VERSION.to_owned())),
        };
        let is_code =
            |code: &String| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        let single_currency = match environment.optional("SALESFORCE_CURRENCY") {
            Some(code) if !is_code(&code) => Err(environment.note(
                "SALESFORCE_CURRENCY",
                "must be an ISO 4217 code in capitals",
                "EUR",
            )),
            currency => Ok(currency),
        };
        let conditional_updates = environment.flag("SALESFORCE_CONDITIONAL_UPDATES", false);
        let disqualified = environment.optional("SALESFORCE_DISQUALIFIED_STATUS");
        let shipped = Self::new(url?);
        Ok(Self {
            api_version: api_version?,
            audience: environment.optional("SALESFORCE_AUDIENCE").unwrap_or(shipped.audience),
            on_hold_stage: environment.optional("SALESFORCE_ON_HOLD_STAGE"),
            open_stage: environment.optional("SALESFORCE_ACTIVE_STAGE"),
            won_stage: environment.optional("SALESFORCE_WON_STAGE"),
            lost_stage: environment.optional("SALESFORCE_LOST_STAGE"),
            disqualified_statuses: listed(&disqualified.unwrap_or_default()),
            single_currency: single_currency?,
            conditional_updates: conditional_updates?,
            my_domain: shipped.my_domain,
            page_size: shipped.page_size,
        })
    }

    pub(crate) fn token_endpoint(&self) -> Url {
        let mut url = self.my_domain.clone();
        url.set_path("/services/oauth2/token");
        url.set_query(None);
        url.set_fragment(None);
        url
    }

    /// The path below which everything but tokens is: `/services/data/v67.0`.
    pub(crate) fn data_path(&self) -> String {
        format!("/services/data/v{}", self.api_version)
    }
}

/// Tokens and records are at the organisation's own domain, never at the common login, Lightning or
/// setup hosts (contract salesforce 1.1).
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&'static str, &'static str)]) -> Result<Settings, Vec<String>> {
        let settings = Environment::of(variables.iter().copied()).read(Settings::read);
        settings
            .map_err(|error| error.problems.into_iter().map(|problem| problem.variable).collect())
    }

    #[test]
    fn the_organisation_is_read_and_what_is_wrong_is_named() {
        const URL: (&str, &str) = ("SALESFORCE_URL", "https://northwind.my.salesforce.com");
        assert_eq!(read(&[]).unwrap_err(), ["SALESFORCE_URL"]);
        let settings = read(&[URL]).unwrap();
        assert_eq!((settings.api_version.as_str(), settings.on_hold_stage), ("67.0", None));
        assert!(settings.disqualified_statuses.is_empty());
        let named = read(&[URL, ("SALESFORCE_DISQUALIFIED_STATUS", "Junk; Nurture later;")]);
        assert_eq!(named.unwrap().disqualified_statuses, ["Junk", "Nurture later"]);
        for url in [
            "https://login.salesforce.com",
            "https://northwind.lightning.force.com",
            "https://northwind.my.salesforce-setup.com",
        ] {
            assert_eq!(read(&[("SALESFORCE_URL", url)]).unwrap_err(), ["SALESFORCE_URL"], "{url}");
        }
        let wrong = [URL, ("SALESFORCE_API_VERSION", "v67"), ("SALESFORCE_CURRENCY", "euro")];
        assert_eq!(read(&wrong).unwrap_err(), ["SALESFORCE_API_VERSION", "SALESFORCE_CURRENCY"]);
    }
}
