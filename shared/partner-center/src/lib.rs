#![doc = include_str!("../README.md")]

pub mod event;
mod property;
pub mod signature;

#[cfg(feature = "client")]
pub mod error;
#[cfg(feature = "client")]
mod exchange;
#[cfg(feature = "client")]
mod listing;
#[cfg(feature = "client")]
mod referral_call;
#[cfg(feature = "client")]
pub mod referrals;
#[cfg(feature = "client")]
mod refusal;
#[cfg(feature = "client")]
pub mod registration;
#[cfg(feature = "client")]
mod search;
#[cfg(feature = "client")]
pub mod token;
