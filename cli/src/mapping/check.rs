//! `cosell mapping check`: what is wrong with the mapping.

use anyhow::{Result, bail};
use clap::Args;
use cosell_crm::finding::Finding;
use cosell_crm::installation::Installation;
use cosell_crm::schema;
use cosell_mapping::Mapping;
use cosell_mapping_check::Examination;
use cosell_wiring::{InstallationSettings, PlanningSettings};

use super::Which;
use crate::crm;
use crate::output;
use crate::record::explained;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Also compares the mapping with the columns that the CRM really has. Only reads.
    ///
    /// Environment: that of `cosell crm check`, and SYNC_LEADS: without leads their columns are not
    /// compared.
    #[arg(long)]
    live: bool,
}

pub(super) async fn run(Arguments { which, live }: &Arguments) -> Result<()> {
    let examination = which.examination()?;
    for diagnostic in &examination.diagnostics {
        output::print(&format!("{diagnostic}\n"))?;
    }
    output::print(&format!("{}\n", verdict(&examination)?))?;
    match examination.mapping() {
        Some(mapping) if *live => run_live(mapping).await,
        _ => Ok(()),
    }
}

async fn run_live(mapping: &Mapping) -> Result<()> {
    let settings = cosell_wiring::read(InstallationSettings::read)?;
    let system = settings.crm.crm.name();
    if system != mapping.system {
        bail!(
            "the mapping is for {}, and CRM names {system}: give the same to --crm and CRM",
            mapping.system
        );
    }
    let installation = crm::installation(settings).await?;
    let with_leads = cosell_wiring::read(PlanningSettings::read)?.policy.sync_leads;
    let leads = mapping.of_leads().filter(|_| with_leads);
    let findings = compared(std::iter::once(mapping).chain(&leads), installation.as_ref()).await?;
    output::print(&crm::listed(&findings))?;
    crm::verdict(&findings)
}

async fn compared(
    mappings: impl Iterator<Item = &Mapping>,
    installation: &dyn Installation,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for mapping in mappings {
        let columns = installation.columns(&mapping.entity, &mapping.crm_columns()).await;
        findings.append(&mut schema::findings(
            mapping,
            &columns.map_err(|failure| explained(&failure))?,
        ));
    }
    Ok(findings)
}

/// One sentence; an error where the mapping cannot be used.
pub(super) fn verdict(examination: &Examination) -> Result<String> {
    let errors = examination.errors();
    let Some(mapping) = examination.mapping() else {
        bail!("the mapping cannot be used: {} must be fixed", counted(errors, "error"));
    };
    let warnings = match examination.diagnostics.len() {
        0 => String::new(),
        some => format!(", {}", counted(some, "warning")),
    };
    let leads = mapping.lead.as_ref().map_or(0, |lead| lead.rules.len());
    let rules = counted(mapping.rules.len() + leads, "rule");
    Ok(format!("the mapping for {} can be used: {rules}{warnings}", mapping.system))
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
