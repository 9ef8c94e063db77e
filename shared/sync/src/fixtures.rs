//! A deal in sync, what a plan makes of it, and the shipped mapping, for tests.

use std::collections::{BTreeMap, BTreeSet};

use cosell_mapping::{Mapping, Placeholders};
use cosell_model::crm::{CrmRecord, Phase};
use cosell_model::deadline::Deadlines;
use cosell_model::field::Field;
use cosell_model::flapping::FlappingLimits;
use cosell_model::link::Link;
use cosell_model::message::Cause;
use cosell_model::notice::Notice;
use cosell_model::patch::PatchOperation;
use cosell_model::referral::Referral;
use cosell_model::state::DealState;
use serde_json::Value as Json;

use crate::decide::case::Case;
use crate::decide::fold::{self, Folded};
use crate::decide::progress::{End, Progress};
use crate::decide::{link_after, new_record};
use crate::observe::adopted;
use crate::pair::{Pair, Standing};
use crate::plan::{Action, Effect, Plan};
use crate::policy::{Policy, Rules, Table};

pub(crate) use crate::deal::{RECORD, now, record, referral, referral_body, set};

/// The mapping that ships for Dynamics 365, as the functions read it.
pub(crate) fn shipped() -> Mapping {
    let placeholders = Placeholders::from([
        ("prefix", "nwcs".to_owned()),
        ("team_phone", "+46700000002".to_owned()),
    ]);
    cosell_mapping_check::parse(
        &cosell_mapping::Crm::of_guids("dynamics").with_currency_lookup("transactioncurrencyid"),
        include_str!("../../../infra/mapping/dynamics.toml"),
        &placeholders,
    )
    .unwrap()
}

/// Settings under which every deal takes part.
pub(crate) fn policy() -> Policy {
    Policy {
        sync_private: true,
        sync_leads: true,
        referral_link_base: "https://partner.example/referrals/".into(),
        flapping: FlappingLimits::default(),
        deadlines: Deadlines::default(),
        words: crate::render::Words::default(),
    }
}

/// A deal that is observed like this.
pub(crate) fn pair(
    standing: Standing,
    referral: Option<Referral>,
    record: Option<CrmRecord>,
) -> Pair {
    Pair {
        cause: Cause::Webhook,
        now: now(),
        table: Table::Opportunities,
        standing,
        link: None,
        unlinked: None,
        referral,
        record,
        microsoft: None,
        opportunity: None,
    }
}

/// A deal, with what a decision on it goes by.
pub(crate) struct Deal {
    pub(crate) mapping: Mapping,
    pub(crate) policy: Policy,
    pub(crate) pair: Pair,
    body: Json,
}

impl Deal {
    /// A linked deal at rest.
    pub(crate) fn in_sync() -> Self {
        Self::of(shipped(), |_| {}, |_| {})
    }

    /// A linked deal whose two sides were last synced as they are.
    pub(crate) fn of(
        mapping: Mapping,
        change_referral: impl FnOnce(&mut Json),
        change_record: impl FnOnce(&mut CrmRecord),
    ) -> Self {
        let mut body = referral_body();
        change_referral(&mut body);
        let referral = Referral::parse(body.clone(), None, None).unwrap();
        let record = record(change_record);
        let link = Link {
            last_synced: new_record::start(&mapping, &referral, &record),
            version: 1,
            ..Link::new(&referral, &record, now())
        };
        let pair =
            Pair { link: Some(link), ..pair(Standing::Linked, Some(referral), Some(record)) };
        let mut deal = Self { mapping, policy: policy(), pair, body };
        let plan = deal.plan();
        if plan.changes_nothing() {
            deal.carry_out(&plan);
        }
        deal
    }

    /// A deal that is observed like this.
    pub(crate) fn observed(mapping: Mapping, pair: Pair) -> Self {
        Self { mapping, policy: policy(), pair, body: Json::Null }
    }

    /// A record without a referral.
    pub(crate) fn without_referral(change: impl FnOnce(&mut CrmRecord)) -> Self {
        Self::observed(shipped(), pair(Standing::NewReferral, None, Some(record(change))))
    }

    /// A referral without a record.
    pub(crate) fn without_record(change: impl FnOnce(&mut Json)) -> Self {
        Self::observed(shipped(), pair(Standing::NewRecord, Some(referral(change)), None))
    }

    /// Two sides that name each other and are not linked.
    pub(crate) fn to_adopt(
        change_referral: impl FnOnce(&mut Json),
        change_record: impl FnOnce(&mut CrmRecord),
    ) -> Self {
        let (mapping, referral, record) =
            (shipped(), referral(change_referral), record(change_record));
        let link = adopted(&mapping, &referral, &record, now());
        let pair = pair(Standing::Adopt, Some(referral), Some(record));
        Self::observed(mapping, Pair { link: Some(link), ..pair })
    }

