//! `cosell`: the operator's command line. It reads the same environment variables as the functions.

// Whoever reads the output may go away before its end; the macros would panic then.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod audit;
mod crm;
mod deadlines;
mod deal;
mod mapping;
mod output;
mod record;
mod value;
mod webhook;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use aws_config::SdkConfig;
use clap::{Parser, Subcommand};

/// Looks into and operates a cosell-sync deployment.
///
/// Reads the same environment variables as the functions, and AWS credentials from the environment
/// or a profile with keys or a role. After a single sign-on, run `eval "$(aws configure
/// export-credentials --format env)"` first.
#[derive(Parser)]
#[command(name = "cosell", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows what was decided and written for a deal, and why.
    ///
    /// Environment: LINKS_TABLE, AUDIT_TABLE, CRM, AWS_REGION.
    Audit(audit::Arguments),
    /// Checks and installs the co-sell fields in the CRM.
    ///
    /// Environment: CRM and that CRM's own variables, as the functions have them. To sign in as the
    /// deployment does CRM_SECRET_ARN and AWS_REGION; instead of these CRM_ACCESS_TOKEN, an access
    /// token of somebody who may customise the CRM.
    #[command(subcommand)]
    Crm(crm::Command),
    /// Shows a deal's state, and takes an operator's orders about it.
    ///
    /// Environment: for `show` LINKS_TABLE, CRM (default dynamics), AWS_REGION; for the others all
    /// variables of the consumer function but QUEUE_URL.
    #[command(subcommand)]
    Deal(deal::Command),
    /// Lists the invitations that wait for an answer, yours and Microsoft's, by the day they
    /// expire.
    ///
    /// Environment: all variables of the consumer function but QUEUE_URL.
    Deadlines(deadlines::Arguments),
    /// Checks and shows the field mapping that is built into this program, as into the functions
    /// built with it. Needs AWS only for `check --live` and for `try` with an id.
    ///
    /// Environment, none of it needed: CRM, TEAM_PHONE, and what the CRM's mapping has for
    /// placeholders.
    #[command(subcommand)]
    Mapping(mapping::Command),
    /// Registers with Partner Center where it delivers its notifications.
    ///
    /// Environment: PARTNER_CENTER_TENANT_ID, PARTNER_CENTER_SECRET_ARN, ENTRA_URL,
    /// REGISTRATION_URL and REGISTRATION_AUDIENCE (default
    /// https://api.partnercenter.microsoft.com), AWS_REGION.
    #[command(subcommand)]
    Webhook(webhook::Command),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Audit(arguments) => audit::run(arguments).await,
        Command::Crm(command) => crm::run(command).await,
        Command::Deal(command) => deal::run(command).await,
        Command::Deadlines(arguments) => deadlines::run(arguments).await,
        Command::Mapping(command) => mapping::run(&command).await,
        Command::Webhook(command) => webhook::run(command).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be printed, the exit code says it.
            let _ = output::print_aside(&format!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Where the deployment is, and as whom to enter.
async fn aws() -> Result<SdkConfig> {
    let aws = cosell_aws::sdk::config().await;
    ensure!(
        aws.region().is_some(),
        "no AWS region; set AWS_REGION to that of the deployment, for example AWS_REGION=eu-west-1"
    );
    Ok(aws)
}

#[cfg(test)]
mod tests;
