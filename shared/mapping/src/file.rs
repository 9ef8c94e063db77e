//! Reading and checking a mapping: the shipped file and what a partner's own file changes. A bad
//! mapping stops the deployment, not the deals.

use std::collections::BTreeMap;

use super::check;
use super::crm::Crm;
use super::document::Node;
use super::fault::{Fault, Faults, MappingError, Place, Severity};
use super::form::{self, Form};
use super::layers::{self, Origin};
use super::{Mapping, Rule, paths};

/// Values for the `{name}` placeholders of a mapping file, such as the publisher prefix.
pub type Placeholders = BTreeMap<&'static str, String>;

/// One mapping file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer<'a> {
    /// What faults call it, such as `infra/mapping/own/mine.toml`.
    pub file: &'a str,
    /// Its TOML.
    pub text: &'a str,
}

/// What came of reading a mapping.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Errors and warnings, in the order of the files.
    pub faults: Vec<Fault>,
    /// Where each rule comes from, by name.
    pub origins: BTreeMap<String, Origin>,
    /// The same of the leads' rules.
    pub lead_origins: BTreeMap<String, Origin>,
    /// The same of the rules of a registration.
    pub registration_origins: BTreeMap<String, Origin>,
    mapping: Option<Mapping>,
}

impl Examination {
    /// Reads the shipped file of `crm` and the partner's own over it, and finds everything that is
    /// wrong with the two.
    pub fn of(
        crm: &Crm,
        shipped: Layer<'_>,
        own: Option<Layer<'_>>,
        placeholders: &Placeholders,
    ) -> Self {
        let mut faults = Faults::default();
        let mut origins = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
        let mapping = read(crm, shipped, own, placeholders, &mut faults, &mut origins);
        let [origins, lead_origins, registration_origins] = origins;
        let files: Vec<&str> =
            std::iter::once(shipped).chain(own).map(|layer| layer.file).collect();
        Self {
            faults: faults.reported(&files),
            origins,
            lead_origins,
            registration_origins,
            mapping,
        }
    }

    /// The mapping, where nothing but warnings was found.
    pub fn into_mapping(self) -> Result<Mapping, MappingError> {
        self.mapping.ok_or(MappingError { faults: self.faults })
    }

    /// The mapping, where nothing but warnings was found.
    pub fn mapping(&self) -> Option<&Mapping> {
        self.mapping.as_ref()
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.faults.iter().filter(|fault| fault.severity == Severity::Error).count()
    }
}

impl Mapping {
    /// Reads and checks the text of one mapping file.
    pub fn parse(crm: &Crm, text: &str, placeholders: &Placeholders) -> Result<Self, MappingError> {
        let layer = Layer { file: "mapping", text };
        Examination::of(crm, layer, None, placeholders).into_mapping()
    }
}

/// Each step needs the one before it: syntax, the two files as one, its form, its sense.
fn read(
    crm: &Crm,
    shipped: Layer<'_>,
    own: Option<Layer<'_>>,
    placeholders: &Placeholders,
    faults: &mut Faults,
    origins: &mut [BTreeMap<String, Origin>; 3],
) -> Option<Mapping> {
    let shipped = Node::read(0, shipped.text, placeholders, faults);
    let own = own.map(|own| Node::read(1, own.text, placeholders, faults));
    if faults.errors() > 0 {
        return None;
    }
    let mut taken_out = Vec::new();
    let merged = match &own {
        Some(own) => layers::merge(shipped, own.clone(), &mut taken_out, faults),
        None => shipped,
    };
    let of_table = |name: &str| {
        let changes = own.as_ref().and_then(|own| own.get(name));
        merged.get(name).map(|merged| layers::origins(merged, changes)).unwrap_or_default()
    };
    *origins = [layers::origins(&merged, own.as_ref()), of_table("lead"), of_table("registration")];
    if let Some(version) = merged.get("version").filter(|version| version.to_json() != 1) {
        let what =
            format!("the mapping has version {}; this program reads version 1", version.to_json());
        faults.error(
            version.place,
            what,
            "use the file that belongs to this version, and carry your changes over",
        );
        return None;
    }
    Form::Table(form::FILE).check(form::WHOLE, &merged, faults);
    check::check(crm, &merged, &taken_out, faults);
    if faults.errors() > 0 {
        return None;
    }
    let mapping: Result<Mapping, _> = serde_json::from_value(merged.to_json());
    // The form knows all that the types know (a test holds it to them); should it ever not, this
    // says so.
    mapping
        .map(|mapping| Mapping { record_ids: crm.record_ids, ..mapping })
        .map_err(|error| {
            faults.error(
                Place::start_of(0),
                error.to_string(),
                "write it as docs/mapping.md shows",
            );
        })
        .ok()
}

impl Rule {
    /// Whether Microsoft takes the field only when a deal is created.
    pub fn is_locked(&self) -> bool {
        self.to_partner_center.on_create() && paths::is_locked(&self.partner_center)
    }

    /// Whether it is part of a customer contact.
    pub fn is_contact(&self) -> bool {
        paths::is_at_or_below(&self.partner_center, "customerProfile.team")
    }
}
