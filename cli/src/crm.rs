//! `cosell crm`: the co-sell fields in the CRM.

use std::fmt::Write;

use anyhow::{Result, bail};
use clap::Subcommand;
use cosell_crm::finding::{Finding, State};
use cosell_crm::installation::Installation;
use cosell_wiring::InstallationSettings;

use crate::output;
use crate::record::explained;

#[derive(Clone, Copy, Subcommand)]
pub(crate) enum Command {
    /// Checks whether the fields, their key and the permission to read them are as they should be.
    /// Changes nothing.
    ///
    /// Ends with 1 when anything is missing or wrong.
    Check,
    /// Creates what is missing. Changes and deletes nothing that is there; repeating it is
    /// harmless.
    ///
    /// Needs the right to customise the CRM, which the sync's service account should not have: give
    /// an administrator's access token in CRM_ACCESS_TOKEN. Ends with 1 when anything is still
    /// missing or wrong.
    Install,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    let settings = cosell_wiring::read(InstallationSettings::read)?;
    let (is_guest, sync_leads) = (settings.is_guest(), settings.sync_leads);
    let installation = installation(settings).await?;
    let findings = relevant(carry_out(command, installation.as_ref()).await?, sync_leads);
    output::print(&listed(&findings))?;
    if is_guest {
        output::print(
            "This is what the user of CRM_ACCESS_TOKEN sees. `cosell crm check` without it shows \
             what the sync's service account sees.\n",
        )?;
    }
    verdict(&findings)
}

/// Without those of the lead, where leads are not synced.
fn relevant(mut findings: Vec<Finding>, sync_leads: bool) -> Vec<Finding> {
    findings.retain(|finding| sync_leads || !finding.place.eq_ignore_ascii_case("lead"));
    findings
}

/// What looks into the CRM.
pub(crate) async fn installation(settings: InstallationSettings) -> Result<Box<dyn Installation>> {
    // With a token nothing is asked of AWS, so no region is needed.
    let sdk =
        if settings.is_guest() { cosell_aws::sdk::config().await } else { crate::aws().await? };
    Ok(cosell_wiring::installation(settings, &sdk)?)
}

async fn carry_out(command: Command, installation: &dyn Installation) -> Result<Vec<Finding>> {
    let findings = match command {
        Command::Check => installation.check().await,
        Command::Install => installation.install().await,
    };
    findings.map_err(|failure| explained(&failure))
}

/// One line for each finding, with the remedy of what is wrong.
pub(crate) fn listed(findings: &[Finding]) -> String {
    let width = |text: fn(&Finding) -> &str| {
        findings.iter().map(|finding| text(finding).chars().count()).max().unwrap_or_default()
    };
    let (places, names) = (width(|finding| &finding.place), width(|finding| &finding.name));
    let mut text = String::new();
    for finding in findings {
        let mark = if finding.is_right() { '✓' } else { '✗' };
        let (place, name, what) = (&finding.place, &finding.name, &finding.what);
        let state = state(&finding.state);
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{mark} {place:places$}  {name:names$}  {what}{state}");
    }
    text
}

fn state(state: &State) -> String {
    match state {
        State::Right => String::new(),
        State::Created => ": created".to_owned(),
        State::Missing { remedy } => format!(": missing; {remedy}"),
        State::Wrong { is, should, remedy } => format!(": is {is}, should be {should}; {remedy}"),
        State::Refused { why } => format!(": {why}"),
    }
}

pub(crate) fn verdict(findings: &[Finding]) -> Result<()> {
    let wrong = findings.iter().filter(|finding| !finding.is_right()).count();
    if wrong > 0 {
        bail!("{wrong} of {} are not as they should be", findings.len());
    }
    Ok(())
}

#[cfg(test)]
#[path = "crm_tests.rs"]
pub(crate) mod tests;
