//! The referrals host (contract partner-center 3).

use std::sync::Arc;

use async_trait::async_trait;
use cosell_http::{ForbiddenUrl, Response};
use cosell_model::id::{ETag, EngagementId, ReferralId};
use cosell_model::record_id::RecordIds;
use cosell_model::referral::Referral;
use cosell_sync::Failure;
use cosell_sync::port::{PartnerCenter, PatchOperation, ReferralChange};
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::ETAG;
use serde_json::{Value as Json, json};
use url::Url;

use crate::error::{Error, Operation, Problem};
use crate::exchange::Exchange;
use crate::listing::{self, Query, Rows};
use crate::property::text;
use crate::referral_call::{PATH, call, path_of};
use crate::token::TokenSource;

/// The real host.
pub const DEFAULT_URL: &str = "https://api.partner.microsoft.com";

/// The audience of the real host's tokens.
pub const DEFAULT_AUDIENCE: &str = "https://api.partner.microsoft.com";

/// The client for referrals.
pub struct Referrals {
    exchange: Exchange,
    pub(crate) record_ids: RecordIds,
}

impl Referrals {
    /// A client for the host `url`, whose tokens have `audience`. `http` must not follow redirects.
    pub fn new(
        http: reqwest::Client,
        url: &Url,
        audience: &str,
        tokens: Arc<TokenSource>,
    ) -> Result<Self, ForbiddenUrl> {
        let exchange = Exchange::new(http, url, audience, tokens)?;
        Ok(Self { exchange, record_ids: RecordIds::none() })
    }

    /// Finds referrals by ids of these CRM records in whatever spelling; without them, texts are
    /// compared exactly.
    #[must_use]
    pub fn with_record_ids(self, record_ids: RecordIds) -> Self {
        Self { record_ids, ..self }
    }

    async fn read(&self, id: ReferralId) -> Result<Option<Referral>, Error> {
        let answer = self.answer_of(id).await?;
        answer.map(|answer| referral(Operation::ReadReferral(id), &answer)).transpose()
    }

    /// The answer that holds one referral; `None` when it does not exist for us.
    pub(crate) async fn answer_of(&self, id: ReferralId) -> Result<Option<Response>, Error> {
        let text_id = id.to_string();
        let segments = path_of(&text_id);
        match self.exchange.send(&call(Operation::ReadReferral(id), Method::GET, &segments)).await {
            Ok(answer) => Ok(Some(answer)),
            // 403 and 404 both mean "not visible to us"; only a lack of claims concerns every
            // referral.
            Err(Error::Refused { refusal, .. })
                if matches!(refusal.status, 403 | 404 | 410) && !refusal.lacks_claims() =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn list(&self, query: &Query<'_>) -> Result<Rows, Error> {
        listing::all(&self.exchange, query).await
    }

    async fn changes(&self, since: Timestamp) -> Result<Vec<ReferralChange>, Error> {
        let query = Query {
            filter: Some(changed_since(since)),
            order: Some(OLDEST_CHANGE_FIRST),
            select: Some("id,updatedDateTime"),
        };
        let rows = self.list(&query).await?.rows;
        let found = rows.len();
        let change = |row: &Json| {
            Some(ReferralChange {
                id: text(row, "id")?.parse().ok()?,
                updated: text(row, "updatedDateTime")?.parse().ok()?,
            })
        };
        let mut changes: Vec<_> = rows.iter().filter_map(change).collect();
        if changes.len() < found {
            tracing::warn!(
                rows = found - changes.len(),
                "listed referrals without a usable id and date were passed over"
            );
        }
        // A referral that changes while we page is listed twice.
        changes.sort_by_key(|change| (change.updated, change.id));
        changes.dedup_by_key(|change| change.id);
        Ok(changes)
    }

    async fn send_new(&self, body: &Json) -> Result<Referral, Error> {
        let mut create = call(Operation::CreateReferral, Method::POST, &PATH);
        create.body = Some(body);
        let answer = self.exchange.send(&create).await?;
        referral(Operation::CreateReferral, &answer)
    }

    async fn change(
        &self,
        id: ReferralId,
        etag: &ETag,
        operations: &[PatchOperation],
    ) -> Result<Referral, Error> {
        let operation = Operation::ChangeReferral(id);
        let (text_id, body) = (id.to_string(), json!(operations));
        let segments = path_of(&text_id);
        let mut patch = call(operation, Method::PATCH, &segments);
        patch.headers.push(("if-match", etag.as_str().to_owned()));
        patch.headers.push(("prefer", "return=representation".to_owned()));
        patch.body = Some(&body);
        let answer = self.exchange.send(&patch).await?;
        let part = match referral(operation, &answer) {
            Ok(referral) if referral.get("details").is_some_and(Json::is_object) => {
                return Ok(referral);
            }
            Ok(_) => Error::Unusable {
                operation,
                request_id: answer.request_id.clone(),
                problem: Problem::Shape("it holds only a part of the referral"),
            },
            Err(unusable) => unusable,
        };
        // 204, or a body that was cut short (contract partner-center 3.1 prints one): the change is
        // made, only its result is not here.
        self.read(id).await?.ok_or(part)
    }
}

const OLDEST_CHANGE_FIRST: &str = "updatedDateTime asc";

fn changed_since(since: Timestamp) -> String {
    // Seven fractional digits, as the service writes them itself.
    format!("updatedDateTime ge {since:.7}")
}

pub(crate) fn referral(operation: Operation, answer: &Response) -> Result<Referral, Error> {
    let unusable =
        |problem| Error::Unusable { operation, request_id: answer.request_id.clone(), problem };
    let body = answer
        .json()
        .filter(Json::is_object)
        .ok_or_else(|| unusable(Problem::Shape("it holds no referral")))?;
    Referral::parse(body, answer.header(ETAG), answer.request_id.clone())
        .map_err(|error| unusable(error.into()))
}

#[async_trait]
impl PartnerCenter for Referrals {
    async fn get(&self, id: ReferralId) -> Result<Option<Referral>, Failure> {
        Ok(self.read(id).await?)
    }

    async fn in_engagement(&self, id: EngagementId) -> Result<Vec<Referral>, Failure> {
        Ok(self.of_engagement(id).await?)
    }

    async fn by_external_reference(&self, reference: &str) -> Result<Vec<Referral>, Failure> {
        Ok(self.with_reference(reference).await?)
    }

    async fn changed_since(&self, since: Timestamp) -> Result<Vec<ReferralChange>, Failure> {
        Ok(self.changes(since).await?)
    }

    async fn pending(&self) -> Result<Vec<Referral>, Failure> {
        Ok(self.waiting().await?)
    }

    async fn create(&self, body: &Json) -> Result<Referral, Failure> {
        Ok(self.send_new(body).await?)
    }

    async fn patch(
        &self,
        id: ReferralId,
        etag: &ETag,
        operations: &[PatchOperation],
    ) -> Result<Referral, Failure> {
        Ok(self.change(id, etag, operations).await?)
    }
}
