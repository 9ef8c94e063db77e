//! Reading a response's body, and no more of it than the caller has room for.

use reqwest::Response;

use crate::transport::TransportError;

/// Reads the body, at most `limit` bytes.
pub async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, TransportError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > limit {
            return Err(TransportError::TooLarge { limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
