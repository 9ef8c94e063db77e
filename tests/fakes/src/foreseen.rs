//! A plan and what was asked of the services, in one form: whether one is the other.

use std::fmt;

use cosell_mapping::Columns;
use cosell_model::crm::{CrmWrite, Phase};
use cosell_model::patch::PatchOperation;
use cosell_sync::plan::{Action, Plan};
use serde_json::{Value as Json, json};

use crate::world::Request;

/// A write, as a plan says it and as a service gets it. What only follows from an earlier answer is
/// left out.
#[derive(PartialEq)]
pub enum Foreseen {
    /// A new referral.
    Create(Json),
    /// The Microsoft referral.
    RequestHelp {
        /// The kind of help.
        help: Json,
        /// The rest of the referral.
        body: Json,
    },
    /// A patch of a referral.
    Patch(Vec<PatchOperation>),
    /// A new record.
    Upsert(CrmWrite),
    /// A change of a record.
    Update(CrmWrite),
    /// An opportunity of a lead, and what it is made with.
    Convert(CrmWrite),
    /// A lead whose deal goes on elsewhere.
    Release,
}

impl Foreseen {
    /// What a plan's effects amount to, in order: one patch, one write of the record, and a phase
    /// that closes it alone. `None` for a lead whose opportunity is there: what that lacks shows
    /// when it is read.
    pub fn of_plan(plan: &Plan, columns: &Columns) -> Option<Vec<Self>> {
        let mut writes: Vec<Self> = Vec::new();
        let (mut patch, mut update) = (Vec::new(), CrmWrite::default());
        let mut closing = None;
        for effect in &plan.effects {
            match &effect.action {
                Action::Register(operation) => writes.push(Self::Patch(vec![operation.clone()])),
                Action::CreateReferral(body) => writes.push(Self::Create(body.clone())),
                Action::CreateRecord { write, .. } => writes.push(Self::Upsert(write.clone())),
                Action::Patch(operations) => patch.extend(operations.clone()),
                Action::RequestHelp(invitation) => {
                    writes.extend(
                        (!patch.is_empty()).then(|| Self::Patch(std::mem::take(&mut patch))),
                    );
                    let help = json!(invitation.help);
                    let body = without(&invitation.body, "target");
                    writes.push(Self::RequestHelp { help, body });
                }
                Action::Columns(columns) | Action::Notify(columns) => {
                    update.fields.extend(columns.clone());
                }
                Action::Phase(phase) if phase.is_closed() => closing = Some(*phase),
                Action::Phase(phase) => update.phase = Some(*phase),
                Action::FindHelp => {}
                Action::ConvertLead(_) if !effect.after.is_nothing() => return None,
                Action::ConvertLead(write) => writes.push(Self::Convert(write.clone())),
                Action::ReleaseLead { .. } => writes.push(Self::Release),
            }
        }
        writes.extend((!patch.is_empty()).then_some(Self::Patch(patch)));
        writes.extend((!update.is_empty()).then_some(Self::Update(update)));
        let closing =
            closing.map(|phase: Phase| CrmWrite { phase: Some(phase), ..CrmWrite::default() });
        writes.extend(closing.map(Self::Update));
        writes.iter_mut().for_each(|write| write.blank(plan, columns));
        writes.retain(|write| !matches!(write, Self::Update(update) if update.is_empty()));
        Some(writes)
    }

