//! A referral as Partner Center returns it (contract partner-center 2).

use std::fmt;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::id::{ETag, EngagementId, IdError, ReferralId};
use crate::life_cycle::{Stage, UnknownStage};

/// A referral: what every decision needs, typed, and the whole JSON for the mapping.
///
/// `Debug` shows ids and state only: the rest are customer data.
#[derive(Clone, PartialEq)]
pub struct Referral {
    /// The referral's id.
    pub id: ReferralId,
    /// The engagement it belongs to, shared with the Microsoft referral.
    pub engagement: Option<EngagementId>,
    /// Its entity tag, for `If-Match`.
    pub etag: ETag,
    /// Where it stands.
    pub stage: Stage,
    /// Last change, by the service's clock.
    pub updated: Timestamp,
    /// What this referral is.
    pub kind: ReferralKind,
    /// The CRM record's id as the partner's side wrote it; free text.
    pub external_reference: Option<String>,
    /// The service's request id of the call that returned this, for support cases.
    pub request_id: Option<String>,
    body: Json,
}

/// What a referral is, from type, qualification, inviter and target (contract partner-center 2.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferralKind {
    /// A deal of the partner's own, or an inbound co-sell opportunity.
    Opportunity,
    /// A lead from Microsoft or the marketplace.
    Lead,
    /// The referral of a co-sell engagement that Microsoft owns: it is followed, never given a CRM
    /// record of its own.
    MicrosoftReferral,
}

/// A referral body that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReferralError {
    /// A property without which nothing can be decided is absent.
    #[error("the referral has no `{0}`")]
    Missing(&'static str),
    /// An id is not a GUID.
    #[error("the referral's `{property}` cannot be used")]
    Id {
        /// Which property.
        property: &'static str,
        /// What is wrong with it.
        source: IdError,
    },
    /// `status`/`substatus` form no known pair.
    #[error("the referral's state cannot be used")]
    Stage(#[from] UnknownStage),
    /// `updatedDateTime` is not a date-time.
    #[error("the referral's `updatedDateTime` is not a date-time")]
    Updated(#[source] jiff::Error),
}

impl Referral {
    /// Reads a referral from the service's JSON. Property names are read case-insensitively, null
    /// and absent alike.
    ///
    /// `etag_header` is the `ETag` header, used when the body carries none.
    pub fn parse(
        body: Json,
        etag_header: Option<&str>,
        request_id: Option<String>,
    ) -> Result<Self, ReferralError> {
        let text =
            |path: &str| lookup(&body, path).and_then(Json::as_str).filter(|text| !text.is_empty());
        let id = text("id").ok_or(ReferralError::Missing("id"))?;
        let id = id.parse().map_err(|source| ReferralError::Id { property: "id", source })?;
        let engagement = text("engagementId").map(str::parse).transpose();
        let engagement =
            engagement.map_err(|source| ReferralError::Id { property: "engagementId", source })?;
        let etag = text("eTag")
            .or_else(|| text("@odata.etag"))
            .or(etag_header)
            .ok_or(ReferralError::Missing("eTag"))?;
        let updated = text("updatedDateTime").ok_or(ReferralError::Missing("updatedDateTime"))?;
        Ok(Self {
            id,
            engagement,
            etag: ETag::new(etag),
            stage: Stage::read(
                text("status").unwrap_or_default(),
                text("substatus").unwrap_or_default(),
            )?,
            updated: updated.parse().map_err(ReferralError::Updated)?,
            kind: kind(&body),
            external_reference: text("externalReferenceId").map(str::to_owned),
            request_id,
            body,
        })
    }

    /// The value at a dotted path such as `details.dealValue` or `customerProfile.team.0.email`.
    pub fn get(&self, path: &str) -> Option<&Json> {
        lookup(&self.body, path)
    }

    /// The values at a path with `*` for every item of a list; `None` for an item that has none.
    pub fn all(&self, path: &str) -> Vec<Option<&Json>> {
        let mut found = vec![Some(&self.body)];
        for segment in path.split('.') {
            found = if segment == "*" {
                let items = found.into_iter().flatten().filter_map(Json::as_array);
                items.flatten().map(Some).collect()
            } else {
                found.into_iter().map(|at| lookup(at?, segment)).collect()
            };
        }
        found
    }

    /// The time at a dotted path such as `createdDateTime`.
    pub fn time(&self, path: &str) -> Option<Timestamp> {
        self.get(path)?.as_str()?.parse().ok()
    }

    /// Whether the property itself is present, be it null: JSON Patch `replace` needs that.
    pub fn has(&self, path: &str) -> bool {
        self.get(path).is_some()
    }
}

fn kind(body: &Json) -> ReferralKind {
    let text = |path: &str| lookup(body, path).and_then(Json::as_str).unwrap_or_default();
    let is = |path: &str, expected: &str| text(path).eq_ignore_ascii_case(expected);
    let targets =
        lookup(body, "target").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let for_microsoft = targets.iter().any(|target| {
        lookup(target, "id")
            .and_then(Json::as_str)
            .is_some_and(|id| id.eq_ignore_ascii_case("msft"))
    });
    if for_microsoft && !is("direction", "Incoming") {
        return ReferralKind::MicrosoftReferral;
    }
    if is("type", "Shared") {
        return ReferralKind::Opportunity;
    }
    let from_microsoft = is("inviteContext.invitedBy.organizationId", "msft");
    let lead = match text("qualification").to_ascii_lowercase().as_str() {
        "direct" => is("direction", "Incoming"),
        "salesqualified" | "marketingqualified" => from_microsoft,
        _ => false,
    };
    if lead { ReferralKind::Lead } else { ReferralKind::Opportunity }
}

/// Follows a dotted path; names are matched case-insensitively, numbers index arrays. A name in an
/// array of `{type, id}` is the id of the item of that type: so are attributes named.
pub fn lookup<'json>(json: &'json Json, path: &str) -> Option<&'json Json> {
    path.split('.').try_fold(json, |at, segment| match at {
        Json::Object(properties) => properties.get(segment).or_else(|| {
            properties
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(segment))
                .map(|(_, value)| value)
        }),
        Json::Array(items) => {
            if let Ok(index) = segment.parse::<usize>() {
                return items.get(index);
            }
            let is_it = |item: &&Json| {
                text_of(item, "type").is_some_and(|kind| kind.eq_ignore_ascii_case(segment))
            };
            lookup(items.iter().find(is_it)?, "id")
        }
        _ => None,
    })
}

