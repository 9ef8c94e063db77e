//! What a simulated partner is made of, with the defaults a newcomer meets.

/// The partner's identity. Every value is invented.
#[derive(Clone, Debug)]
pub struct Options {
    /// The Entra tenant in the token endpoint's path.
    pub tenant: String,
    /// The registered application.
    pub client_id: String,
    /// The application's secret.
    pub client_secret: String,
    /// The refresh token that a first consent would have given.
    pub refresh_token: String,
    /// The code that the `authorization_code` grant accepts.
    pub consent_code: String,
    /// `organizationId` of the partner's referrals.
    pub organization_id: String,
    /// `organizationName` of the partner's referrals.
    pub organization_name: String,
    /// The partner location that referrals get when none is given.
    pub mpn_id: String,
    /// Audience of the referrals host (contract partner-center 1.1).
    pub referrals_audience: String,
    /// Audience of the webhook registration host (contract partner-center 1.1).
    pub registration_audience: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tenant: "sim-partner-tenant".to_owned(),
            client_id: "sim-partner-client".to_owned(),
            client_secret: "sim-partner-secret".to_owned(),
            refresh_token: "sim-partner-refresh-token".to_owned(),
            consent_code: "sim-consent-code".to_owned(),
            organization_id: "5b1d1f6e-2f0a-4b6e-9d51-8d7c0c4a7e11".to_owned(),
            organization_name: "Halcyon Ledger Ltd".to_owned(),
            mpn_id: "6100042".to_owned(),
            referrals_audience: "https://api.partner.microsoft.com".to_owned(),
            registration_audience: "https://api.partnercenter.microsoft.com".to_owned(),
        }
    }
}
