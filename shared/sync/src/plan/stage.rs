//! Stage and phase: who leads, and what is never undone.

use serde_json::Value as Json;

use super::planner::Planner;
use super::win::win_waits_until;
use crate::built_in_fields::STAGE;
use cosell_mapping::{phase_value, stage_value};
use cosell_model::audit::{FieldChange, Side};
use cosell_model::crm::Phase;
use cosell_model::life_cycle::Stage;
use cosell_model::link::LastSynced;
use cosell_model::patch::PatchOperation;

impl Planner<'_> {
    /// Stage and phase. A closed referral is final; otherwise a closed record outranks an open referral; otherwise Partner Center
    /// leads. A record that is closed is never reopened, nor turned from won to lost, because of Partner Center.
    pub(super) fn stage(&mut self, last_synced: Option<&LastSynced>) {
        let (stage, phase) = (self.referral.stage, self.record.phase);
        let stage_changed =
            last_synced.is_none_or(|last_synced| last_synced.partner_center != stage_value(stage));
        let phase_changed =
            last_synced.is_none_or(|last_synced| last_synced.crm != phase_value(phase));
        let record_goes =
            self.mapping.stages.to_crm.get(&stage).copied().filter(|goes| *goes != phase);
        self.update.apart = record_goes.is_some();
        if stage.is_terminal() {
            match record_goes {
                Some(goes) if stage_changed && !phase.is_closed() => self.move_record(goes),
                Some(_) if stage_changed || phase_changed => {
                    self.hold(
                        STAGE,
                        format!("The record is {phase}, but the referral is closed ({stage}) in Partner Center, which is final."),
                        false,
                    );
                }
                _ => {}
            }
        } else if phase_changed && (phase.is_closed() || !stage_changed) {
            self.move_referral();
        } else if let Some(goes) = record_goes.filter(|_| stage_changed && !phase.is_closed()) {
            self.move_record(goes);
        }
    }

    fn referral_goes(&self) -> Option<Stage> {
        let goes = self.mapping.stages.to_partner_center.get(&self.record.phase).copied()?;
        let unaccepted = self.referral.stage == Stage::New && self.record.phase == Phase::Lost;
        Some(if unaccepted { self.mapping.stages.lost_before_accepted } else { goes })
    }

    fn move_record(&mut self, phase: Phase) {
        self.update.phase = Some(phase);
        let reason =
            self.referral.get("statusReason").and_then(Json::as_str).unwrap_or_default().trim();
        if phase == Phase::Lost && !reason.is_empty() {
            // Somebody's own words: for the seller, not for the trail.
            self.update.asides.push(format!("Reason given in Partner Center: {reason}."));
        }
        let (before, after) = (phase_value(self.record.phase), phase_value(phase));
        self.update.changes.push(FieldChange {
            field: STAGE.into(),
            side: Side::Crm,
            before,
            after,
            overruled: None,
        });
    }

    fn move_referral(&mut self) {
        let present = self.referral.stage;
        let Some(stage) = self.referral_goes().filter(|goes| *goes != present) else {
            return;
        };
        let Some((status, substatus)) = stage.pair().filter(|_| present.may_become(stage)) else {
            self.hold(
                STAGE,
                format!("Partner Center does not let a referral go from {present} to {stage}."),
                false,
            );
            return;
        };
        if let Some(until) = self.win_waits.filter(|_| stage == Stage::Won) {
            self.update.win_waits = Some(until);
            self.hold(STAGE, win_waits_until(until).1, true);
            return;
        }
        let reason = self.mapping.stages.reason_for(stage, self.record);
        let mut set = |path: &str, value: &str| {
            self.closing.push(PatchOperation::set(self.referral, path, value.into()))
        };
        set("status", status);
        set("substatus", substatus);
        if let Some(reason) = &reason {
            set("statusReason", reason);
        }
        let (before, after) = (stage_value(present), stage_value(stage));
        self.update.changes.push(FieldChange {
            field: STAGE.into(),
            side: Side::PartnerCenter,
            before,
            after,
            overruled: None,
        });
    }
}
