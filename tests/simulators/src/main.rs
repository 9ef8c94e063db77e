//! The simulators as a program: prints their addresses and runs until it is stopped.

use clap::Parser;
use cosell_simulators::{Config, Fronts, Ports, Simulators, dataverse, salesforce};
use url::Url;

/// Simulated Partner Center, Dataverse and Salesforce on loopback ports.
#[derive(Debug, Parser)]
#[command(name = "cosell-simulators", version)]
struct Arguments {
    /// The first of seven ports in a row: referrals, registration, tokens, certificates, Dataverse,
    /// control, Salesforce. 0 takes any free ports.
    #[arg(
        long,
        default_value_t = 7070,
        env = "COSELL_SIMULATORS_PORT_BASE",
        value_parser = clap::value_parser!(u16).range(..=65_529)
    )]
    port_base: u16,
    /// The publisher prefix of the co-sell columns in Dataverse.
    #[arg(long, default_value = "nwcs", env = "PUBLISHER_PREFIX")]
    publisher_prefix: String,
    /// Start both CRMs as they are before the co-sell fields are installed.
    #[arg(long)]
    without_cosell_fields: bool,
    /// The address under which clients reach the token endpoints, when something (TLS) stands in
    /// front of them.
    #[arg(long)]
    entra_front: Option<Url>,
    /// The same for Dataverse.
    #[arg(long)]
    dataverse_front: Option<Url>,
    /// The same for Salesforce.
    #[arg(long)]
    salesforce_front: Option<Url>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    let simulators = Simulators::start(Config {
        ports: Ports::in_a_row(arguments.port_base),
        fronts: Fronts {
            entra: arguments.entra_front,
            dataverse: arguments.dataverse_front,
            salesforce: arguments.salesforce_front,
        },
        dataverse: dataverse::Options {
            publisher_prefix: arguments.publisher_prefix,
            install_columns: !arguments.without_cosell_fields,
            ..dataverse::Options::default()
        },
        salesforce: salesforce::Options {
            install_fields: !arguments.without_cosell_fields,
            ..salesforce::Options::default()
        },
        ..Config::default()
    })
    .await?;
    let addresses = simulators.addresses();
    println!("{}", serde_json::to_string(&addresses)?);
    eprint!(
        "The simulators run:\n{}\n\
         Open the control address to see what can be played with. Ctrl-C ends.\n",
        addresses.list()
    );
    stop_signal().await?;
    simulators.stop().await;
    Ok(())
}

async fn stop_signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}
