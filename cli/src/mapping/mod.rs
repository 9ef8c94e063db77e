//! `cosell mapping`: the field mapping, as its administrator needs to see it.

mod check;
mod show;

use anyhow::Result;
use clap::{Args, Subcommand};
use cosell_deployment::MappingSettings;
use cosell_runtime::settings::CrmSystem;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Tells what is wrong with the mapping. Ends with 1 when it cannot be used.
    Check(check::Arguments),
    /// Shows the mapping: one line for each rule.
    Show(show::Arguments),
}

/// Which mapping.
#[derive(Args)]
struct Which {
    /// The CRM, dynamics or salesforce; the environment's when left out.
    #[arg(long, value_name = "CRM")]
    crm: Option<CrmSystem>,
}

impl Which {
    fn settings(&self) -> Result<MappingSettings> {
        let settings = cosell_deployment::read(MappingSettings::read)?;
        Ok(MappingSettings {
            system: self.crm.unwrap_or(settings.system),
            ..settings
        })
    }
}

pub(crate) fn run(command: &Command) -> Result<()> {
    match command {
        Command::Check(arguments) => check::run(arguments),
        Command::Show(arguments) => show::run(arguments),
    }
}
