//! The switches: behaviours that the documents leave open, and mischief for tests.

use serde::{Deserialize, Serialize};

/// All switches as one object; a switch left out has its default.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one independent switch on the control page"
)]
pub struct Switches {
    /// The signed-in user's role: an admin sees all referrals, a user those with the own e-mail in
    /// `team`.
    pub role: Role,
    /// The signed-in user's e-mail address.
    pub user_email: String,
    /// The status for a referral that the role does not show: 404 or 403.
    pub hidden_status: u16,
    /// Every use of a refresh token ends it.
    pub revoke_used_refresh_tokens: bool,

    /// Creation asks for a solution, a complete team member and, towards Microsoft, a complete
    /// contact.
    pub strict_create: bool,
    /// Creation also asks for what the bulk file calls mandatory (contract partner-center 2.12).
    pub bulk_rules: bool,
    /// The status of a successful creation: 201 or 200.
    pub create_status: u16,
    /// What a write to a locked field does.
    pub locked_fields: LockedFields,
    /// The status for a change of a closed referral: 409 or 400.
    pub terminal_status: u16,
    /// Deals won within 72 hours of their creation cannot be registered.
    pub registration_after_72_hours: bool,

    /// Referrals on one page of a list.
    pub page_size: usize,
    /// `$filter` knows `externalReferenceId`.
    pub filter_external_reference: bool,
    /// nextLink is `http` and lacks the `engagements` segment, as in the documentation's sample.
    pub broken_next_link: bool,
    /// Empty properties are left out instead of `null`.
    pub omit_nulls: bool,
    /// Answers carry properties that no document names.
    pub unknown_properties: bool,

    /// The status of a registration POST when one exists: 409 or 400.
    pub registration_exists_status: u16,
    /// Registration answers have camelCase names, as in the REST reference.
    pub camel_case_registration: bool,

    /// Writes through the API raise events.
    pub own_write_events: bool,
    /// Which referral a related event points to.
    pub related_uri: RelatedUri,
    /// `ResourceUri` as 1: the Partner Center host, 2: the Partner API host, 3: this simulator's
    /// own address.
    pub resource_uri_form: u8,
    /// Which header carries the signature.
    pub signature_header: SignatureHeader,
    /// Signatures that do not fit the body.
    pub bad_signature: bool,
    /// Which certificate deliveries name.
    pub certificate: Certificate,
    /// The address that `certificate: "foreign_url"` names.
    pub foreign_certificate_url: String,
    /// Each event is delivered twice.
    pub duplicates: bool,
    /// Each second event overtakes the one before it.
    pub reorder: bool,
    /// How many of the next events are never delivered; counts down.
    pub lose_next: u32,
    /// Milliseconds of the simulated time before the second try; each further gap doubles.
    pub retry_base_ms: u64,
    /// The longest gap between two tries, in milliseconds.
    pub retry_cap_ms: u64,
}

/// The roles of contract partner-center 1.3.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Referrals admin.
    Admin,
    /// Referrals user.
    User,
}

/// What happens to a write on a locked field.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LockedFields {
    /// 400, naming the field.
    Refuse,
    /// The field keeps its value, silently.
    Ignore,
}

/// Which referral the `ResourceUri` of a related event names.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RelatedUri {
    /// The one that changed (Microsoft's).
    Related,
    /// The partner's own in the same engagement.
    Own,
}

/// Where a delivery's signature goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum SignatureHeader {
    /// As the registration's `SignatureTokenToMsSignatureHeader` says.
    #[serde(rename = "as_registered")]
    AsRegistered,
    /// `Authorization: Signature …`.
    #[serde(rename = "authorization")]
    Authorization,
    /// `x-ms-signature: Signature …`.
    #[serde(rename = "x-ms-signature")]
    MsSignature,
}

/// Which certificate a delivery names.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certificate {
    /// The right one.
    Good,
    /// Same key, issued by an authority that is neither Microsoft nor trusted.
    WrongIssuer,
    /// Same key, no longer valid.
    Expired,
    /// An address outside the certificate host.
    ForeignUrl,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            role: Role::Admin,
            user_email: "omar.lind@halcyon.example".to_owned(),
            hidden_status: 404,
            revoke_used_refresh_tokens: false,
            strict_create: true,
            bulk_rules: false,
            create_status: 201,
            locked_fields: LockedFields::Refuse,
            terminal_status: 409,
            registration_after_72_hours: true,
            page_size: 100,
            filter_external_reference: true,
            broken_next_link: false,
            omit_nulls: false,
            unknown_properties: false,
            registration_exists_status: 409,
            camel_case_registration: false,
            own_write_events: true,
            related_uri: RelatedUri::Related,
            resource_uri_form: 1,
            signature_header: SignatureHeader::AsRegistered,
            bad_signature: false,
            certificate: Certificate::Good,
            foreign_certificate_url: "https://certificates.example/cert/pcnotifications-sim.cer"
                .to_owned(),
            duplicates: false,
            reorder: false,
            lose_next: 0,
            retry_base_ms: 200,
            retry_cap_ms: 30_000,
        }
    }
}
