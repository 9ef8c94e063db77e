//! Where a value stands on each side.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! path {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The path as it is written in a mapping.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Nothing is named: the value is computed.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

path! {
    /// A CRM column; `lookup/column` for a column of the record that a lookup column names.
    ColumnPath
}

path! {
    /// A dotted path in a referral: `details.dealValue`, `customerProfile.team.0.email`. Names have
    /// no case.
    ReferralPath
}

impl ColumnPath {
    /// The column `column` of the record that `lookup` names.
    pub fn related(lookup: &str, column: &str) -> Self {
        Self(format!("{lookup}/{column}"))
    }

    /// The lookup column, where the value belongs to a related record.
    pub fn lookup(&self) -> Option<&str> {
        self.0.split_once('/').map(|(lookup, _)| lookup)
    }

    /// The column's own name.
    pub fn column(&self) -> &str {
        self.0.split_once('/').map_or(self.as_str(), |(_, column)| column)
    }
}

impl ReferralPath {
    /// Whether both are the same path, whatever the case of their names.
    pub fn is(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }

    /// The path's first name.
    pub fn block(&self) -> &str {
        self.0.split_once('.').map_or(self.as_str(), |(block, _)| block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_related_records_column_names_its_lookup() {
        let path = ColumnPath::from("customerid_account/name");
        assert_eq!((path.lookup(), path.column()), (Some("customerid_account"), "name"));
        assert_eq!(path, ColumnPath::related("customerid_account", "name"));
        let own = ColumnPath::from("estimatedvalue");
        assert_eq!((own.lookup(), own.column()), (None, "estimatedvalue"));
    }

    #[test]
    fn a_referrals_names_have_no_case() {
        assert!(ReferralPath::from("Details.DealValue").is("details.dealValue"));
        assert_eq!(ReferralPath::from("details.dealValue").block(), "details");
    }
}
