//! The record that a command is about, and its link.

use anyhow::{Context, Result, anyhow};
use clap::Args;
use cosell_core::crm::CrmKey;
use cosell_core::id::ReferralId;
use cosell_core::link::Link;
use cosell_core::message::Subject;
use cosell_engine::Failure;
use cosell_engine::port::Links;
use cosell_runtime::settings::CrmSystem;

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Record {
    /// The referral's id: the last part of its address in Partner Center.
    #[arg(long, value_name = "ID")]
    referral: Option<ReferralId>,
    /// The opportunity's id: the last part of its address in the CRM.
    #[arg(long, value_name = "ID")]
    opportunity: Option<String>,
}

impl Record {
    pub(crate) fn subject(&self, crm: CrmSystem) -> Result<Subject> {
        match (self.referral, &self.opportunity) {
            (Some(id), _) => Ok(Subject::Referral(id)),
            (None, Some(id)) => Ok(Subject::Crm(opportunity(crm, id))),
            (None, None) => Err(anyhow!("give --referral or --opportunity")),
        }
    }
}

/// Dynamics shows ids in capitals and braces in some places; its API, and so our keys, in neither.
pub(crate) fn opportunity(crm: CrmSystem, id: &str) -> CrmKey {
    CrmKey {
        system: crm.to_string(),
        entity: "opportunity".to_owned(),
        id: id.trim_matches(['{', '}', ' ']).to_ascii_lowercase(),
    }
}

pub(crate) async fn link_of(links: &dyn Links, subject: &Subject) -> Result<Option<Link>> {
    let link = match subject {
        Subject::Referral(id) => links.by_referral(*id).await,
        Subject::Crm(key) => links.by_crm(key).await,
    };
    link.map_err(|failure| told(&failure))
        .with_context(|| format!("cannot look up the link of {subject}"))
}

/// A failure's text already tells its source's.
pub(crate) fn told(failure: &Failure) -> anyhow::Error {
    anyhow!(failure.to_string())
}
