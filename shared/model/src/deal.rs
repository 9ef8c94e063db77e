//! What kind of deal a referral is (contract partner-center 2.10, 3.1): no property says so, it
//! follows from several.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::referral::{Referral, ReferralKind};

/// What kind of deal a referral is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DealKind {
    /// The partner's own, which Microsoft's sellers do not see.
    Private,
    /// The partner's own, which Microsoft's sellers see and were not asked to help with.
    PartnerLed,
    /// The partner's own, which Microsoft was asked to help with.
    Cosell,
    /// As [`Self::Cosell`], for services: it names the partner's role, the solution area and the
    /// solution play.
    ServicesCosell,
    /// Microsoft's seller invited the partner.
    InboundCosell,
    /// Another partner invited the partner.
    PartnerToPartner,
    /// A lead that Microsoft qualified.
    QualifiedLead,
    /// A lead that a customer made in a marketplace.
    MarketplaceLead,
}

impl DealKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Private,
        Self::PartnerLed,
        Self::Cosell,
        Self::ServicesCosell,
        Self::InboundCosell,
        Self::PartnerToPartner,
        Self::QualifiedLead,
        Self::MarketplaceLead,
    ];

    /// Whether it is a lead until it is accepted.
    pub fn is_lead(self) -> bool {
        matches!(self, Self::QualifiedLead | Self::MarketplaceLead)
    }
}

impl fmt::Display for DealKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "private",
            Self::PartnerLed => "partner-led",
            Self::Cosell => "co-sell",
            Self::ServicesCosell => "services co-sell",
            Self::InboundCosell => "inbound co-sell",
            Self::PartnerToPartner => "partner-to-partner",
            Self::QualifiedLead => "qualified lead",
            Self::MarketplaceLead => "marketplace lead",
        })
    }
}

/// The attributes that only a services co-sell deal carries (contract partner-center 2.6, 3.1).
pub const SERVICES_ATTRIBUTES: [&str; 3] = ["PartnerRole", "SolutionArea", "SolutionPlay"];

/// Whether Microsoft's sellers may see a deal: the switch that goes one way (contract
/// partner-center 2.5).
pub const CONSENT: &str = "consent.consentToShareReferralWithMicrosoftSellers";

impl Referral {
    /// What kind of deal this referral is; `helped` when the Microsoft referral of its engagement
    /// is known. An upgraded deal may keep the type that it was made with, so the Microsoft
    /// referral counts beside it.
    pub fn deal(&self, helped: bool) -> DealKind {
        let is = |path: &str, expected: &str| {
            let text = self.get(path).and_then(Json::as_str).unwrap_or_default();
            text.eq_ignore_ascii_case(expected)
        };
        if self.kind == ReferralKind::Lead {
            return if is("qualification", "Direct") {
                DealKind::MarketplaceLead
            } else {
                DealKind::QualifiedLead
            };
        }
        if self.is_incoming() {
            // An inviter that is left out is Microsoft: partners are named (contract partner-center
            // 2.8).
            let inviter = self.get("inviteContext.invitedBy.organizationId").and_then(Json::as_str);
            return match inviter.filter(|inviter| !inviter.is_empty()) {
                Some(inviter) if !inviter.eq_ignore_ascii_case("msft") => {
                    DealKind::PartnerToPartner
                }
                _ => DealKind::InboundCosell,
            };
        }
        match (helped || is("type", "Shared"), self.is_visible_to_microsoft()) {
            (true, _) if self.is_for_services() => DealKind::ServicesCosell,
            (true, _) => DealKind::Cosell,
            (false, true) => DealKind::PartnerLed,
            (false, false) => DealKind::Private,
        }
    }

    /// Whether the partner made it.
    pub fn is_outgoing(&self) -> bool {
        self.has_direction("Outgoing")
    }

    /// Whether Microsoft or another partner invited to it.
    pub fn is_incoming(&self) -> bool {
        self.has_direction("Incoming")
    }

