//! What is known of a CRM without asking it, and the registry of the CRMs that a program has.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use cosell_mapping::{Crm as MappedCrm, Mapping, Placeholders};
use cosell_runtime::config::{Environment, Noted};
use cosell_sync::port::{Crm, Leads};
use serde_json::Value as Json;

use crate::access::Access;
use crate::built_in::BuiltInMapping;
use crate::field::{Choice, CosellField};
use crate::installation::Installation;
use crate::secret::SecretSource;

/// One CRM.
pub struct Descriptor {
    /// What a mapping must know of it; its name is the value of `CRM`, and the system in the keys
    /// of its records.
    pub mapped: MappedCrm,
    /// The mapping for it, which its build checked.
    pub mapping: BuiltInMapping,
    /// Reads the values of the shipped mapping's placeholders; none of their variables must be set.
    pub placeholders: fn(&Environment) -> Result<Placeholders, Noted>,
    /// Reads where the CRM is and how its administrator set it up.
    pub connection: fn(&Environment) -> Result<Arc<dyn Connection>, Noted>,
    /// The co-sell fields as it has them.
    pub fields: &'static [CosellField],
    /// A field's name in a mapping, with these placeholders.
    pub field_name: fn(&CosellField, &Placeholders) -> String,
    /// A choice's value in a mapping.
    pub choice_value: fn(&Choice) -> Json,
}

impl Descriptor {
    /// Its name.
    pub fn name(&self) -> &'static str {
        self.mapped.system()
    }
}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is a CRM of each name only once.
impl PartialEq for Descriptor {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Descriptor {}

/// A CRM at the place that the environment names: it builds the ports.
pub trait Connection: fmt::Debug + Send + Sync {
    /// The port of opportunities, reading what `deals` maps, and beside it that of leads.
    fn adapters(
        &self,
        entrance: Entrance,
        deals: &Mapping,
        leads: Option<&Mapping>,
    ) -> Result<Adapters, UnusableColumns>;

    /// The installer of the co-sell fields.
    fn installation(
        &self,
        http: reqwest::Client,
        access: Access<Arc<dyn SecretSource>>,
        clock: Clock,
    ) -> Box<dyn Installation>;
}

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// What an adapter works with.
pub struct Entrance {
    /// Must neither follow redirects nor keep cookies, and should have a time-out.
    pub http: reqwest::Client,
    /// The credentials.
    pub secret: Arc<dyn SecretSource>,
    /// The time.
    pub clock: Clock,
}

/// The ports on one CRM. They share connection and tokens.
pub struct Adapters {
    /// The opportunities.
    pub opportunities: Arc<dyn Crm>,
    /// The leads, where they are mapped.
    pub leads: Option<Arc<dyn Leads>>,
}

/// The mapping names a column that the CRM cannot have.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct UnusableColumns(#[from] Box<dyn Error + Send + Sync>);

/// The CRMs that a program has adapters for. The first is the one that is meant where none is
/// named.
#[derive(Clone, Copy, Debug)]
pub struct Registry(pub &'static [&'static Descriptor]);

/// There is no adapter for this CRM.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {}", .0.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or "))]
pub struct UnknownCrm(Vec<&'static str>);

impl Registry {
    /// All names.
    pub fn names(self) -> Vec<&'static str> {
        self.0.iter().map(|crm| crm.name()).collect()
    }

    /// The CRM of this name.
    pub fn named(self, name: &str) -> Result<&'static Descriptor, UnknownCrm> {
        let found = self.0.iter().find(|crm| crm.name() == name);
        found.copied().ok_or_else(|| UnknownCrm(self.names()))
    }

    /// Reads `CRM`; the first of the registry when it is not set.
    pub fn read(self, environment: &Environment) -> Result<&'static Descriptor, Noted> {
        const NAME: &str = "CRM";
        let first = self.0[0];
        match environment.optional(NAME) {
            None => Ok(first),
            Some(name) => self.named(&name).map_err(|unknown| {
                environment.note(NAME, &format!("cannot be read: {unknown}"), first.name())
            }),
        }
    }
}
