//! `cosell mapping show`.

use anyhow::Result;
use clap::Args;
use cosell_core::mapping::Rule;

use super::Which;

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let mapping = cosell_deployment::mapping(&arguments.which.settings()?)?;
    for Rule {
        label,
        partner_center,
        crm,
        ..
    } in &mapping.rules
    {
        println!("{label:30}  {partner_center:45}  {crm}");
    }
    Ok(())
}
