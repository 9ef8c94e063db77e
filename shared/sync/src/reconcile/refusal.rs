//! A side refuses what it is given: what it does take must not wait for the rest.
//!
//! The write is made again in parts, so that one field that is refused (a currency the CRM lacks, a solution that Partner Center does not
//! know) holds up neither the other fields nor the stage: a won deal is won.

use crate::plan::{Note, Told, Update};
use cosell_mapping::Mapping;
use cosell_model::crm::{CrmRecord, CrmWrite, Phase};
use cosell_model::referral::Referral;

use super::Attempt;
use super::update::Problems;
use crate::failure::{Failure, FailureKind};

impl Attempt<'_> {
    /// Patches the referral, in parts when it refuses the whole; `None` when nothing was stored.
    pub(super) async fn patch(
        &mut self,
        update: &mut Update,
        referral: &Referral,
        problems: &mut Problems,
    ) -> Result<Option<Referral>, Failure> {
        let partner_center = &self.engine.partner_center;
        let refused = match partner_center.patch(referral.id, &referral.etag, &update.patch).await {
            Err(failure) if failure.kind == FailureKind::Rejected => failure,
            patched => return patched.map(Some),
        };
        self.trail.partner_center_request.clone_from(&refused.request_id);
        let parts = update.patch_in_parts(&self.engine.mapping);
        if let [] | [_] = parts.as_slice() {
            let together = parts.first().filter(|(fields, _)| fields.len() > 1);
            problems.told.push(match together {
                Some((fields, _)) => refused_together(&self.engine.mapping, fields, &refused),
                None => refused.to_string(),
            });
            return Ok(None);
        }
        let mut stored: Option<Referral> = None;
        for (fields, operations) in parts {
            let present = stored.as_ref().unwrap_or(referral);
            match partner_center.patch(present.id, &present.etag, &operations).await {
                Err(failure) if failure.kind == FailureKind::Rejected => {
                    problems.told.push(refused_together(&self.engine.mapping, &fields, &failure));
                    for field in &fields {
                        update.refuse(field);
                    }
                }
                patched => stored = Some(patched?),
            }
        }
        Ok(stored)
    }

    /// Writes the record in parts after it refused the whole, and tells the seller; `None` when nothing was stored.
    pub(super) async fn write_in_parts(
        &mut self,
        update: &mut Update,
        record: &CrmRecord,
        (opening, news): (Option<Phase>, Vec<String>),
        refused: &Failure,
        problems: &mut Problems,
    ) -> Result<Option<CrmRecord>, Failure> {
        self.trail.crm_request.clone_from(&refused.request_id);
        let mapping = self.engine.mapping.clone();
        let mut stored: Option<CrmRecord> = None;
        let mut culprits = Vec::new();
        for (names, fields) in update.fields_in_parts(&mapping) {
            let write = CrmWrite { fields, phase: None };
            match self.write(stored.as_ref().unwrap_or(record), write).await {
                Err(failure) if failure.kind == FailureKind::Rejected => {
                    problems.told.push(refused_together(&mapping, &names, &failure));
                    for name in &names {
                        update.refuse(name);
                    }
                    culprits.extend(
                        mapping
                            .rules
                            .iter()
                            .filter(|rule| names.iter().any(|name| rule.name == *name.as_str())),
                    );
                }
                written => stored = Some(written?),
            }
        }
        if problems.told.is_empty() {
            // Each part was taken: it was the whole, or what the seller is told, that was refused.
            problems.told.push(refused.to_string());
        }
        let present = stored.clone().unwrap_or_else(|| record.clone());
        let mut write = CrmWrite { phase: opening, ..CrmWrite::default() };
        // What may be the culprit itself must not keep the seller from reading of it.
        let marks = !culprits.is_empty() && culprits.iter().all(|rule| !rule.marked);
        let told = Told { marks, news, ..self.told(None) };
        told.add_to(&mut write, Some(&present), &Note::Failed(problems.told.clone()));
        if write.is_empty() {
            return Ok(stored);
        }
        match self.write(&present, write).await {
            Err(failure) if failure.kind == FailureKind::Rejected => {
                tracing::warn!(record = %record.key, error = failure.redacted(), "the seller could not be told");
                if opening.is_some() {
                    update.give_up_phase();
                }
                Ok(stored)
            }
            told => told.map(Some),
        }
    }
}

/// Fields that only go together, an amount and its currency, were refused together.
fn refused_together(mapping: &Mapping, fields: &[String], failure: &Failure) -> String {
    let labels: Vec<&str> = fields.iter().map(|field| mapping.label(field)).collect();
    let (labels, were) = (labels.join(" and "), if labels.len() == 1 { "was" } else { "were" });
    format!("{labels} {were} refused: {failure}")
}
