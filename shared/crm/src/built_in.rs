//! The mapping that is built into a CRM's crate: its build checks it.

/// A mapping as the build checked it, and what it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltInMapping {
    /// The checked form, for [`cosell_mapping::Mapping::load`].
    pub checked: &'static str,
    /// The mapping that ships with this version.
    pub shipped: MappingSource,
    /// The partner's override of it that was there when this was built.
    pub overriding: Option<MappingSource>,
}

/// A file that the built-in mapping was made of, for whoever checks it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappingSource {
    /// Its path in the repository.
    pub file: &'static str,
    /// Its TOML.
    pub text: &'static str,
}
