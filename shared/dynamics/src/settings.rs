//! Where the environment is and how it numbers its status reasons.

use url::Url;

/// One Dynamics 365 environment. Origin, login host and scope are apart because national clouds use other domains (contract dynamics365 1.4).
#[derive(Clone, Debug)]
pub struct Settings {
    /// The environment's origin, such as `https://northwind.crm4.dynamics.com`; path and query are ignored.
    pub origin: Url,
    /// The Web API's version, such as `v9.2`.
    pub api_version: String,
    /// The login host, such as `https://login.microsoftonline.com`.
    pub entra: Url,
    /// The tenant's id or domain.
    pub tenant: String,
    /// The scope to ask a token for; the origin with `/.default` when absent.
    pub scope: Option<String>,
    /// Rows per page when listing changes, 1 to 5,000.
    pub page_size: u32,
    /// Status reason of an open deal.
    pub open_status: i32,
    /// Status reason of an open deal that is on hold. `None`: this environment has none, so a deal on hold is simply open.
    pub on_hold_status: Option<i32>,
    /// Status reason for `WinOpportunity`.
    pub won_status: i32,
    /// Status reason for `LoseOpportunity`: 4 Canceled or 5 Out-Sold.
    pub lost_status: i32,
    /// Status reason of a lead that is qualified.
    pub qualified_status: i32,
    /// Status reason of a lead that is disqualified: 4 Lost, 5 Cannot Contact, 6 No Longer Interested or 7 Canceled.
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
            page_size: 500,
            open_status: 1,
            on_hold_status: Some(2),
            won_status: 3,
            lost_status: 4,
            qualified_status: 3,
            disqualified_status: 6,
        }
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
