//! The objects of an organisation (contract salesforce 2).

mod cosell;
mod customers;
mod directory;
mod lead;
mod opportunity;
mod permissions;

pub(crate) use cosell::fields as cosell_fields;
pub(crate) use permissions::custom_field;

use super::schema::Object;

/// `LeadSource` of one current developer organisation (contract salesforce 2.1).
const SOURCES: [&str; 5] = ["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"];

const INDUSTRIES: [&str; 32] = [
    "Agriculture",
    "Apparel",
    "Banking",
    "Biotechnology",
    "Chemicals",
    "Communications",
    "Construction",
    "Consulting",
    "Education",
    "Electronics",
    "Energy",
    "Engineering",
    "Entertainment",
    "Environmental",
    "Finance",
    "Food & Beverage",
    "Government",
    "Healthcare",
    "Hospitality",
    "Insurance",
    "Machinery",
    "Manufacturing",
    "Media",
    "Not For Profit",
    "Recreation",
    "Retail",
    "Shipping",
    "Technology",
    "Telecommunications",
    "Transportation",
    "Utilities",
    "Other",
];

/// All objects; Opportunity and Lead with the co-sell fields when they are installed.
pub(crate) fn all(install_fields: bool) -> Vec<Object> {
    let mut objects = vec![
        customers::account(),
        customers::contact(),
        lead::lead(),
        lead::status(),
        opportunity::opportunity(),
        opportunity::line_item(),
        opportunity::contact_role(),
        opportunity::stage(),
        directory::user(),
        directory::organization(),
        permissions::permission_set(),
        permissions::field_permissions(),
        permissions::assignment(),
    ];
    if install_fields {
        for object in &mut objects {
            if matches!(object.name, "Opportunity" | "Lead") {
                object.fields.extend(cosell_fields());
            }
        }
    }
    objects
}
