//! Reading and checking a mapping: the shipped file and what a partner's override changes. A bad
//! mapping fails the build, not the deals.

use std::collections::BTreeMap;

use cosell_mapping::{Crm, Mapping, Placeholders};

use crate::deserializer::to_json;
use crate::diagnostic::{CheckError, Diagnostic, Diagnostics, Severity};
use crate::node::Node;
use crate::overlay::origin::{Origin, origins};
use crate::overlay::state::Overlay;
use crate::source::{MappingFile, Sources};
use crate::{check, schema, tree};
use cosell_model::field::RuleName;

/// What came of checking a mapping.
#[derive(Clone, Debug, Default)]
pub struct Examination {
    /// Errors and warnings, in the order of the files.
    pub diagnostics: Vec<Diagnostic>,
    /// Where each rule comes from, by name.
    pub origins: BTreeMap<RuleName, Origin>,
    /// The same of the leads' rules.
    pub lead_origins: BTreeMap<RuleName, Origin>,
    /// The same of the rules of a registration.
    pub registration_origins: BTreeMap<RuleName, Origin>,
    checked: Option<Checked>,
}

/// A mapping without errors.
#[derive(Clone, Debug)]
struct Checked {
    mapping: Mapping,
    form: String,
}

impl Examination {
    /// Reads the shipped file of `crm` and the override on top of it, and finds everything that is
    /// wrong with the two.
    pub fn of(
        crm: &Crm,
        shipped: MappingFile<'_>,
        overriding: Option<MappingFile<'_>>,
        placeholders: &Placeholders,
    ) -> Self {
        let sources = Sources::new(shipped, overriding);
        let mut diagnostics = Diagnostics::default();
        let mut examination = Self::default();
        examination.read(crm, &sources, placeholders, &mut diagnostics);
        examination.diagnostics = diagnostics.located(&sources);
        examination
    }

    /// The mapping, where nothing but warnings was found.
    pub fn into_mapping(self) -> Result<Mapping, CheckError> {
        match self.checked {
            Some(checked) => Ok(checked.mapping),
            None => Err(CheckError { diagnostics: self.diagnostics }),
        }
    }

    /// The mapping, where nothing but warnings was found.
    pub fn mapping(&self) -> Option<&Mapping> {
        Some(&self.checked.as_ref()?.mapping)
    }

    /// The checked form for [`Mapping::load`], its placeholders not filled; where nothing but
    /// warnings was found.
    pub fn checked_form(&self) -> Option<&str> {
        Some(&self.checked.as_ref()?.form)
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        let errors = self.diagnostics.iter();
        errors.filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }

    /// Each step needs the one before it: syntax, the two files as one, its schema, its semantics.
    fn read(
        &mut self,
        crm: &Crm,
        sources: &Sources<'_>,
        placeholders: &Placeholders,
        diagnostics: &mut Diagnostics,
    ) {
        let padded = sources.padded_override();
        let mut merged = tree::parse(sources.shipped_text(), 0, sources, diagnostics);
        let overriding = padded
            .as_ref()
            .map(|text| tree::parse(text, sources.override_start(), sources, diagnostics));
        if diagnostics.has_errors() {
            return;
        }
        let mut overlay = Overlay::new(sources, diagnostics);
        if let Some(changes) = overriding.clone() {
            overlay.apply(&mut merged, changes);
        }
        let Overlay { unmapped, removed, .. } = overlay;
        let sources = &sources.without(&removed);
        let form = to_json(Node::new(&merged, sources)).to_string();
        if !tree::fill(&mut merged, placeholders, sources, diagnostics) {
            return;
        }
        let root = Node::new(&merged, sources);
        let changes = overriding.as_ref().map(|changes| Node::new(changes, sources));
        let of_table = |name: &str| {
            let changes = changes.and_then(|changes| changes.get(name));
            root.get(name).map(|table| origins(table, changes)).unwrap_or_default()
        };
        self.origins = origins(root, changes);
        self.lead_origins = of_table("lead");
        self.registration_origins = of_table("registration");
        if let Some(version) = root.get("version").filter(|version| to_json(*version) != 1) {
            let what = format!(
                "{} has version {}; this program reads version 1",
                schema::WHOLE,
                to_json(version)
            );
            diagnostics.error(
                version.place(),
                what,
                "use the file that belongs to this version, and carry your changes over",
            );
            return;
        }
        let mapping = schema::check(root, diagnostics);
        check::check(crm, root, &unmapped, diagnostics);
        let mapping = mapping.filter(|_| !diagnostics.has_errors());
        self.checked = mapping.map(|mapping| Checked {
            mapping: Mapping { record_ids: crm.record_ids, ..mapping },
            form,
        });
    }
}

/// Reads and checks the text of one file for `crm`, which is called `mapping`.
pub fn parse(crm: &Crm, text: &str, placeholders: &Placeholders) -> Result<Mapping, CheckError> {
    Examination::of(crm, MappingFile { name: "mapping", text }, None, placeholders).into_mapping()
}
