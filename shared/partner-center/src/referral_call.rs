//! Calls about referrals: their path, and the id that each has of its own.

use reqwest::Method;
use uuid::Uuid;

use crate::error::Operation;
use crate::exchange::Call;

/// The path of all referrals.
pub(crate) const PATH: [&str; 3] = ["v1.0", "engagements", "referrals"];

/// A call with an id of its own (contract partner-center 1.4).
pub(crate) fn call<'a>(operation: Operation, method: Method, path: &'a [&'a str]) -> Call<'a> {
    Call {
        operation,
        method,
        path,
        query: None,
        headers: vec![("client-request-id", Uuid::new_v4().to_string())],
        body: None,
    }
}

/// The path of one referral.
pub(crate) fn path_of(id: &str) -> [&str; 4] {
    let [version, engagements, referrals] = PATH;
    [version, engagements, referrals, id]
}
