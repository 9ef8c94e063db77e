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
    /// The record or referral that it concerns; any, where this is absent.
    pub subject: Option<String>,
    /// Which values it concerns.
    pub values: Values,
    /// Until when it is refused; for good, where this is absent.
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

/// Which values of a field are refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// All.
    All,
    /// The first that comes: from then on it alone.
    First,
    /// This one.
    Only(Json),
}

/// What is asked of a service.
struct Asked<'a> {
    /// `Create`, `Update` or `Qualify`.
    part: Part,
    subject: &'a str,
    closes: bool,
    /// The value that a field would get.
    value: &'a dyn Fn(&str) -> Option<&'a Json>,
}

impl Refusal {
    /// Refuses this part of any record or referral, whatever its value, for good.
    pub fn of(part: Part, message: &'static str) -> Self {
        Self { part, subject: None, values: Values::All, until: None, code: None, message }
    }

    /// Refuses this column or JSON pointer, whatever its value, for good.
    pub fn of_field(name: &str, message: &'static str) -> Self {
        Self::of(Part::Field(name.to_owned()), message)
    }

    fn refuses(&mut self, asked: &Asked<'_>, now: Timestamp) -> bool {
        let concerned = self.subject.as_deref().is_none_or(|subject| subject == asked.subject);
        if !concerned || self.until.is_some_and(|until| until <= now) {
            return false;
        }
        let name = match &self.part {
            Part::Patched(_) if asked.part == Part::Create => return false,
            Part::Field(name) | Part::Patched(name) => name,
            Part::Close => return asked.closes,
            part => return *part == asked.part,
        };
        match ((asked.value)(name), &self.values) {
            (None, _) => false,
            (Some(_), Values::All) => true,
            (Some(value), Values::Only(only)) => value == only,
            (Some(value), Values::First) => {
                self.values = Values::Only(value.clone());
                true
            }
        }
    }
}

fn refused(
    refusals: &mut [Refusal],
    system: System,
    asked: &Asked<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    let guilty =
        refusals.iter_mut().find_map(|refusal| refusal.refuses(asked, now).then_some(refusal));
    match guilty {
        None => Ok(()),
        Some(refusal) => {
            let failure = Failure::new(system, FailureKind::Rejected, refusal.message);
            Err(Failure { code: refusal.code.map(str::to_owned), ..failure })
        }
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

    pub(crate) fn accept(
        &mut self,
        part: Part,
        subject: &str,
        write: &CrmWrite,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let value = |name: &str| write.fields.get(name);
        let closes = write.phase.is_some_and(Phase::is_closed);
        let asked = Asked { part, subject, closes, value: &value };
        refused(&mut self.refusals, System::Crm, &asked, now)
    }
}

impl PartnerCenterServices {
    pub(crate) fn accept_creation(&mut self, body: &Json, now: Timestamp) -> Result<(), Failure> {
        let value = |name: &str| body.pointer(name).filter(|value| !value.is_null());
        let asked = Asked { part: Part::Create, subject: "", closes: false, value: &value };
        refused(&mut self.refusals, System::PartnerCenter, &asked, now)
    }

    pub(crate) fn accept_patch(
        &mut self,
        subject: &str,
        operations: &[PatchOperation],
        now: Timestamp,
    ) -> Result<(), Failure> {
        let value = |name: &str| {
            let operation = operations.iter().find(|operation| operation.path == name);
            operation.map(|operation| &operation.value)
        };
        let closes = value("/status").is_some_and(|status| status == "Closed");
        let asked = Asked { part: Part::Update, subject, closes, value: &value };
        refused(&mut self.refusals, System::PartnerCenter, &asked, now)
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
    /// Referrals look as if they had been made long ago.
    pub deals_look_old: bool,
    /// Answers leave out what was registered, and links forget it.
    pub registrations_are_forgotten: bool,
    /// Links forget what the seller was warned of.
    pub warnings_are_forgotten: bool,
    /// Links forget what was about to be written.
    pub writes_ahead_are_forgotten: bool,
    /// The schedule forgets what is put on it.
    pub schedule_is_forgotten: bool,
}
