//! What the services are like: what they cut, ignore and refuse.

use std::collections::{BTreeMap, BTreeSet};

use cosell_model::crm::{CrmWrite, Phase};
use cosell_model::patch::PatchOperation;
use cosell_sync::{Failure, FailureKind, System};
use jiff::Timestamp;
use serde_json::Value as Json;

/// What a CRM does with what it is given.
#[derive(Clone, Debug, Default)]
pub struct CrmServices {
    /// Columns whose texts are cut silently after so many characters.
    pub cuts: BTreeMap<String, usize>,
    /// Columns that people cannot enter more into, and that refuse longer texts of ours.
    pub limits: BTreeMap<String, usize>,
    /// Columns whose numbers are rounded silently.
    pub rounds: BTreeSet<String>,
    /// Columns that are taken and not kept.
    pub ignores: BTreeSet<String>,
    /// Whether it has no on-hold stage: what would be on hold is open.
    pub lacks_on_hold: bool,
    /// Whether Audit and Sync status can be written on a closed record: Salesforce lets, Dynamics
    /// does not.
    pub closed_takes_notes: bool,
    /// Whether it cannot make an opportunity of a lead for us.
    pub cannot_convert: bool,
    /// The columns of a lead that its conversion copies, and where they go.
    pub copied: Vec<(String, String)>,
    /// How versions tell one state of a record from another.
    pub versions: Versions,
    /// What it refuses.
    pub refusals: Vec<Refusal>,
}

/// What Partner Center does with what it is given.
#[derive(Clone, Debug, Default)]
pub struct PartnerCenterServices {
    /// What it refuses.
    pub refusals: Vec<Refusal>,
}

/// How a record's versions tell one state from another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// Each change has a version of its own (Dynamics).
    #[default]
    Counted,
    /// Stamps of one second, beside them the values (contract salesforce 3.7): an edit of the same
    /// second that changes no value passes for the same state, and a list shows the stamp alone.
    Seconds,
}

/// Something that a service refuses.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What it concerns.
    pub part: Part,
    /// Only this value of it.
    pub only: Option<Json>,
    /// Until when it is refused.
    pub until: Option<Timestamp>,
    /// The service's own code.
    pub code: Option<&'static str>,
    /// The service's sentence.
    pub message: &'static str,
}

/// What a refusal concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A column of the CRM, or a JSON pointer into a referral.
    Field(String),
    /// A JSON pointer into a referral that exists already.
    Patched(String),
    /// Whatever is created.
    Create,
    /// Whatever is changed.
    Update,
    /// Closing.
    Close,
    /// Making an opportunity of a lead.
    Qualify,
}

impl Refusal {
    /// Refuses this part, whatever its value, for good.
    pub fn of(part: Part, message: &'static str) -> Self {
        Self { part, only: None, until: None, code: None, message }
    }

    /// Refuses this column or JSON pointer, whatever its value, for good.
    pub fn of_field(name: &str, message: &'static str) -> Self {
        Self::of(Part::Field(name.to_owned()), message)
    }

    fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    fn concerns(&self, value: &Json) -> bool {
        self.only.as_ref().is_none_or(|only| only == value)
    }

    fn failure(&self, system: System) -> Failure {
        let failure = Failure::new(system, FailureKind::Rejected, self.message);
        Failure { code: self.code.map(str::to_owned), ..failure }
    }
}

impl CrmServices {
    /// What is kept of a value in this column.
    pub fn kept(&self, column: &str, value: &Json) -> Json {
        let length = [self.cuts.get(column), self.limits.get(column)].into_iter().flatten().min();
        match (length, value) {
            (Some(length), Json::String(text)) => {
                Json::from(text.chars().take(*length).collect::<String>())
            }
            (_, Json::Number(_)) if self.rounds.contains(column) => {
                Json::from(value.as_f64().unwrap_or_default().round())
            }
            _ => value.clone(),
        }
    }

    pub(crate) fn refuses(
        &self,
        part: &Part,
        write: &CrmWrite,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let closes = write.phase.is_some_and(Phase::is_closed);
        let guilty =
            self.refusals.iter().filter(|refusal| refusal.holds(now)).find(
                |refusal| match &refusal.part {
                    Part::Field(column) => {
                        write.fields.get(column).is_some_and(|value| refusal.concerns(value))
                    }
                    Part::Close => closes,
                    whole => whole == part,
                },
            );
        guilty.map_or(Ok(()), |refusal| Err(refusal.failure(System::Crm)))
    }
}

impl PartnerCenterServices {
    pub(crate) fn refuses_creation(&self, body: &Json, now: Timestamp) -> Result<(), Failure> {
        let guilty =
            self.refusals.iter().filter(|refusal| refusal.holds(now)).find(
                |refusal| match &refusal.part {
                    Part::Field(path) => body
                        .pointer(path)
                        .is_some_and(|value| !value.is_null() && refusal.concerns(value)),
                    part => *part == Part::Create,
                },
            );
        guilty.map_or(Ok(()), |refusal| Err(refusal.failure(System::PartnerCenter)))
    }

    pub(crate) fn refuses_patch(
        &self,
        operations: &[PatchOperation],
        now: Timestamp,
    ) -> Result<(), Failure> {
        let closes = operations
            .iter()
            .any(|operation| operation.path == "/status" && operation.value == "Closed");
        let guilty =
            self.refusals.iter().filter(|refusal| refusal.holds(now)).find(
                |refusal| match &refusal.part {
                    Part::Field(path) | Part::Patched(path) => operations.iter().any(|operation| {
                        operation.path == *path && refusal.concerns(&operation.value)
                    }),
                    Part::Close => closes,
                    part => *part == Part::Update,
                },
            );
        guilty.map_or(Ok(()), |refusal| Err(refusal.failure(System::PartnerCenter)))
    }
}

/// What the fakes do worse than the real services: proofs that a storm would notice.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a defect of its own")]
pub struct Defects {
    /// Every claim is given to whoever asks.
    pub claims_exclude_nobody: bool,
    /// The search for our reference finds nothing.
    pub searches_find_nothing: bool,
    /// A field is kept once, as the CRM had it, not for each side.
    pub one_value_for_both_sides: bool,
    /// Links are created and saved whatever is there.
    pub links_are_unconditional: bool,
    /// No lead is found for an opportunity.
    pub leads_have_no_origin: bool,
    /// Of versions with seconds only the seconds are compared.
    pub versions_ignore_values: bool,
}
