//! `cosell deal`: one deal's state, and an operator's orders about it.

mod consent;
mod description;
mod operator;
mod state;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use cosell_aws::links::DynamoLinks;
use cosell_aws::table::Table;
use cosell_mapping::Mapping;
use cosell_model::audit::Side;
use cosell_model::field::Field;
use cosell_model::id::ReferralId;
use cosell_model::message::Subject;
use cosell_runtime::clock;
use cosell_runtime::config::{Environment, Noted};
use cosell_sync::port::Known;
use cosell_wiring::MappingSettings;
use cosell_wiring::{CRMS, Descriptor};

use crate::output;
use crate::record::{self, Record, known};
use consent::Consent;
use operator::Operator;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Shows where a deal stands, why, and what waits for you or comes by itself.
    ///
    /// Environment: LINKS_TABLE, CRM (default dynamics), AWS_REGION; PUBLISHER_PREFIX (default
    /// nwcs) as it is for the functions.
    Show {
        #[command(flatten)]
        record: Record,
        /// Prints what is kept of the deal as JSON, with all values as last synced.
        #[arg(long)]
        json: bool,
    },
    /// Reconciles a deal now: reads both sides and brings them in sync, even while it is paused.
    /// Always safe.
    Reconcile {
        #[command(flatten)]
        record: Record,
    },
    /// Disconnects a deal for good: nothing is synced any more, and neither side is given another
    /// counterpart by itself.
    ///
    /// The opportunity loses its Referral Identifier and Referral Link, and Sync with Partner
    /// Center is switched off.
    Unlink {
        #[command(flatten)]
        deal: Deal,
        #[command(flatten)]
        consent: Consent,
    },
    /// Links a referral with an opportunity by hand, switches Sync with Partner Center on and
    /// brings them in sync.
    ///
    /// Sides that belong to another deal must be unlinked first.
    Relink {
        #[command(flatten)]
        deal: Deal,
        /// The opportunity's id: the last part of its address in the CRM, or that address.
        #[arg(long, value_name = "ID")]
        opportunity: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Resolves a conflict that awaits a decision: the winner's value goes to the other side.
    Resolve {
        #[command(flatten)]
        deal: Deal,
        /// The field, as `cosell deal show` names it.
        #[arg(long, value_name = "NAME")]
        field: String,
        /// Whose value is right.
        #[arg(long)]
        winner: Winner,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(Args)]
pub(crate) struct Deal {
    /// The referral's id: the last part of its address in Partner Center.
    #[arg(long, value_name = "ID")]
    referral: ReferralId,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Winner {
    Crm,
    PartnerCenter,
}

impl From<Winner> for Side {
    fn from(winner: Winner) -> Self {
        match winner {
            Winner::Crm => Self::Crm,
            Winner::PartnerCenter => Self::PartnerCenter,
        }
    }
}

pub(crate) async fn run(command: Command) -> Result<()> {
    let outcome = match command {
        Command::Show { record, json } => return show(&record, json).await,
        Command::Reconcile { record } => {
            let operator = Operator::open().await?;
            operator.reconcile(record.subject(operator.crm)?).await
        }
        Command::Unlink { deal, consent } => {
            Operator::open().await?.unlink(deal.referral, &consent).await
        }
        Command::Relink { deal, opportunity, consent } => {
            let operator = Operator::open().await?;
            let key = record::opportunity(operator.crm, &opportunity)?;
            operator.relink(deal.referral, &key, &consent).await
        }
        Command::Resolve { deal, field, winner, consent } => {
            let field = Field::from(field);
            Operator::open().await?.resolve(deal.referral, &field, winner.into(), &consent).await
        }
    }?;
    output::print(&format!("{}: {}\n", outcome.kind, outcome.message))
}

struct ShowSettings {
    links: String,
    crm: &'static Descriptor,
}

impl ShowSettings {
    fn read(environment: &Environment) -> Result<Self, Noted> {
        let links = environment.required("LINKS_TABLE", "cosell-sync-LinksTable-1ABC2DEF3GHIJ");
        let crm = CRMS.read(environment);
        Ok(Self { links: links?, crm: crm? })
    }
}

async fn show(record: &Record, json: bool) -> Result<()> {
    let settings = Environment::of_process().read(ShowSettings::read)?;
    let subject = record.subject(settings.crm)?;
    let mapping = cosell_wiring::mapping(&cosell_wiring::read(MappingSettings::read)?)?;
    let links = DynamoLinks::new(Table::new(&crate::aws().await?, settings.links));
    let known = known(&links, &subject).await?;
    output::print(&if json {
        as_json(&subject, &known)?
    } else {
        as_text(&mapping, &subject, &known)?
    })
}

fn as_text(mapping: &Mapping, subject: &Subject, known: &Known) -> Result<String> {
    match known {
        Known::Linked(link) => Ok(description::of(mapping, link, clock::now())),
        Known::Unlinked(deal) => Ok(description::of_unlinked(mapping, subject, deal)),
        Known::Nothing => Err(not_linked(subject)),
    }
}

fn as_json(subject: &Subject, known: &Known) -> Result<String> {
    let json = match known {
        Known::Linked(link) => serde_json::to_string_pretty(link)?,
        Known::Unlinked(deal) => serde_json::to_string_pretty(deal)?,
        Known::Nothing => return Err(not_linked(subject)),
    };
    Ok(format!("{json}\n"))
}

/// The option that names this side in another command.
fn option_of(subject: &Subject) -> String {
    match subject {
        Subject::Referral(id) => format!("--referral {id}"),
        Subject::Crm(key) => format!("--{} {}", key.entity, key.id),
    }
}

/// What people call this side.
fn name_of(subject: &Subject) -> String {
    match subject {
        Subject::Referral(id) => format!("referral {id}"),
        Subject::Crm(key) => format!("{} {}", key.entity, key.id),
    }
}

fn not_linked(subject: &Subject) -> anyhow::Error {
    let (name, option) = (name_of(subject), option_of(subject));
    anyhow!(
        "{name} is not linked; `cosell audit {option}` shows what was decided about it, `cosell \
         deal reconcile {option}` reconciles it now"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_linked_leads_to_its_audit_log() {
        let id = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";
        let key = record::opportunity(CRMS.0[0], "{6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77}").unwrap();
        let text = not_linked(&Subject::Crm(key)).to_string();
        assert!(
            text.starts_with(&format!("opportunity {id} is not linked"))
                && text.contains(&format!("cosell audit --opportunity {id}")),
            "{text}"
        );
    }

    #[test]
    fn showing_a_deal_needs_the_links_table_only() {
        let read = |variables: &[(&str, &str)]| {
            Environment::of(variables.iter().copied()).read(ShowSettings::read)
        };
        assert_eq!(read(&[("LINKS_TABLE", "links")]).unwrap().links, "links");
        assert!(read(&[]).err().unwrap().to_string().contains("LINKS_TABLE"));
    }
}
