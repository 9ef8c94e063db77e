//! User and Organization, which only administrators change.

use crate::salesforce::schema::{Kind, Object};

pub(super) fn user() -> Object {
    let mut user = Object::new("User", "Users", "005")
        .texts(&[("Username", 80), ("LastName", 80), ("FirstName", 40), ("Name", 121)])
        .writes(&["Email"], &Kind::Email)
        .reads(&["IsActive"], &Kind::Bool);
    user.writable = false;
    user
}

pub(super) fn organization() -> Object {
    let mut organization = Object::new("Organization", "Organizations", "00D")
        .texts(&[
            ("Name", 80),
            ("InstanceName", 5),
            ("NamespacePrefix", 15),
            ("OrganizationType", 40),
        ])
        .reads(&["IsSandbox"], &Kind::Bool)
        .reads(&["TrialExpirationDate"], &Kind::Moment);
    organization.writable = false;
    organization
}
