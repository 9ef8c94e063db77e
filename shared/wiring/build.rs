//! Checks the mapping files, the shipped ones and a partner's override of them, and embeds the
//! checked form. What is wrong with them fails the build, so that no deployment carries a mapping
//! that cannot be used.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use cosell_mapping_check::{Examination, MappingFile, Severity};

/// The CRMs that a file may be for, as their shipped files are called, and the placeholders that
/// their settings fill.
const CRMS: [(&str, &[&str]); 2] =
    [("dynamics", &["prefix", "team_phone"]), ("salesforce", &["team_phone"])];

/// Relative to the workspace: what diagnostics call the folders.
const SHIPPED: &str = "infra/mapping";
const OVERRIDES: &str = "infra/mapping/own";

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../..");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    // Of a folder, Cargo watches what is in it and what appears or goes.
    println!("cargo::rerun-if-changed={}", root.join(SHIPPED).display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut constants = String::new();
    for (crm, placeholders) in CRMS {
        let (shipped, overriding) =
            (format!("{SHIPPED}/{crm}.toml"), format!("{OVERRIDES}/{crm}.toml"));
        let shipped_text = fs::read_to_string(root.join(&shipped))?;
        let overriding_text = Some(root.join(&overriding))
            .filter(|file| file.is_file())
            .map(fs::read_to_string)
            .transpose()?;
        let examination = Examination::of(
            MappingFile { name: &shipped, text: &shipped_text },
            overriding_text.as_deref().map(|text| MappingFile { name: &overriding, text }),
            // Settings are known at run time only: here each placeholder is filled with its own
            // name.
            &placeholders.iter().map(|name| (*name, (*name).to_owned())).collect(),
        );
        report(&examination);
        let crm = crm.to_uppercase();
        let form = examination.checked_form().unwrap_or_default();
        writeln!(constants, "const CHECKED_{crm}: &str = {form:?};")?;
        writeln!(constants, "const SHIPPED_{crm}: &str = {shipped_text:?};")?;
        writeln!(constants, "const OVERRIDE_{crm}: Option<&str> = {overriding_text:?};")?;
    }
    for stray in strays(&root.join(OVERRIDES))? {
        println!(
            "cargo::error={} is for no CRM and would not be built in; name it dynamics.toml or salesforce.toml",
            stray.display()
        );
    }
    fs::write(out.join("mappings.rs"), constants)?;
    Ok(())
}

/// All that is wrong, each on a line of its own; an error fails the build.
fn report(examination: &Examination) {
    for diagnostic in &examination.diagnostics {
        let kind = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        println!("cargo::{kind}={}", diagnostic.to_string().replace('\n', " "));
    }
}

/// TOML files under another name: somebody believes they are in force.
fn strays(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut strays = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_toml =
            path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if is_toml
            && !(CRMS.iter().any(|(crm, _)| *crm == name)
                && path.extension().is_some_and(|extension| extension == "toml"))
        {
            strays.push(path);
        }
    }
    Ok(strays)
}
