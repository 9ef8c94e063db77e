//! Packs a partner's own mapping files, where there are any, beside the shipped ones.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let shipped = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../infra/mapping");
    let own = shipped.join("own");
    // Of a folder, Cargo watches what is in it and what appears or goes.
    println!("cargo::rerun-if-changed={}", shipped.display());
    println!("cargo::rerun-if-changed=build.rs");
    // A partner's file is for the CRM whose shipped file has the same name.
    let crms: BTreeSet<String> = toml_files(&shipped)?.iter().map(|file| stem(file)).collect();
    let mut files = String::new();
    for file in toml_files(&own)? {
        let crm = stem(&file);
        // On a disk that ignores case, too, only the name as it is shipped will do.
        if crms.contains(&crm) && file.extension().is_some_and(|extension| extension == "toml") {
            write!(files, "({crm:?}, {:?}), ", fs::read_to_string(&file)?)?;
        } else {
            // Somebody believes that it is in force.
            println!(
                "cargo::error={} is for no CRM and would not be packed; name it after one of {crms:?}, with .toml",
                file.display()
            );
        }
    }
    let constant = format!("const OWN: &[(&str, &str)] = &[{files}];");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("own.rs"), constant)?;
    Ok(())
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
            files.push(path);
        }
    }
    Ok(files)
}

fn stem(file: &Path) -> String {
    file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned()
}
