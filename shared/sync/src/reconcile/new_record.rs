//! A referral that has no CRM record yet.

use std::collections::BTreeMap;

use crate::built_in_fields::{STAGE, by_name};
use crate::plan::{NewRecord, dropped_writes_of_new, plan_bare_record, plan_record};
use cosell_mapping::Mapping;
use cosell_model::audit::{AuditKind, FieldChange, Side};
use cosell_model::life_cycle::Stage;
use cosell_model::link::{LastSynced, Link};
use cosell_model::patch::PatchOperation;
use cosell_model::referral::{Referral, ReferralKind};
use cosell_model::value::Value;

use super::{Attempt, Outcome};
use crate::failure::{Failure, FailureKind, System};

impl Attempt<'_> {
    /// Creates the CRM record: an upsert on the referral id, so that repeating it is harmless.
    pub(super) async fn create_record(&mut self, referral: Referral) -> Result<Outcome, Failure> {
        let engine = self.engine;
        self.trail.is_pair_of(referral.id);
        self.trail.partner_center_request.clone_from(&referral.request_id);
        if referral.kind == ReferralKind::Lead
            && referral.stage == Stage::New
            && !self.is_on_leads()
        {
            return self
                .end(
                    AuditKind::Skipped,
                    "Not synced: it is a lead, and the mapping has no table of leads.".into(),
                )
                .await;
        }
        let write = match plan_record(&engine.mapping, &engine.policy, &referral, self.look.now) {
            NewRecord::Create(write) => write,
            NewRecord::Skip(reason) => {
                return self.end(AuditKind::Skipped, format!("Not synced: {reason}.")).await;
            }
        };
        // The record itself is upserted, but its account and contact can only be looked for and made: one look at a time.
        self.claim(format!("referral#{}", referral.id)).await?;
        if engine.links.by_referral(referral.id).await?.is_some() {
            return Err(Failure::new(
                System::Aws,
                FailureKind::Stale,
                "the pair was linked meanwhile",
            ));
        }
        self.intend("About to create the CRM record, and to name it in the referral.", Vec::new())
            .await?;
        let (record, refused) = match engine.crm.upsert(referral.id, &write).await {
            Err(failure) if failure.kind == FailureKind::Rejected => {
                // Without a record nobody would know of the invitation before it expires.
                let problem = failure.to_string();
                let bare = plan_bare_record(
                    &engine.mapping,
                    &engine.policy,
                    &referral,
                    problem.clone(),
                    self.look.now,
                );
                (engine.crm.upsert(referral.id, &bare).await?, Some(problem))
            }
            stored => (stored?, None),
        };
        self.trail.crm_request.clone_from(&record.request_id);
        let last_synced = engine.mapping.observe(&referral, &record).into_new_link();
        let mut last_synced = by_name(last_synced);
        if refused.is_some() {
            last_synced = yet_to_be_filled(&engine.mapping, last_synced);
        }
        self.trail.done = created_fields(&engine.mapping, &last_synced, Side::Crm);
        let dropped_writes = match refused {
            Some(_) => BTreeMap::new(),
            None => dropped_writes_of_new(&engine.mapping, &referral, &record, self.look.now),
        };
        self.record_dropped_writes(&dropped_writes).await?;
        let link =
            Link { last_synced, dropped_writes, ..Link::new(&referral, &record, self.look.now) };
        engine.links.create(&link).await?;
        self.name_record_in(&referral, Link { version: 1, ..link }).await?;
        if let Some(problem) = refused {
            return self.end(AuditKind::Rejected, problem).await;
        }
        self.end(
            AuditKind::Created,
            format!("Created in the CRM as {} {}.", record.key.entity, record.key.id),
        )
        .await
    }

    /// Partner Center's "CRM ID" names the new record; a text somebody else put there is left alone.
    async fn name_record_in(&mut self, referral: &Referral, link: Link) -> Result<(), Failure> {
        if referral.external_reference.is_some() {
            return Ok(());
        }
        let operation =
            PatchOperation::set(referral, "externalReferenceId", link.crm.id.clone().into());
        let stored =
            self.engine.partner_center.patch(referral.id, &referral.etag, &[operation]).await?;
        self.trail.partner_center_request.clone_from(&stored.request_id);
        let link =
            Link { referral_etag: stored.etag.as_str().to_owned(), updated: self.look.now, ..link };
        self.engine.links.save(&link).await.map(drop)
    }
}

/// What a record that was made bare has last_synced: what is empty is yet to be filled, and what the CRM put there by itself (its own
/// currency, a provisional date) is not the referral's.
pub(super) fn yet_to_be_filled(
    mapping: &Mapping,
    mut last_synced: BTreeMap<String, LastSynced>,
) -> BTreeMap<String, LastSynced> {
    for rule in &mapping.rules {
        let Some(entry) = last_synced.get_mut(rule.name.as_str()) else {
            continue;
        };
        if entry.crm.is_nothing() {
            last_synced.remove(rule.name.as_str());
        } else if !rule.agrees(entry) {
            entry.partner_center = Value::Nothing;
        }
    }
    last_synced
}

/// What a creation filled in on one side: the fields that the mapping carries there on creation, and the stage.
pub(super) fn created_fields(
    mapping: &Mapping,
    last_synced: &BTreeMap<String, LastSynced>,
    side: Side,
) -> Vec<FieldChange> {
    let carried = mapping.rules.iter().filter(|rule| match side {
        Side::Crm => rule.to_crm.on_create(),
        Side::PartnerCenter => rule.to_partner_center.on_create(),
    });
    let fields = carried.map(|rule| rule.name.as_str()).chain([STAGE]);
    let changes = fields.filter_map(|field| {
        let last_synced = last_synced.get(field)?;
        let after = if side == Side::Crm {
            last_synced.crm.clone()
        } else {
            last_synced.partner_center.clone()
        };
        let change = FieldChange {
            field: field.to_owned(),
            side,
            before: Value::Nothing,
            after,
            overruled: None,
        };
        (!change.after.is_nothing()).then_some(change)
    });
    changes.collect()
}
