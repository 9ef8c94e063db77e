//! Names of a deal's fields: the mapping's rules, and the built-in ones that need no rule.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A mapping rule's name, as in the mapping file: `deal_value`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct RuleName(String);

impl RuleName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RuleName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl From<String> for RuleName {
    fn from(name: String) -> Self {
        Self(name)
    }
}

impl Borrow<str> for RuleName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for RuleName {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for RuleName {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A field of a deal. As text, it is its rule's name or one of the built-in names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Field {
    /// The referral's stage and the CRM record's phase.
    Stage,
    /// How can Microsoft help?
    Help,
    /// Whether Microsoft's sellers see the deal.
    Visibility,
    /// The customer contact, where it is sent as a whole.
    Contact,
    /// Partner Center's "CRM ID": `externalReferenceId`.
    Reference,
    /// The registration of a won deal.
    Registration,
    /// A rule of the mapping.
    Rule(RuleName),
}

/// The built-in fields and their names. No rule may have one of these.
const BUILT_IN: [(&str, Field); 6] = [
    ("stage", Field::Stage),
    ("help", Field::Help),
    ("visibility", Field::Visibility),
    ("customer_contact", Field::Contact),
    ("crm_id", Field::Reference),
    ("registration", Field::Registration),
];

impl Field {
    /// The field of a rule.
    pub fn rule(name: &RuleName) -> Self {
        Self::Rule(name.clone())
    }

    /// The rule's name, unless the field is built in.
    pub fn rule_name(&self) -> Option<&RuleName> {
        match self {
            Self::Rule(name) => Some(name),
            _ => None,
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Rule(name) => name.as_str(),
            built_in => {
                BUILT_IN.iter().find(|(_, field)| field == built_in).map_or("", |(name, _)| name)
            }
        }
    }
}

impl From<&str> for Field {
    fn from(name: &str) -> Self {
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
        built_in.map_or_else(|| Self::Rule(name.into()), |(_, field)| field.clone())
    }
}

impl From<String> for Field {
    fn from(name: String) -> Self {
        Self::from(name.as_str())
    }
}

impl From<&RuleName> for Field {
    fn from(name: &RuleName) -> Self {
        Self::Rule(name.clone())
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.as_str().to_owned()
    }
}

impl FromStr for Field {
    type Err = Infallible;

    fn from_str(name: &str) -> Result<Self, Infallible> {
        Ok(Self::from(name))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_its_field() {
        for (name, field) in BUILT_IN {
            assert_eq!((Field::from(name), field.as_str()), (field.clone(), name));
        }
        let rule = Field::from("deal_value");
        assert_eq!(rule, Field::Rule("deal_value".into()));
        assert_eq!(serde_json::to_string(&rule).unwrap(), "\"deal_value\"");
        assert_eq!(serde_json::from_str::<Field>("\"stage\"").unwrap(), Field::Stage);
    }
}
