//! A plan: what is to be done about one deal, as data. The dry run prints it, `apply` carries it
//! out, the audit log keeps it.

use std::collections::{BTreeMap, BTreeSet};

use cosell_model::audit::{Side, UndecidedField};
use cosell_model::crm::{CrmWrite, Phase};
use cosell_model::field::Field;
use cosell_model::flapping::Activity;
use cosell_model::id::ReferralId;
use cosell_model::link::{DroppedWrite, OpenConflict, Registering, Warned};
use cosell_model::microsoft::RefusedRequest;
use cosell_model::notice::Notice;
use cosell_model::patch::PatchOperation;
use cosell_model::state::DealState;
use cosell_model::value::Value;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What is to be done about one deal, and why. Values are customer data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What is written outside, in this order.
    pub effects: Vec<Effect>,
    /// What happens, and what stands in the way.
    pub notices: Vec<Notice>,
    /// Fields whose change is not written now and found again: what was last synced of them stays.
    pub deferred: BTreeSet<Field>,
    /// Fields that do not agree, and that no effect changes.
    pub differing: BTreeSet<Field>,
    /// Fields that changed on both sides and await a decision, as the link will have them.
    pub conflicts: BTreeMap<Field, OpenConflict>,
    /// Those among them that are new.
    pub undecided: Vec<UndecidedField>,
    /// What the link remembers besides the fields.
    pub memory: Memory,
    /// What becomes of the seller's choice of help.
    pub help: HelpRequest,
    /// The state, where it follows from the plan alone.
    pub state: Option<DealState>,
    /// When the deal is to be reconciled again, though nothing else causes it then.
    pub next: Option<Timestamp>,
    /// The rules after this one do not apply.
    pub ends: bool,
}

/// What the link remembers besides the fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Our own recent writes.
    pub activity: Activity,
    /// Values that the CRM did not keep.
    pub dropped_writes: BTreeMap<Field, DroppedWrite>,
    /// Until when a win is deferred.
    pub win_deferred_until: Option<Timestamp>,
    /// Deadlines that the seller was warned of.
    pub warned: BTreeMap<ReferralId, Warned>,
    /// The registration of the won deal.
    pub registering: Option<Registering>,
}

/// What becomes of the seller's choice of help.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HelpRequest {
    /// None was chosen.
    #[default]
    None,
    /// Nothing is to be done about it now.
    Waiting,
    /// Microsoft is asked with this plan.
    Ready,
    /// Something is missing, or the same request was refused: it is not made again while nothing of
    /// it has changed.
    Blocked(RefusedRequest),
    /// Microsoft was asked.
    Sent,
}

/// One write outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// What asked for it.
    pub field: Field,
    /// The side that is written.
    pub side: Side,
    /// The value before.
    pub before: Value,
    /// The value after, as it is asked for.
    pub after: Value,
    /// Both sides had changed: the value that lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overruled: Option<Value>,
    /// It cannot be taken back: a close, a deal shown to Microsoft, a request for help, a
    /// registration.
    pub is_final: bool,
    /// The write itself.
    pub action: Action,
}

/// A write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Registers the won deal.
    Register(PatchOperation),
    /// Changes the referral.
    Patch(Vec<PatchOperation>),
    /// Makes the referral; its claim and search belong to it.
    CreateReferral(Json),
    /// Makes the Microsoft referral in the engagement, unless it is there; its claim and search
    /// belong to it.
    RequestHelp(Invitation),
    /// Looks for a Microsoft referral that an earlier reconciliation may have made; writes nothing.
    FindHelp,
    /// Makes the record, or one with its name alone where the CRM refuses the whole.
    CreateRecord {
        /// The whole.
        write: CrmWrite,
        /// What is made instead.
        bare: CrmWrite,
    },
    /// Makes an opportunity of the lead where there is none, writes what the lead has and it lacks,
    /// and moves the link.
    ConvertLead(CrmWrite),
    /// Changes the record's columns.
    Columns(BTreeMap<String, Json>),
    /// Moves the record.
    Phase(Phase),
    /// Writes the connector's own columns: identifier, link, status, notices.
    Notify(BTreeMap<String, Json>),
    /// Notifies the seller of a lead that its deal goes on elsewhere, and switches it off.
    ReleaseLead {
        /// The opportunity.
        opportunity: String,
    },
}

/// What asking Microsoft takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invitation {
    /// How Microsoft is asked to help: an `assistanceRequestCode`.
    pub help: String,
    /// The partner's own body, which the Microsoft referral is made of.
    pub body: Json,
    /// By this the request is known again, should it be refused.
    pub digest: String,
}

impl Effect {
    /// Where it stands in the order of writes: Partner Center first, what ends the deal last.
    fn step(&self) -> u8 {
        match &self.action {
            Action::Register(_) | Action::CreateReferral(_) | Action::CreateRecord { .. } => 0,
            Action::Patch(_) if self.field == Field::Stage => 2,
            Action::Patch(_) => 1,
            Action::RequestHelp(_) | Action::FindHelp | Action::ConvertLead(_) => 3,
            Action::Columns(_) => 4,
            Action::Phase(phase) if !phase.is_closed() => 5,
            Action::Notify(_) | Action::ReleaseLead { .. } => 6,
            Action::Phase(_) => 7,
        }
    }

    /// Whether it changes a field that both sides have.
    pub fn is_field_change(&self) -> bool {
        match &self.action {
            Action::Patch(_) => self.field != Field::Reference && self.field != Field::Contact,
            Action::Columns(_) | Action::Phase(_) => true,
            _ => false,
        }
    }
}

impl Plan {
    /// The deal is refused: nothing is written but what its seller is notified of.
    pub(crate) fn refused(reasons: Vec<Notice>) -> Self {
        Self::ending(DealState::Refused { reasons: reasons.clone() }, reasons)
    }

    /// A plan that ends in this state, with nothing to write.
    pub fn ending(state: DealState, notices: Vec<Notice>) -> Self {
        Self { state: Some(state), notices, ends: true, ..Self::default() }
    }

    /// Whether something is written outside.
    pub fn writes(&self) -> bool {
        !self.effects.is_empty()
    }

    /// The effects that change fields, in order.
    pub fn changes(&self) -> impl Iterator<Item = &Effect> {
        self.effects.iter().filter(|effect| effect.is_field_change())
    }

    /// Whether a field of this side is written.
    pub(crate) fn writes_field(&self, field: &Field, side: Side) -> bool {
        self.effects.iter().any(|effect| effect.field == *field && effect.side == side)
    }

    /// A change cannot be written: it is found again, and the notice stands.
    pub(crate) fn withhold(&mut self, field: Field, notice: Notice) {
        self.deferred.insert(field);
        self.notices.push(notice);
    }

    /// Brings the effects into the order of writes; those of one step keep theirs.
    pub(crate) fn in_order(mut self) -> Self {
        self.effects.sort_by_key(Effect::step);
        self
    }
}
