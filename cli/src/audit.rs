//! `cosell audit`: the audit log of one deal.

mod table;

use anyhow::{Context, Result};
use clap::Args;
use cosell_aws::audit::DynamoAudit;
use cosell_aws::links::DynamoLinks;
use cosell_aws::table::Table;
use cosell_model::audit::AuditEntry;
use cosell_model::link::Link;
use cosell_model::message::Subject;
use cosell_runtime::config::{Environment, Noted};
use cosell_sync::port::{AuditLog, Links};
use cosell_wiring::{CRMS, Descriptor};

use crate::output;
use crate::record::{self, Record, explained};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    record: Record,
    /// Prints the entries as a JSON array instead of a table.
    #[arg(long)]
    json: bool,
}

struct Settings {
    links: String,
    audit: String,
    crm: &'static Descriptor,
}

impl Settings {
    fn read(environment: &Environment) -> Result<Self, Noted> {
        let links = environment.required("LINKS_TABLE", "cosell-sync-LinksTable-1ABC2DEF3GHIJ");
        let audit = environment.required("AUDIT_TABLE", "cosell-sync-AuditTable-1ABC2DEF3GHIJ");
        let crm = CRMS.read(environment);
        Ok(Self { links: links?, audit: audit?, crm: crm? })
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<()> {
    let settings = Environment::of_process().read(Settings::read)?;
    let subject = arguments.record.subject(settings.crm)?;
    let aws = crate::aws().await?;
    let links = DynamoLinks::new(Table::new(&aws, settings.links));
    let audit = DynamoAudit::new(Table::new(&aws, settings.audit), None);

    let log = DealLog::read(&links, &audit, &subject).await?;
    output::print(&if arguments.json {
        format!("{}\n", serde_json::to_string_pretty(&log.entries)?)
    } else {
        table::of(&log)
    })
}

/// The audit log of one deal.
struct DealLog {
    subject: Subject,
    link: Option<Link>,
    /// Oldest first.
    entries: Vec<AuditEntry>,
}

impl DealLog {
    /// It starts under the CRM record and goes on under the referral once there is one: both parts
    /// are read.
    async fn read(links: &dyn Links, audit: &dyn AuditLog, subject: &Subject) -> Result<Self> {
        let link = record::link_of(links, subject).await?;
        let subjects = match &link {
            Some(link) => vec![Subject::Crm(link.crm.clone()), Subject::Referral(link.referral)],
            None => vec![subject.clone()],
        };
        let mut entries = Vec::new();
        for subject in subjects {
            let part = audit.of_pair(&subject.to_string()).await;
            let part = part.map_err(|failure| explained(&failure));
            entries
                .extend(part.with_context(|| format!("cannot read the audit log of {subject}"))?);
        }
        entries.sort_by_key(|entry| entry.at);
        Ok(Self { subject: subject.clone(), link, entries })
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use cosell_model::audit::AuditKind;
    use cosell_model::crm::CrmKey;
    use cosell_model::id::{EngagementId, ReferralId};
    use cosell_model::message::Cause;
    use cosell_model::state::UnlinkedDeal;
    use cosell_sync::port::Known;
    use cosell_sync::{Failure, FailureKind, System};

    use super::*;

    const REFERRAL: &str = "c7c1e1f0-8a51-4f0d-b1a7-2d6a64d3f9aa";
    const OPPORTUNITY: &str = "6a0d1c52-7b1e-4f6c-9d3a-2f1b0c9e8d77";

    /// One deal's link, and an audit log of which each part is one entry.
    struct Store {
        linked: bool,
    }

    impl Store {
        fn known(&self, is_it: impl Fn(&Link) -> bool) -> Known {
            let link = Some(link()).filter(|link| self.linked && is_it(link));
            link.map_or(Known::Nothing, |link| Known::Linked(Box::new(link)))
        }
    }

    fn link() -> Link {
        let time = "2026-09-01T08:00:00Z";
        let crm =
            serde_json::json!({"system": "dynamics", "entity": "opportunity", "id": OPPORTUNITY});
        serde_json::from_value(serde_json::json!({
            "referral": REFERRAL, "crm": crm, "version": 1, "created": time, "updated": time
        }))
        .unwrap()
    }

    #[async_trait]
    impl Links for Store {
        async fn by_referral(&self, id: ReferralId) -> Result<Known, Failure> {
            Ok(self.known(|link| link.referral == id))
        }

        async fn by_crm(&self, key: &CrmKey) -> Result<Known, Failure> {
            Ok(self.known(|link| link.crm == *key))
        }

        async fn by_engagement(&self, _: EngagementId) -> Result<Option<Link>, Failure> {
            unreachable!("nobody asks by engagement")
        }

        async fn create(&self, _: &Link) -> Result<(), Failure> {
            unreachable!("nothing is written")
        }

        async fn replace(&self, _: &[Link], _: &Link) -> Result<(), Failure> {
            unreachable!("nothing is written")
        }

        async fn save(&self, _: &Link) -> Result<Link, Failure> {
            unreachable!("nothing is written")
        }

        async fn save_unlinked(&self, _: &Subject, _: &UnlinkedDeal) -> Result<(), Failure> {
            unreachable!("nothing is written")
        }
    }

    #[async_trait]
    impl AuditLog for Store {
        async fn append(&self, _: &AuditEntry) -> Result<(), Failure> {
            unreachable!("nothing is written")
        }

        async fn of_pair(&self, pair: &str) -> Result<Vec<AuditEntry>, Failure> {
            let hour = match pair.split('#').next() {
                Some("crm") => "09",
                Some("referral") => "08",
                _ => {
                    return Err(Failure::new(
                        System::Aws,
                        FailureKind::Rejected,
                        format!("what is {pair}?"),
                    ));
                }
            };
            Ok(vec![AuditEntry {
                pair: pair.to_owned(),
                at: format!("2026-09-01T{hour}:00:00Z").parse().unwrap(),
                kind: AuditKind::Unchanged,
                cause: Cause::Sweep,
                message: "nothing to do".into(),
                notices: vec![],
                changes: vec![],
                undecided: vec![],
                partner_center_request: None,
                crm_request: None,
                invocation: "i1".into(),
            }])
        }
    }

    /// As the arguments `--referral ID` or `--opportunity ID`.
    fn record(option: &str, id: &str) -> Subject {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            record: Record,
        }
        let line = <Line as clap::Parser>::try_parse_from(["cosell", option, id]).unwrap();
        line.record.subject(CRMS.0[0]).unwrap()
    }

    #[tokio::test]
    async fn a_linked_deals_audit_log_is_both_parts_by_time_from_either_side() {
        let store = Store { linked: true };
        for subject in [
            record("--referral", REFERRAL),
            record("--opportunity", OPPORTUNITY),
            record("--opportunity", "{6A0D1C52-7B1E-4F6C-9D3A-2F1B0C9E8D77}"),
        ] {
            let log = DealLog::read(&store, &store, &subject).await.unwrap();
            let pairs: Vec<_> = log.entries.iter().map(|entry| entry.pair.clone()).collect();
            assert_eq!(
                pairs,
                [format!("referral#{REFERRAL}"), format!("crm#dynamics#opportunity#{OPPORTUNITY}")]
            );
        }
    }

    #[tokio::test]
    async fn an_opportunity_without_a_referral_has_an_audit_log_too() {
        let store = Store { linked: false };
        let log =
            DealLog::read(&store, &store, &record("--opportunity", OPPORTUNITY)).await.unwrap();
        assert!(log.link.is_none());
        assert_eq!(log.entries.len(), 1);
    }

    #[test]
    fn missing_settings_are_all_named() {
        let error = Environment::of([("AUDIT_TABLE", "a"), ("CRM", "x")])
            .read(Settings::read)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("LINKS_TABLE") && error.contains("CRM "), "{error}");
    }
}
