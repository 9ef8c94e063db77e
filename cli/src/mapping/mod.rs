//! `cosell mapping`: the field mapping, as its administrator needs to see it.

mod check;
mod schema;
mod show;
mod trial;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use cosell_mapping_check::{Examination, MappingFile};
use cosell_runtime::settings::CrmSystem;
use cosell_wiring::{MappingSettings, MappingSource};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Tells what is wrong with the mapping, each diagnostic with its place and its remedy. Ends with 1 when the mapping cannot be used.
    Check(check::Arguments),
    /// Prints the JSON Schema of mapping files, with which editors complete and check them.
    Schema(schema::Arguments),
    /// Shows the mapping as it is in force: one line for each rule, the columns, the help values and the stages.
    ///
    /// → leads to the CRM, ← to Partner Center; beside it when: on creation, on later updates, or always.
    Show(show::Arguments),
    /// Shows what making the other side of one deal would write, field by field, and why. Writes nothing anywhere.
    ///
    /// A record that is already paired also shows what reconciling the pair would write. A record from a file counts as open and new; it is
    /// JSON as the service returns it, with related records inside, or with the mapping's `lookup/column` as names.
    ///
    /// Environment: for an id all variables of the consumer function but QUEUE_URL; for a file none is needed, and SYNC_PRIVATE,
    /// MARK_NAMES and REFERRAL_LINK_BASE count as they do for the consumer.
    Try(trial::Arguments),
}

/// Which mapping.
#[derive(Args)]
pub(crate) struct Which {
    /// An override to apply on top of the shipped mapping, instead of the one that is built into this program.
    #[arg(long, value_name = "FILE")]
    own: Option<PathBuf>,
    /// The CRM, dynamics or salesforce; the environment's when left out.
    #[arg(long, value_name = "CRM")]
    crm: Option<CrmSystem>,
}

impl Which {
    fn examination(&self) -> Result<Examination> {
        let settings = cosell_wiring::read(MappingSettings::read)?;
        let settings = MappingSettings { system: self.crm.unwrap_or(settings.system), ..settings };
        let examined = |overriding: Option<MappingFile<'_>>| {
            let shipped = built_in(cosell_wiring::shipped_mapping(settings.system));
            Examination::of(shipped, overriding, &settings.placeholders())
        };
        let Some(file) = &self.own else {
            return Ok(examined(cosell_wiring::mapping_override(settings.system).map(built_in)));
        };
        let name = file.display().to_string();
        let text =
            std::fs::read_to_string(file).with_context(|| format!("{name} cannot be read"))?;
        Ok(examined(Some(MappingFile { name: &name, text: &text })))
    }
}

fn built_in(MappingSource { file: name, text }: MappingSource) -> MappingFile<'static> {
    MappingFile { name, text }
}

pub(crate) async fn run(command: &Command) -> Result<()> {
    match command {
        Command::Check(arguments) => check::run(arguments).await,
        Command::Schema(arguments) => schema::run(arguments),
        Command::Show(arguments) => show::run(arguments),
        Command::Try(arguments) => trial::run(arguments).await,
    }
}

#[cfg(test)]
mod tests;
