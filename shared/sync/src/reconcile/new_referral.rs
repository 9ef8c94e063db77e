//! A flagged CRM record that has no referral yet.
//!
//! Partner Center's create cannot be made idempotent, so it is guarded: a claim before the POST, a search for our
//! `externalReferenceId` before every create, on takeover of an expired claim, and after an unknown outcome; what is
//! found is adopted. A co-sell deal is two POSTs; each finished step is kept on the link.

use std::collections::BTreeMap;

use crate::built_in_fields::{STAGE, by_name};
use crate::plan::{NewReferral, Note, Told, plan_referral};
use cosell_mapping::{Mapping, Situation, phase_value, stage_value};
use cosell_model::audit::{AuditKind, Side};
use cosell_model::crm::{CrmRecord, CrmWrite};
use cosell_model::life_cycle::Stage;
use cosell_model::link::{LastSynced, Link, Step};
use cosell_model::referral::Referral;
use jiff::SignedDuration;
use serde_json::Value as Json;

use super::find::own;
use super::new_record::created_fields;
use super::update::ASKED;
use super::{Attempt, Outcome};
use crate::failure::{Failure, FailureKind, System};
use crate::port::Claim;

/// How long a claim holds: longer than a consumer may run (120 s) and a request that hung at its very end may still take effect (a
/// gateway holds one for a minute or two), so that whoever takes it over finds what was made.
const CLAIM_LASTS: SignedDuration = SignedDuration::from_mins(5);

impl Attempt<'_> {
    /// Creates the referral, and Microsoft's half when help is asked.
    pub(super) async fn create_referral(&mut self, record: CrmRecord) -> Result<Outcome, Failure> {
        let engine = self.engine;
        self.trail.crm_request.clone_from(&record.request_id);
        let (body, help) = match plan_referral(&engine.mapping, &engine.policy, &record) {
            NewReferral::Create { body, help } => (body, help),
            NewReferral::Reject(problems) => {
                return self.tell_rejection(Some(record), problems).await;
            }
            NewReferral::Skip(reason) => {
                return self.end(AuditKind::Skipped, format!("Not synced: {reason}.")).await;
            }
        };
        let referral = match self.claim(record.key.to_string()).await? {
            Claim::TakenOver => self.search(&record).await?,
            _ => None,
        };
        if engine.links.by_crm(&record.key).await?.is_some() {
            // Another function finished between our look and our claim.
            return Err(stale("the pair was linked meanwhile"));
        }
        if let Some(referral) = referral {
            return self.adopt(referral, record).await;
        }
        self.trail.record = Some(record.clone());
        self.intend("About to create the referral, and to tell the seller.", Vec::new()).await?;
        let (referral, answered) = self.post(&body, &record).await?;
        self.untold = true;
        self.trail.is_pair_of(referral.id);
        self.trail.partner_center_request.clone_from(&referral.request_id);
        let last_synced = creation_seen(&engine.mapping, &referral, &record, answered);
        self.trail.done = created_fields(&engine.mapping, &last_synced, Side::PartnerCenter);
        let mut link = Link { last_synced, ..Link::new(&referral, &record, self.look.now) };
        link.steps.extend(help.is_some().then_some(Step::MicrosoftInvitationStarted));
        engine.links.create(&link).await?;
        self.untold = false;
        link.version = 1;
        if let Some(help) = &help {
            link = self.invite(link, &body, help).await?;
        }
        self.confirm(link, &record, &referral, help.is_some()).await?;
        self.end(
            AuditKind::Created,
            format!("Created in Partner Center as referral {}.", referral.id),
        )
        .await
    }

    pub(super) async fn claim(&mut self, name: String) -> Result<Claim, Failure> {
        match self.engine.claims.claim(&name, &self.holder, self.look.now, CLAIM_LASTS).await? {
            Claim::Held { until } => {
                let message = "another look is creating this deal; its link will appear";
                Err(Failure::postponed(self.look.now, until, message))
            }
            claim => {
                self.claim = Some(name);
                Ok(claim)
            }
        }
    }

    /// The POST, with the search that an unknown outcome asks for. When even the search finds nothing the claim is kept:
    /// whoever takes it over searches again. Says whether the referral was answered or found.
    async fn post(&self, body: &Json, record: &CrmRecord) -> Result<(Referral, bool), Failure> {
        match self.engine.partner_center.create(body).await {
            Err(failure) if failure.kind == FailureKind::OutcomeUnknown => {
                match self.search(record).await {
                    Ok(Some(found)) => Ok((found, false)),
                    // A search that fails leaves the outcome as unknown as one that finds nothing.
                    _ => Err(failure),
                }
            }
            answer => Ok((answer?, true)),
        }
    }

    async fn search(&self, record: &CrmRecord) -> Result<Option<Referral>, Failure> {
        Ok(own(self.engine.partner_center.by_external_reference(&record.key.id).await?))
    }

    /// Tells the seller: identifier, link, ✔ and a line in Audit. What was last_synced stays what the decision was made on.
    async fn confirm(
        &mut self,
        link: Link,
        record: &CrmRecord,
        referral: &Referral,
        invited: bool,
    ) -> Result<(), Failure> {
        let mut lines = vec!["Created in Partner Center.".to_owned()];
        lines.extend(invited.then(|| ASKED.to_owned()));
        let mut write = CrmWrite::default();
        let mapping = &self.engine.mapping;
        if let Some((column, visible)) =
            mapping.visible().filter(|_| referral.is_visible_to_microsoft())
            && record.get(column.as_str()) != visible
        {
            write.fields.insert(column.to_string(), visible.clone());
        }
        let told = Told {
            name: mapping.marked_name().and_then(|rule| {
                Some(link.last_synced.get(rule.name.as_str())?.partner_center.clone())
            }),
            ..self.told(None)
        };
        told.add_to(&mut write, Some(record), &Note::Synced(lines));
        let stored = self.engine.crm.update(&record.key, &record.version, &write).await?;
        self.trail.crm_request.clone_from(&stored.request_id);
        let mut link = Link { updated: self.look.now, ..link };
        link.last_synced.extend(by_name(mapping.seen_visibility(referral, &stored)));
        link.crm_version = stored.version;
        self.engine.links.save(&link).await.map(drop)
    }
}

/// What a new pair starts with: what was stored as it was answered, and as it was sent where the answer left it out. A referral
/// that was found instead may have been edited since: then all counts as it was sent.
fn creation_seen(
    mapping: &Mapping,
    referral: &Referral,
    record: &CrmRecord,
    answered: bool,
) -> BTreeMap<String, LastSynced> {
    let mut last_synced = by_name(mapping.observe(referral, record).into_new_link());
    let situation = Situation::of(referral, false);
    let there = mapping.rules.iter().filter(|rule| rule.applies(situation));
    let sent = there.filter(|rule| rule.to_partner_center.on_create());
    for rule in sent.filter(|rule| !answered || !referral.has(rule.partner_center.as_str())) {
        if let Ok(crm) = rule.read_crm(record) {
            let partner_center = rule.across_to_partner_center(&crm).unwrap_or_default();
            last_synced.insert(rule.name.to_string(), LastSynced { partner_center, crm });
        }
    }
    if !answered {
        // Born accepted (contract partner-center 2.10).
        last_synced.insert(
            STAGE.into(),
            LastSynced {
                partner_center: stage_value(Stage::Active),
                crm: phase_value(record.phase),
            },
        );
    }
    last_synced
}

pub(super) fn stale(message: &str) -> Failure {
    Failure::new(System::Aws, FailureKind::Stale, message)
}
