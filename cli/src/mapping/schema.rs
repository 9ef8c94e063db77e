//! `cosell mapping schema`: what editors complete and check mapping files with.

use anyhow::Result;
use clap::Args;
use cosell_mapping_check::json_schema as schema;

#[derive(Args)]
pub(crate) struct Arguments {
    /// That of a partner's override, which names only what it changes.
    #[arg(long)]
    own: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    print!("{}", text(arguments.own)?);
    Ok(())
}

fn text(own: bool) -> Result<String> {
    let schema = if own { schema::of_own() } else { schema::of_shipped() };
    Ok(format!("{}\n", serde_json::to_string_pretty(&schema)?))
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
