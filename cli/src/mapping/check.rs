//! `cosell mapping check`: what is wrong with the mapping.

use anyhow::{Result, bail};
use cosell_core::mapping::Examination;

use super::Which;

pub(super) fn run(which: &Which) -> Result<()> {
    let examination = which.examination()?;
    for fault in &examination.faults {
        println!("{fault}");
    }
    println!("{}", verdict(&examination)?);
    Ok(())
}

/// One sentence; an error where the mapping cannot be used.
pub(super) fn verdict(examination: &Examination) -> Result<String> {
    let errors = examination.errors();
    let Some(mapping) = examination.mapping() else {
        bail!("the mapping cannot be used: {} must be mended", counted(errors, "error"));
    };
    let warnings = match examination.faults.len() {
        0 => String::new(),
        some => format!(", {}", counted(some, "warning")),
    };
    let rules = counted(mapping.rules.len(), "rule");
    Ok(format!("the mapping for {} can be used: {rules}{warnings}", mapping.system))
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
