//! `make run` and `make demo`: the whole system on this machine.

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Parser, Subcommand};
use cosell_tests::LocalStack;
use cosell_tests::crm::CrmSystem;
use cosell_tests::story::{Step, Story};
use tokio::signal::unix::{SignalKind, signal};

/// How often the poller runs here; in the cloud it is the template's schedule.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// Local AWS, both simulators and the real functions on loopback ports.
#[derive(Debug, Parser)]
#[command(name = "local-stack")]
struct Arguments {
    #[command(subcommand)]
    what: What,
    /// The CRM of the deals: dynamics or salesforce.
    #[arg(long, default_value_t = CrmSystem::Dynamics, global = true)]
    crm: CrmSystem,
    /// The local AWS's port.
    #[arg(long, default_value_t = 4566, env = "COSELL_AWS_PORT", global = true)]
    aws_port: u16,
    /// The first of the simulators' seven ports.
    #[arg(long, default_value_t = 7070, env = "COSELL_SIMULATORS_PORT_BASE", global = true)]
    simulators_port_base: u16,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum What {
    /// Starts everything, plays the story, then stays up until Ctrl-C.
    Run,
    /// Starts everything, plays the story and ends; fails unless every step was seen in the other
    /// system.
    Demo,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = run(&arguments) => result,
        _ = tokio::signal::ctrl_c() => {
            println!("\nStopping; nothing is left behind.");
            Ok(())
        }
        _ = terminate.recv() => Ok(()),
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let started = Instant::now();
    println!(
        "Starting local AWS and the simulators, deploying the template, installing the CRM's \
         fields, registering the webhook …"
    );
    let stack =
        LocalStack::start(arguments.crm, arguments.aws_port, arguments.simulators_port_base)
            .await?;
    println!("Up after {:.1} s.\n", started.elapsed().as_secs_f64());
    let show = |step: &Step| {
        println!("{:>8.0} ms  {}", step.took.as_secs_f64() * 1000.0, step.what);
    };
    let played = tokio::select! {
        story = Story::play(&stack, show) => story?,
        never = stack.keep_polling(POLL_EVERY) => never,
    };
    for opportunity in &played.opportunities {
        println!("\n{}", stack.cosell(&["audit", "--opportunity", opportunity]).await?.trim_end());
    }
    match arguments.what {
        What::Demo => println!("\nEvery step was seen in the other system."),
        What::Run => {
            print_addresses(&stack)?;
            stack.keep_polling(POLL_EVERY).await;
        }
    }
    Ok(())
}

fn print_addresses(stack: &LocalStack) -> Result<()> {
    println!(
        "\nEverything stays up until Ctrl-C. The poller runs every {} s here.\n",
        POLL_EVERY.as_secs()
    );
    println!(
        "  play all systems      {} (curl it: it lists what can be done)",
        stack.simulators.control
    );
    println!("{}", stack.simulators.addresses().list());
    println!(
        "  local AWS             {} (any AWS client, keys test and test; see docs/local-stack.md)",
        stack.aws()
    );
    for output in
        ["WebhookLocalUrl", "QueueUrl", "DeadLetterQueueUrl", "LinksTableName", "AuditTableName"]
    {
        println!("  {output:<21} {}", stack.functions.output(output)?);
    }
    Ok(())
}
