#![doc = include_str!("../README.md")]

mod address;
mod body;
mod client;
mod transport;

pub use address::{ForbiddenUrl, is_loopback, permitted};
pub use body::read;
pub use client::{ClientError, client};
pub use transport::TransportError;

#[cfg(feature = "services")]
pub mod assertion;
#[cfg(feature = "services")]
mod endpoint;
#[cfg(feature = "services")]
mod request;
#[cfg(feature = "services")]
mod response;
#[cfg(feature = "services")]
pub mod retry_after;
#[cfg(feature = "services")]
mod service;
#[cfg(feature = "services")]
mod token_cache;
#[cfg(feature = "services")]
mod token_error;

#[cfg(feature = "services")]
pub use endpoint::{Endpoint, Granted, OAuthError, Refusal};
#[cfg(feature = "services")]
pub use request::Request;
#[cfg(feature = "services")]
pub use response::Response;
#[cfg(feature = "services")]
pub use service::{CallError, Service};
#[cfg(feature = "services")]
pub use token_cache::{Clock, Grant, Issued, Token, TokenCache};
#[cfg(feature = "services")]
pub use token_error::TokenError;
