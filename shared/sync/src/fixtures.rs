//! A deal in sync and the shipped mapping, for tests.

use cosell_mapping::{Mapping, Placeholders};

pub(crate) use crate::deal::{RECORD, now, record, referral, set};

/// The mapping that ships for Dynamics 365, as the functions read it.
pub(crate) fn shipped() -> Mapping {
    let placeholders = Placeholders::from([
        ("prefix", "nwcs".to_owned()),
        ("team_phone", "+46700000002".to_owned()),
    ]);
    cosell_mapping_check::parse(include_str!("../../../infra/mapping/dynamics.toml"), &placeholders)
        .unwrap()
}
