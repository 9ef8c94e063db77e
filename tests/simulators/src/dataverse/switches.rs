//! Behaviour that differs between environments, or goes wrong in one, and that the control port
//! turns on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Options;

/// The switches as one JSON object; a column is written `table.column` with logical names.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent switches, read by people as one flat object"
)]
pub(crate) struct Switches {
    /// A won or lost opportunity refuses every PATCH but reopening, with 400 `0x8004022e`.
    pub(crate) lock_closed_opportunities: bool,
    /// Text columns silently cut to this many characters on write, as a customer's plug-in may do.
    pub(crate) truncate: BTreeMap<String, usize>,
    /// Columns whose values are silently dropped on write.
    pub(crate) ignore: BTreeSet<String>,
    /// Everything but `WhoAmI` answers 403 `0x80040220`.
    pub(crate) missing_privilege: bool,
    /// Everything answers 403 `0x80072560`: there is no application user.
    pub(crate) not_a_member: bool,
    /// Definitions, publishers and solutions cannot be made: 403 `0x80040220`, as for an
    /// application user without a customiser's role.
    pub(crate) cannot_customise: bool,
    /// Alternate keys are still being indexed: access by key answers 404 `0x80060891`.
    pub(crate) key_index_pending: bool,
    /// HTTP status of `0x80044352`, which the contract leaves open (400 or 410).
    pub(crate) expired_delta_status: u16,
    /// The delta token of a first load is taken when its last page is read, so that changes made to
    /// rows of earlier pages meanwhile are missed (contract dynamics365 3.9); otherwise when its
    /// first page is read.
    pub(crate) delta_token_from_last_page: bool,
    /// ISO codes of the currencies the environment has; USD, the base currency, cannot be taken
    /// away.
    pub(crate) currencies: BTreeSet<String>,
}

impl Switches {
    pub(crate) fn of(options: &Options) -> Self {
        Self {
            lock_closed_opportunities: options.lock_closed_opportunities,
            truncate: BTreeMap::new(),
            ignore: BTreeSet::new(),
            missing_privilege: false,
            not_a_member: false,
            cannot_customise: false,
            key_index_pending: false,
            expired_delta_status: 400,
            delta_token_from_last_page: false,
            currencies: ["USD", "EUR", "GBP", "SEK"].map(String::from).into(),
        }
    }
}
