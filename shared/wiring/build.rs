//! Packs a partner's own mapping files, where there are any, beside the shipped ones.

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The CRMs that a file may be for, as their shipped files are called.
const CRMS: [&str; 2] = ["dynamics", "salesforce"];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../infra/mapping/own");
    // Of a folder, Cargo watches what is in it and what appears or goes.
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut constants = String::new();
    for crm in CRMS {
        let file = folder.join(format!("{crm}.toml"));
        let text = if file.is_file() { Some(fs::read_to_string(&file)?) } else { None };
        writeln!(constants, "const OWN_{}: Option<&str> = {text:?};", crm.to_uppercase())?;
    }
    for stray in strays(&folder)? {
        println!(
            "cargo::error={} is for no CRM and would not be packed; name it dynamics.toml or salesforce.toml",
            stray.display()
        );
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("own.rs"), constants)?;
    Ok(())
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
            && !(CRMS.contains(&name)
                && path.extension().is_some_and(|extension| extension == "toml"))
        {
            strays.push(path);
        }
    }
    Ok(strays)
}
