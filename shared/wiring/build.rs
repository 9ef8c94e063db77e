//! Checks the mapping files, the shipped ones and a partner's override of them, and embeds the
//! checked form. What is wrong with them fails the build, so that no deployment carries a mapping
//! that cannot be used.

#[path = "../dynamics/src/mapped.rs"]
mod dynamics;

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use cosell_mapping::Crm;
use cosell_mapping_check::{Examination, MappingFile, Severity};

/// A CRM, and the placeholders that its settings fill.
struct Mapped {
    crm: Crm,
    placeholders: &'static [&'static str],
}

/// The CRMs that a file may be for, each under its name. No check asks what ids look like: those of
/// its records have their form in its own crate.
const CRMS: [Mapped; 2] = [
    Mapped {
        crm: Crm {
            column_names: Some(dynamics::COLUMN_NAMES),
            ..Crm::of_guids("dynamics").with_currency_lookup(dynamics::CURRENCY)
        },
        placeholders: &[dynamics::PREFIX, TEAM_PHONE],
    },
    Mapped { crm: Crm::of_guids("salesforce"), placeholders: &[TEAM_PHONE] },
];

/// The placeholder of the deal team's telephone number.
const TEAM_PHONE: &str = "team_phone";

/// Relative to the workspace: what diagnostics call the folders.
const SHIPPED: &str = "infra/mapping";
const OVERRIDES: &str = "infra/mapping/own";

/// What the programs have of all mappings, as lists by CRM.
#[derive(Default)]
struct Embedded {
    checked: String,
    shipped: String,
    overrides: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../..");
    // Of a folder, Cargo watches what is in it and what appears or goes.
    println!("cargo::rerun-if-changed={}", root.join(SHIPPED).display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut embedded = Embedded::default();
    for mapped in CRMS {
        embed(&root, &mapped, &mut embedded)?;
    }
    for stray in strays(&root.join(OVERRIDES))? {
        let names = CRMS.map(|mapped| format!("{}.toml", mapped.crm.system())).join(" or ");
        println!(
            "cargo::error={} is for no CRM and would not be built in; name it {names}",
            stray.display()
        );
    }
    let Embedded { checked, shipped, overrides } = embedded;
    let constants = format!(
        "const CHECKED: &[(&str, &str)] = &[{checked}];\n\
         const SHIPPED: &[(&str, MappingSource)] = &[{shipped}];\n\
         const OVERRIDES: &[(&str, MappingSource)] = &[{overrides}];\n"
    );
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("mappings.rs"), constants)?;
    Ok(())
}

fn embed(root: &Path, mapped: &Mapped, embedded: &mut Embedded) -> Result<(), Box<dyn Error>> {
    let crm = mapped.crm.system();
    let shipped = format!("{SHIPPED}/{crm}.toml");
    let shipped_text = fs::read_to_string(root.join(&shipped))?;
    let overriding = format!("{OVERRIDES}/{crm}.toml");
    let overriding_text = Some(root.join(&overriding))
        .filter(|file| file.is_file())
        .map(fs::read_to_string)
        .transpose()?;
    // Settings are known at run time only: here each placeholder is filled with its own name.
    let placeholders = mapped.placeholders.iter().map(|name| (*name, (*name).to_owned()));
    let examination = Examination::of(
        &mapped.crm,
        MappingFile { name: &shipped, text: &shipped_text },
        overriding_text.as_deref().map(|text| MappingFile { name: &overriding, text }),
        &placeholders.collect(),
    );
    report(&examination);
    let form = examination.checked_form().unwrap_or_default();
    write!(embedded.checked, "({crm:?}, {form:?}), ")?;
    let source = |file: &str, text: &str| {
        format!("({crm:?}, MappingSource {{ file: {file:?}, text: {text:?} }}), ")
    };
    embedded.shipped.push_str(&source(&shipped, &shipped_text));
    if let Some(text) = &overriding_text {
        embedded.overrides.push_str(&source(&overriding, text));
    }
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

/// TOML files under another name: somebody believes they are in force. On a disk that ignores case,
/// too, only the name as it is shipped will do.
fn strays(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut strays = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_toml =
            path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_known =
            CRMS.iter().any(|mapped| name.strip_suffix(".toml") == Some(mapped.crm.system()));
        if is_toml && !is_known {
            strays.push(path);
        }
    }
    Ok(strays)
}