    /// What was asked of the services. What follows the making of an opportunity depends on it, and
    /// is left out.
    pub fn of_requests<'a>(
        plan: &Plan,
        columns: &Columns,
        requests: impl Iterator<Item = &'a Request>,
    ) -> Vec<Self> {
        let mut writes: Vec<Self> = match plan.effects.first().map(|effect| &effect.action) {
            Some(Action::ConvertLead(_)) => {
                Self::of_conversion(columns, requests).into_iter().collect()
            }
            Some(Action::ReleaseLead { .. }) => requests.map(|_| Self::Release).collect(),
            _ => requests.map(Self::of_request).collect(),
        };
        writes.iter_mut().for_each(|write| write.blank(plan, columns));
        writes.retain(|write| !matches!(write, Self::Update(update) if update.is_empty()));
        writes
    }

    /// A CRM that converts leads makes the opportunity first, and is asked for its columns then.
    fn of_conversion<'a>(
        columns: &Columns,
        mut requests: impl Iterator<Item = &'a Request>,
    ) -> Option<Self> {
        let made = match requests.next()? {
            Request::Convert(_) => requests.next()?,
            made => made,
        };
        let (Request::Upsert(_, _, write) | Request::Update(_, _, write)) = made else {
            return Some(Self::of_request(made));
        };
        let mut write = write.clone();
        write.fields.remove(columns.referral_id.as_str());
        Some(Self::Convert(write))
    }

    /// Whether it makes a referral.
    pub fn makes(&self) -> bool {
        matches!(self, Self::Create(_) | Self::RequestHelp { .. })
    }

    fn of_request(request: &Request) -> Self {
        match request {
            Request::Create(body) if body["engagementId"].is_string() => {
                let help = body["inviteContext"]["assistanceRequestCode"].clone();
                let body =
                    without(&without(&without(body, "engagementId"), "target"), "inviteContext");
                Self::RequestHelp { help, body }
            }
            Request::Create(body) => Self::Create(body.clone()),
            Request::Patch(_, _, operations) => Self::Patch(operations.clone()),
            Request::Upsert(_, _, write) => Self::Upsert(write.clone()),
            Request::Update(_, _, write) => Self::Update(write.clone()),
            Request::Convert(_) => Self::Convert(CrmWrite::default()),
        }
    }

    /// What a plan cannot know before a service has answered: the ids of what it makes, and whether
    /// the Microsoft referral that it looks for is there.
    fn blank(&mut self, plan: &Plan, columns: &Columns) {
        let (makes, searches) = (makes(plan), searches(plan));
        match self {
            Self::Patch(operations) if makes => {
                let is_id = |set: &&mut PatchOperation| set.path == "/externalReferenceId";
                operations.iter_mut().filter(is_id).for_each(|set| set.value = json!(""));
            }
            Self::Update(update) => {
                let ids = [&columns.referral_id, &columns.referral_link];
                for column in ids.into_iter().filter(|_| makes) {
                    if let Some(value) = update.fields.get_mut(column.as_str()) {
                        *value = json!("");
                    }
                }
                if searches {
                    update.fields.remove(columns.audit.as_str());
                }
            }
            _ => {}
        }
    }
}

/// With the values, which are nobody's: what differs is to be seen.
impl fmt::Debug for Foreseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut record = |name: &str, write: &CrmWrite| {
            let phase = write.phase.map_or_else(|| "no phase".into(), |phase| phase.to_string());
            write!(f, "{name} ({phase}) {}", json!(write.fields))
        };
        match self {
            Self::Create(body) => write!(f, "create {body}"),
            Self::RequestHelp { help, body } => write!(f, "ask for {help} with {body}"),
            Self::Patch(operations) => write!(f, "patch {}", json!(operations)),
            Self::Upsert(write) => record("make", write),
            Self::Update(write) => record("update", write),
            Self::Convert(write) => record("make of a lead", write),
            Self::Release => f.write_str("release the lead"),
        }
    }
}

fn makes(plan: &Plan) -> bool {
    plan.effects.iter().any(|effect| {
        matches!(effect.action, Action::CreateReferral(_) | Action::CreateRecord { .. })
    })
}

fn searches(plan: &Plan) -> bool {
    plan.effects.iter().any(|effect| matches!(effect.action, Action::FindHelp))
}

fn without(body: &Json, name: &str) -> Json {
    let mut body = body.clone();
    if let Some(properties) = body.as_object_mut() {
        properties.remove(name);
    }
    body
}
