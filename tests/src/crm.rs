//! The CRMs that the tests play.

use std::fmt;
use std::str::FromStr;

/// A CRM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrmSystem {
    /// Dynamics 365 Sales.
    Dynamics,
    /// Salesforce.
    Salesforce,
}

impl FromStr for CrmSystem {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "dynamics" => Ok(Self::Dynamics),
            "salesforce" => Ok(Self::Salesforce),
            _ => Err("must be `dynamics` or `salesforce`"),
        }
    }
}

impl fmt::Display for CrmSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dynamics => "dynamics",
            Self::Salesforce => "salesforce",
        })
    }
}
