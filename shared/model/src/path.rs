//! Where a value stands on each side.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What both paths have: the text that a mapping writes, and comparison with it.
macro_rules! text_of_path {
    ($name:ident) => {
        impl $name {
            /// The path as it is written in a mapping.
            pub fn as_str(&self) -> &str {
                &self.text
            }

            /// Nothing is named: the value is computed.
            pub fn is_empty(&self) -> bool {
                self.text.is_empty()
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(path: $name) -> Self {
                path.text
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.text
            }
        }

        // What else a path has follows from its text, so both are in the same order.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.text
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.text == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.text == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text)
            }
        }
    };
}

/// A CRM column; `lookup/column` for a column of the record that a lookup column names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(from = "String", into = "String")]
pub struct ColumnPath {
    text: String,
    /// Where the slash behind the lookup is.
    slash: Option<usize>,
}

text_of_path!(ColumnPath);

impl From<String> for ColumnPath {
    fn from(text: String) -> Self {
        Self { slash: text.find('/'), text }
    }
}

impl ColumnPath {
    /// The column `column` of the record that `lookup` names.
    pub fn related(lookup: &str, column: &str) -> Self {
        Self::from(format!("{lookup}/{column}"))
    }

    /// The lookup column, where the value belongs to a related record.
    pub fn lookup(&self) -> Option<&str> {
        self.slash.map(|slash| &self.text[..slash])
    }

    /// The column's own name.
    pub fn column(&self) -> &str {
        self.slash.map_or(self.as_str(), |slash| &self.text[slash + 1..])
    }
}

/// A dotted path in a referral: `details.dealValue`, `customerProfile.team.0.email`. Names have
/// no case.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct ReferralPath {
    text: String,
}

text_of_path!(ReferralPath);

impl From<String> for ReferralPath {
    fn from(text: String) -> Self {
        Self { text }
    }
}

impl ReferralPath {
    /// Whether both are the same path, whatever the case of their names.
    pub fn is(&self, other: &str) -> bool {
        self.text.eq_ignore_ascii_case(other)
    }

    /// The path's first name.
    pub fn block(&self) -> &str {
        self.text.split_once('.').map_or(self.as_str(), |(block, _)| block)
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
    fn a_column_is_found_by_its_text_and_read_back_from_it() {
        let paths: std::collections::BTreeSet<ColumnPath> =
            ["name", "customerid_account/name", "a"].map(ColumnPath::from).into();
        assert!(paths.contains("customerid_account/name") && !paths.contains("customerid_account"));
        let json = serde_json::to_string(&paths).unwrap();
        assert_eq!(json, r#"["a","customerid_account/name","name"]"#);
        assert_eq!(
            serde_json::from_str::<std::collections::BTreeSet<ColumnPath>>(&json).unwrap(),
            paths
        );
    }

    #[test]
    fn a_referrals_names_have_no_case() {
        assert!(ReferralPath::from("Details.DealValue").is("details.dealValue"));
        assert_eq!(ReferralPath::from("details.dealValue").block(), "details");
    }
}
