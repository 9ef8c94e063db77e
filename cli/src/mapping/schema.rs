//! `cosell mapping schema`: what editors complete and check mapping files with.

use anyhow::Result;
use clap::Args;
use cosell_mapping_check::json_schema as schema;

use crate::output;

#[derive(Args)]
pub(crate) struct Arguments {
    /// That of a partner's override file, which names only what it changes.
    #[arg(long)]
    own: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    output::print(&text(arguments.own)?)
}

fn text(own: bool) -> Result<String> {
    let systems = cosell_wiring::CRMS.names();
    let schema = if own { schema::of_own(&systems) } else { schema::of_shipped(&systems) };
    Ok(format!("{}\n", serde_json::to_string_pretty(&schema)?))
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
