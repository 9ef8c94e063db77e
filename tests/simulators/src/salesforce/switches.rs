//! What the contract leaves open, and how one organisation differs from another. All can change
//! while it runs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Options;

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each switch is one of its own")]
pub(crate) struct Switches {
    /// The client-credentials flow is on for the application; otherwise `unsupported_grant_type`.
    pub(crate) client_credentials: bool,
    /// The application has a Run-As user; otherwise `no client credentials user enabled`.
    pub(crate) run_as_user: bool,
    /// The user is pre-authorised for the JWT flow; otherwise `user hasn't approved this consumer`.
    pub(crate) approved: bool,
    /// A token ends after so many minutes without a call.
    pub(crate) session_minutes: i64,
    /// Every data call answers 401 with this text, such as `Connected app is not attached to
    /// Agent`.
    pub(crate) session_refusal: Option<String>,
    /// `CurrencyIsoCode` exists.
    pub(crate) multi_currency: bool,
    /// `StageName` refuses what is no stage. By default it is stored (inference, contract 2.1).
    pub(crate) restricted_stages: bool,
    /// Text loses the blanks around it, as is remembered of the service (not in the contract).
    pub(crate) trim_text: bool,
    /// Neither fields nor permissions can be made: the user lacks "Customize Application".
    pub(crate) cannot_customise: bool,
    /// `Object.Field` names that field-level security hides from the API user.
    pub(crate) hidden_fields: BTreeSet<String>,
    /// `Object.Field` names an administrator made required.
    pub(crate) required_fields: BTreeSet<String>,
    pub(crate) validation_rules: Vec<ValidationRule>,
    pub(crate) duplicate_rules: Vec<DuplicateRule>,
    /// An assignment rule is active: it gives leads to the seller, unless a header keeps it off.
    pub(crate) lead_assignment_rule: bool,
    /// The key is `duplicateResut` in two captures, `duplicateResult` in other code (contract 4.4).
    pub(crate) misspelt_duplicates: bool,
    /// Whether `DUPLICATE_VALUE` names the record with 18 characters; otherwise 15 (contract 4.3:
    /// both occur).
    pub(crate) long_duplicate_id: bool,
    /// `If-Unmodified-Since` is honoured on every object; otherwise ignored (contract 9.2: not seen
    /// live).
    pub(crate) conditional_updates: bool,
    /// `DELETE` honours conditional headers, too (two official pages disagree).
    pub(crate) conditional_deletes: bool,
    /// HTTP status of `UNABLE_TO_LOCK_ROW` (inferred).
    pub(crate) lock_status: u16,
    /// Rows of a page in place of the header's 200 to 2,000, so that tests need few rows.
    pub(crate) query_batch: Option<usize>,
    /// Calls in 24 hours; one more answers `REQUEST_LIMIT_EXCEEDED`.
    pub(crate) daily_requests: usize,
    /// How far `latestDateCovered` is behind the clock.
    pub(crate) replication_lag_seconds: i64,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            client_credentials: true,
            run_as_user: true,
            approved: true,
            session_minutes: 120,
            session_refusal: None,
            multi_currency: false,
            restricted_stages: false,
            trim_text: true,
            cannot_customise: false,
            hidden_fields: BTreeSet::new(),
            required_fields: BTreeSet::new(),
            validation_rules: Vec::new(),
            duplicate_rules: Vec::new(),
            lead_assignment_rule: false,
            misspelt_duplicates: true,
            long_duplicate_id: false,
            conditional_updates: true,
            conditional_deletes: false,
            lock_status: 400,
            query_batch: None,
            daily_requests: 15_000,
            replication_lag_seconds: 120,
        }
    }
}

impl Switches {
    pub(crate) fn of(options: &Options) -> Self {
        Self { multi_currency: options.multi_currency, ..Self::default() }
    }
}

/// Refuses a record whose field has this value (null: has none) after a write.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValidationRule {
    pub(crate) object: String,
    pub(crate) field: String,
    #[serde(default)]
    pub(crate) value: serde_json::Value,
    pub(crate) message: String,
}

/// Refuses a record that agrees with another one in this field.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DuplicateRule {
    pub(crate) object: String,
    pub(crate) field: String,
    /// An alert rule: the header `allowSave=true` saves all the same. Otherwise it blocks.
    #[serde(default)]
    pub(crate) allow_save: bool,
    #[serde(default = "standard_message")]
    pub(crate) message: String,
}

fn standard_message() -> String {
    "Use one of these records?".into()
}
