//! `cosell mapping`: the field mapping, as its administrator needs to see it.

mod check;
mod schema;
mod show;
mod trial;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use cosell_mapping_check::{Examination, MappingFile};
use cosell_runtime::config::Environment;
use cosell_wiring::{CRMS, Descriptor, MappingSettings, MappingSource, UnknownCrm};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Lists what is wrong with the mapping, each diagnostic with its place and its remedy. Ends
    /// with 1 when the mapping cannot be used.
    Check(check::Arguments),
    /// Prints the JSON Schema of mapping files, with which editors complete and check them.
    Schema(schema::Arguments),
    /// Shows the mapping as it is in force: one line for each rule, the columns, the help values
    /// and the stages.
    ///
    /// → leads to the CRM, ← to Partner Center; beside it when: on creation, on later updates, or
    /// always.
    Show(show::Arguments),
    /// Shows what a reconciliation of one deal would do, and what the other side would be made of,
    /// field by field. Writes nothing.
    ///
    /// It finds, reads and decides as the functions do. A record from a file counts as open and
    /// new, for nothing can be found or read of it; it is JSON as the service returns it, with
    /// related records inside, or with the mapping's `lookup/column` as names. What it prints holds
    /// customer data.
    ///
    /// Environment: for an id all variables of the consumer function but QUEUE_URL; for a file none
    /// is needed, and SYNC_PRIVATE, MARK_NAMES and REFERRAL_LINK_BASE count as they do for the
    /// consumer.
    Try(trial::Arguments),
}

/// Which mapping.
#[derive(Args)]
pub(crate) struct Which {
    /// A file to apply on top of the shipped mapping, instead of the one that is built into this
    /// program.
    #[arg(long, value_name = "FILE")]
    own: Option<PathBuf>,
    /// The CRM; the environment's when left out.
    #[arg(long, value_name = "CRM", value_parser = named)]
    crm: Option<&'static Descriptor>,
}

impl Which {
    fn examination(&self) -> Result<Examination> {
        let settings = |environment: &Environment| match self.crm {
            Some(crm) => MappingSettings::of(crm, environment),
            None => MappingSettings::read(environment),
        };
        let settings = cosell_wiring::read(settings)?;
        let crm = settings.crm;
        let examined = |overriding: Option<MappingFile<'_>>| {
            let shipped = built_in(crm.mapping.shipped);
            Examination::of(&crm.mapped, shipped, overriding, &settings.placeholders)
        };
        let Some(file) = &self.own else {
            return Ok(examined(crm.mapping.overriding.map(built_in)));
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

fn named(name: &str) -> Result<&'static Descriptor, UnknownCrm> {
    CRMS.named(name)
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