    fn has_direction(&self, wanted: &str) -> bool {
        let direction = self.get("direction").and_then(Json::as_str).unwrap_or_default();
        direction.eq_ignore_ascii_case(wanted)
    }

    /// Whether Microsoft's sellers may see it: once they may, they always may (contract
    /// partner-center 2.5).
    pub fn is_visible_to_microsoft(&self) -> bool {
        self.get(CONSENT).and_then(Json::as_bool).unwrap_or(false)
    }

    /// Whether Partner Center says that Microsoft's sellers may not see it.
    pub fn is_hidden_from_microsoft(&self) -> bool {
        self.get(CONSENT).and_then(Json::as_bool) == Some(false)
    }

    fn is_for_services(&self) -> bool {
        let attributes = self.get("details.requirements.additionalRequirements.attributes");
        let attributes = attributes.and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        SERVICES_ATTRIBUTES.iter().all(|wanted| {
            attributes.iter().any(|attribute| {
                let kind = crate::referral::lookup(attribute, "type")
                    .and_then(Json::as_str)
                    .unwrap_or_default();
                kind.eq_ignore_ascii_case(wanted)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deal(given: &Json, helped: bool) -> DealKind {
        let mut body = json!({
            "id": "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa", "eTag": "\"1\"",
            "updatedDateTime": "2026-03-04T09:12:33Z",
            "status": "Active", "substatus": "Accepted"
        });
        for (name, value) in given.as_object().unwrap() {
            body[name] = value.clone();
        }
        Referral::parse(body, None, None).unwrap().deal(helped)
    }

    #[test]
    fn own_deals_differ_by_visibility_and_help() {
        let seen = json!({ "consentToShareReferralWithMicrosoftSellers": true });
        let private = json!({
            "type": "Independent", "direction": "Outgoing", "qualification": "SalesQualified"
        });
        assert_eq!(deal(&private, false), DealKind::Private);
        let led = json!({ "type": "Independent", "direction": "Outgoing", "consent": seen });
        assert_eq!(deal(&led, false), DealKind::PartnerLed);
        assert_eq!(deal(&led, true), DealKind::Cosell, "upgraded");
        let shared = json!({ "type": "Shared", "direction": "Outgoing", "consent": seen });
        assert_eq!(deal(&shared, false), DealKind::Cosell);
    }

    #[test]
    fn services_need_all_three_attributes() {
        let with = |types: &[&str]| {
            let attributes: Vec<Json> =
                types.iter().map(|kind| json!({ "type": kind, "id": "x" })).collect();
            let details = json!({
                "requirements": { "additionalRequirements": { "attributes": attributes } }
            });
            deal(&json!({ "type": "Shared", "direction": "Outgoing", "details": details }), false)
        };
        assert_eq!(with(&SERVICES_ATTRIBUTES), DealKind::ServicesCosell);
        assert_eq!(
            with(&["PartnerRole", "SolutionArea", "CustomerMarketplaceIntent"]),
            DealKind::Cosell
        );
    }

    #[test]
    fn what_comes_in_is_distinguished_by_inviter_and_qualification() {
        let from = |organization: &str| json!({ "invitedBy": { "organizationId": organization } });
        let shared = |organization| {
            json!({
                "type": "Shared", "direction": "Incoming", "inviteContext": from(organization)
            })
        };
        assert_eq!(deal(&shared("msft"), false), DealKind::InboundCosell);
        assert_eq!(
            deal(&shared("5b1d1f6e-2f0a-4b6e-9d51-8d7c0c4a7e11"), false),
            DealKind::PartnerToPartner
        );
        let lead = |qualification: &str| {
            json!({
                "type": "Independent", "direction": "Incoming", "qualification": qualification,
                "inviteContext": from("msft")
            })
        };
        assert_eq!(deal(&lead("Direct"), false), DealKind::MarketplaceLead);
        assert_eq!(deal(&lead("SalesQualified"), false), DealKind::QualifiedLead);
        assert_eq!(deal(&lead("MarketingQualified"), false), DealKind::QualifiedLead);
    }
}
