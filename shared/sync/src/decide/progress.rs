//! How far a plan was carried out.

use std::collections::{BTreeMap, BTreeSet};

use cosell_model::crm::CrmRecord;
use cosell_model::link::Link;
use cosell_model::notice::Refusal;
use cosell_model::referral::Referral;
use serde_json::Value as Json;

use crate::plan::{Action, Effect, Plan};

/// What came of an effect.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// Not tried yet.
    Planned,
    /// It is stored.
    Stored,
    /// The service refused it.
    Refused(Refusal),
    /// It was tried, and nobody knows.
    Unknown,
    /// It was not tried, since something before it failed.
    Skipped,
}

/// How far a plan was carried out. Holds what the services answered.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own")]
pub(crate) struct Progress {
    /// One for each effect.
    pub(crate) ends: Vec<End>,
    /// The link as it is stored.
    pub(crate) link: Link,
    /// The referral as it was stored by a patch.
    pub(crate) referral: Option<Referral>,
    /// The record as it was stored by a write.
    pub(crate) record: Option<CrmRecord>,
    /// The Microsoft referral that was made or found.
    pub(crate) microsoft: Option<Referral>,
    /// The record refused a write as a whole, though it takes each part.
    pub(crate) whole_refused: Option<Refusal>,
    /// Whether the name's mark may be written.
    pub(crate) may_mark: bool,
    /// Keys of the notices that the seller reads since this run.
    pub(crate) delivered: BTreeSet<String>,
    /// Microsoft was asked now, and not before.
    pub(crate) makes_help: bool,
    /// The record takes no notices.
    pub(crate) cannot_notify: bool,
    /// The link starts with what was last synced: nothing of the decision's base applies.
    pub(crate) is_creation: bool,
}

impl Progress {
    /// Nothing was done yet.
    pub(crate) fn planned(plan: &Plan, link: &Link) -> Self {
        Self {
            ends: vec![End::Planned; plan.effects.len()],
            link: link.clone(),
            referral: None,
            record: None,
            microsoft: None,
            whole_refused: None,
            may_mark: true,
            delivered: BTreeSet::new(),
            makes_help: false,
            cannot_notify: false,
            is_creation: false,
        }
    }

    /// Ends the effects that `fits` and are not tried yet.
    pub(crate) fn end(&mut self, plan: &Plan, end: &End, fits: impl Fn(&Effect) -> bool) {
        for (effect, ended) in plan.effects.iter().zip(&mut self.ends) {
            if *ended == End::Planned && fits(effect) {
                ended.clone_from(end);
            }
        }
    }

    /// Whether the record's own fields are written with what the seller reads.
    pub(crate) fn writes_record(&self, plan: &Plan) -> bool {
        self.open_effects(plan).next().is_some()
    }

    /// The columns that are written with what the seller reads.
    pub(crate) fn planned_columns(&self, plan: &Plan) -> BTreeMap<String, Json> {
        let columns = self.open_effects(plan).filter_map(|effect| match &effect.action {
            Action::Columns(columns) => Some(columns.clone()),
            _ => None,
        });
        columns.flatten().collect()
    }

    fn open_effects<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = &'a Effect> {
        let open = plan.effects.iter().zip(&self.ends).filter(|(_, end)| **end == End::Planned);
        open.map(|(effect, _)| effect).filter(|effect| match &effect.action {
            Action::Columns(_) => true,
            Action::Phase(phase) => !phase.is_closed(),
            _ => false,
        })
    }
}
