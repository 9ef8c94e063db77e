//! `cosell pair`: one pair's state, and an operator's orders about it.

mod consent;
mod description;
mod operator;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use cosell_aws::links::DynamoLinks;
use cosell_aws::table::Table;
use cosell_model::audit::Side;
use cosell_model::id::ReferralId;
use cosell_model::message::Subject;
use cosell_runtime::clock;
use cosell_runtime::config::{Environment, Noted};
use cosell_wiring::{CRMS, Descriptor};

use crate::record::{self, Record, link_of};
use consent::Consent;
use operator::Operator;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Shows what is known of a pair, and what waits for you.
    Show {
        #[command(flatten)]
        record: Record,
        /// Prints the link as JSON, with all values last last_synced.
        #[arg(long)]
        json: bool,
    },
    /// Looks at a pair now and brings it in step, even if it is slowed down. Always safe.
    Look {
        #[command(flatten)]
        record: Record,
    },
    /// Parts a pair for good: nothing crosses any more, and neither half is given another counterpart by itself.
    ///
    /// The opportunity loses its Referral Identifier and Referral Link, and Sync with Partner Center is switched off.
    Unlink {
        #[command(flatten)]
        pair: Pair,
        #[command(flatten)]
        consent: Consent,
    },
    /// Links a referral with an opportunity by hand and brings them in step.
    ///
    /// Sync with Partner Center must be on; halves that belong to another pair must be unlinked first.
    Relink {
        #[command(flatten)]
        pair: Pair,
        /// The opportunity's id: the last part of its address in the CRM, or that address.
        #[arg(long, value_name = "ID")]
        opportunity: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Decides a conflict that waits: the winner's value goes to the other side.
    Settle {
        #[command(flatten)]
        pair: Pair,
        /// The field, as `cosell pair show` names it.
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
pub(crate) struct Pair {
    /// The referral's id: the last part of its address in Partner Center.
    #[arg(long, value_name = "ID")]
    referral: ReferralId,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Winner {
    Crm,
    PartnerCenter,
}

impl Winner {
    fn side(self) -> Side {
        match self {
            Self::Crm => Side::Crm,
            Self::PartnerCenter => Side::PartnerCenter,
        }
    }
}

pub(crate) async fn run(command: Command) -> Result<()> {
    let outcome = match command {
        Command::Show { record, json } => return show(&record, json).await,
        Command::Look { record } => {
            let operator = Operator::open().await?;
            operator.look(record.subject(operator.crm)?).await
        }
        Command::Unlink { pair, consent } => {
            Operator::open().await?.unlink(pair.referral, &consent).await
        }
        Command::Relink { pair, opportunity, consent } => {
            let operator = Operator::open().await?;
            let key = record::opportunity(operator.crm, &opportunity)?;
            operator.relink(pair.referral, &key, &consent).await
        }
        Command::Settle { pair, field, winner, consent } => {
            Operator::open().await?.settle(pair.referral, &field, winner.side(), &consent).await
        }
    }?;
    println!("{}: {}", outcome.kind, outcome.message);
    Ok(())
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
    let links = DynamoLinks::new(Table::new(&crate::aws().await?, settings.links));
    let link = link_of(&links, &subject).await?.ok_or_else(|| not_linked(&subject))?;
    if json {
        println!("{}", serde_json::to_string_pretty(&link)?);
    } else {
        print!("{}", description::of(&link, clock::now()));
    }
    Ok(())
}

fn not_linked(subject: &Subject) -> anyhow::Error {
    let (name, option) = match subject {
        Subject::Referral(id) => (format!("referral {id}"), format!("--referral {id}")),
        Subject::Crm(key) => {
            (format!("{} {}", key.entity, key.id), format!("--opportunity {}", key.id))
        }
    };
    anyhow!(
        "{name} is not linked; `cosell audit {option}` tells what was decided about it, `cosell pair look {option}` looks again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_linked_leads_to_its_trail() {
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
    fn showing_a_pair_needs_the_links_table_only() {
        let read = |variables: &[(&str, &str)]| {
            Environment::of(variables.iter().copied()).read(ShowSettings::read)
        };
        assert_eq!(read(&[("LINKS_TABLE", "links")]).unwrap().links, "links");
        assert!(read(&[]).err().unwrap().to_string().contains("LINKS_TABLE"));
    }
}
