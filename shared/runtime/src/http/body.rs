//! Reading an answer's body, and no more of it than a function's memory takes.

use reqwest::Response;
use serde_json::Value as Json;

/// Far above a page of bare rows or one row with its long texts, far below a function's memory.
const LARGEST: usize = 8 * 1024 * 1024;

/// A body that was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It goes on beyond 8 MiB.
    #[error("the answer has no end below 8 MiB")]
    TooLarge,
    /// The connection was lost. Without its URL, which may hold customer data.
    #[error("the answer broke off")]
    Lost(#[source] reqwest::Error),
}

/// The body as JSON; `Null` when it is empty or not JSON.
pub async fn json(mut response: Response) -> Result<Json, BodyError> {
    let mut bytes = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|error| BodyError::Lost(error.without_url()))?
    {
        if bytes.len() + chunk.len() > LARGEST {
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(serde_json::from_slice(&bytes).unwrap_or(Json::Null))
}
