//! `cosell webhook`: the registration of the webhook with Partner Center.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use cosell_partner_center::event::EventName;
use cosell_partner_center::registration::{Ensured, Registered, Registration, ValidationResult};
use cosell_wiring::RegistrationSettings;
use url::Url;

use crate::output;

/// A test event arrives within seconds; the function may need a cold start and two certificate
/// downloads first.
const RESULT_TRIES: u32 = 30;
const RESULT_PAUSE: Duration = Duration::from_secs(2);
/// Names of the statuses that accept a delivery.
const ACCEPTED: [&str; 4] = ["OK", "Created", "Accepted", "NoContent"];

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Registers the webhook's address. Repeating it is harmless.
    Register {
        /// The output WebhookUrl of the deployment.
        #[arg(long, value_parser = address)]
        url: Url,
        /// Takes the deliveries away from another address that is registered now: a tenant has one
        /// for all its notifications.
        #[arg(long)]
        replace: bool,
    },
    /// Shows what is registered.
    Show,
    /// Has Partner Center send a test event and waits for the webhook's answer. Partner Center
    /// allows two a minute.
    Test,
}

pub(crate) async fn run(command: Command) -> Result<()> {
    let settings = cosell_wiring::read(RegistrationSettings::read)?;
    let registration = cosell_wiring::registration(&settings, &crate::aws().await?)?;
    let text = match command {
        Command::Register { url, replace } => register(&registration, &url, replace).await,
        Command::Show => show(&registration).await,
        Command::Test => test(&registration).await,
    }?;
    output::print(&format!("{text}\n"))
}

/// Partner Center delivers to https addresses; the simulated one to loopback as well.
fn address(text: &str) -> Result<Url> {
    let url = Url::parse(text)?;
    cosell_http::permitted(&url)?;
    Ok(url)
}

async fn register(registration: &Registration, url: &Url, replace: bool) -> Result<String> {
    if let Some(other) = registration.get().await?.filter(|known| !is_at(known, url))
        && !replace
    {
        bail!(
            "the tenant's notifications go to {} now; whoever that belongs to would get none any \
             more. Add --replace to take them over",
            other.url
        );
    }
    Ok(match registration.ensure(url, &EventName::REGISTERED).await? {
        Ensured::Unchanged => format!("{url} was registered already"),
        Ensured::Created => format!("{url} is registered"),
        Ensured::Overwritten { before: Some(before) } if is_at(&before, url) => {
            format!("{url} is registered, now for all events that are needed")
        }
        Ensured::Overwritten { before: Some(before) } => {
            format!("{url} is registered in place of {}", before.url)
        }
        Ensured::Overwritten { before: None } => {
            format!("{url} is registered in place of another address")
        }
    })
}

async fn show(registration: &Registration) -> Result<String> {
    Ok(registration.get().await?.map_or_else(
        || "nothing is registered; use `cosell webhook register --url URL`".to_owned(),
        |known| described(&known),
    ))
}

fn described(known: &Registered) -> String {
    let has = |event: &str| known.events.iter().any(|name| name.eq_ignore_ascii_case(event));
    let missing: Vec<&str> =
        EventName::REGISTERED.into_iter().filter(|event| !has(event)).collect();
    let missing = match missing.join(", ") {
        none if none.is_empty() => String::new(),
        some => format!("\n  missing: {some}; repeat `cosell webhook register` to add them"),
    };
    format!("{}\n  events: {}{missing}", known.url, known.events.join(", "))
}

async fn test(registration: &Registration) -> Result<String> {
    let id = registration.send_test().await?;
    let mut answers = Vec::new();
    for _ in 0..RESULT_TRIES {
        tokio::time::sleep(RESULT_PAUSE).await;
        match registration.test_result(&id).await {
            Ok(result) if result.status.eq_ignore_ascii_case("completed") => {
                return verdict(&result);
            }
            Ok(result) => answers = result.answers,
            // The record may appear a little after the event was asked for.
            Err(error) if error.status() == Some(404) => {}
            Err(error) => {
                return Err(error)
                    .context("the test event was sent, but its result cannot be read");
            }
        }
    }
    let seconds = u64::from(RESULT_TRIES) * RESULT_PAUSE.as_secs();
    bail!(
        "the webhook has not accepted the test event within {seconds} s (correlation id {id}); its \
         answers so far: [{}]",
        answers.join(", ")
    )
}

fn verdict(result: &ValidationResult) -> Result<String> {
    let answers = result.answers.join(", ");
    match result.answers.last() {
        Some(last) if ACCEPTED.iter().any(|accepted| accepted.eq_ignore_ascii_case(last)) => {
            Ok(format!("the webhook accepted the test event ({answers})"))
        }
        Some(_) => bail!(
            "the webhook did not accept the test event ({answers}); the webhook function's log \
             says why. Unauthorized means that it could not verify the signature"
        ),
        None => bail!(
            "Partner Center did not reach the webhook; compare `cosell webhook show` with the \
             deployment's output WebhookUrl"
        ),
    }
}

fn is_at(known: &Registered, url: &Url) -> bool {
    Url::parse(&known.url).is_ok_and(|known| known == *url)
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