fn text_of<'json>(item: &'json Json, name: &str) -> Option<&'json str> {
    item.is_object().then(|| lookup(item, name))?.and_then(Json::as_str)
}

impl fmt::Debug for Referral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Referral")
            .field("id", &self.id)
            .field("engagement", &self.engagement)
            .field("stage", &self.stage)
            .field("kind", &self.kind)
            .field("etag", &self.etag)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body() -> Json {
        json!({
            "id": "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa",
            "engagementId": "0f6f2b57-7f4e-4c8d-8c0e-55c7a1d4e3b2",
            "eTag": "\"0a00\"", "status": "Active", "substatus": "Accepted",
            "updatedDateTime": "2026-03-04T09:12:33.4810276Z",
            "type": "Independent", "qualification": "SalesQualified", "direction": "Outgoing",
            "target": [],
            "Details": { "DealValue": 184_000 }, "customerProfile": { "name": "Secret Customer AB" }
        })
    }

    #[test]
    fn names_are_read_whatever_their_case() {
        let referral = Referral::parse(body(), None, None).unwrap();
        assert_eq!(referral.get("details.dealValue"), Some(&json!(184_000)));
        assert_eq!(referral.kind, ReferralKind::Opportunity);
    }

    #[test]
    fn an_attribute_is_read_by_its_type() {
        let mut body = body();
        body["Details"]["requirements"] = json!({
            "additionalRequirements": {
                "attributes": [{ "type": "SolutionArea", "id": "Security" }]
            }
        });
        let referral = Referral::parse(body, None, None).unwrap();
        let at = |kind: &str| {
            referral.get(&format!("details.requirements.additionalRequirements.attributes.{kind}"))
        };
        assert_eq!(at("solutionarea"), Some(&json!("Security")));
        assert_eq!((at("PartnerRole"), at("0.id")), (None, Some(&json!("Security"))));
    }

    #[test]
    fn debug_shows_no_customer_data() {
        assert!(!format!("{:?}", Referral::parse(body(), None, None).unwrap()).contains("Secret"));
    }

    #[test]
    fn microsoft_referrals_and_leads_are_distinguished() {
        let with = |changes: Json| {
            let mut body = body();
            for (key, value) in changes.as_object().unwrap() {
                body[key] = value.clone();
            }
            Referral::parse(body, None, None).unwrap().kind
        };
        assert_eq!(
            with(json!({
                "type": "Shared",
                "target": [{ "type": "BusinessProfileLocation", "id": "msft" }]
            })),
            ReferralKind::MicrosoftReferral
        );
        let from_microsoft = json!({
            "direction": "Incoming", "inviteContext": { "invitedBy": { "organizationId": "msft" } }
        });
        assert_eq!(with(from_microsoft.clone()), ReferralKind::Lead);
        let mut shared = from_microsoft;
        shared["type"] = json!("Shared");
        assert_eq!(with(shared), ReferralKind::Opportunity);
        assert_eq!(
            with(json!({ "direction": "Incoming", "qualification": "Direct" })),
            ReferralKind::Lead
        );
    }

    #[test]
    fn a_referral_without_id_names_what_is_missing() {
        let error = Referral::parse(json!({ "status": "New" }), None, None).unwrap_err();
        assert_eq!(error.to_string(), "the referral has no `id`");
    }
}