    pub(crate) fn rules(&self) -> Rules<'_> {
        Rules { deals: &self.mapping, leads: None, policy: &self.policy }
    }

    pub(crate) fn plan(&self) -> Plan {
        self.rules().decide(&self.pair)
    }

    pub(crate) fn case(&self) -> Case<'_> {
        self.rules().case(&self.pair).unwrap()
    }

    pub(crate) fn link(&self) -> &Link {
        self.pair.link.as_ref().unwrap()
    }

    pub(crate) fn link_mut(&mut self) -> &mut Link {
        self.pair.link.as_mut().unwrap()
    }

    pub(crate) fn record(&self) -> &CrmRecord {
        self.pair.record.as_ref().unwrap()
    }

    /// Somebody edits the record: it has another version.
    pub(crate) fn edit_record(&mut self, edit: impl FnOnce(&mut CrmRecord)) {
        let record = self.pair.record.as_mut().unwrap();
        edit(record);
        record.version.push('+');
    }

    pub(crate) fn set(&mut self, column: &str, value: Json) {
        self.edit_record(|record| set(record, column, value));
    }

    /// Somebody edits the referral.
    pub(crate) fn edit_referral(&mut self, edit: impl FnOnce(&mut Json)) {
        edit(&mut self.body);
        self.pair.referral = Some(Referral::parse(self.body.clone(), None, None).unwrap());
    }

    /// What a plan amounts to before anything of it is done.
    pub(crate) fn folded(&self, plan: &Plan) -> Folded {
        fold::of(&self.case(), plan, &Progress::planned(plan, self.link()))
    }

    /// What the seller reads once this plan is carried out.
    pub(crate) fn unread(&self, plan: &Plan) -> Vec<Notice> {
        let progress = Progress::planned(plan, self.link());
        let folded = fold::of(&self.case(), plan, &progress);
        let unread = fold::unread(&self.case(), &progress, &folded.notices).into_iter();
        unread.filter(|notice| crate::render::is_line(notice)).cloned().collect()
    }

    /// The codes of [`Self::unread`].
    pub(crate) fn says(&self, plan: &Plan) -> Vec<&'static str> {
        self.unread(plan).iter().map(Notice::code).collect()
    }

    /// Everything of the plan is stored as it is asked for.
    pub(crate) fn carry_out(&mut self, plan: &Plan) {
        let (mut body, mut record) = (self.body.clone(), self.record().clone());
        for effect in &plan.effects {
            match &effect.action {
                Action::Patch(operations) => {
                    operations.iter().for_each(|set| patch(&mut body, set));
                }
                Action::Columns(columns) | Action::Notify(columns) => {
                    record.fields.extend(columns.clone());
                }
                Action::Phase(phase) => record.phase = *phase,
                _ => {}
            }
        }
        self.body = body;
        let referral = Referral::parse(self.body.clone(), None, None).unwrap();
        self.stored(plan, Some(referral), Some(record));
    }

    /// The services took everything of the plan, and this is what they stored.
    pub(crate) fn stored(
        &mut self,
        plan: &Plan,
        referral: Option<Referral>,
        record: Option<CrmRecord>,
    ) {
        let delivered = self.unread(plan).iter().map(Notice::key).collect();
        self.ended(plan, |progress| {
            progress.end(plan, &End::Stored, |_| true);
            progress.referral.clone_from(&referral);
            progress.record.clone_from(&record);
            progress.delivered = delivered;
        });
        self.pair.referral = referral.or(self.pair.referral.take());
        self.pair.record = record.or(self.pair.record.take());
    }

    /// The plan came so far; what came of it is kept on the link.
    pub(crate) fn ended(&mut self, plan: &Plan, ends: impl FnOnce(&mut Progress)) -> DealState {
        let mut progress = Progress::planned(plan, self.link());
        ends(&mut progress);
        let case = self.case();
        let folded = fold::of(&case, plan, &progress);
        let link = link_after::after(&case, plan, &progress, &folded);
        self.pair.link = Some(link);
        folded.state
    }
}

fn patch(body: &mut Json, operation: &PatchOperation) {
    let segments = operation.path.split('/').skip(1);
    *segments.fold(body, |at, segment| &mut at[segment]) = operation.value.clone();
}

impl Plan {
    /// The operations of all patches, in order.
    pub(crate) fn operations(&self) -> Vec<PatchOperation> {
        let patches = self.effects.iter().filter_map(|effect| match &effect.action {
            Action::Patch(operations) => Some(operations.clone()),
            _ => None,
        });
        patches.flatten().collect()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.operations().into_iter().map(|operation| operation.path).collect()
    }

    /// The columns of the record's own fields that are written.
    pub(crate) fn columns(&self) -> BTreeMap<String, Json> {
        let columns = self.effects.iter().filter_map(|effect| match &effect.action {
            Action::Columns(columns) => Some(columns.clone()),
            _ => None,
        });
        columns.flatten().collect()
    }

    /// The phase that the record is brought to.
    pub(crate) fn phase(&self) -> Option<Phase> {
        self.effects.iter().find_map(|effect| match effect.action {
            Action::Phase(phase) => Some(phase),
            _ => None,
        })
    }

    /// The effect on this field, if there is exactly one.
    pub(crate) fn effect(&self, field: &str) -> &Effect {
        let mut effects = self.changes().filter(|effect| effect.field == field);
        let effect = effects.next().unwrap();
        assert!(effects.next().is_none(), "one effect on {field}");
        effect
    }

    /// Whether nothing is written but what the seller reads.
    pub(crate) fn changes_nothing(&self) -> bool {
        self.effects.iter().all(|effect| matches!(effect.action, Action::Notify(_)))
    }

    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.notices.iter().map(Notice::code).collect()
    }

    /// The fields that notices of this code are about.
    pub(crate) fn fields_of(&self, code: &str) -> BTreeSet<&str> {
        let of_code = self.notices.iter().filter(|notice| notice.code() == code);
        of_code.filter_map(Notice::field).map(Field::as_str).collect()
    }
}
