//! The paths of a referral (contract partner-center 2): what stands there, who may write it and
//! when, and what a new referral needs.
//!
//! `*` stands for an index of a list.

mod catalogue;
mod codes;
mod property;

use catalogue::PATHS;
pub use codes::{HELP, REASONS};
pub use property::{Access, Codes, Holds, Property};

/// The path's property; `None` when there is no such path. A path below something open has that
/// one's property.
pub fn property(path: &str) -> Option<Property> {
    let general = general(path);
    let found = PATHS.iter().find(|property| property.path.eq_ignore_ascii_case(&general));
    found.copied().or_else(|| {
        let open = PATHS.iter().filter(|property| property.holds == Holds::Open);
        open.copied().find(|property| is_below(&general, property.path))
    })
}

/// All paths, with 0 for an index, for a hint.
pub fn all() -> impl Iterator<Item = String> {
    PATHS.iter().map(|property| property.path.replace('*', "0"))
}

/// Whether `path` is `root` or stands below it; names are compared as the service does, without
/// case.
pub fn is_at_or_below(path: &str, root: &str) -> bool {
    path.eq_ignore_ascii_case(root) || is_below(path, root)
}

fn is_below(path: &str, root: &str) -> bool {
    let (path, root) = (path.to_ascii_lowercase(), root.to_ascii_lowercase());
    path.strip_prefix(&root).is_some_and(|rest| rest.starts_with('.'))
}

/// The path with `*` for every index.
fn general(path: &str) -> String {
    let segments = path.split('.').map(|segment| {
        let is_index = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
        if is_index { "*" } else { segment }
    });
    segments.collect::<Vec<_>>().join(".")
}

/// What a new deal must carry (contract partner-center 2.1, 2.12) beside what the sync itself sets,
/// and whether only with Microsoft's help.
pub const NEEDED: &[(&str, bool)] = &[
    ("name", false),
    ("qualification", false),
    ("customerProfile.name", false),
    ("customerProfile.address.addressLine1", false),
    ("customerProfile.address.city", false),
    ("customerProfile.address.country", false),
    ("consent.consentToToShareInfoWithOthers", false),
    ("consent.consentToContact", false),
    ("consent.consentToMicrosoftToContactSpecificPartners", false),
    ("details.dealValue", false),
    ("details.currency", false),
    ("details.closingDateTime", false),
    ("details.requirements.solutions", false),
    ("details.requirements.additionalRequirements.attributes", false),
    ("team.0.firstName", false),
    ("team.0.lastName", false),
    ("team.0.phoneNumber", false),
    ("team.0.email", false),
    ("customerProfile.team.0.firstName", true),
    ("customerProfile.team.0.lastName", true),
    ("customerProfile.team.0.phoneNumber", true),
    ("customerProfile.team.0.email", true),
];

/// Whether a path is taken on creation only.
pub fn is_locked(path: &str) -> bool {
    property(path)
        .is_some_and(|property| matches!(property.access, Access::Locked | Access::Governed))
}

#[cfg(test)]
#[path = "paths_tests.rs"]
mod tests;
