//! The record that a command is about, and its link.

use anyhow::{Context, Result, anyhow};
use clap::Args;
use cosell_model::crm::{CrmKey, LEAD, OPPORTUNITY};
use cosell_model::id::ReferralId;
use cosell_model::link::Link;
use cosell_model::message::Subject;
use cosell_sync::Failure;
use cosell_sync::port::{Known, Links};
use cosell_wiring::Descriptor;

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Record {
    /// The referral's id: the last part of its address in Partner Center.
    #[arg(long, value_name = "ID")]
    referral: Option<ReferralId>,
    /// The opportunity's id: the last part of its address in the CRM, or that address.
    #[arg(long, value_name = "ID")]
    opportunity: Option<String>,
    /// The lead's id, while the deal is a lead: the last part of its address in the CRM, or that
    /// address.
    #[arg(long, value_name = "ID")]
    lead: Option<String>,
}

impl Record {
    pub(crate) fn subject(&self, crm: &Descriptor) -> Result<Subject> {
        match (self.referral, &self.opportunity, &self.lead) {
            (Some(id), ..) => Ok(Subject::Referral(id)),
            (None, Some(id), _) => Ok(Subject::Crm(opportunity(crm, id)?)),
            (None, None, Some(id)) => Ok(Subject::Crm(lead(crm, id)?)),
            (None, None, None) => Err(anyhow!("give --referral, --opportunity or --lead")),
        }
    }
}

/// The opportunity of `--opportunity`: an id in whatever spelling, or the record's whole address.
pub(crate) fn opportunity(crm: &Descriptor, text: &str) -> Result<CrmKey> {
    key(crm, OPPORTUNITY, text)
}

/// The lead of `--lead`.
pub(crate) fn lead(crm: &Descriptor, text: &str) -> Result<CrmKey> {
    key(crm, LEAD, text)
}

fn key(crm: &Descriptor, entity: &str, text: &str) -> Result<CrmKey> {
    let ids = crm.mapped.record_ids;
    // Addresses of records end in `…&id=ID`, or in `/ID/view`.
    let mut parts = text.split(['/', '?', '&', '#']).rev();
    let id = |part: &str| ids.key(entity, part.strip_prefix("id=").unwrap_or(part));
    parts.find_map(id).ok_or_else(|| {
        anyhow!(
            "--{entity} `{}` is not {} {entity}'s id in {crm}: expected {}, or the record's \
             address",
            text.chars().take(64).collect::<String>(),
            if entity == LEAD { "a" } else { "an" },
            (ids.expected)(entity)
        )
    })
}

pub(crate) async fn known(links: &dyn Links, subject: &Subject) -> Result<Known> {
    let known = match subject {
        Subject::Referral(id) => links.by_referral(*id).await,
        Subject::Crm(key) => links.by_crm(key).await,
    };
    known
        .map_err(|failure| explained(&failure))
        .with_context(|| format!("cannot read what is known of {subject}"))
}

pub(crate) async fn link_of(links: &dyn Links, subject: &Subject) -> Result<Option<Link>> {
    Ok(known(links, subject).await?.link())
}

/// A failure's text already has its source's.
pub(crate) fn explained(failure: &Failure) -> anyhow::Error {
    anyhow!(failure.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(crm: &str, entity: &str, text: &str) -> Result<CrmKey> {
        super::key(cosell_wiring::CRMS.named(crm)?, entity, text)
    }

    #[test]
    fn an_opportunity_is_named_by_its_id_or_its_address() {
        let id = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";
        let address = format!(
            "https://contoso.crm4.dynamics.com/main.aspx?appid=c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa\
             &pagetype=entityrecord&etn=opportunity&id={id}"
        );
        for text in [id, "{6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77}", &address] {
            assert_eq!(key("dynamics", OPPORTUNITY, text).unwrap().id, id, "{text}");
        }
        let id = "006Kd00000AbC1xIAF";
        let address =
            format!("https://northwind.lightning.force.example/lightning/r/Opportunity/{id}/view");
        for text in [id, "006Kd00000AbC1x", "006kd00000abc1xiaf", &address] {
            assert_eq!(key("salesforce", OPPORTUNITY, text).unwrap().id, id, "{text}");
        }
    }

    #[test]
    fn a_lead_is_named_by_an_id_of_its_own() {
        assert_eq!(key("salesforce", LEAD, "00QKd00000AbC1x").unwrap().entity, LEAD);
        let text = key("salesforce", LEAD, "006Kd00000AbC1x").unwrap_err().to_string();
        assert!(text.starts_with("--lead `006Kd00000AbC1x` is not a lead's id"), "{text}");
    }

    #[test]
    fn what_is_no_id_is_refused_with_the_option_and_the_form_of_this_crm() {
        let refused = |system, text| key(system, OPPORTUNITY, text).unwrap_err().to_string();
        let text = refused("dynamics", "006Kd00000AbC1xIAF");
        assert!(
            text.starts_with("--opportunity `006Kd00000AbC1xIAF`")
                && text.contains("a GUID such as"),
            "{text}"
        );
        let text = refused("salesforce", "001Kd00000AbC1xIAF");
        assert!(text.contains("15 or 18 letters and digits that start with 006"), "{text}");
    }
}
