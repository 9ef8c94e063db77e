//! `cosell mapping check`.

use anyhow::Result;
use clap::Args;

use super::Which;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let mapping = cosell_deployment::mapping(&arguments.which.settings()?)?;
    println!("the mapping for {} can be used: {} rules", mapping.system, mapping.rules.len());
    Ok(())
}
