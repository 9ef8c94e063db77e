//! Where the organisation is and how its administrator set it up.

use url::Url;

/// The newest generally available version that the contract knows (contract salesforce 1.6).
pub(crate) const DEFAULT_VERSION: &str = "67.0";

/// One Salesforce organisation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The organisation's My Domain, such as `https://northwind.my.salesforce.com`; never `login.salesforce.com` (contract salesforce 1.1).
    pub my_domain: Url,
    /// The REST API's version, such as `67.0`.
    pub api_version: String,
    /// Whom a signed assertion is for: `https://login.salesforce.com`, or `https://test.salesforce.com` for a sandbox (contract salesforce 1.3).
    pub audience: String,
    /// Rows per page when listing changes; the service takes 200 to 2,000, and as a hint only.
    pub page_size: u32,
    /// The stage of a deal that nobody has accepted yet. `None`: this organisation has none, so such a deal is simply open.
    pub on_hold_stage: Option<String>,
    /// The stage of an accepted deal; the first open stage of the organisation when absent.
    pub open_stage: Option<String>,
    /// The stage of a won deal; the organisation's first won stage when absent.
    pub won_stage: Option<String>,
    /// The stage of a lost deal; the organisation's first closed stage that is not won when absent.
    pub lost_stage: Option<String>,
    /// The statuses of a disqualified lead: the first is what we write, all are read as disqualified. `Closed - Not Converted` when empty.
    pub disqualified_statuses: Vec<String>,
    /// The currency of an organisation that has only one, as ISO 4217 code: its opportunities do not tell it.
    pub single_currency: Option<String>,
    /// Whether `If-Unmodified-Since` alone guards a write. It was not seen live for opportunities (contract salesforce 9.2): otherwise
    /// each write is also preceded by a read that compares.
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
