//! The build of a CRM's crate: checks its mapping files, the shipped one and a partner's override
//! of it, and embeds the checked form. What is wrong with them fails the build, so that no
//! deployment carries a mapping that cannot be used.

use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::{env, fs};

use cosell_mapping::{Crm, TEAM_PHONE};

use crate::diagnostic::Severity;
use crate::examination::Examination;
use crate::source::MappingFile;

/// Relative to the workspace: what diagnostics call the folders.
const SHIPPED: &str = "infra/mapping";
const OVERRIDES: &str = "infra/mapping/own";

/// Checks the mapping of `crm` in a build script of `shared/CRM`, and writes `mapping.rs` for it:
/// the `BuiltInMapping` of its descriptor. `placeholders` are those that the CRM's own settings
/// fill.
pub fn embed(crm: &Crm, placeholders: &[&'static str]) -> Result<()> {
    let variable = |name| env::var(name).map_err(Error::other);
    let root = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../..");
    let shipped = format!("{SHIPPED}/{}.toml", crm.system());
    let overriding = format!("{OVERRIDES}/{}.toml", crm.system());
    // Of a folder, Cargo watches what is in it and what appears or goes.
    for watched in [shipped.as_str(), OVERRIDES] {
        say("rerun-if-changed", &root.join(watched).display().to_string());
    }
    let shipped_text = fs::read_to_string(root.join(&shipped))?;
    let overriding_text = Some(root.join(&overriding))
        .filter(|file| file.is_file())
        .map(fs::read_to_string)
        .transpose()?;
    let overriding = overriding_text.as_deref().map(|text| MappingFile { name: &overriding, text });
    let shipped = MappingFile { name: &shipped, text: &shipped_text };
    // Settings are known at run time only: here each placeholder is filled with its own name.
    let placeholders = placeholders.iter().copied().chain([TEAM_PHONE]);
    let placeholders = placeholders.map(|name| (name, name.to_owned())).collect();
    let examination = Examination::of(crm, shipped, overriding, &placeholders);
    for diagnostic in &examination.diagnostics {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        say(severity, &diagnostic.to_string().replace('\n', " "));
    }
    for stray in strays(&root)? {
        let what =
            "is for no CRM and would not be built in; name it as the shipped file of its CRM";
        say("error", &format!("{} {what}", stray.strip_prefix(&root).unwrap_or(&stray).display()));
    }
    let form = examination.checked_form().unwrap_or_default();
    let source = |MappingFile { name, text }: MappingFile<'_>| {
        format!("MappingSource {{ file: {name:?}, text: {text:?} }}")
    };
    let overriding = overriding.map_or("None".to_owned(), |file| format!("Some({})", source(file)));
    let built_in = format!(
        "BuiltInMapping {{ checked: {form:?}, shipped: {}, overriding: {overriding} }}",
        source(shipped)
    );
    fs::write(PathBuf::from(variable("OUT_DIR")?).join("mapping.rs"), built_in)
}

/// One line to Cargo.
#[expect(clippy::print_stdout, reason = "a build script speaks to Cargo on its standard output")]
fn say(directive: &str, what: &str) {
    println!("cargo::{directive}={what}");
}

/// TOML files under a name that no shipped one has: somebody believes they are in force. On a disk
/// that ignores case, too, only the name as it is shipped will do.
fn strays(root: &Path) -> Result<Vec<PathBuf>> {
    let toml_files = |folder: &str| -> Result<Vec<PathBuf>> {
        let files = fs::read_dir(root.join(folder))?.map(|entry| Ok(entry?.path()));
        let files: Vec<PathBuf> = files.collect::<Result<_>>()?;
        let is_toml = |file: &PathBuf| {
            file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
        };
        Ok(files.into_iter().filter(is_toml).collect())
    };
    let shipped = toml_files(SHIPPED)?;
    let is_shipped =
        |file: &PathBuf| shipped.iter().any(|shipped| shipped.file_name() == file.file_name());
    Ok(toml_files(OVERRIDES)?.into_iter().filter(|file| !is_shipped(file)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_file_under_a_name_of_no_crm_is_found() {
        let root = env::temp_dir().join(format!("cosell-strays-{}", std::process::id()));
        fs::create_dir_all(root.join(OVERRIDES)).unwrap();
        fs::write(root.join(SHIPPED).join("dynamics.toml"), "").unwrap();
        for name in ["dynamics.toml", "Dynamics.TOML", "hubspot.toml", "README.md"] {
            fs::write(root.join(OVERRIDES).join(name), "").unwrap();
        }
        let mut strays: Vec<_> = strays(&root).unwrap();
        strays.sort();
        let names: Vec<_> = strays.iter().filter_map(|file| file.file_name()).collect();
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(names, ["Dynamics.TOML", "hubspot.toml"]);
    }
}
